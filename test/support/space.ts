import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { createLogger } from '../../worker/logging.js';
import { checkSpace } from '../../worker/check.js';
import { loadConfig, type Config } from '../../worker/config.js';
import { startEmbeddedTemporal, type EmbeddedTemporal } from '../../worker/embedded.js';
import { createApis, startService, type Service } from '../../worker/service.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { buildTwoCities, environmentOf, type TwoCities } from '../../simulators/two-cities.js';
import { memberWorkflowId, searchAttributes, stateQuery, type MemberView } from '../../workflows/messages.js';

/** A whole space: a real Temporal server, both simulators over HTTP, and as many workers as a test wants. */
export interface RunningSpace {
  temporal: EmbeddedTemporal;
  nexudus: NexudusSimulator;
  kisi: KisiSimulator;
  ids: TwoCities;
  config: Config;
  service: Service;
  /** What a command of the CLI must find in its environment to reach this space. */
  env: Record<string, string>;
  /** Starts another worker process' worth of workers in this process. */
  addWorker(): Promise<Service>;
  view(memberId: number): Promise<MemberView | null>;
  stop(): Promise<void>;
}

let server: Promise<EmbeddedTemporal> | null = null;
let spaces = 0;

/** The suite's one development server, in memory. */
export function devServer(): Promise<EmbeddedTemporal> {
  server ??= startEmbeddedTemporal({ dbFile: null, searchAttributes });
  return server;
}

export async function stopDevServer(): Promise<void> {
  await (await server)?.stop();
  server = null;
}

/** A namespace of its own, since ids of members and Schedules are the same in every space. */
export async function newNamespace(temporal: EmbeddedTemporal): Promise<string> {
  const namespace = `space-${++spaces}`;
  const connection = await Connection.connect({ address: temporal.address });
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

/** Starts a space with the two cities in it. `prepare` fills Nexudus before the first worker starts. */
export async function startSpace(
  prepare: (space: Pick<RunningSpace, 'nexudus' | 'kisi' | 'ids'>) => void = () => undefined,
  env: Record<string, string> = {},
): Promise<RunningSpace> {
  const temporal = await devServer();
  const nexudus = await startNexudusSimulator();
  const kisi = await startKisiSimulator();
  const ids = buildTwoCities(nexudus, kisi);
  prepare({ nexudus, kisi, ids });
  const namespace = await newNamespace(temporal);
  const config = loadConfig({ ...environmentOf(nexudus, kisi), LATCHKEY_POLL_INTERVAL: '1s', ...env });
  const apis = createApis(config);
  const log = createLogger({ level: process.env['TEST_LOG'] === undefined ? 'silent' : 'debug' });
  const options = {
    config,
    apis,
    log,
    space: await checkSpace(config, apis.nexudus, apis.kisi),
    temporal: { address: temporal.address, namespace },
    sdkMetricsUrl: null,
  };
  const service = await startService(options);
  const services = [service];
  return {
    temporal,
    nexudus,
    kisi,
    ids,
    config,
    service,
    env: {
      ...environmentOf(nexudus, kisi),
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: namespace,
    },
    async addWorker() {
      const another = await startService({ ...options, apis: createApis(config) });
      services.push(another);
      return another;
    },
    view: (memberId) =>
      service.client.workflow
        .getHandle(memberWorkflowId(memberId))
        .query(stateQuery)
        .catch(() => null),
    async stop() {
      for (const one of services) await one.stop();
      await nexudus.stop();
      await kisi.stop();
    },
  };
}

/** Polls until `wanted` holds. No test asserts how long it took. */
export async function eventually(
  what: string,
  wanted: () => boolean | Promise<boolean>,
  withinMs = 45_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await wanted())) {
    if (Date.now() > deadline) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
