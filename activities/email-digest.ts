import { createHmac, randomBytes } from 'node:crypto';

/** The key until the installation's secret is known: a digest by it equals no other. */
let key: Buffer = randomBytes(32);

/** Has this process digest e-mails with the secret of the installation, as all its processes do. */
export function keyEmailDigests(secret: Buffer): void {
  key = secret;
}

/** Tells two e-mails apart without keeping either. Who has a digest cannot try addresses on it without the secret. */
export function emailDigestOf(email: string): string {
  return emailDigestBy(key, email);
}

/** Digests an e-mail by the secret of another installation. */
export function emailDigestBy(secret: Buffer, email: string): string {
  return createHmac('sha256', secret).update(`email:${email}`).digest('hex').slice(0, 16);
}
