import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { KeyActivities, WriteNote } from '../../messages/to-activities.js';
import type { KisiClient } from '../../kisi/client.js';
import { createDirectory, type Directory } from '../../kisi/directory.js';

/** A directory of Kisi's users, for which nobody reads a long list. */
export const directoryOf = (kisi: KisiClient): Directory =>
  createDirectory({ kisi, now: Date.now, how: 'directory', wantList: () => undefined });

export const noteOf = (id: string): WriteNote => ({
  id,
  cause: 'a test',
  locationId: null,
  by: 'rules',
  planId: null,
});

/** Runs an activity as a member's workflow has it run. */
export function runAsMember<K extends keyof KeyActivities>(
  activities: KeyActivities,
  memberId: number,
  name: K,
  args: Parameters<KeyActivities[K]>,
  attempt = 1,
  logger = new DefaultLogger('ERROR'),
): Promise<Awaited<ReturnType<KeyActivities[K]>>> {
  const workflowExecution = { workflowId: `member-${memberId}`, runId: 'run' };
  const env = new MockActivityEnvironment(
    { attempt, workflowExecution, startToCloseTimeoutMs: 60_000 },
    { logger },
  );
  type Run = (...args: Parameters<KeyActivities[K]>) => Promise<Awaited<ReturnType<KeyActivities[K]>>>;
  return env.run(activities[name] as Run, ...args);
}
