import { CancellationScope, log } from '@temporalio/workflow';

/**
 * Runs a workflow to its own end although somebody asks to cancel it: the biggest button on its page in the Temporal UI
 * does that, and nobody who presses it means that a member is not looked after any more. `onAsked`: told of it.
 */
export function goOn<T>(run: () => Promise<T>, onAsked: () => void = () => undefined): Promise<T> {
  CancellationScope.current().cancelRequested.catch(() => {
    log.warn('Somebody asked to cancel this workflow. It goes on: Latchkey needs it.');
    onAsked();
  });
  return CancellationScope.nonCancellable(run);
}
