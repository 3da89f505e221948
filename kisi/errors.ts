/**
 * What can go wrong with Kisi, as one kind of error. Messages are for an operator: what happened, to which call,
 * what to do. They hold path templates and field names only: never the API key, an e-mail, a name or Kisi's own
 * text (which may quote what was sent).
 */
import { readRetryAfter } from '../lib/http.js';

/**
 * - `throttled`: 429
 * - `unavailable`: 5xx, a redirect, no connection, a time limit, a cut connection; a write may have been done all the same
 * - `refused`: 401 or 403
 * - `notFound`: 404 from Kisi itself
 * - `conflict`: 409, or a 422 that says that the record exists already
 * - `blocked`: a conflict that a fresh read confirms: it lasts until a person changes something in Kisi
 * - `invalid`: 422 and every other answer that the same request will get again, or a request that must not be sent
 * - `tooLong`: a list that is longer than Kisi lets be read
 * - `malformed`: an answer that cannot be what Kisi meant (does not parse, rows missing, a filter ignored)
 */
export type KisiErrorKind =
  | 'throttled'
  | 'unavailable'
  | 'refused'
  | 'notFound'
  | 'conflict'
  | 'blocked'
  | 'invalid'
  | 'tooLong'
  | 'malformed';

/**
 * The longest that a Retry-After is waited for: Kisi documents none, its limit is one of a second, and a gateway in
 * between may say anything.
 */
export const longestRetryAfterMs = 60_000;

/** Said of a request that fails until a person changes something. */
export const willFailAgain = 'the same request will fail again';

/** A call as it may be shown: the path is a template such as `/users/{id}`. */
export interface KisiCall {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
}

/** What a `KisiError` is made from. */
export interface KisiFailure {
  kind: KisiErrorKind;
  /** HTTP status; null: no answer came. */
  status?: number | null;
  /** Kisi's error code (`000404`), or the network's (`ECONNRESET`). */
  code?: string | null;
  /** As Kisi asked; it is waited for at most `longestRetryAfterMs`. */
  retryAfterMs?: number | null;
  /** Names of the fields that Kisi found wrong (422). */
  fields?: readonly string[];
  /** What happened, where the kind alone does not say it. */
  detail?: string;
  isUnsent?: boolean;
  isUndone?: boolean;
}

// A conflict is a matter of state: Kisi promises no read-after-write, so the row in the way may show a moment later. One that
// lasts becomes `blocked` (conflicts.ts).
const retryHelps: Record<KisiErrorKind, boolean> = {
  throttled: true,
  unavailable: true,
  malformed: true,
  conflict: true,
  blocked: false,
  refused: false,
  notFound: false,
  invalid: false,
  tooLong: false,
};

/** A call to Kisi that did not do what was asked. Holds nothing secret or personal. */
export class KisiError extends Error {
  override readonly name = 'KisiError';
  readonly kind: KisiErrorKind;
  /** HTTP status; null when no answer came. */
  readonly status: number | null;
  readonly code: string | null;
  /** How long to wait, in milliseconds: as Kisi asked (Retry-After), but at most `longestRetryAfterMs`. */
  readonly retryAfterMs: number | null;
  /** False: the same request will fail again until a person changes something. */
  readonly canRetryHelp: boolean;
  readonly fields: readonly string[];
  /** It was not even sent, so that Kisi surely did nothing of it. */
  readonly isUnsent: boolean;
  /** A key was made, but not as it was asked for, and so taken away again. */
  readonly isUndone: boolean;
  readonly method: KisiCall['method'];
  /** Path template, without ids. */
  readonly path: string;
  /** What happened, where the kind alone does not say it. */
  readonly detail: string | null;

  constructor(call: KisiCall, failure: KisiFailure) {
    super(explain(call, failure));
    this.kind = failure.kind;
    this.status = failure.status ?? null;
    this.code = failure.code ?? null;
    const { retryAfterMs = null } = failure;
    this.retryAfterMs = retryAfterMs === null ? null : Math.min(retryAfterMs, longestRetryAfterMs);
    this.canRetryHelp = retryHelps[failure.kind];
    this.fields = failure.fields ?? [];
    this.isUnsent = failure.isUnsent ?? false;
    this.isUndone = failure.isUndone ?? false;
    this.method = call.method;
    this.path = call.path;
    this.detail = failure.detail ?? null;
  }
}

/** True for a `KisiError` of one of these kinds; of any where none is named. */
export function isKisiError(error: unknown, ...kinds: KisiErrorKind[]): error is KisiError {
  return error instanceof KisiError && (kinds.length === 0 || kinds.includes(error.kind));
}

/** An answer as it came: `body` is text, not yet parsed. */
export interface KisiReply {
  status: number;
  body: string;
  retryAfter: string | null;
}

/**
 * The error that an answer outside 200-299 stands for. Bodies: `{error, code}`, or `{errors: {field: [..]}}` for
 * 422 (Kisi's OpenAPI document). `nowMs` is needed for a Retry-After that is a date.
 */
export function errorOfReply(call: KisiCall, reply: KisiReply, nowMs: number): KisiError {
  const { status } = reply;
  const body = jsonObject(reply.body);
  const retryAfterMs = readRetryAfter(reply.retryAfter, nowMs);
  const failure = { status, code: codeOf(body), retryAfterMs };
  if (status === 429) return new KisiError(call, { ...failure, kind: 'throttled' });
  if (status < 400) return new KisiError(call, { ...failure, kind: 'unavailable', detail: redirected });
  if (status >= 500 || status === 408) return new KisiError(call, { ...failure, kind: 'unavailable' });
  if (status === 401 || status === 403) return new KisiError(call, { ...failure, kind: 'refused' });
  if (status === 409) return new KisiError(call, { ...failure, kind: 'conflict' });
  if (status === 404) return new KisiError(call, { ...failure, ...notFound(body) });
  const kind = status === 422 && saysTaken(body) ? 'conflict' : 'invalid';
  return new KisiError(call, { ...failure, kind, fields: fieldsOf(body) });
}

/** A redirect is no answer of Kisi's own, and what sends it may soon be out of the way. */
const redirected =
  'it redirects to another address, which is not followed, since it would carry the API key there; if this lasts, check the base URL of Kisi';

/** The error for an answer that does not hold together. `detail` says how, without quoting the answer. */
export function malformed(call: KisiCall, detail: string, status: number | null = 200): KisiError {
  return new KisiError(call, { kind: 'malformed', status, detail });
}

/**
 * A 404 is evidence of absence only in the form that Kisi documents, a text and a code of six characters, and when it is of
 * the record, not of the address. Anything else may come from a gateway in between.
 */
function notFound(body: Record<string, unknown>): KisiFailure {
  const { error, code } = body;
  const isKisis = typeof error === 'string' && typeof code === 'string' && /^[0-9a-z]{6}$/i.test(code);
  if (!isKisis) {
    const detail =
      'a 404 without the text and the code that Kisi gives, as of a gateway in between; it is not taken for absence';
    return { kind: 'malformed', detail };
  }
  if (/endpoint does not exist/i.test(error)) {
    return { kind: 'invalid', detail: 'the address does not exist: check the base URL of Kisi' };
  }
  return { kind: 'notFound' };
}

function jsonObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

function codeOf(body: Record<string, unknown>): string | null {
  const code = body['code'];
  return typeof code === 'string' && /^[0-9a-z]{1,12}$/i.test(code) ? code : null;
}

function fieldsOf(body: Record<string, unknown>): string[] {
  const errors = body['errors'];
  if (typeof errors !== 'object' || errors === null) return [];
  return Object.keys(errors).filter((name) => /^[a-z_.]{1,40}$/.test(name));
}

/** Kisi's texts are not documented; these are the usual words of Rails, which its error bodies resemble. */
function saysTaken(body: Record<string, unknown>): boolean {
  return /\b(already|taken|exists)\b/i.test(JSON.stringify(body['errors'] ?? ''));
}

function explain(call: KisiCall, failure: KisiFailure): string {
  const answer = failure.status ? `answered ${failure.status}` : 'gave no answer';
  const code = failure.code ? ` (${failure.code})` : '';
  return `Kisi ${answer}${code} to ${call.method} ${call.path}: ${failure.detail ?? advice(failure)}.`;
}

function advice({ kind, status, retryAfterMs, fields = [] }: KisiFailure): string {
  switch (kind) {
    case 'throttled':
      return `too many requests; wait ${waitText(retryAfterMs)}. The limit is 5 a second for the person who made the API key, shared by all keys of that person`;
    case 'unavailable':
      return `it is down or cannot be reached; try again in ${waitText(retryAfterMs)}, and if it lasts check the network and Kisi's status page`;
    case 'refused':
      return status === 401
        ? 'the API key is wrong or has expired; make a new one from the account of the organization owner'
        : 'the role of the person who made the API key is too low; make the key from the account of the organization owner';
    case 'notFound':
      return 'no such record in the organization of the API key';
    case 'conflict':
    case 'blocked':
      return 'a record like this exists already; look at the access rights of this person in Kisi';
    case 'invalid':
      return `the request was not accepted${fields.length > 0 ? ` because of ${fields.join(', ')}` : ''}; ${willFailAgain}`;
    case 'tooLong':
      return 'the list is longer than Kisi lets be read';
    case 'malformed':
      return 'the answer does not hold together; it was not used';
  }
}

function waitText(retryAfterMs: number | null | undefined): string {
  if (retryAfterMs === null || retryAfterMs === undefined) return 'a moment';
  if (retryAfterMs <= longestRetryAfterMs) return `${Math.ceil(retryAfterMs / 1000)} s`;
  const asked = retryAfterMs > 24 * 3_600_000 ? 'more than a day' : `${Math.ceil(retryAfterMs / 1000)} s`;
  return `${longestRetryAfterMs / 1000} s (it asked for ${asked}, which is not waited for)`;
}
