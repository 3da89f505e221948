/**
 * Wakes per second of members without a change, beside those of a bare workflow in the same server: woken by a signal, one
 * activity that makes one HTTP call to the same simulator. `node --import=tsx bench/wakes.ts [members]`.
 */
import { fileURLToPath } from 'node:url';
import axios from 'axios';
import { Worker } from '@temporalio/worker';
import { createKisiPacer } from '../kisi/pace.js';
import { inBatches, smallBatch } from '../activities/wake.js';
import { membershipChanged, memberWorkflowId } from '../messages/to-member.js';
import { connectNative } from '../worker/temporal.js';
import { bare, bareWake, type BareActivities } from './bare.js';
import { addCrowd, threeHomes } from './crowd.js';
import { tell } from './rows.js';
import { say, setStage, wait } from './stage.js';

/** The signal, two workflow tasks and an activity of three events each, the timer before that ends and the one after. */
const eventsOfAWake = 12;

const members = Number(process.argv[2] ?? 500);
const stage = await setStage({ LATCHKEY_POLL_INTERVAL: '1h', LATCHKEY_RECONCILIATION_INTERVAL: '1h' });
const { nexudus, kisi } = stage;
const { memberIds } = addCrowd(stage, threeHomes(stage), members);
// Nexudus is asked at the pace of a real space, by which members who wake together share their reads.
const hurried = { kisi: createKisiPacer({ most: 10_000 }) };
const filledFrom = performance.now();
const service = await stage.startWorker(hurried);
const { client } = service;
while (kisi.org.assignments().length < members) await wait(100);
const keysASecond = members / ((performance.now() - filledFrom) / 1_000);
say(`${members} members have their keys`);

const ours = await woken({
  // As a poll wakes the members that it noticed a change of: each looks from the instant of the poll on.
  wake: (id, notBefore) =>
    client.workflow
      .getHandle(memberWorkflowId(id))
      .signal(membershipChanged, { reason: 'changed', notBefore, isBatch: members > smallBatch }),
  workflowId: memberWorkflowId,
});
await service.stop();
const bareOnes = await startBare();
const floor = await woken({
  wake: (id) => stage.client.workflow.getHandle(bareId(id)).signal(bareWake),
  workflowId: bareId,
});
await bareOnes.stop();
await stage.stop();
tell([
  {
    what: `keys a second of a first import without limits, ${members} members who are in Kisi already`,
    measured: keysASecond.toFixed(1),
    floor: '5 (what Kisi takes)',
    ratio: keysASecond / 5,
    goal: '',
    holds: true,
  },
  {
    what: `wakes a second by signal, ${members} members at once`,
    measured: ours.toFixed(1),
    floor: `${floor.toFixed(1)} (bare workflow)`,
    ratio: ours / floor,
    goal: 'at least 0.8',
    holds: ours / floor >= 0.8,
  },
]);

interface Woken {
  wake: (memberId: number, now: number) => Promise<void>;
  workflowId: (memberId: number) => string;
}

/** Wakes everybody, and waits until each workflow has gone back to sleep. Answers how many a second. */
async function woken({ wake, workflowId }: Woken): Promise<number> {
  const lengthOf = async (id: number): Promise<number> =>
    (await stage.client.workflow.getHandle(workflowId(id)).describe()).historyLength;
  const before = new Map<number, number>();
  // Until all are asleep.
  for (let stirred = true; stirred;) {
    stirred = false;
    await wait(1_000);
    await inBatches(memberIds, async (id) => {
      const length = await lengthOf(id);
      if (before.get(id) !== length) stirred = true;
      before.set(id, length);
    });
  }
  const cpu = process.cpuUsage();
  const from = performance.now();
  const now = Date.now();
  await inBatches(memberIds, (id) => wake(id, now));
  // The last to be woken are the last to be done, so that few are asked more than once.
  for (const id of memberIds.toReversed()) {
    while ((await lengthOf(id)) < (before.get(id) ?? 0) + eventsOfAWake) await wait(50);
  }
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  say(
    `${members} wakes in ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU in this process`,
  );
  return members / seconds;
}

/** Bare workflows, one a member, asleep. */
async function startBare(): Promise<{ stop(): Promise<void> }> {
  const taskQueue = 'bare';
  const connection = await connectNative(stage.temporal);
  const { NEXUDUS_EMAIL: username = '', NEXUDUS_PASSWORD: password = '' } = stage.env;
  const http = axios.create({ baseURL: nexudus.url, auth: { username, password } });
  const activities: BareActivities = {
    async ask(memberId) {
      return (await http.get<unknown>(`/spaces/coworkers/${memberId}`)).status;
    },
  };
  const worker = await Worker.create({
    connection,
    namespace: stage.temporal.namespace,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('bare.ts', import.meta.url)),
    activities,
    maxConcurrentWorkflowTaskExecutions: 40,
    maxCachedWorkflows: 1100,
  });
  const running = worker.run();
  await inBatches(memberIds, (id) =>
    stage.client.workflow.start(bare, { workflowId: bareId(id), taskQueue, args: [id, 30 * 86_400_000] }),
  );
  return {
    async stop() {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

function bareId(memberId: number): string {
  return `bare-${memberId}`;
}
