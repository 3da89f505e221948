import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { createKisiPacer } from '../../kisi/pace.js';
import { createPacer } from '../../nexudus/pace.js';
import { setStage, type Stage, type StageOptions } from '../../client/stage.js';
import { environmentOf } from '../../simulators/two-cities.js';
import { startEmbeddedTemporal, type EmbeddedTemporal } from '../../worker/embedded.js';
import { createLogger } from '../../worker/logging.js';
import { nextFreePort } from '../../worker/ports.js';
import type { Paces, Service } from '../../worker/service.js';
import { connectClient } from '../../worker/temporal.js';
import { memberWorkflowId, searchAttributes, stateQuery, type MemberView } from '../../workflows/messages.js';

import { metricsUrl } from './metrics.js';

/** A whole space: a real Temporal server, both simulators over HTTP, and as many workers as a test wants. */
export interface RunningSpace extends Stage {
  temporal: EmbeddedTemporal;
  /** The first of its workers. */
  service: Service;
  /** What a command of the CLI must find in its environment to reach this space. */
  env: Record<string, string>;
  view(memberId: number): Promise<MemberView | null>;
}

let server: Promise<EmbeddedTemporal> | null = null;
let spaces = 0;

/** The one development server of a test file, in memory. */
export function devServer(): Promise<EmbeddedTemporal> {
  server ??= startDevServer();
  return server;
}

/** Files, and whole runs, go side by side: two that look for a free port at the same instant would find the same one. */
async function startDevServer(): Promise<EmbeddedTemporal> {
  const from = 10_000 + 100 * (process.pid % 200);
  const port = await nextFreePort(from);
  const uiPort = await nextFreePort(port + 1);
  return startEmbeddedTemporal({ dbFile: null, searchAttributes, port, uiPort });
}

export async function stopDevServer(): Promise<void> {
  await (await server)?.stop();
  server = null;
}

/** A namespace of its own, since ids of members and Schedules are the same in every space. */
export async function newNamespace(temporal: EmbeddedTemporal): Promise<string> {
  const namespace = `space-${++spaces}`;
  const { connection } = await connectClient({ address: temporal.address, namespace });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  await eventually('the namespace', () => canList(connection, namespace));
  await connection.close();
  return namespace;
}

async function canList(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.workflowService.listSchedules({ namespace, maximumPageSize: 1 });
    await connection.operatorService.listSearchAttributes({ namespace });
    return true;
  } catch {
    return false;
  }
}

/** No waiting for turns: for tests that are not about the limits of the APIs. */
export const hurried = (): Paces => ({
  nexudus: createPacer({ minGapMs: 1 }),
  kisi: createKisiPacer({ most: 1000 }),
});

/**
 * Starts a space with the two cities in it. `prepare` fills Nexudus before the first worker starts. `limits`: both APIs
 * keep the published ones, and the worker its pace. `file`: what latchkey.yaml says. `monitorPace`: when alerts go out.
 */
export async function startSpace(
  prepare: (stage: Stage) => void = () => undefined,
  env: Record<string, string> = {},
  limits: 'published' | 'none' = 'none',
  file?: string,
  monitorPace: StageOptions['monitorPace'] = {},
): Promise<RunningSpace> {
  const temporal = await devServer();
  const address = { address: temporal.address, namespace: await newNamespace(temporal) };
  const stage = await setStage({
    temporal: address,
    log: createLogger({ level: process.env['TEST_LOG'] === undefined ? 'silent' : 'debug' }),
    env: { LATCHKEY_POLL_INTERVAL: '1s', ...env },
    sdkMetricsUrl: metricsUrl(),
    monitorPace,
    ...(file === undefined ? {} : { file }),
  });
  if (limits === 'none') {
    stage.nexudus.switches.rateLimits = null;
    stage.kisi.switches.rateLimit = null;
  }
  prepare(stage);
  const service = await stage.startWorker(limits === 'none' ? hurried() : {});
  return {
    ...stage,
    temporal,
    service,
    env: {
      ...environmentOf(stage.nexudus, stage.kisi),
      TEMPORAL_ADDRESS: address.address,
      TEMPORAL_NAMESPACE: address.namespace,
      LATCHKEY_DATABASE_URL: stage.config.databaseUrl,
    },
    view: (memberId) =>
      service.client.workflow
        .getHandle(memberWorkflowId(memberId))
        .query(stateQuery)
        .catch(() => null),
  };
}

/** Polls until `wanted` holds. No test asserts how long it took. `tell`: how things stand where it never does. */
export async function eventually(
  what: string,
  wanted: () => boolean | Promise<boolean>,
  withinMs = 45_000,
  everyMs = 50,
  tell?: () => Promise<unknown>,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await wanted())) {
    if (Date.now() > deadline) {
      const stands = tell === undefined ? '' : `: ${JSON.stringify(await tell())}`;
      throw new Error(`never came: ${what}${stands}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
