/**
 * Records the histories that replay.test.ts replays: tells every scenario on the time-skipping server and keeps what the server
 * wrote down. A history that is there already stays, since an older one proves more. Where a workflow was changed on purpose
 * before it was ever deployed, delete the history first, to have it recorded anew.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { stopTimeSkippingEnv, timeSkippingEnv } from '../support/timeSkipping.js';
import { historyToText } from './histories.js';
import { scenarios } from './scenarios.js';

const folder = new URL('histories/', import.meta.url);

async function keep(name: string, handle: WorkflowHandle): Promise<void> {
  const file = new URL(`${name}.json`, folder);
  if (existsSync(file)) return;
  await writeFile(file, historyToText(await handle.fetchHistory()));
  console.log(`recorded ${name}`);
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
await mkdir(folder, { recursive: true });
for (const tell of scenarios) {
  // A server each: one whose clock was skipped by months, or that was sent updates meanwhile, does not last.
  try {
    await tell(await timeSkippingEnv(), keep);
  } finally {
    await stopTimeSkippingEnv();
  }
}
