import type { Config } from '../../config/config.js';
import { lastingApis } from '../../space/apis.js';
import type { ExitCode } from '../../space/failure.js';
import { withSession } from '../../space/session.js';
import { readLastingConfig } from '../../space/settings.js';
import { createLogger } from '../../worker/logging.js';
import { tellOf } from '../../worker/login.js';
import type { Logger } from 'pino';
import { print } from '../terminal/output.js';
import { deskWords, serveDesk, usualDeskPort } from './serve-desk.js';
import { failed, stopSignal } from './worker.js';

/** `latchkey desk`: serves the desk until SIGTERM or SIGINT, and ends the process. Throws ConfigError. */
export async function desk(): Promise<never> {
  const { config, readCredentials } = readLastingConfig();
  const log = createLogger({ level: config.logLevel });
  const stopAsked = stopSignal(log);
  const apis = lastingApis(config, readCredentials);
  process.exit(await run(config, apis, log, stopAsked).catch(failed));
}

async function run(
  config: Config,
  { logins, ...apis }: ReturnType<typeof lastingApis>,
  log: Logger,
  stopAsked: Promise<void>,
): Promise<ExitCode> {
  await withSession(config, async ({ client, taskQueue }) => {
    for (const login of logins) tellOf(login, log);
    const port = config.desk.port ?? usualDeskPort;
    const served = await serveDesk({ config, client, taskQueue, ...apis, log }, port);
    print(deskWords(served));
    await stopAsked;
    await served.close();
  });
  return 0;
}
