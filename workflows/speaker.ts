import { continueAsNew, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { SpeakerActivities } from '../activities/contract.js';
import { goOn } from './go-on.js';

const { speak } = proxyActivities<SpeakerActivities>({
  // A term ends by itself before this.
  startToCloseTimeout: '2d',
  heartbeatTimeout: '8s',
  summary: 'speak to Nexudus and Kisi until the process ends',
  retry: { initialInterval: '250ms', backoffCoefficient: 1 },
});

/**
 * Has one worker process, and only one, speak to Nexudus and Kisi: their limits are for each login, so the budgets are
 * kept in one place, members that wake together share one read, and the other processes stand by. The activity lasts
 * for as long as the process does; when that dies, another takes over within seconds.
 */
export function speaker(): Promise<void> {
  return goOn(giveTerms);
}

async function giveTerms(): Promise<void> {
  setCurrentDetails(
    'One worker process speaks to Nexudus and Kisi; the others stand by. ' +
      'Its name is the worker of the pending activity `speak`; if it dies, another takes over within 8 seconds.',
  );
  await speak();
  await continueAsNew<typeof speaker>();
}
