import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { NexudusError } from '../nexudus/errors.js';
import { OutOfTimeError, unlessAborted, within } from '../lib/within.js';
import { UnreadSpaceError, type CheckedSpace } from './check.js';
import { ConfigError, type Config } from '../config/config.js';

/** Why the space is not known as it is now. */
export interface SpaceProblem {
  api: 'Nexudus' | 'Kisi' | null;
  /** One for each thing, for an operator. */
  lines: string[];
  /** Whether only a person can mend it. */
  isFinal: boolean;
  /** An outage shows in many ways, and is told as one. */
  kind: string;
}

/** The space as it was when it was checked last, be it by an earlier process. */
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

/** Checks the space until it is known, while everything else runs already. */
export interface SpaceWatch {
  /** As it was found last, or as an earlier process found it; null: neither. */
  known(): CheckedSpace | null;
  /** Why it is not known as it is now; null: it is. */
  problem(): SpaceProblem | null;
  /** Told of the space each time that it is found other than before, and at once where there is one already. */
  onFound(listener: (space: CheckedSpace) => void): void;
  /** Told when both APIs have answered for the first time. */
  onChecked(listener: () => void): void;
  /** Checks it at once, where it is still to be checked. */
  lookNow(): void;
  /** Resolves after the first check, however it ended. */
  looked: Promise<void>;
  /** Rejects with a ConfigError where a person must mend something before this can work for the first time. */
  failed: Promise<never>;
  stop(): void;
}

const beingChecked: SpaceProblem = {
  api: null,
  lines: ['The space is being checked.'],
  isFinal: false,
  kind: '',
};

/** Starts to check the space, again and again until both APIs have answered. */
export function watchSpace(options: SpaceWatchOptions): SpaceWatch {
  const { check, config, kept, hasMembers, log, pauses = { firstMs: 1_000, longestMs: 30_000 } } = options;
  const { checkLimitMs = 2 * 60_000 } = options;
  const digest = digestOfNames(config);
  const foundListeners: ((space: CheckedSpace) => void)[] = [];
  const checkedListeners: (() => void)[] = [];
  const ended = new AbortController();
  let known: CheckedSpace | null = null;
  let isChecked = false;
  let problem: SpaceProblem | null = beingChecked;
  let told: string | null = null;
  let hurry = new AbortController();

  function find(space: CheckedSpace): void {
    if (known !== null && contentOf(known) === contentOf(space)) return;
    known = space;
    for (const listener of foundListeners) listener(space);
  }

  async function look(): Promise<void> {
    try {
      const limit = { limitMs: checkLimitMs, of: 'Nexudus' } as const;
      const space = await within({ limit }, () => unlessAborted(check()));
      isChecked = true;
      if (told !== null) log.info('the space is checked: Nexudus and Kisi both answer');
      problem = null;
      for (const warning of space.warnings) log.warn(warning);
      find(space);
      await keep(space);
      for (const listener of checkedListeners) listener();
    } catch (error) {
      problem = problemOf(error);
      await bear(problem, error instanceof ConfigError);
    }
  }

  async function keep(space: CheckedSpace): Promise<void> {
    await kept.write({ digest, space }).catch((err: unknown) => {
      log.warn(
        { err },
        'the checked space could not be kept, so a start while an API is down must wait for it',
      );
    });
  }

  /** Goes on with what an earlier process found. Throws what ends this one. */
  async function bear({ isFinal, lines }: SpaceProblem, isOfConfig: boolean): Promise<void> {
    const before = known === null ? await readKept() : 'unread';
    if (before !== 'unread') {
      const isSame = before?.digest === digest;
      const hasWorked = isSame || (!isOfConfig && (before !== null || (await hasMembers())));
      if (isFinal && !hasWorked) throw new ConfigError(lines);
      if (isSame) {
        const { policies } = config.file;
        find({ ...before.space, warnings: [], rules: { ...before.space.rules, policies } });
      }
    }
    tell(lines);
  }

  /** Where the database does not answer, it is not known whether this has worked before. */
  async function readKept(): Promise<KeptSpace | null | 'unread'> {
    try {
      return await kept.read();
    } catch (err) {
      log.warn({ err }, 'what the space was like at an earlier start cannot be read; it is tried again');
      return 'unread';
    }
  }

  /** Once for each kind of problem, however many checks it lasts. */
  function tell(lines: string[]): void {
    if (problem === null || told === problem.kind) return;
    told = problem.kind;
    const way =
      known === null ? 'no member is looked after until it is' : 'what the last check found holds until then';
    const line = `the space cannot be checked, and ${way}; it is tried again by itself: ${lines.join(' ')}`;
    // Of refused credentials their login tells (worker/login.ts).
    if (problem.api === null) log.error(line);
    else log.warn(line);
  }

  async function run(): Promise<void> {
    for (
      let pauseMs = pauses.firstMs;
      !ended.signal.aborted;
      pauseMs = Math.min(2 * pauseMs, pauses.longestMs)
    ) {
      await look();
      setLooked();
      if (isChecked) return;
      hurry = new AbortController();
      const signal = AbortSignal.any([hurry.signal, ended.signal]);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  let setLooked: () => void = () => undefined;
  const looked = new Promise<void>((resolve) => (setLooked = resolve));
  const failed = new Promise<never>((_, reject) => {
    run().catch(reject).finally(setLooked);
  });
  // Whoever races it hears of it all the same.
  failed.catch(() => undefined);
  return {
    known: () => known,
    problem: () => problem,
    onFound(listener) {
      foundListeners.push(listener);
      if (known !== null) listener(known);
    },
    onChecked(listener) {
      checkedListeners.push(listener);
    },
    lookNow() {
      hurry.abort();
    },
    looked,
    failed,
    stop() {
      ended.abort();
    },
  };
}

/** Tells what names and ids are looked up by, and where. */
function digestOfNames({ nexudus, kisi, file }: Config): string {
  const { mapping, zones } = file;
  const all = JSON.stringify([nexudus.baseUrl, kisi.baseUrl, mapping, zones]);
  return createHash('sha256').update(all).digest('hex').slice(0, 16);
}

/** All that anything is done by. */
function contentOf(space: CheckedSpace): string {
  return JSON.stringify({ ...space, warnings: [] });
}

/** Throws what is no problem with the space. */
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
