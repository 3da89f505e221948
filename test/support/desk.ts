import { createAuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import { startDesk, type DeskServer } from '../../desk/server.js';
import type { Stage } from '../../client/stage.js';
import type { Service } from '../../worker/service.js';
import { createLogger } from '../../worker/logging.js';
import { kisiOf, nexudusOf } from '../../space/apis.js';

/** A desk over a space that runs, on a port of this machine. Close it before the space stops. */
export async function startTestDesk(space: Stage & { service: Service }): Promise<DeskServer> {
  const { config, service } = space;
  const db = await openDatabase(config.databaseUrl);
  const auditLog = createAuditLog(db);
  const served = await startDesk(
    {
      ...{ config, client: service.client, taskQueue: config.taskQueue, db, auditLog },
      ...{ nexudus: nexudusOf(config), kisi: kisiOf(config), now: Date.now },
      log: createLogger({ level: 'silent' }),
    },
    { host: '127.0.0.1', port: 0 },
  );
  return {
    ...served,
    async close() {
      await served.close();
      await auditLog.close();
    },
  };
}
