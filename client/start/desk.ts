import type { Logger } from 'pino';
import { createAuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import type { Config } from '../../config/config.js';
import type { DeskServer } from '../../desk/server.js';
import { startDesk } from '../../desk/server.js';
import { lastingApis } from '../../space/apis.js';
import type { ExitCode } from '../../space/failure.js';
import { withSession } from '../../space/session.js';
import { readLastingConfig } from '../../space/settings.js';
import { createLogger } from '../../worker/logging.js';
import { tellOf } from '../../worker/login.js';
import { print } from '../terminal/output.js';
import { failed, stopSignal } from './worker.js';

/** Where `latchkey desk` serves it if nothing says where. */
const usualPort = 8_089;

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
    const db = await openDatabase(config.databaseUrl);
    const auditLog = createAuditLog(db);
    for (const login of logins) tellOf(login, log);
    try {
      const served = await startDesk(
        { config, client, taskQueue, ...apis, db, auditLog, log, now: Date.now },
        { host: config.desk.host, port: config.desk.port ?? usualPort },
      );
      tellAddress(served);
      await stopAsked;
      await served.close();
    } finally {
      await auditLog.close();
    }
  });
  return 0;
}

function tellAddress({ url }: DeskServer): void {
  print(`The desk: ${url} (to this machine only)`);
}
