import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import Database from 'libsql';
import pg from 'pg';
import { openDatabase } from '../../database/database.js';
import { DatabaseError } from '../../database/errors.js';
import { createAuditLog } from '../../database/audit-log.js';
import { onEachEngine, onServer, server } from './engines.js';
import { keysIn, write } from './records.js';

const secret = 'hunter2';

/** The message of the DatabaseError that opening ends with. */
async function refusal(url: string): Promise<string> {
  const error: unknown = await openDatabase(url).then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DatabaseError);
  assert.ok(!JSON.stringify(error, Object.getOwnPropertyNames(error)).includes(secret), error.message);
  assert.equal(error.cause, undefined);
  return error.message;
}

describe('openDatabase on a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-auditLog-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('takes a path, file:<path> and file://<path>, and makes the folders', async () => {
    const path = join(folder, 'a', 'b c', 'latchkey.db');
    for (const [i, url] of [path, `file:${path}`, pathToFileURL(path).href].entries()) {
      const auditLog = createAuditLog(await openDatabase(url));
      await auditLog.begin(write({ key: String(i) }));
      assert.equal((await keysIn(auditLog)).length, i + 1);
      await auditLog.close();
    }
  });

  it('waits while another process sets the file up', async () => {
    const path = join(folder, 'latchkey.db');
    const other = new Database(path);
    other.pragma('journal_mode = WAL');
    other.exec('BEGIN IMMEDIATE');
    const opening = openDatabase(path);
    opening.catch(() => undefined);
    await sleep(100);
    other.exec('COMMIT');
    other.close();
    await (await opening).destroy();
  });

  it('says what is in the way and what to do', async () => {
    await writeFile(join(folder, 'text.txt'), 'no database at all '.repeat(500));
    await mkdir(join(folder, 'folder.db'));
    assert.match(
      await refusal(join(folder, 'text.txt')),
      /text\.txt cannot be opened: file is not a database\. Name another/,
    );
    assert.match(
      await refusal(join(folder, 'folder.db')),
      /folder\.db cannot be opened\. Check that it is a file/,
    );
    assert.match(
      await refusal(join(folder, 'text.txt', 'latchkey.db')),
      /folder of .* cannot be made \((EEXIST|ENOTDIR)\)/,
    );
  });

  it('takes no slip in the address of a server for a file, and shows none of it', async () => {
    const slips = ['mysql://', 'postgres:', 'postgres:/', 'jdbc:postgresql://', 'file:http://', 'latchkey:'];
    const addresses = slips.map((start) => `${start}user:${secret}@localhost/db`);
    for (const url of [...addresses, `someone:${secret}@localhost/db`, '', ' '])
      assert.match(await refusal(url), /of no known kind\. Give file:/);
    assert.deepEqual(await readdir(folder), []);
  });
});

describe('openDatabase on PostgreSQL', () => {
  it('never shows the password, and says what to do', async () => {
    // Nothing listens on port 1.
    const message = await refusal(
      `postgres://latchkey:${secret}@127.0.0.1:1/auditLog?application_name=${secret}`,
    );
    assert.match(
      message,
      /at postgres:\/\/127\.0\.0\.1:1\/auditLog cannot be opened: .*ECONNREFUSED.*Check that the server runs/,
    );
  });

  it('says that signs in a password must be encoded, without showing the rest', async () => {
    for (const sign of ['/', '?', '#', '12/', '12?', '12#'])
      assert.match(
        await refusal(`postgresql://latchkey:${sign}${secret}@127.0.0.1:1/auditLog`),
        /percent-encoded/,
      );
  });
});

onEachEngine('openDatabase', (bench) => {
  it('leaves an audit log alone that a newer version wrote', async () => {
    const db = await openDatabase(bench.url());
    await db
      .withTables<{ latchkey_migration: { name: string; timestamp: string } }>()
      .insertInto('latchkey_migration')
      .values({ name: '999 the future', timestamp: '2030-01-01T00:00:00.000Z' })
      .execute();
    await db.destroy();
    assert.match(await refusal(bench.url()), /written by another version of Latchkey: run that version/);
  });

  it('reads instants as numbers, and leaves the parsers of others alone', async () => {
    const db = await openDatabase(bench.url());
    await createAuditLog(db).begin(write());
    const row = await db.selectFrom('audit_log').select(['at', 'member_id']).executeTakeFirst();
    assert.deepEqual(row, { at: write().at, member_id: 7 });
    assert.notEqual(pg.types.getTypeParser(pg.types.builtins.INT8), Number);
    await db.destroy();
  });

  if (server !== '')
    it('goes on when the server has cut its idle connections', async () => {
      const auditLog = await bench.open();
      await auditLog.begin(write());
      await onServer(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname like 'latchkey_test_${process.pid}_%'`,
      );
      // The pool learns of it a moment later; until then a query may still meet the cut connection.
      for (let tries = 1; ; tries += 1)
        try {
          await auditLog.begin(write({ key: 'w2' }));
          break;
        } catch (error) {
          if (tries === 10) throw error;
        }
      assert.deepEqual(await keysIn(auditLog), ['w1', 'w2']);
    });
});
