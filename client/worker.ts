import { makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { startEmbeddedTemporal, type EmbeddedTemporal } from '../worker/embedded.js';
import { untilGone } from '../worker/embedded-ready.js';
import { metricsAt } from '../worker/latency.js';
import { createLogger, temporalLogger, type Logger } from '../worker/logging.js';
import { nextFreePort } from '../worker/ports.js';
import { readResolved } from '../worker/resolved.js';
import { createApis, startService, type ServiceOptions } from '../worker/service.js';
import { searchAttributes } from '../workflows/messages.js';
import { failureOf, type ExitCode } from './failure.js';
import { print, printFailure } from './output.js';
import { tryTemporal } from './session.js';
import { readConfig, soundSpace, usable } from './space.js';

/**
 * `latchkey worker`: checks everything, then works until SIGTERM or SIGINT, and ends the process. What is under way is
 * finished first; a second signal ends it at once. Throws ConfigError, before anything was started, where something
 * must be mended first.
 */
export async function worker(): Promise<never> {
  const config = readConfig();
  const log = createLogger({ level: config.logLevel });
  const apis = usable(() => createApis(config));
  const space = await soundSpace(config, apis.nexudus, apis.kisi, await readResolved(config.databaseUrl));
  for (const warning of space.warnings) log.warn(warning);
  if (config.temporalAddress !== null) await tryTemporal(config);

  const stopAsked = stopSignal(log);
  // A worker that failed half-way leaves pollers behind that would keep the process alive.
  process.exit(await run({ config, log, apis, space }, stopAsked).catch(failed));
}

type Checked = Pick<ServiceOptions, 'config' | 'log' | 'apis' | 'space'>;

async function run(checked: Checked, stopAsked: Promise<void>): Promise<ExitCode> {
  const { config, log } = checked;
  const temporal = config.temporalAddress === null ? await startTemporal(log) : null;
  const ended = new AbortController();
  try {
    const sdkMetricsUrl = await installRuntime(log);
    const address = temporal === null ? null : { address: temporal.address, namespace: 'default' };
    const service = await startService({ ...checked, temporal: address, sdkMetricsUrl });
    const gone = temporal === null ? [] : [untilGone(temporal.address, ended.signal)];
    await Promise.race([service.done, stopAsked, ...gone]);
    ended.abort();
    await service.stop();
    return 0;
  } finally {
    await temporal?.stop();
  }
}

async function startTemporal(log: Logger): Promise<EmbeddedTemporal> {
  const temporal = await startEmbeddedTemporal({
    searchAttributes,
    log: (line) => {
      log.info(line);
    },
  });
  print(`Temporal's UI: ${temporal.uiUrl}`);
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
