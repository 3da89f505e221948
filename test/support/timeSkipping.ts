import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTestServer } from './test-server.js';
import { searchAttributes } from '../../messages/to-member.js';

const indexedTypes = { Keyword: 2, Datetime: 6 } as const;
let started: Promise<TestWorkflowEnvironment> | null = null;

/**
 * The time-skipping server of a test file, started when first asked for. Its clock stands still for good where a workflow was
 * ended just when a worker was at work for it, as happens on a busy machine: then another server is started.
 */
export async function timeSkippingEnv(): Promise<TestWorkflowEnvironment> {
  if (started !== null && !(await skips(await started))) await stopTimeSkippingEnv();
  started ??= startTimeSkippingEnv();
  return started;
}

/** Whether ten minutes of the server's clock are over in a second. A no by chance only costs a new server. */
async function skips(env: TestWorkflowEnvironment): Promise<boolean> {
  return env.connection
    .withDeadline(Date.now() + 1000, () => env.sleep(600_000))
    .then(
      () => true,
      () => false,
    );
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
