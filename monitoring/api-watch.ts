import type { Instant } from '../access/types.js';
import type { KisiClient } from '../kisi/client.js';
import { KisiError } from '../kisi/errors.js';
import type { NexudusClient, NexudusUser } from '../nexudus/client.js';
import { NexudusError } from '../nexudus/errors.js';

export type ApiName = 'nexudus' | 'kisi';

/** Since when something is wrong, when that was last seen, and the words for it then: for an operator, without secrets. */
export interface Problem {
  since: Instant;
  lastAt: Instant;
  why: string;
}

/** A call that fails again and again while others succeed. */
export interface CallProblem extends Problem {
  call: string;
  /** `refused`: the key or login may not do this. `changed`: the answer is not as documented. */
  kind: 'refused' | 'changed';
}

/** How an API has answered this process. Plain data, without secrets and personal data. */
export interface ApiState {
  /** Since when it answers; null: it does not, or was not asked yet. */
  reachableSince: Instant | null;
  /** When it last answered anything at all. */
  answeredAt: Instant | null;
  /** It does not answer; null: it does, or was not asked yet. */
  down: Problem | null;
  /** When the key or login was last accepted. */
  acceptedAt: Instant | null;
  /** The key or login as a whole is refused. */
  refused: Problem | null;
  problems: CallProblem[];
  /** The person that the key acts as, by id in that API; null: not known. */
  actsAs: number | null;
  /** What the key or login may do there as a whole, as the API names it; null: not known. */
  role: string | null;
  /** How far its clock is ahead of ours; null: not known. */
  skewMs: number | null;
  /** What it said of its own end, in the headers Deprecation and Sunset; null: nothing. */
  retiring: string | null;
}

export type ApiStates = Record<ApiName, ApiState>;

type ApiError = NexudusError | KisiError;
/** What came of a call: its answer, or the error that it ended in. */
type Outcome = { answer: unknown } | { error: unknown };
type Tell = (method: string, args: unknown[], outcome: Outcome) => void;

const mostProblems = 10;
/** Answers that are not as documented. */
const oddKinds: readonly ApiError['kind'][] = ['malformed', 'incomplete', 'filterIgnored'];

const unknown: ApiState = {
  reachableSince: null,
  answeredAt: null,
  down: null,
  acceptedAt: null,
  refused: null,
  problems: [],
  actsAs: null,
  role: null,
  skewMs: null,
  retiring: null,
};

/** Watches how both APIs answer this process. */
export class ApiWatch {
  private readonly current: ApiStates = { nexudus: unknown, kisi: unknown };

  constructor(private readonly now: () => Instant) {}

  states(): ApiStates {
    return { ...this.current };
  }

  /** The same client; what comes of each of its calls is noted. */
  nexudus(client: NexudusClient): NexudusClient {
    return watched(client, (method, [first], outcome) => {
      // All but `me` begin with the name of a collection, or with the verb of a write.
      this.note('nexudus', typeof first === 'string' ? `${method} ${first}` : method, outcome);
      if (method === 'me' && 'answer' in outcome)
        this.set('nexudus', { role: nexudusRole(outcome.answer as NexudusUser) });
    });
  }

  /** The same for Kisi. */
  kisi(client: KisiClient): KisiClient {
    return watched(client, (method, _args, outcome) => {
      this.note('kisi', method, outcome);
      if (!('answer' in outcome)) return;
      if (method === 'currentUser') this.set('kisi', { actsAs: idOf(outcome.answer) });
      if (method === 'organizationRole')
        this.set('kisi', { role: (outcome.answer as string | null) ?? 'none' });
    });
  }

  noteRetiring(api: ApiName, words: string): void {
    this.set(api, { retiring: words });
  }

  private note(api: ApiName, call: string, outcome: Outcome): void {
    this.current[api] = afterCall(this.current[api], call, outcome, this.now());
  }

  private set(api: ApiName, change: Partial<ApiState>): void {
    this.current[api] = { ...this.current[api], ...change };
  }
}

/** The state once a call came to this. An error that is not the API's own tells nothing of it. Pure. */
function afterCall(state: ApiState, call: string, outcome: Outcome, now: Instant): ApiState {
  const others = state.problems.filter((problem) => problem.call !== call);
  if ('answer' in outcome)
    return { ...answered(state, now), acceptedAt: now, refused: null, problems: others };
  const { error } = outcome;
  if (!isApiError(error) || isUnsent(error)) return state;
  const why = error.message;
  if (error.kind === 'unavailable')
    return { ...state, reachableSince: null, down: { since: state.down?.since ?? now, lastAt: now, why } };
  const reached = answered(state, now);
  if (isKeyRefused(error))
    return { ...reached, refused: { since: state.refused?.since ?? now, lastAt: now, why } };
  const kind = kindOf(error);
  if (kind === null) return reached;
  const before = state.problems.find((problem) => problem.call === call);
  const problem = { call, kind, since: before?.since ?? now, lastAt: now, why };
  return { ...reached, problems: [...others, problem].slice(-mostProblems) };
}

function answered(state: ApiState, now: Instant): ApiState {
  return { ...state, reachableSince: state.reachableSince ?? now, answeredAt: now, down: null };
}

const isApiError = (error: unknown): error is ApiError =>
  error instanceof NexudusError || error instanceof KisiError;

/** A request that was held back here, since the API is down, is no news of the API. */
const isUnsent = (error: ApiError): boolean => error instanceof KisiError && error.isUnsent;

/** 401 is about the key or login, and so is a login that Nexudus refuses; 403 is about the one call. */
function isKeyRefused({ kind, status, path }: ApiError): boolean {
  return kind === 'refused' && (status === 401 || path === '/token');
}

function kindOf(error: ApiError): CallProblem['kind'] | null {
  const { kind, status } = error;
  if (kind === 'refused') return status === 403 ? 'refused' : null;
  // A `notFound` of Nexudus is about a whole address, one of Kisi about a record.
  const isAddressGone = error instanceof NexudusError && kind === 'notFound';
  return isAddressGone || oddKinds.includes(kind) ? 'changed' : null;
}

function nexudusRole({ isAdmin }: NexudusUser): string {
  if (isAdmin === null) return 'not told';
  return isAdmin ? 'administrator' : 'not an administrator';
}

function idOf(answer: unknown): number | null {
  const { id } = Object(answer) as { id?: unknown };
  return typeof id === 'number' ? id : null;
}

/** A client whose every method tells what came of it. */
function watched<C extends object>(client: C, tell: Tell): C {
  const methods = new Map<string | symbol, (...args: unknown[]) => unknown>();
  return new Proxy(client, {
    get(_, name): unknown {
      const run: unknown = Reflect.get(client, name);
      // What is no function, such as a clock, is shared as it is.
      if (typeof run !== 'function') return run;
      const method =
        methods.get(name) ??
        ((...args) => notedCall(Reflect.apply(run, client, args), String(name), args, tell));
      methods.set(name, method);
      return method;
    },
  });
}

function notedCall(result: unknown, method: string, args: unknown[], tell: Tell): unknown {
  const note = (outcome: Outcome): void => {
    tell(method, args, outcome);
  };
  if (result instanceof Promise) return noted(result, note);
  return isIterable(result) ? notedPages(result, note) : result;
}

async function noted(result: Promise<unknown>, note: (outcome: Outcome) => void): Promise<unknown> {
  try {
    const answer = await result;
    note({ answer });
    return answer;
  } catch (error) {
    note({ error });
    throw error;
  }
}

async function* notedPages(result: AsyncIterable<unknown>, note: (outcome: Outcome) => void): AsyncGenerator {
  try {
    for await (const answer of result) {
      note({ answer });
      yield answer;
    }
  } catch (error) {
    note({ error });
    throw error;
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
