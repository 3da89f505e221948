import { readLastingConfig } from '../../space/settings.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { listRunning } from '../../activities/wake.js';
import { mayExist, openDatabase } from '../../database/database.js';
import { createKept, type Kept } from '../../database/kept.js';
import type { JsonValue } from '../../access/json.js';
import { checkSpace } from '../../worker/check.js';
import { ConfigError } from '../../config/config-error.js';
import type { Config } from '../../config/config.js';
import {
  hasEmbeddedData,
  startEmbeddedTemporal,
  type EmbeddedTemporal,
} from '../../temporal-server/embedded.js';
import { metricsAt } from '../../monitoring/latency.js';
import type { Logger } from 'pino';
import { createLogger, temporalLogger } from '../../worker/logging.js';
import { nextFreePort } from '../../lib/ports.js';
import { openRefusals } from '../../worker/refusals.js';
import { readKnownApis } from '../../worker/profile-book.js';
import { readResolved } from '../../worker/resolved.js';
import { createApis } from '../../worker/apis.js';
import { startService, type Service } from '../../worker/service.js';
import type { ServiceOptions } from '../../worker/parts.js';
import { SpaceWatch, type KeptSpace, type SpaceWatchOptions } from '../../worker/space.js';
import { searchAttributes } from '../../messages/to-member.js';
import { failureOf, type ExitCode } from '../../space/failure.js';
import { print, printFailure } from '../terminal/output.js';
import { tryTemporal, withSession } from '../../space/session.js';
import { usable } from '../../space/apis.js';
import { keepServingDesk } from './serve-desk.js';
import { serveTap, Tap } from '../../tape/tap.js';

/** Beside the embedded server's files, since a first start that is refused must not make a database. */
const refusedLoginFile = '.latchkey/refused-login.json';
/** How long a start waits for the first check of the space, before it goes on without. */
const firstCheckMs = 15_000;

/**
 * `latchkey worker`: checks everything, then works until SIGTERM or SIGINT, and ends the process. What is under way is
 * finished first; a second signal ends it at once. Where an API is down it works on without it, and is ready once that is
 * back. Throws ConfigError, before anything but the embedded server of an earlier start was started, where a person must mend
 * something first.
 */
export async function worker(): Promise<never> {
  const { config, readCredentials } = readLastingConfig();
  const log = createLogger({ level: config.logLevel });
  const refusals = openRefusals(refusedLoginFile, (err) => {
    log.warn({ err }, 'that a login was refused cannot be kept, so each start would send it again');
  });
  const tap = new Tap();
  const apis = usable(() => createApis(config, {}, readCredentials, refusals, Date.now, tap.wireTo));
  if (config.temporalAddress !== null) await tryTemporal(config);
  const before = await readResolved(config.databaseUrl);
  const { falseHere } = await readKnownApis(config.databaseUrl, config);
  const kept = keptSpace(config.databaseUrl);
  // A space that has worked goes on, without taking anything away (activities/gate.ts).
  if (falseHere.length > 0 && (await kept.read()) === null && !(await hasMembers(config)))
    throw new ConfigError([...falseHere, 'Run `latchkey verify` again, and report what it says.']);
  const space = new SpaceWatch({
    async check() {
      const found = await checkSpace(config, apis.nexudus, apis.kisi, before);
      if (found.problems.length > 0) throw new ConfigError(found.problems);
      return found;
    },
    config,
    kept,
    hasMembers: () => hasMembers(config),
    log,
  });
  const stopAsked = stopSignal(log);
  const temporal = startTemporalEarly(config, log);
  try {
    await Promise.race([
      ...[space.looked, space.failed, stopAsked],
      sleep(firstCheckMs, undefined, { ref: false }),
    ]);
  } catch (error) {
    await temporal?.then((one) => one.stop()).catch(() => undefined);
    throw error;
  }
  const endTap = await serveTap(tap).catch((err: unknown) => {
    log.warn({ err }, '`latchkey tape --for` cannot listen to this worker; all else works');
    return () => Promise.resolve();
  });
  // A worker that failed half-way leaves pollers behind that would keep the process alive.
  const code = await run({ config, log, apis, space }, temporal, stopAsked).catch(failed);
  await endTap();
  process.exit(code);
}

/**
 * Starts Temporal beside the first check of the space. Null: not started, since no server has run here yet, and a first start
 * that is refused leaves nothing.
 */
function startTemporalEarly(config: Config, log: Logger): Promise<EmbeddedTemporal> | null {
  if (config.temporalAddress !== null || !hasEmbeddedData()) return null;
  const started = startTemporal(config, log);
  // Whoever awaits it tells of the error.
  started.catch(() => undefined);
  return started;
}

/** Whether Latchkey has worked on this Temporal server; false too where nobody answers. */
async function hasMembers(config: Config): Promise<boolean> {
  if (config.temporalAddress === null) return false;
  const some = withSession(config, async ({ client }) => {
    for await (const _ of listRunning(client)) return true;
    return false;
  });
  return some.catch(() => false);
}

/** What the database keeps of the space. A database that is not there yet is not made for it. */
function keptSpace(databaseUrl: string): SpaceWatchOptions['kept'] {
  const name = 'checkedSpace';
  const withKept = async <T>(job: (kept: Kept) => Promise<T>): Promise<T> => {
    const db = await openDatabase(databaseUrl);
    try {
      return await job(createKept(db));
    } finally {
      await db.destroy();
    }
  };
  return {
    async read() {
      if (!mayExist(databaseUrl)) return null;
      const found = await withKept((kept) => kept.read(name));
      // Only `write` below writes it.
      return found === null ? null : (found.value as unknown as KeptSpace);
    },
    write: (space) =>
      withKept((kept) => kept.write(name, JSON.parse(JSON.stringify(space)) as JsonValue, Date.now())),
  };
}

type Checked = Pick<ServiceOptions, 'config' | 'log' | 'apis' | 'space'>;

async function run(
  checked: Checked,
  early: Promise<EmbeddedTemporal> | null,
  stopAsked: Promise<void>,
): Promise<ExitCode> {
  const { config, log, space } = checked;
  const temporal = config.temporalAddress === null ? await (early ?? startTemporal(config, log)) : null;
  try {
    const sdkMetricsUrl = await installRuntime(log);
    const address = temporal === null ? null : { address: temporal.address, namespace: 'default' };
    const temporalProblem = (): string | null => temporal?.problem() ?? null;
    const service = await startService({ ...checked, temporal: address, temporalProblem, sdkMetricsUrl });
    const desk = serveDeskIfAsked(checked, service);
    const lost = temporal === null ? [] : [temporal.lost];
    try {
      await Promise.race([service.done, stopAsked, space.failed, ...lost]);
    } finally {
      await desk?.close();
    }
    await service.stop();
    return 0;
  } finally {
    await temporal?.stop();
  }
}

/** Null: nobody asked for a desk. */
function serveDeskIfAsked(
  { config, apis, log }: Checked,
  { client }: Service,
): { close(): Promise<void> } | null {
  const { port } = config.desk;
  if (port === null) return null;
  const { nexudus, kisi } = apis;
  return keepServingDesk({ config, client, taskQueue: config.taskQueue, nexudus, kisi, log }, port);
}

async function startTemporal(config: Config, log: Logger): Promise<EmbeddedTemporal> {
  const temporal = await startEmbeddedTemporal({
    ...{ searchAttributes, ui: config.temporalUi },
    log: (line, level) => {
      log[level ?? 'info'](line);
    },
  });
  print(`Temporal's UI: ${temporal.uiUrl ?? 'off; LATCHKEY_TEMPORAL_UI=yes has it served to this machine'}`);
  return temporal;
}

/** Logs and metrics of the Temporal SDK; answers where it serves the metrics. */
export async function installRuntime(log: Logger): Promise<string> {
  const bindAddress = `127.0.0.1:${await nextFreePort(9464)}`;
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      metrics: metricsAt(bindAddress),
    },
    // Signals are taken here: the SDK would end the workers, and nothing else.
    shutdownSignals: [],
  });
  return `http://${bindAddress}/metrics`;
}

/** Resolves at the first signal to stop. One during the start is kept until then. */
export function stopSignal(log: Logger): Promise<void> {
  let asked = false;
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      // On exit the embedded server is told to end too.
      if (asked) process.exit(1);
      asked = true;
      log.info({ signal }, 'stopping: what is under way is finished first; a second signal ends it at once');
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** Tells why the process ends, and answers with what exit code. */
export function failed(error: unknown): ExitCode {
  const failure = failureOf(error);
  printFailure(failure);
  return failure.exitCode;
}
