import type { Logger } from 'pino';
import type { Kysely } from 'kysely';
import type { Instant } from '../../access/types.js';
import type { DeskConfig } from '../../config/desk.js';
import { createAuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import type { Tables } from '../../database/tables.js';
import type { Desk } from '../../desk/desk.js';
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
  /** Left out: one of its own, to the space's file. It is closed with the desk. */
  db?: Kysely<Tables>;
  /** Left out: at the paces of a real space. */
  apis?: Pick<Desk, 'nexudus' | 'kisi'>;
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
    ...given
  }: TestDeskOptions = {},
): Promise<DeskServer> {
  const { service } = space;
  const config = { ...space.config, desk: { ...space.config.desk, ...desk } };
  const db = given.db ?? (await openDatabase(config.databaseUrl));
  const { nexudus, kisi } = given.apis ?? { nexudus: nexudusOf(config), kisi: kisiOf(config) };
  const auditLog = createAuditLog(db);
  const served = await startDesk(
    {
      ...{ config, client: service.client, taskQueue: config.taskQueue, db, auditLog },
      ...{ nexudus, kisi, now },
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
