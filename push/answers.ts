import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

/** Where a call came from, as far as its address says. */
export type PushSource = 'nexudus' | 'acs' | 'kisi' | 'elsewhere';

/** The status that a call is answered with, by what became of it. `failed`: it was in order, and could not be served now. */
export const statusOf = {
  taken: 200,
  /** It was taken before. */
  repeated: 200,
  /** It is of no interest. */
  ignored: 200,
  /** It comes from the right sender, but not every record in it names a member: Latchkey reads what changed instead. */
  unclear: 200,
  forged: 401,
  oversized: 413,
  malformed: 400,
  /** It did not come in whole within the time that a call has. */
  slow: 408,
  /** Its address was refused too often a moment ago. */
  tooMany: 429,
  /** A connection that held no whole call went for another one; nothing is answered. */
  replaced: 408,
  unknownLocation: 404,
  unknownAddress: 404,
  failed: 503,
} as const;
export type PushOutcome = keyof typeof statusOf;

/** Whether a call was no good, as against one that was served, or could not be. */
export function isRefused(outcome: PushOutcome): boolean {
  return statusOf[outcome] >= 400 && outcome !== 'failed';
}

/** Told of every call once, but never whose call it is, nor what is in it. */
export type Count = (source: PushSource, outcome: PushOutcome) => void;

/** What becomes of a call. */
export interface Answer {
  outcome: PushOutcome;
  /** Sent as JSON. */
  body?: object;
}

export type Headers = FastifyRequest['headers'];

/** A header that came once; null: it did not. */
export function headerOf(headers: Headers, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

/** The body as it came, to the byte. */
export function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/**
 * Both APIs tell of one record a call, and of a team's members with it. Where a call holds, or names, more than this,
 * Latchkey reads what changed instead of looking at each one: a few requests find the members with a real change.
 */
export const mostOfACall = 100;
/** How deep lists may lie in lists. Deeper ones are no records: to flatten without a bound, the stack is too small. */
const deepestList = 4;

/**
 * The objects of a body, whether it is one or lists of them; none where they are too many. `isWhole`: these are all that
 * there is, and at least one.
 * Whatever is signed is answered by 200, since Nexudus switches a webhook off after ten refusals (nexudus.md): so no
 * shape is an error here.
 */
export function recordsIn(body: Buffer): { records: object[]; isWhole: boolean } {
  const all: unknown[] = [parsed(body)].flat(deepestList);
  if (all.length > mostOfACall) return { records: [], isWhole: false };
  const records = all.filter((one) => isObject(one));
  return { records, isWhole: records.length > 0 && records.length === all.length };
}

/** An id of either API, as a number or as a text of digits; null: it is none. */
export function idIn(value: unknown): number | null {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
}

/** An id at a place where there may be anything. */
export const anyId = z.unknown().optional().transform(idIn);

/** A time before Nexudus was there says nothing, such as .NET's empty date (0001-01-01). */
const firstTime = Date.UTC(2007, 0);

/** A time at a place where there may be anything, in milliseconds since the epoch; null: it is none. How it is written is not known. */
export const anyTime = z
  .unknown()
  .optional()
  .transform((value) => {
    const at = typeof value === 'string' ? Date.parse(value) : NaN;
    return at >= firstTime ? at : null;
  });

const byteOrderMark = '\uFEFF';

/** What a body says as JSON; undefined: it is none. */
export function parsed(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    return JSON.parse(text.startsWith(byteOrderMark) ? text.slice(1) : text) as unknown;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
