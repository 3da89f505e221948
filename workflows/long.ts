import { workflowInfo } from '@temporalio/workflow';

/** Replay costs about 0.35 ms an event, so a run is continued as new long before the server asks for it. */
const mostEvents = 500;

/** Whether a run is to be continued as new, with all its state in the argument of the next. */
export function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= mostEvents;
}
