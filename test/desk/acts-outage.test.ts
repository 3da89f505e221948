/** Pages of acts while nothing answers: they say so, and nothing is done. */
import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { loadConfig } from '../../config/config.js';
import { createAuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import type { Desk } from '../../desk/desk.js';
import { acts } from '../../desk/acts/table.js';
import { kisiOf, nexudusOf } from '../../space/apis.js';
import { repeatUntilClosed } from '../../worker/closed-calls.js';
import { createLogger } from '../../worker/logging.js';
import { scratch } from '../client/cli.js';
import { actsOf } from '../support/acts.js';

describe('the acts of the desk, while nothing answers', () => {
  const folder = scratch();
  let desk: Desk;
  let connection: Connection;
  before(async () => {
    const nowhere = 'http://127.0.0.1:9';
    const config = loadConfig({
      ...{
        NEXUDUS_BASE_URL: `${nowhere}/api`,
        NEXUDUS_TOKEN: 't',
        KISI_BASE_URL: nowhere,
        KISI_API_KEY: 'k',
      },
      LATCHKEY_DATABASE_URL: `file:${folder.path}/latchkey.db`,
    });
    const db = await openDatabase(config.databaseUrl);
    connection = Connection.lazy({ address: '127.0.0.1:9', interceptors: repeatUntilClosed() });
    desk = {
      ...{ config, client: new Client({ connection }), taskQueue: 'none', db },
      ...{ nexudus: nexudusOf(config), kisi: kisiOf(config), now: Date.now },
      ...{ auditLog: createAuditLog(db), log: createLogger({ level: 'silent' }) },
    };
  });
  after(async () => {
    await desk.auditLog.close();
    await connection.close();
    folder.remove();
  });

  // An invitation is mailed again to somebody whose key is on record, and here nobody has one.
  for (const act of acts.filter(({ name }) => name !== 'resend'))
    it(`say so on the page of ${act.name}`, async () => {
      const pages = actsOf(desk, { name: 'Mia', role: 'operator', account: 'mia@desk-1' });
      const typed = { group: '12', until: '2h', why: 'a test', level: 'all', mode: 'live', step: 'do' };
      const sent = await pages.send(`/acts/${act.name}`, { member: '7', id: '7', ...typed });
      assert.equal(sent.status, 503);
      assert.match(sent.html, /role="alert">\s*Nothing is done\. /);
      assert.equal(sent.fields['why'], 'a test');
    });
});
