import { createAuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import type { Directory } from '../../desk/desk.js';
import { startDesk, type DeskServer } from '../../desk/server.js';
import type { Stage } from '../../client/stage.js';
import type { Service } from '../../worker/service.js';
import { createLogger } from '../../worker/logging.js';
import { kisiOf, nexudusOf } from '../../space/apis.js';

/** A desk over a space that runs, on a port of this machine. Close it before the space stops. `people`: who is in Nexudus. */
export async function startTestDesk(
  space: Stage & { service: Service },
  people?: Directory,
): Promise<DeskServer> {
  const { config, service } = space;
  const db = await openDatabase(config.databaseUrl);
  const auditLog = createAuditLog(db);
  const served = await startDesk(
    {
      ...{ config, client: service.client, taskQueue: config.taskQueue, db, auditLog },
      ...{ nexudus: nexudusOf(config), kisi: kisiOf(config), now: Date.now },
      log: createLogger({ level: 'silent' }),
      ...(people === undefined ? {} : { people }),
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
