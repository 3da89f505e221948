import { isAscii, isUtf8 } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether Nexudus signed this body: `X-Nexudus-Hook-Signature` is the uppercase hex HMAC-SHA256 of it. Its published
 * recipe turns text into ASCII first, and so writes a question mark for each letter with an accent: that counts too. The
 * secret is printable ASCII, which no recipe changes.
 */
export function isSignedByNexudus(body: Buffer, signature: string, secret: string): boolean {
  const given = hexOf(signature);
  if (given === null) return false;
  if (timingSafeEqual(given, macOf(body, secret))) return true;
  // Nobody folds what is ASCII already, nor what is no text: whoever has no secret may send megabytes of either.
  return !isAscii(body) && isUtf8(body) && timingSafeEqual(given, macOf(foldedOf(body), secret));
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

/** The same of Kisi. */
export function looksSignedByKisi(signature: string | null): boolean {
  return signature !== null && kisiMacOf(signature) !== null;
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

function kisiMacOf(signature: string): Buffer | null {
  const text = signature.trim().replace(/^sha256=/i, '');
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
