/**
 * Records the histories that replay.test.ts replays: tells every scenario on the time-skipping server and keeps what
 * the server wrote down. To be run when a workflow was changed on purpose before anything of it was deployed:
 *
 *     node --import=tsx test/workflows/record.ts
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { stopTimeSkippingEnv, timeSkippingEnv } from '../support/timeSkipping.js';
import { historyToText } from './histories.js';
import { scenarios } from './scenarios.js';

const folder = new URL('histories/', import.meta.url);

async function keep(name: string, handle: WorkflowHandle): Promise<void> {
  await writeFile(new URL(`${name}.json`, folder), historyToText(await handle.fetchHistory()));
  console.log(`recorded ${name}`);
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
await mkdir(folder, { recursive: true });
for (const old of await readdir(folder)) await rm(new URL(old, folder));
const env = await timeSkippingEnv();
try {
  for (const tell of scenarios) await tell(env, keep);
} finally {
  await stopTimeSkippingEnv();
}
