import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Instant } from '../access/types.js';
import { isRefusal } from '../activities/failures.js';
import { shared } from '../lib/shared.js';
import { within } from '../lib/within.js';
import type { Turns } from '../monitoring/api-meters.js';

/** An API does not take the credential that it is shown any more. */
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
  /** How often Latchkey looks for a new credential. */
  lookEveryMs?: number;
  /** How long until a credential that was refused is tried again; twice as long after each further refusal, up to 16 times. */
  firstTryMs?: number;
}

/** The least time between two examinations of the credential because of refused requests, while it is taken. */
const examineEveryMs = 10_000;
/** An examination that takes longer cannot tell whether the credential is taken. */
const examineLimitMs = 60_000;
/** The longest pause, as a multiple of the first. */
const longestPause = 16;

/** Whether an API takes the credential that it is shown. */
export interface LoginState {
  /** Null: it is taken, as far as is known. */
  refusal(): Refusal | null;
  /** `listener` is told of each refusal that begins, and with null when it ends; at once where there is one already. */
  onChange(listener: (refusal: Refusal | null) => void): void;
  /** Told once of each request that is refused though the login is taken: a right is missing. */
  onLacking(listener: (why: string) => void): void;
  stop(): void;
}

/**
 * The credential that one API is shown, for as long as the process lives. Where the API refuses it, Latchkey sends nothing but
 * a try now and then, and uses a new credential as soon as it is there and works. Nothing is sent before the first request of a
 * client.
 */
export class Login<K> implements LoginState {
  private readonly now: () => Instant;
  private readonly lookEveryMs: number;
  private readonly firstTryMs: number;
  private credential: K;
  private refused: { refusal: Refusal; error: Error } | null = null;
  private examining: (() => Promise<void>) | null = null;
  private examinedAt = -Infinity;
  /** How often the credential in use was refused since it was last taken. */
  private refusals = 0;
  /** The last other credential that was refused. */
  private tried: K | null = null;
  private isTaken = false;
  private isLooking = false;
  private readonly lacking = new Set<string>();
  private readonly listeners: ((refusal: Refusal | null) => void)[] = [];
  private readonly lackingListeners: ((why: string) => void)[] = [];
  private readonly ended = new AbortController();

  constructor(private readonly options: LoginOptions<K>) {
    const { credential, now = Date.now, lookEveryMs = 2_000, firstTryMs = 60_000 } = options;
    this.credential = credential;
    this.now = now;
    this.lookEveryMs = lookEveryMs;
    this.firstTryMs = firstTryMs;
  }

  /** The client that `make` makes for a credential, always for the one in use. It throws what the API answers. */
  clientOf<C extends object>(make: (credential: K) => C): C {
    let made = { of: this.credential, client: make(this.credential) };
    const current = (): typeof made => {
      if (!isSame(made.of, this.credential)) made = { of: this.credential, client: make(this.credential) };
      return made;
    };
    const methods = new Map<string | symbol, Run>();
    return new Proxy(made.client, {
      get: (_, name): unknown => {
        const member: unknown = Reflect.get(made.client, name);
        // What is no function, such as a clock, is shared as it is.
        if (typeof member !== 'function') return member;
        const method = methods.get(name) ?? this.renewing(current, name);
        methods.set(name, method);
        return method;
      },
    });
  }

  /** The same turns; while the credential is refused, asking for one throws the API's refusal, so that nothing is sent. */
  guarded<A extends unknown[]>(turns: Turns<A>): Turns<A> {
    return {
      turn: async (...args) => {
        this.throwIfRefused();
        await turns.turn(...args);
        // Many may have waited in line when it was refused.
        this.throwIfRefused();
      },
      pause: (ms) => {
        turns.pause(ms);
      },
    };
  }

  /** The credential that is in use. */
  inUse(): K {
    return this.credential;
  }

  refusal(): Refusal | null {
    return this.refused?.refusal ?? null;
  }

  onChange(listener: (refusal: Refusal | null) => void): void {
    this.listeners.push(listener);
    if (this.refused !== null) listener(this.refused.refusal);
  }

  onLacking(listener: (why: string) => void): void {
    this.lackingListeners.push(listener);
  }

  stop(): void {
    this.ended.abort();
  }

  /** A method of the current client; a call that is refused is made again where another credential is in use by then. */
  private renewing(current: () => { of: K; client: object }, name: string | symbol): Run {
    const run = (args: unknown[]): unknown => {
      const { client } = current();
      return (Reflect.get(client, name) as Run).apply(client, args);
    };
    return (...args) => {
      const { of } = current();
      const answer = run(args);
      if (!(answer instanceof Promise)) return answer;
      return answer.catch(async (error: unknown) => {
        if (isRefusal(error) && (await this.isRenewed(error, of))) return run(args);
        throw error;
      });
    };
  }

  private throwIfRefused(): void {
    if (this.refused !== null) throw this.refused.error;
  }

  /** After a refusal: whether the same may be asked again, with another credential. */
  private async isRenewed(error: Error, used: K): Promise<boolean> {
    if (!isSame(used, this.credential)) return true;
    if (this.refused !== null) return false;
    // Many that are refused at the same time are refused for the same reason.
    if (this.examining !== null || performance.now() - this.examinedAt >= examineEveryMs)
      await this.examineOnce();
    if (!isSame(used, this.credential)) return true;
    if (this.isTaken) this.tellLacking(error.message);
    return false;
  }

  private tellLacking(why: string): void {
    if (this.lacking.has(why)) return;
    this.lacking.add(why);
    for (const listener of this.lackingListeners) listener(why);
  }

  /** The call that was refused first may be given up, and no other call that waits for the same may be given up with it. */
  private async examineOnce(): Promise<void> {
    this.examining ??= shared(() => this.examine(), {
      limit: { limitMs: examineLimitMs, of: this.options.api },
      onOver: () => (this.examining = null),
    });
    // Whether it is taken cannot always be told now.
    await this.examining().catch(() => undefined);
  }

  /** Finds out whether the credential in use, or a new one, is taken. */
  private async examine(): Promise<void> {
    this.examinedAt = performance.now();
    this.isTaken = false;
    const fresh = this.options.readCredential();
    // Somebody may be typing it: it is used only once it works.
    if (fresh !== null && !isSame(fresh, this.credential)) {
      if ((await this.works(fresh)) === true) {
        this.credential = fresh;
        this.refusals = 0;
        this.tell(null);
        return;
      }
      this.tried = fresh;
    }
    const answer = await this.works(this.credential);
    this.isTaken = answer === true;
    this.refusals = this.isTaken ? 0 : this.refusals + 1;
    if (answer !== true || this.refused !== null) this.tell(answer === true ? null : answer);
  }

  /** Whether the API takes this credential. Throws where that cannot be told now. */
  private async works(one: K): Promise<true | Error> {
    try {
      await this.options.tryOut(one);
      return true;
    } catch (error) {
      if (isRefusal(error)) return error;
      throw error;
    }
  }

  private tell(error: Error | null): void {
    const before = this.refused;
    const since = before?.refusal.since ?? this.now();
    const { api } = this.options;
    this.refused = error === null ? null : { refusal: { api, since, why: error.message }, error };
    if (before !== null && this.refused !== null) return;
    for (const listener of this.listeners) listener(this.refusal());
    // This goes on for longer than the call that was refused.
    void within({}, () => this.lookAgain());
  }

  /** Looks for a new credential until one is taken. */
  private async lookAgain(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    const { signal } = this.ended;
    while (this.refused !== null && !signal.aborted) {
      await sleep(this.lookEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (this.isTimeToExamine()) await this.examineOnce();
    }
    this.isLooking = false;
  }

  private isTimeToExamine(): boolean {
    const fresh = this.options.readCredential();
    if (fresh !== null && !isSame(fresh, this.credential) && !isSame(fresh, this.tried)) return true;
    // A login that fails too often may be locked.
    const pauseMs = this.firstTryMs * Math.min(longestPause, 2 ** Math.max(0, this.refusals - 1));
    return performance.now() - this.examinedAt >= pauseMs;
  }
}

const whatNext =
  'Until then Latchkey changes no key through this API, and nothing is lost. Put a new credential in `.env`, or in the file ' +
  'that its variable names: Latchkey uses it within seconds, without a restart. If it is a variable of the environment, ' +
  'start this process again with it.';

/** Has the log say once why a login is refused, and once that it is taken again. */
export function tellOf(login: LoginState, log: Logger): void {
  login.onLacking((why) => {
    log.warn(`the API takes the login, but the login lacks a right: ${why}`);
  });
  login.onChange((refusal) => {
    if (refusal === null) log.info('the API takes the credentials again: all members that waited go on');
    else log.error({ api: refusal.api }, `${refusal.why} ${whatNext}`);
  });
}

type Run = (...args: unknown[]) => unknown;

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
