import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { NexudusError } from '../nexudus/errors.js';
import { OutOfTimeError, unlessAborted, within } from '../lib/within.js';
import { UnreadSpaceError, type CheckedSpace } from './check.js';
import { ConfigError } from '../config/config-error.js';
import type { Config } from '../config/config.js';

/** Why the space is not known as it is now. */
export interface SpaceProblem {
  api: 'Nexudus' | 'Kisi' | null;
  /** One line for each thing, for an operator. */
  lines: string[];
  /** Whether only a person can mend it. */
  isFinal: boolean;
  /** An outage shows in many ways, and is told as one. */
  kind: string;
}

/** The space as it was when it was checked last, by this process or an earlier one. */
export interface KeptSpace {
  /** Of the configuration that it was resolved from (`digestOfNames`). */
  digest: string;
  space: CheckedSpace;
}

export interface SpaceWatchOptions {
  /** Throws UnreadSpaceError or ConfigError. */
  check: () => Promise<CheckedSpace>;
  config: Config;
  /** What is kept from one process to the next. `read`: null, where there is nothing. */
  kept: { read(): Promise<KeptSpace | null>; write(space: KeptSpace): Promise<void> };
  /** Whether Latchkey has worked here before, where nothing is kept. */
  hasMembers: () => Promise<boolean>;
  log: Logger;
  pauses?: { firstMs: number; longestMs: number };
  /** How long one check may take, waits for turns included. Default 2 minutes. */
  checkLimitMs?: number;
}

const beingChecked: SpaceProblem = {
  api: null,
  lines: ['The space is being checked.'],
  isFinal: false,
  kind: '',
};

/** Checks the space, again and again until both APIs have answered, while everything else runs already. */
export class SpaceWatch {
  /** Resolves after the first check, however it ended. */
  readonly looked: Promise<void>;
  /** Rejects with a ConfigError where a person must correct something before this can work for the first time. */
  readonly failed: Promise<never>;
  private readonly digest: string;
  private readonly foundListeners: ((space: CheckedSpace) => void)[] = [];
  private readonly checkedListeners: (() => void)[] = [];
  private readonly ended = new AbortController();
  private lastKnown: CheckedSpace | null = null;
  private lastProblem: SpaceProblem | null = beingChecked;
  private isChecked = false;
  /** The kind of problem that was told last. */
  private told: string | null = null;
  private hurry = new AbortController();

  constructor(private readonly options: SpaceWatchOptions) {
    this.digest = digestOfNames(options.config);
    let setLooked: () => void = () => undefined;
    this.looked = new Promise<void>((resolve) => (setLooked = resolve));
    this.failed = new Promise<never>((_, reject) => {
      this.run(setLooked).catch(reject).finally(setLooked);
    });
    // A caller that races this promise hears of the failure all the same.
    this.failed.catch(() => undefined);
  }

  /** The space as it was found last, or as an earlier process found it; null: neither. */
  known(): CheckedSpace | null {
    return this.lastKnown;
  }

  /** Why the space is not known as it is now; null: it is. */
  problem(): SpaceProblem | null {
    return this.lastProblem;
  }

  /** Calls `listener` each time that the space is found other than before, and at once where there is one already. */
  onFound(listener: (space: CheckedSpace) => void): void {
    this.foundListeners.push(listener);
    if (this.lastKnown !== null) listener(this.lastKnown);
  }

  /** Calls `listener` when both APIs have answered for the first time. */
  onChecked(listener: () => void): void {
    this.checkedListeners.push(listener);
  }

  /** Checks at once, unless the space is checked already. */
  lookNow(): void {
    this.hurry.abort();
  }

  stop(): void {
    this.ended.abort();
  }

  private async run(setLooked: () => void): Promise<void> {
    const { firstMs, longestMs } = this.options.pauses ?? { firstMs: 1_000, longestMs: 30_000 };
    for (let pauseMs = firstMs; !this.ended.signal.aborted; pauseMs = Math.min(2 * pauseMs, longestMs)) {
      await this.look();
      setLooked();
      if (this.isChecked) return;
      this.hurry = new AbortController();
      const signal = AbortSignal.any([this.hurry.signal, this.ended.signal]);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async look(): Promise<void> {
    const { check, checkLimitMs = 2 * 60_000 } = this.options;
    try {
      const limit = { limitMs: checkLimitMs, of: 'Nexudus' } as const;
      await this.take(await within({ limit }, () => unlessAborted(check())));
    } catch (error) {
      this.lastProblem = problemOf(error);
      await this.bear(this.lastProblem, error instanceof ConfigError);
    }
  }

  /** Both APIs have answered. */
  private async take(space: CheckedSpace): Promise<void> {
    const { log } = this.options;
    this.isChecked = true;
    if (this.told !== null) log.info('the space is checked: Nexudus and Kisi both answer');
    this.lastProblem = null;
    for (const warning of space.warnings) log.warn(warning);
    this.find(space);
    await this.keep(space);
    for (const listener of this.checkedListeners) listener();
  }

  private find(space: CheckedSpace): void {
    if (this.lastKnown !== null && contentOf(this.lastKnown) === contentOf(space)) return;
    this.lastKnown = space;
    for (const listener of this.foundListeners) listener(space);
  }

  private async keep(space: CheckedSpace): Promise<void> {
    const { kept, log } = this.options;
    await kept.write({ digest: this.digest, space }).catch((err: unknown) => {
      log.warn(
        { err },
        'Latchkey could not store the checked space, so a start while an API is down must wait for that API',
      );
    });
  }

  /** Goes on with what an earlier process found. Throws what ends this one. */
  private async bear({ isFinal, lines }: SpaceProblem, isOfConfig: boolean): Promise<void> {
    const { config, hasMembers } = this.options;
    const before = this.lastKnown === null ? await this.readKept() : 'unread';
    if (before !== 'unread') {
      const isSame = before?.digest === this.digest;
      const hasWorked = isSame || (!isOfConfig && (before !== null || (await hasMembers())));
      if (isFinal && !hasWorked) throw new ConfigError(lines);
      if (isSame) {
        const { policies } = config.file;
        this.find({ ...before.space, warnings: [], rules: { ...before.space.rules, policies } });
      }
    }
    this.tell(lines);
  }

  /** Where the database does not answer, it is not known whether this has worked before. */
  private async readKept(): Promise<KeptSpace | null | 'unread'> {
    const { kept, log } = this.options;
    try {
      return await kept.read();
    } catch (err) {
      log.warn(
        { err },
        'Latchkey cannot read what it found of the space at an earlier start, and tries again',
      );
      return 'unread';
    }
  }

  /** Once for each kind of problem, however many checks it lasts. */
  private tell(lines: string[]): void {
    const { log } = this.options;
    const problem = this.lastProblem;
    if (problem === null || this.told === problem.kind) return;
    this.told = problem.kind;
    const way =
      this.lastKnown === null ? 'looks after no member until then' : 'works by the last check until then';
    const line = `Latchkey cannot check the space, tries again by itself, and ${way}: ${lines.join(' ')}`;
    // The login tells of refused credentials itself (worker/login.ts).
    if (problem.api === null) log.error(line);
    else log.warn(line);
  }
}

/** A digest of the names and ids that are looked up, and of where. */
function digestOfNames({ nexudus, kisi, file }: Config): string {
  const { mapping, zones } = file;
  const all = JSON.stringify([nexudus.baseUrl, kisi.baseUrl, mapping, zones]);
  return createHash('sha256').update(all).digest('hex').slice(0, 16);
}

/** Everything of a checked space by which anything is done. */
function contentOf(space: CheckedSpace): string {
  return JSON.stringify({ ...space, warnings: [] });
}

/** The problem that an error stands for. Throws an error that is no problem with the space. */
function problemOf(error: unknown): SpaceProblem {
  if (error instanceof ConfigError) {
    const { lines } = error;
    return { api: null, lines, isFinal: true, kind: lines.join() };
  }
  if (error instanceof OutOfTimeError)
    return { api: error.of, lines: [error.message], isFinal: false, kind: error.name };
  if (!(error instanceof UnreadSpaceError)) throw error;
  const { errors } = error;
  return {
    api: errors.some((one) => one instanceof NexudusError) ? 'Nexudus' : 'Kisi',
    lines: errors.map(({ message }) => message),
    isFinal: errors.some(({ canRetryHelp }) => !canRetryHelp),
    kind: errors.map(({ name, canRetryHelp }) => `${name} ${String(canRetryHelp)}`).join(),
  };
}
