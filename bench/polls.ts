/**
 * Nexudus requests of a poll that finds nothing new, and of everybody waking at once: counts only.
 * `node --import=tsx bench/polls.ts [members...]`.
 */
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { KnownRecords } from '../activities/known.js';
import { createPollActivities } from '../activities/poll.js';
import type { PollMemory } from '../messages/to-activities.js';
import { createNexudusClient, type NexudusClient } from '../nexudus/client.js';
import { createReplica } from '../nexudus/replica.js';
import { createServerClock } from '../nexudus/clock.js';
import { createPacer } from '../nexudus/pace.js';
import { createReader } from '../nexudus/reader.js';
import { startKisiSimulator } from '../simulators/kisi.js';
import { startNexudusSimulator } from '../simulators/nexudus.js';
import { buildTwoCities } from '../simulators/two-cities.js';
import { readingRules } from '../access/pass-rules.js';
import { defaultPolicies } from '../config/policies.js';
import { addCrowd, threeHomes } from './crowd.js';
import { tell, type Row } from './rows.js';

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [100, 1_000, 10_000];
const rows: Row[] = [];
/** How far every clock here is ahead, in milliseconds, so that time passes without waiting. */
let aheadMs = 0;
const now = (): number => Date.now() + aheadMs;
for (const count of counts) await of(count);
tell(rows);

async function of(count: number): Promise<void> {
  const nexudus = await startNexudusSimulator({ switches: { rateLimits: null }, now });
  const kisi = await startKisiSimulator();
  const stage = { nexudus, kisi, ids: buildTwoCities(nexudus, kisi) };
  const { memberIds } = addCrowd(stage, threeHomes(stage), count);
  const auth = { email: 'admin@example.com', password: 'nexudus-password' };
  const client = createNexudusClient({
    baseUrl: nexudus.url,
    auth,
    pace: createPacer({ minGapMs: 1, perMinute: Infinity, perHour: Infinity }).members,
    clock: createServerClock({ wallMs: now, steadyMs: () => performance.now() + aheadMs }),
  });
  try {
    const poll = await quietPoll(client, nexudus.requests);
    rows.push({
      what: `Nexudus requests, a poll with nothing new, ${count} members`,
      measured: String(poll),
      floor: '8',
      ratio: poll / 8,
      goal: 'just 8',
      // Fewer: not every list was due, and something else was counted.
      holds: poll === 8,
    });
    const reader = createReader({ client, readingRules, now, baselines: () => Promise.resolve(null) });
    nexudus.requests.clear();
    const notBefore = now();
    const wake = (memberId: number): Promise<unknown> =>
      reader.readMember({
        memberId,
        notBefore,
        reference: 'anew',
        isCheckIn: false,
        isBatch: false,
        siblingIds: [],
        standsOn: [],
      });
    await Promise.all(memberIds.map(wake));
    const asked = nexudus.requests.count();
    rows.push({
      what: `Nexudus requests, ${count} members waking at once`,
      measured: String(asked),
      floor: String(leastRows(count)),
      ratio: asked / leastRows(count),
      goal: count === 1_000 ? 'at most 40' : '',
      holds: count !== 1_000 || asked <= 40,
    });
  } finally {
    await nexudus.stop();
    await kisi.stop();
  }
}

/** A page for each thousand coworkers, contracts and passes, and one of each list that stays short. */
function leastRows(count: number): number {
  const short = [
    'used passes',
    'pauses',
    'teams',
    'pass types',
    'allowances',
    'locations',
    'time zones',
    'settings',
  ];
  return 3 * Math.ceil(count / 1_000) + short.length;
}

/** A poll that finds nothing, after one that read it all. */
async function quietPoll(
  reads: NexudusClient,
  requests: { clear(): void; count(): number },
): Promise<number> {
  const activities = createPollActivities({
    replica: createReplica(),
    nexudus: reads,
    nexudusForReconciliations: reads,
    client: { workflow: { list: () => [] } } as unknown as Client,
    waker: { wake: () => Promise.resolve(), wakeIfRunning: () => Promise.resolve(true) },
    rules: { mapping: [], policies: defaultPolicies },
    known: new KnownRecords(),
    baselines: { read: () => Promise.resolve(null), note: () => undefined },
    auditLog: { list: () => Promise.resolve([]), prune: () => Promise.resolve(0) },
    ownership: { all: () => Promise.resolve([]), prune: () => Promise.resolve() },
    auditLogRetentionMs: 0,
    tellLag: () => undefined,
    now,
    verdict: () => ({ state: 'agreed', right: ['machine', 'nexudus', 'kisi'], wrong: [] }),
  });
  const poll = (memory: PollMemory | null): Promise<PollMemory> =>
    new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 }).run(() => activities.pollChanges(memory));
  const first = await poll(null);
  // Then every list is due, also those that are read once a minute; and what was just filled in is no news.
  aheadMs += 180_000;
  const second = await poll(first);
  aheadMs += 180_000;
  requests.clear();
  await poll(second);
  return requests.count();
}
