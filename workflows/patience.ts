import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import type { ActivityInterfaceFor, ActivityOptions } from '@temporalio/workflow';

/** A job's failure in plain words: whose it is, and whether trying again can help. */
export class Trouble extends Error {
  override readonly name = 'Trouble';
  constructor(
    readonly problem: string,
    message: string,
    readonly final: boolean,
  ) {
    super(message);
  }
}

/** The same activities twice: a few quick tries whose failure is told, and as many tries as it takes. */
export interface Patient<A> {
  quick: ActivityInterfaceFor<A>;
  patient: ActivityInterfaceFor<A>;
}

/** Proxies for activities that are retried as long as the wish stands. */
export function patientActivities<A>(options: ActivityOptions, slowestRetryMs: number): Patient<A> {
  const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
  return {
    quick: proxyActivities<A>({
      ...options,
      cancellationType,
      retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumAttempts: 2 },
    }),
    patient: proxyActivities<A>({
      ...options,
      cancellationType,
      retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: slowestRetryMs },
    }),
  };
}

/**
 * Runs a job to its end: a few tries first, then, after `onWaiting` has told what it waits for, patiently.
 * `overtaken` ends the patience: a newer wish came, and null is the answer. Throws a final Trouble where no retry can help.
 */
export async function persist<T>(
  quick: () => Promise<T>,
  patient: () => Promise<T>,
  onWaiting: (trouble: Trouble) => void,
  overtaken: () => boolean,
): Promise<{ value: T } | null> {
  try {
    return { value: await quick() };
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble.final) throw trouble;
    onWaiting(trouble);
  }
  const scope = new CancellationScope({ cancellable: true });
  const job = scope.run(patient).then(
    (value) => ({ value }),
    (error: unknown) => {
      if (isCancellation(error)) return null;
      throw troubleOf(error);
    },
  );
  const end = { reached: false };
  const reach = (): void => {
    end.reached = true;
  };
  const settled = job.then(reach, reach);
  await condition(() => end.reached || overtaken());
  // The write under way is waited for: its answer says whether the key exists.
  if (!end.reached) scope.cancel();
  await settled;
  return await job;
}

/** What went wrong, from an activity's failure. Anything else is a defect and goes on up. */
function troubleOf(error: unknown): Trouble {
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    return new Trouble(cause.type ?? 'Unknown', cause.message, cause.nonRetryable === true);
  }
  return new Trouble('Unknown', cause?.message ?? error.message, false);
}
