import { arrayFromPayloads, defaultPayloadConverter } from '@temporalio/common';
import { log, type ActivateInput, type WorkflowInterceptors } from '@temporalio/workflow';

type Jobs = NonNullable<ActivateInput['activation']['jobs']>;
type Job = Jobs[number];
type Payloads = NonNullable<NonNullable<Job['signalWorkflow']>['input']>;

/** Names that Temporal keeps for itself: the SDK stops the workflow over one that it does not know. */
const reserved = '__temporal_';

/**
 * Keeps from a workflow what would stop it before a handler could refuse it: a signal in an encoding that the SDK cannot
 * read (Temporal's UI offers one), or of a reserved name, and such an argument of its start.
 */
export const interceptors = (): WorkflowInterceptors => ({
  internals: [
    {
      activate(input, next) {
        const { activation } = input;
        for (const { initializeWorkflow: start } of activation.jobs ?? [])
          if (start && !isReadable(start.arguments)) start.arguments = [];
        activation.jobs = (activation.jobs ?? []).filter(isHarmless);
        next(input);
      },
    },
  ],
});

function isHarmless({ signalWorkflow: signal }: Job): boolean {
  if (!signal) return true;
  if (signal.signalName?.startsWith(reserved) !== true && isReadable(signal.input)) return true;
  log.warn('a signal was ignored: what came with it cannot be read, or its name is reserved');
  return false;
}

function isReadable(payloads: Payloads | null | undefined): boolean {
  try {
    arrayFromPayloads(defaultPayloadConverter, payloads);
    return true;
  } catch {
    return false;
  }
}
