import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { described } from '../activities/described.js';
import type { ServerClock } from '../nexudus/clock.js';
import { leaderWorkflowId } from '../messages/to-member.js';
import { msOf } from '../monitoring/timestamps.js';

const hearEveryMs = 10_000;
/** The activity `lead` beats each second, and is taken from a process that does not for 8 (workflows/leader.ts). */
const latestBeatMs = 9_000;

/**
 * Hears what time it is for Temporal, from the heartbeats of the leader, which its server stamps, again and again
 * until `signal` is aborted. Rejects never: where Temporal does not answer, nothing more is heard.
 */
export async function hearTemporal(client: Client, clock: ServerClock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await hearOnce(client, clock).catch(() => undefined);
    await sleep(hearEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function hearOnce(client: Client, clock: ServerClock): Promise<void> {
  const startedMs = clock.steadyMs();
  const activity = (await described(client, leaderWorkflowId))?.raw.pendingActivities?.[0];
  const beatAt = msOf(activity?.lastHeartbeatTime);
  if (beatAt !== null) clock.noteInstant(beatAt, startedMs, latestBeatMs);
}
