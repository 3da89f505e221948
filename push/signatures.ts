import { isAscii, isUtf8 } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether Nexudus signed this body: `X-Nexudus-Hook-Signature` is the uppercase hex HMAC-SHA256 of it. Its published
 * recipe turns text into ASCII first, and so writes a question mark for each letter with an accent: that counts too. The
 * secret is printable ASCII, which no recipe changes.
 */
export function isSignedByNexudus(body: Buffer, signature: string, secret: string): boolean {
  return signedOver(body, signature, secret) !== null;
}

/** What Nexudus' signature is over; null: it did not sign this body. `both`: all of it is ASCII. */
export type SignedOver = 'bytes' | 'ascii' | 'both';

/** What a signature of Nexudus is over; null: it is none of this body. */
export function signedOver(body: Buffer, signature: string, secret: string): SignedOver | null {
  const given = hexOf(signature);
  if (given === null) return null;
  if (timingSafeEqual(given, macOf(body, secret))) return isAscii(body) ? 'both' : 'bytes';
  // Nobody folds what is ASCII already, nor what is no text: whoever has no secret may send megabytes of either.
  const isFolded = !isAscii(body) && isUtf8(body) && timingSafeEqual(given, macOf(foldedOf(body), secret));
  return isFolded ? 'ascii' : null;
}

/**
 * Whether Kisi signed this body: `X-Signature` is an HMAC-SHA256 of it, with `sha256=` before it by one of Kisi's pages
 * and without by another. Whether in hex or base64 is not known, so both count.
 */
export function isSignedByKisi(body: Buffer, signature: string, key: string): boolean {
  const given = kisiMacOf(signature);
  return given !== null && timingSafeEqual(given, macOf(body, key));
}

/** Whether a text may be a signature of Nexudus at all, which is known before any body is read. */
export function looksSignedByNexudus(signature: string | null): boolean {
  return signature !== null && hexOf(signature) !== null;
}

/** How a signature is written. `other`: it can be none. */
export type SignatureForm = 'upperHex' | 'lowerHex' | 'mixedHex' | 'base64' | 'other' | 'none';

/** How a signature is written, and whether `sha256=` is before it. Null: there is none. */
export function formOf(signature: string | null): { form: SignatureForm; hasPrefix: boolean } {
  if (signature === null) return { form: 'none', hasPrefix: false };
  const hasPrefix = prefix.test(signature.trim());
  const text = signature.trim().replace(prefix, '');
  if (hexOf(text) !== null) return { form: lettersOf(text), hasPrefix };
  return { form: base64Of(text) === null ? 'other' : 'base64', hasPrefix };
}

function lettersOf(hex: string): SignatureForm {
  if (hex === hex.toUpperCase()) return 'upperHex';
  return hex === hex.toLowerCase() ? 'lowerHex' : 'mixedHex';
}

/** The same for a signature of Kisi. */
export function looksSignedByKisi(signature: string | null): boolean {
  return signature !== null && kisiMacOf(signature) !== null;
}

/** Whether a request carries the token that it should, in its `Authorization` header. */
export function hasBearer(header: string | undefined, token: string): boolean {
  const given = /^Bearer (.*)$/i.exec(header ?? '')?.[1];
  // Digests have one length, which a comparison in constant time needs.
  return given !== undefined && timingSafeEqual(macOf(Buffer.from(given), ''), macOf(Buffer.from(token), ''));
}

const prefix = /^sha256=/i;

function macOf(body: Buffer, secret: string): Buffer {
  return createHmac('sha256', secret).update(body).digest();
}

function kisiMacOf(signature: string): Buffer | null {
  const text = signature.trim().replace(prefix, '');
  return hexOf(text) ?? base64Of(text);
}

function hexOf(text: string): Buffer | null {
  return /^[0-9a-f]{64}$/i.test(text.trim()) ? Buffer.from(text.trim(), 'hex') : null;
}

function base64Of(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 ? bytes : null;
}

const questionMark = 0x3f;

/** UTF-8 as .NET's ASCII encoding has it: a question mark for each UTF-16 unit that is none. Decodes nothing. */
function foldedOf(body: Buffer): Buffer {
  const folded = Buffer.allocUnsafe(body.length);
  let length = 0;
  // By index: an iterator takes twice as long.
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] ?? 0;
    if (byte < 0x80) folded[length++] = byte;
    else if (byte >= 0xc0) folded[length++] = questionMark;
    // What takes four bytes takes two units.
    if (byte >= 0xf0) folded[length++] = questionMark;
  }
  return folded.subarray(0, length);
}
