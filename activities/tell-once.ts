/** What the log says once, however many reads of Nexudus find it. Each of these remembers what it has told. */
import { log } from '@temporalio/activity';
import { clockWords, type Verdict } from '../access/clocks.js';
import { contentOf, type Broken } from '../nexudus/changes.js';
import { NexudusError } from '../nexudus/errors.js';
import { OutOfTimeError } from '../lib/within.js';

/** From this difference on, people are told that the clocks differ. */
const tellSkewMs = 30_000;

/** Runs a job, and has the log say of failures what is new. */
export type TellFailures = <T>(job: () => Promise<T>) => Promise<T>;

export type TellBroken = (broken: readonly Broken[]) => void;

/** Lines for one read: where a field of all records changed its shape, the rest says nothing new. */
const mostLines = 20;

/** Has the log say once of each malformed record what harm it does, until the record is written again. */
export function tellingOfBroken(): TellBroken {
  const told = new Set<string>();
  return (broken) => {
    const fresh = broken.filter((one) => !told.has(contentOf(one)));
    for (const one of fresh) told.add(contentOf(one));
    for (const { error, harm } of fresh.slice(0, mostLines))
      log.warn(`${error.message} Until it is mended in Nexudus ${harm}; no key is taken away by it.`);
    if (fresh.length > mostLines) log.warn(`${fresh.length - mostLines} more records of Nexudus are so.`);
  };
}

/** Has the log say once of each location whose time zone is not known any more; the start told of those before. */
export function tellingOfZones(): (locationIds: readonly number[]) => void {
  let told: Set<number> | null = null;
  return (locationIds) => {
    for (const id of locationIds.filter((one) => told !== null && !told.has(one)))
      log.warn(`Location ${id} has no known time zone: its passes wait until it is named in latchkey.yaml.`);
    told = new Set([...(told ?? []), ...locationIds]);
  };
}

/** Has the log say once why Nexudus cannot be read, however many tries and runs that lasts, and that it can be again. */
export function tellingOfFailures(what: string): TellFailures {
  // Lists are read side by side, so now one of them fails first and now another.
  const told = new Set<string>();
  return async (job) => {
    try {
      const result = await job();
      if (told.size > 0) log.info(`${what} can read Nexudus again.`);
      told.clear();
      return result;
    } catch (error) {
      if (isProblem(error) && !told.has(problem(error))) {
        told.add(problem(error));
        log.warn(`${what} waits, and nothing is taken away meanwhile: ${error.message}`);
      }
      throw error;
    }
  };
}

const isProblem = (error: unknown): error is NexudusError | OutOfTimeError =>
  error instanceof NexudusError || error instanceof OutOfTimeError;

/** Amid an outage each try may fail at another of the lists. */
function problem(error: NexudusError | OutOfTimeError): string {
  if (error instanceof OutOfTimeError) return error.name;
  const { kind, message } = error;
  return kind === 'unavailable' || kind === 'throttled' ? kind : message;
}

/** Has the log say once that clocks differ, and that they do no longer. */
export function tellingOfSkew(): (skewMs: number | null, verdict: Verdict) => void {
  let told = '';
  return (skewMs, verdict) => {
    const by = Math.abs(skewMs ?? 0);
    const differs = by > tellSkewMs || verdict.wrong.length > 0;
    const what = [verdict.state, ...verdict.wrong].join();
    if (differs && what !== told) {
      told = what;
      const [seconds, which] = [Math.round(by / 1_000), (skewMs ?? 0) > 0 ? 'ahead of' : 'behind'];
      log.warn(`Nexudus' clock is ${seconds} s ${which} this machine's. ${clockWords(verdict)}`);
    }
    // A lower bound than the one above: a difference about there would be told again and again.
    if (told !== '' && verdict.wrong.length === 0 && by < tellSkewMs / 2) {
      told = '';
      log.info("Nexudus' clock and this machine's agree again.");
    }
  };
}
