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
    /** An earlier try may have done the job although it failed or was stopped. */
    readonly mayBeDone = true,
  ) {
    super(message);
  }
}

/** Whether a person's order stops a job. The other jobs go on. */
export function isStopped(error: unknown): error is Problem {
  return error instanceof Problem && error.problem === 'Stopped';
}

/** The same activities twice: `brief` fails after two tries, `lasting` tries for as long as it takes. */
export interface Retrying<A> {
  brief: ActivityInterfaceFor<A>;
  lasting: ActivityInterfaceFor<A>;
}

/** A call of one of these activities. */
type Job<A, T> = (activities: ActivityInterfaceFor<A>) => Promise<T>;

/** An API asks to wait for longer than the brief tries should. */
export const longWait = 'LongWait' satisfies FailureType;

/** Proxies for activities that are retried as long as the wish stands. */
export function retryingActivities<A>(options: ActivityOptions, slowestRetryMs: number): Retrying<A> {
  const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
  return {
    brief: proxyActivities<A>({
      cancellationType,
      ...options,
      retry: {
        initialInterval: '500ms',
        backoffCoefficient: 2,
        maximumAttempts: 2,
        // The workflow says what it waits for before it waits so long.
        nonRetryableErrorTypes: [longWait],
      },
    }),
    lasting: proxyActivities<A>({
      cancellationType,
      ...options,
      retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: slowestRetryMs },
    }),
  };
}

/** What may end the waiting for a job: a newer wish, or an instant at which something else is due. */
export interface Overtaking {
  isOvertaken: () => boolean;
  /** Whether a newer wish does not even wait for the first try; left out: none does. */
  isOvertakenAtOnce?: () => boolean;
  /** Infinity: nothing is due. */
  dueAt: Instant;
}

export const never: Overtaking = { isOvertaken: () => false, dueAt: Infinity };

/**
 * Runs a job to its end: two brief tries, then `onWaiting` says what is waited for, then lasting tries. Null: it was
 * overtaken. What is due, or does not wait, overtakes at any time; any newer wish overtakes the lasting tries only, since
 * a job in its first try keeps its place in the queue. Throws a final Problem where no retry can help.
 */
export async function persist<A, T>(
  { brief, lasting }: Retrying<A>,
  job: Job<A, T>,
  onWaiting: (problem: Problem) => void,
  { isOvertaken, isOvertakenAtOnce = never.isOvertaken, dueAt }: Overtaking,
): Promise<{ value: T } | null> {
  try {
    return await unlessOvertaken(() => job(brief), { isOvertaken: isOvertakenAtOnce, dueAt });
  } catch (error) {
    const problem = problemOf(error);
    if (problem.final) throw problem;
    onWaiting(problem);
  }
  try {
    return await unlessOvertaken(() => job(lasting), { isOvertaken, dueAt });
  } catch (error) {
    throw problemOf(error);
  }
}

/** Runs a job for as long as it takes and gives its answer, where nobody needs to know of the waiting. */
export async function insist<A, T>(activities: Retrying<A>, job: Job<A, T>): Promise<T> {
  const done = await persist(activities, job, () => undefined, never);
  if (done === null) throw new Problem('Unknown', 'the job was given up', false);
  return done.value;
}

/** Most jobs are reads that nothing overtakes. They run without the race, since each promise less makes a wake cheaper. */
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
        // The try under way failed, and the server makes no other: the job is overtaken all the same.
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
  // The answer of a write under way says whether the key exists, so it is waited for.
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

/** The problem that an activity's failure tells of. Any other error is a defect and is thrown again. */
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
