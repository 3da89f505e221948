import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { lastingApis } from '../../space/apis.js';
import { readLastingConfig } from '../../space/settings.js';
import { createLogger } from '../../worker/logging.js';
import { failed, stopSignal } from './worker.js';

/** What a command that runs until it is stopped starts with. */
export interface LastingParts {
  config: Config;
  /** Credentials are read anew where one is refused. */
  apis: ReturnType<typeof lastingApis>;
  log: Logger;
  /** Resolves at the first SIGTERM or SIGINT. */
  stopAsked: Promise<void>;
}

/**
 * Does the job, which goes on until it is asked to stop, and ends the process; where it fails, the process says why. Throws
 * ConfigError, also by `check`, which comes before anything is begun.
 */
export async function runUntilStopped(
  job: (parts: LastingParts) => Promise<void>,
  check: (config: Config) => void = () => undefined,
): Promise<never> {
  const { config, readCredentials } = readLastingConfig();
  check(config);
  const log = createLogger({ level: config.logLevel });
  const stopAsked = stopSignal(log);
  const apis = lastingApis(config, readCredentials);
  // Metrics are served from a thread that would keep the process alive.
  process.exit(
    await job({ config, apis, log, stopAsked }).then(
      () => 0,
      (error: unknown) => failed(error),
    ),
  );
}
