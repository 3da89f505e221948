import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  type ActivityInterfaceFor,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { Instant } from '../access/types.js';
import type { FailureType } from '../messages/to-activities.js';

/** A job's failure in plain words: whose it is, and whether trying again can help. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    readonly problem: string,
    message: string,
    readonly final: boolean,
    /** Of a job that was held back: an earlier try may have done it all the same. */
    readonly mayBeDone = true,
  ) {
    super(message);
  }
}

/** Whether an order of a person holds a job back: what else there is to do goes on. */
export function isHeld(error: unknown): error is Problem {
  return error instanceof Problem && error.problem === 'Stopped';
}

/** The same activities twice: a few quick tries whose failure is told, and as many tries as it takes. */
export interface Patient<A> {
  quick: ActivityInterfaceFor<A>;
  patient: ActivityInterfaceFor<A>;
}

/** An API asks to wait for longer than a few quick tries should. */
export const longWait = 'LongWait' satisfies FailureType;

/** Proxies for activities that are retried as long as the wish stands. */
export function retryingActivities<A>(options: ActivityOptions, slowestRetryMs: number): Patient<A> {
  const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
  return {
    quick: proxyActivities<A>({
      cancellationType,
      ...options,
      retry: {
        initialInterval: '500ms',
        backoffCoefficient: 2,
        maximumAttempts: 2,
        // It is told before anybody waits so long.
        nonRetryableErrorTypes: [longWait],
      },
    }),
    patient: proxyActivities<A>({
      cancellationType,
      ...options,
      retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: slowestRetryMs },
    }),
  };
}

/** What may end the waiting for a job: a newer wish, or an instant at which something else is due. */
export interface Overtaking {
  isOvertaken: () => boolean;
  /** Whether the newer wish is such that it does not wait for a first try either; left out: none is. */
  isOvertakenAtOnce?: () => boolean;
  /** Infinity: nothing is due. */
  dueAt: Instant;
}

export const never: Overtaking = { isOvertaken: () => false, dueAt: Infinity };

/**
 * Runs a job to its end: a few tries first, then, after `onWaiting` has told what it waits for, patiently. Null: it was
 * overtaken, at any time by what is due or does not wait, in the patient part by any newer wish (a job in its first try
 * keeps its place in the queue). Throws a final Problem where no retry can help.
 */
export async function persist<T>(
  quick: () => Promise<T>,
  patient: () => Promise<T>,
  onWaiting: (problem: Problem) => void,
  { isOvertaken, isOvertakenAtOnce = never.isOvertaken, dueAt }: Overtaking,
): Promise<{ value: T } | null> {
  try {
    return await unlessOvertaken(quick, { isOvertaken: isOvertakenAtOnce, dueAt });
  } catch (error) {
    const problem = problemOf(error);
    if (problem.final) throw problem;
    onWaiting(problem);
  }
  try {
    return await unlessOvertaken(patient, { isOvertaken, dueAt });
  } catch (error) {
    throw problemOf(error);
  }
}

/** Runs a job as long as it takes, where nobody has to be told of the waiting, and answers what it answered. */
export async function insist<A, T>(
  { quick, patient }: Patient<A>,
  job: (activities: ActivityInterfaceFor<A>) => Promise<T>,
): Promise<T> {
  const done = await persist(
    () => job(quick),
    () => job(patient),
    () => undefined,
    never,
  );
  if (done === null) throw new Problem('Unknown', 'the job was given up', false);
  return done.value;
}

/** Most jobs are reads that nothing overtakes; each promise less makes a wake cheaper. */
function unlessOvertaken<T>(run: () => Promise<T>, overtaking: Overtaking): Promise<{ value: T } | null> {
  const isNever = overtaking.isOvertaken === never.isOvertaken && overtaking.dueAt === Infinity;
  return isNever ? unlessCancelled(run) : raced(run, overtaking);
}

async function raced<T>(
  run: () => Promise<T>,
  { isOvertaken, dueAt }: Overtaking,
): Promise<{ value: T } | null> {
  const scope = new CancellationScope({ cancellable: true });
  const end = { reached: false, unwanted: false };
  const job = scope
    .run(run)
    .then(
      (value) => ({ value }),
      (error: unknown) => {
        if (isCancellation(error)) return null;
        // The attempt under way failed, and the server tries no further: it is overtaken all the same.
        if (end.unwanted && error instanceof ActivityFailure) return null;
        throw error;
      },
    )
    .finally(() => {
      end.reached = true;
    });
  const settled = job.catch(() => undefined);
  const over = (): boolean => end.reached || isOvertaken();
  if (dueAt === Infinity) await condition(over);
  else await condition(over, Math.max(1, dueAt - Date.now()), { summary: 'until the next change is due' });
  // The write under way is waited for: its answer says whether the key exists.
  if (!end.reached) {
    end.unwanted = true;
    scope.cancel();
  }
  await settled;
  return await job;
}

async function unlessCancelled<T>(run: () => Promise<T>): Promise<{ value: T } | null> {
  try {
    return { value: await run() };
  } catch (error) {
    if (isCancellation(error)) return null;
    throw error;
  }
}

/** What went wrong, from an activity's failure. Anything else is a defect and goes on up. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    const [detail] = (cause.details ?? []) as [{ mayBeDone?: boolean; of?: string }?];
    const { type, message, nonRetryable = false } = cause;
    const problem = type === longWait ? detail?.of : type;
    return new Problem(problem ?? 'Unknown', message, nonRetryable === true, detail?.mayBeDone ?? true);
  }
  return new Problem('Unknown', cause?.message ?? error.message, false);
}
