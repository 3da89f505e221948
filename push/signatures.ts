import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether Nexudus signed this body: `X-Nexudus-Hook-Signature` is the uppercase hex HMAC-SHA256 of it. Its published
 * recipe turns text into ASCII first, and so writes a question mark for each letter with an accent: that counts too.
 */
export function isSignedByNexudus(body: Buffer, signature: string, secret: string): boolean {
  const given = hexOf(signature);
  if (given === null) return false;
  const asIs = macOf(body, secret);
  const folded = macOf(Buffer.from(asciiOf(body.toString('utf8'))), asciiOf(secret));
  // Both are compared always, so that the time taken tells nothing.
  const [isAsIs, isFolded] = [timingSafeEqual(given, asIs), timingSafeEqual(given, folded)];
  return isAsIs || isFolded;
}

/**
 * Whether Kisi signed this body: `X-Signature` is an HMAC-SHA256 of it, with `sha256=` before it by one of Kisi's pages
 * and without by another. Whether in hex or base64 is not known, so both count.
 */
export function isSignedByKisi(body: Buffer, signature: string, key: string): boolean {
  const text = signature.trim().replace(/^sha256=/i, '');
  const given = hexOf(text) ?? base64Of(text);
  return given !== null && timingSafeEqual(given, macOf(body, key));
}

/** Whether a request carries the token that it should, in its `Authorization` header. */
export function hasBearer(header: string | undefined, token: string): boolean {
  const given = /^Bearer (.*)$/i.exec(header ?? '')?.[1];
  // Digests have one length, which a comparison in constant time needs.
  return given !== undefined && timingSafeEqual(macOf(Buffer.from(given), ''), macOf(Buffer.from(token), ''));
}

function macOf(body: Buffer, secret: string): Buffer {
  return createHmac('sha256', secret).update(body).digest();
}

function hexOf(text: string): Buffer | null {
  return /^[0-9a-f]{64}$/i.test(text.trim()) ? Buffer.from(text.trim(), 'hex') : null;
}

function base64Of(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 ? bytes : null;
}

/** As .NET's ASCII encoding: a question mark for each UTF-16 unit that is none. */
function asciiOf(text: string): string {
  return text.replace(/[^\0-\x7f]/g, '?');
}
