import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTestServer } from '../../worker/binaries.js';
import { searchAttributes } from '../../workflows/messages.js';

const indexedTypes = { Keyword: 2, Datetime: 6 } as const;
let started: Promise<TestWorkflowEnvironment> | null = null;

/** The one time-skipping server of a test file, started when first asked for. */
export function timeSkippingEnv(): Promise<TestWorkflowEnvironment> {
  started ??= startTimeSkippingEnv();
  return started;
}

/** A server of its own, for a test whose clock runs far: its caller tears it down. */
export async function startTimeSkippingEnv(): Promise<TestWorkflowEnvironment> {
  const { path } = await findTestServer();
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  await env.connection.operatorService.addSearchAttributes({
    namespace: env.namespace ?? 'default',
    searchAttributes: Object.fromEntries(
      Object.entries(searchAttributes).map(([name, type]) => [name, indexedTypes[type]]),
    ),
  });
  return env;
}

export async function stopTimeSkippingEnv(): Promise<void> {
  const env = await started;
  await env?.teardown();
  started = null;
}
