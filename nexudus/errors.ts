/**
 * What can go wrong with a request to Nexudus.
 * - `throttled`: asked to slow down (409 or 429), again and again
 * - `unavailable`: no answer in time, a broken connection, a 5xx
 * - `refused`: a bad login, a missing permission, or a write that Nexudus does not take
 * - `malformed`: an answer that is not what it should be
 * - `incomplete`: rows that don't add up to the total
 * - `filterIgnored`: rows that a filter should have left out
 * - `implausible`: a collection that cannot be empty came back empty, or a coworker is missing that may still be there
 * - `notFound`: a whole address that does not exist (a missing record is no error)
 */
export type NexudusErrorKind =
  | 'throttled'
  | 'unavailable'
  | 'refused'
  | 'malformed'
  | 'incomplete'
  | 'filterIgnored'
  | 'implausible'
  | 'notFound';

/** Kinds that stay as they are until someone changes something in Nexudus or in the configuration. */
const lasting: readonly NexudusErrorKind[] = ['refused', 'notFound'];

export interface NexudusErrorDetails {
  kind: NexudusErrorKind;
  /** Path template, ids left out: '/billing/coworkertimepasses/{id}'. */
  path: string;
  /** One sentence for the operator: what happened and what to do. No personal data, no secrets. */
  says: string;
  status?: number;
  retryAfterMs?: number;
}

/**
 * A request to Nexudus that gave nothing to rely on. Carries neither the request nor the answer, since both hold
 * secrets or personal data; so it has no `cause` either.
 */
export class NexudusError extends Error {
  override readonly name = 'NexudusError';
  readonly kind: NexudusErrorKind;
  readonly path: string;
  /** HTTP status; null when there was no answer, or when its status was not the problem. */
  readonly status: number | null;
  /** How long Nexudus asks to wait; null: it did not say. */
  readonly retryAfterMs: number | null;
  /** False: the same request will fail until someone changes something. */
  readonly canRetryHelp: boolean;
  /** What happened and what to do, without the path. */
  readonly says: string;

  constructor({ kind, path, says, status, retryAfterMs }: NexudusErrorDetails) {
    super(`Nexudus ${path}: ${says}`);
    this.kind = kind;
    this.path = path;
    this.says = says;
    this.status = status ?? null;
    this.retryAfterMs = retryAfterMs ?? null;
    this.canRetryHelp = !lasting.includes(kind);
  }
}

/** Whether `error` is a NexudusError of this kind. */
export function isNexudusError(error: unknown, kind: NexudusErrorKind): error is NexudusError {
  return error instanceof NexudusError && error.kind === kind;
}

/** An answer that is not as it should be; `what` names records and fields by their ids and names only. */
export function malformed(path: string, what: string): NexudusError {
  return new NexudusError({
    kind: 'malformed',
    path,
    says: `the answer is not as it should be (${what}).`,
  });
}

/** What else bears on the error of a status. */
export interface StatusContext {
  /** The roles that the user may lack. Default: those to read. */
  roles?: string | undefined;
  retryAfterMs?: number | null;
  /** Whether NEXUDUS_TOKEN was sent, and not a token of an own login. */
  byToken?: boolean;
}

/** The error that an HTTP status other than success stands for. `path` is a template. */
export function errorOfStatus(status: number, path: string, context: StatusContext = {}): NexudusError {
  if (status === 401 || status === 403) {
    return new NexudusError({ kind: 'refused', path, status, says: refusalOf(status, context) });
  }
  if (status === 404) {
    const says = 'there is nothing at this address (HTTP 404). Check NEXUDUS_BASE_URL.';
    return new NexudusError({ kind: 'notFound', path, status, says });
  }
  if (status >= 400 && status < 500 && status !== 408) {
    return new NexudusError({
      kind: 'refused',
      path,
      status,
      says: `rejected the request (HTTP ${status}).`,
    });
  }
  const says = `did not answer properly (HTTP ${status}). If this lasts, it is down: see what Nexudus says of it.`;
  const { retryAfterMs } = context;
  return new NexudusError({
    kind: 'unavailable',
    path,
    status,
    says,
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  });
}

/** Nexudus does not document whether a 401 or a 403 means a bad token or a missing right: the likelier cause comes first. */
function refusalOf(status: number, { roles = '-List and -Read', byToken = false }: StatusContext): string {
  const user = `The user must be a full admin, or hold the ${roles} roles of this entity, and have API access.`;
  if (!byToken) return `refused (HTTP ${status}). ${user}`;
  const renew = 'get a new one, or set NEXUDUS_EMAIL and NEXUDUS_PASSWORD in its place, which last';
  if (status === 403) return `refused (HTTP 403). ${user} If it does, NEXUDUS_TOKEN has expired: ${renew}.`;
  return `NEXUDUS_TOKEN was refused (HTTP 401). A token lives seven days: ${renew}. If it is new, its user lacks API access or this entity.`;
}
