import type { Logger } from 'pino';
import type { Instant } from '../../access/types.js';
import type { DeskConfig } from '../../config/desk.js';
import { createAuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import { startDesk, type DeskServer } from '../../desk/server.js';
import type { Stage } from '../../client/stage.js';
import type { Service } from '../../worker/service.js';
import { createLogger } from '../../worker/logging.js';
import { kisiOf, nexudusOf } from '../../space/apis.js';

/** What a test's desk has otherwise than the space. */
export interface TestDeskOptions {
  /** Over how it is configured. */
  desk?: Partial<DeskConfig>;
  /** Left out: any free port of this machine. */
  host?: string;
  port?: number;
  /** Its database does not answer. */
  isDatabaseLost?: boolean;
  now?: () => Instant;
  log?: Logger;
}

/** A desk over a space that runs, on a port of this machine. Close it before the space stops. */
export async function startTestDesk(
  space: Stage & { service: Service },
  {
    desk = {},
    host = '127.0.0.1',
    port = 0,
    now = Date.now,
    log,
    isDatabaseLost = false,
  }: TestDeskOptions = {},
): Promise<DeskServer> {
  const { service } = space;
  const config = { ...space.config, desk: { ...space.config.desk, ...desk } };
  const db = await openDatabase(config.databaseUrl);
  const auditLog = createAuditLog(db);
  const served = await startDesk(
    {
      ...{ config, client: service.client, taskQueue: config.taskQueue, db, auditLog },
      ...{ nexudus: nexudusOf(config), kisi: kisiOf(config), now },
      log: log ?? createLogger({ level: 'silent' }),
    },
    { host, port },
  );
  if (isDatabaseLost) await db.destroy();
  return {
    ...served,
    async close() {
      await served.close();
      await auditLog.close();
    },
  };
}
