import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Instant } from '../access/types.js';
import { isRefusal } from '../activities/failures.js';
import { shared } from '../lib/shared.js';
import { within } from '../lib/within.js';

/** An API does not take what it is shown any more. */
export interface Refusal {
  api: 'Nexudus' | 'Kisi';
  since: Instant;
  /** The API's answer, and what to do, for an operator. */
  why: string;
}

export interface LoginOptions<K> {
  api: Refusal['api'];
  credential: K;
  /** The credential as `.env` or its file has it now; null: none, or the same that is in use. */
  readCredential: () => K | null;
  /** Asks the API who it is that asks, which every credential that is good may do. Throws its error. */
  tryOut: (credential: K) => Promise<unknown>;
  now?: () => Instant;
  /** How often it is looked whether there is a new one. */
  lookEveryMs?: number;
  /** How long until one that was refused is tried again; twice as long after each further refusal, up to 16 times. */
  firstTryMs?: number;
}

/** So seldom a request that is refused makes the credential examined, while that is taken. */
const examineEveryMs = 10_000;
/** Whether it is taken cannot be told where that takes longer. */
const examineLimitMs = 60_000;
/** Of the first pause. */
const longestPause = 16;

/** Whether an API takes what it is shown. */
export interface LoginState {
  /** Null: it is taken, as far as is known. */
  refusal(): Refusal | null;
  /** Told of each refusal that begins, and with null when it ends; of one that there is already at once. */
  onChange(listener: (refusal: Refusal | null) => void): void;
  /** Told once of each request that is refused though the login is taken: a right is missing. */
  onLacking(listener: (why: string) => void): void;
  stop(): void;
}

/**
 * What one API is shown, for as long as the process lives. Where the API refuses it, nothing is sent but a try now and
 * then, and a new one is used as soon as it is there and works.
 */
export interface Login<K> extends LoginState {
  /** The functions that `make` makes for a credential, always for the one in use; they throw what the API answers. */
  clientOf<C extends object>(make: (credential: K) => C): C;
  /** The credential that is in use. */
  inUse(): K;
  /** The same turns; while the credential is refused, asking for one throws the API's refusal, so that nothing is sent. */
  guarded<T extends Turns>(turns: T): T;
}

interface Turns {
  turn(...args: never[]): Promise<void>;
}

/** Creates the login. Nothing is sent before the first request of a client. */
export function createLogin<K>(options: LoginOptions<K>): Login<K> {
  const { api, readCredential, tryOut, now = Date.now, lookEveryMs = 2_000, firstTryMs = 60_000 } = options;
  let credential = options.credential;
  let refused: { refusal: Refusal; error: Error } | null = null;
  let examining: (() => Promise<void>) | null = null;
  let examinedAt = -Infinity;
  /** How often the one in use was refused since it was last taken. */
  let refusals = 0;
  /** The last one besides it that was refused. */
  let tried: K | null = null;
  let isTaken = false;
  let isLooking = false;
  const lacking = new Set<string>();
  const listeners: ((refusal: Refusal | null) => void)[] = [];
  const lackingListeners: ((why: string) => void)[] = [];
  const ended = new AbortController();

  /** Whether the API takes it. Throws where that cannot be told now. */
  async function works(one: K): Promise<true | Error> {
    try {
      await tryOut(one);
      return true;
    } catch (error) {
      if (isRefusal(error)) return error;
      throw error;
    }
  }

  /** Finds out whether the credential in use, or a new one, is taken. */
  async function examine(): Promise<void> {
    examinedAt = performance.now();
    isTaken = false;
    const fresh = readCredential();
    // Somebody may be typing it: it is used only once it works.
    if (fresh !== null && !isSame(fresh, credential)) {
      if ((await works(fresh)) === true) {
        credential = fresh;
        refusals = 0;
        tell(null);
        return;
      }
      tried = fresh;
    }
    const answer = await works(credential);
    isTaken = answer === true;
    refusals = isTaken ? 0 : refusals + 1;
    if (answer !== true || refused !== null) tell(answer === true ? null : answer);
  }

  /** Whoever was refused first may be given up, and nobody who waits for the same may be given up with it. */
  async function examineOnce(): Promise<void> {
    examining ??= shared(examine, {
      limit: { limitMs: examineLimitMs, of: api },
      onOver: () => (examining = null),
    });
    // Whether it is taken cannot always be told now.
    await examining().catch(() => undefined);
  }

  function tell(error: Error | null): void {
    const before = refused;
    const since = before?.refusal.since ?? now();
    refused = error === null ? null : { refusal: { api, since, why: error.message }, error };
    if (before !== null && refused !== null) return;
    for (const listener of listeners) listener(refused?.refusal ?? null);
    // For longer than whoever was refused waits.
    void within({}, lookAgain);
  }

  /** Looks for a new credential until one is taken. */
  async function lookAgain(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    while (refused !== null && !ended.signal.aborted) {
      await sleep(lookEveryMs, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
      const fresh = readCredential();
      const isNew = fresh !== null && !isSame(fresh, credential) && !isSame(fresh, tried);
      // A login that fails too often may be locked.
      const pauseMs = firstTryMs * Math.min(longestPause, 2 ** Math.max(0, refusals - 1));
      if (isNew || performance.now() - examinedAt >= pauseMs) await examineOnce();
    }
    isLooking = false;
  }

  /** After a refusal: whether the same may be asked again, with another credential. */
  async function isRenewed(error: Error, used: K): Promise<boolean> {
    if (!isSame(used, credential)) return true;
    if (refused !== null) return false;
    // Many that are refused at the same time are refused for the same reason.
    if (examining !== null || performance.now() - examinedAt >= examineEveryMs) await examineOnce();
    if (!isSame(used, credential)) return true;
    if (isTaken && !lacking.has(error.message)) {
      lacking.add(error.message);
      for (const listener of lackingListeners) listener(error.message);
    }
    return false;
  }

  function throwIfRefused(): void {
    if (refused !== null) throw refused.error;
  }

  return {
    clientOf<C extends object>(make: (credential: K) => C): C {
      let made = { of: credential, client: make(credential) };
      const current = (): typeof made => {
        if (!isSame(made.of, credential)) made = { of: credential, client: make(credential) };
        return made;
      };
      const names = Object.keys(made.client) as (keyof C)[];
      const functions = names.map((name) => {
        // What is no function, such as a clock, is shared as it is.
        if (typeof made.client[name] !== 'function') return [name, made.client[name]];
        const run = (args: unknown[]): unknown => (current().client[name] as Run)(...args);
        return [
          name,
          (...args: unknown[]): unknown => {
            const { of } = current();
            const answer = run(args);
            if (!(answer instanceof Promise)) return answer;
            return answer.catch(async (error: unknown) => {
              if (isRefusal(error) && (await isRenewed(error, of))) return run(args);
              throw error;
            });
          },
        ];
      });
      return Object.fromEntries(functions) as C;
    },
    guarded: (turns) => ({
      ...turns,
      async turn(...args: never[]) {
        throwIfRefused();
        await turns.turn(...args);
        // Many may have waited in line when it was refused.
        throwIfRefused();
      },
    }),
    inUse: () => credential,
    refusal: () => refused?.refusal ?? null,
    onChange(listener) {
      listeners.push(listener);
      if (refused !== null) listener(refused.refusal);
    },
    onLacking(listener) {
      lackingListeners.push(listener);
    },
    stop() {
      ended.abort();
    },
  };
}

const whatNext =
  'No key is touched through it meanwhile, and nothing is lost. A new one in `.env`, or in the file that its ' +
  'variable names, is used within seconds, without a restart; where it is a variable of the environment, start this ' +
  'process again with it.';

/** Has the log say once what a login is refused, and once that it is taken again. */
export function tellOf(login: LoginState, log: Logger): void {
  login.onLacking((why) => {
    log.warn(`the login is right, but lacks a right: ${why}`);
  });
  login.onChange((refusal) => {
    if (refusal === null) log.info('credentials are taken again: everybody goes on who waited');
    else log.error({ api: refusal.api }, `${refusal.why} ${whatNext}`);
  });
}

type Run = (...args: unknown[]) => unknown;

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
