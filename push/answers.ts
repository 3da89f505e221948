import type { FastifyRequest } from 'fastify';

/** Where a call came from, as far as its address says. */
export type PushSource = 'nexudus' | 'acs' | 'kisi' | 'elsewhere';

/** What a call is answered by what became of it. `failed`: it was in order, and could not be served now. */
export const statusOf = {
  taken: 200,
  /** It was taken before. */
  repeated: 200,
  /** It is of no interest. */
  ignored: 200,
  forged: 401,
  oversized: 413,
  malformed: 400,
  unknownLocation: 404,
  unknownAddress: 404,
  failed: 503,
} as const;
export type PushOutcome = keyof typeof statusOf;

/** Told of every call once: never whose it is, nor what is in it. */
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

/** What a body says as JSON; undefined: it is none. */
export function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
