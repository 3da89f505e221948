import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import { openDatabase } from '../../database/database.js';
import { createKept } from '../../database/kept.js';
import { createOwnership } from '../../database/ownership.js';
import type { Tables } from '../../database/tables.js';
import { createAuditLog, type AuditLog } from '../../database/audit-log.js';
import { noon, note, write } from './records.js';

describe('the file of the audit log', () => {
  let folder: string;
  let path: string;
  let db: Kysely<Tables>;
  let auditLog: AuditLog;
  let told: string[];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-file-'));
    path = join(folder, 'data', 'latchkey.db');
    told = [];
    await open();
  });
  afterEach(async () => {
    await db.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(): Promise<void> {
    db = await openDatabase(path, (line) => told.push(line));
    auditLog = createAuditLog(db);
    await auditLog.note(note({ key: `opened ${told.length}` }));
  }

  const modeOf = (name: string): string => (statSync(name).mode & 0o777).toString(8);

  it('refuses every read and write while it is gone, and goes on once it is back', async () => {
    for (const part of ['latchkey.db', 'latchkey.db-wal']) {
      const name = join(folder, 'data', part);
      renameSync(name, join(folder, 'away'));
      const gone = new RegExp(`${part} was deleted or moved while Latchkey ran\\. Put back the file`);
      await assert.rejects(auditLog.begin(write()), gone);
      await assert.rejects(auditLog.finish('w1', { state: 'done', after: null, answer: null }), gone);
      await assert.rejects(auditLog.note(note()), gone);
      await assert.rejects(auditLog.list({ limit: 1 }), gone);
      await assert.rejects(createKept(db).write('a', 1, noon), gone);
      await assert.rejects(createKept(db).read('a'), gone);
      await assert.rejects(createOwnership(db, () => noon).all(), gone);
      renameSync(join(folder, 'away'), name);
      await auditLog.begin(write({ key: part }));
    }
    assert.equal((await auditLog.list({ limit: 9 })).length, 3);
  });

  it('refuses another one in its place, and takes it after a restart', async () => {
    await auditLog.begin(write());
    for (const part of readdirSync(join(folder, 'data'))) rmSync(join(folder, 'data', part));
    const other = createAuditLog(await openDatabase(path));
    await assert.rejects(auditLog.begin(write()), /latchkey\.db was replaced while Latchkey ran/);
    await other.close();
    await auditLog.close();
    await open();
    await auditLog.begin(write());
  });

  it('refuses when the whole folder is gone', async () => {
    rmSync(join(folder, 'data'), { recursive: true });
    await assert.rejects(auditLog.begin(write()), /was deleted or moved/);
  });

  it('goes on after a transaction amid which it was gone', async () => {
    await assert.rejects(
      db.transaction().execute(async (trx) => {
        await trx.updateTable('journal_head').set({ id: 1 }).execute();
        renameSync(path, join(folder, 'away'));
        await trx.updateTable('journal_head').set({ id: 1 }).execute();
      }),
      /was deleted or moved/,
    );
    renameSync(join(folder, 'away'), path);
    await auditLog.begin(write());
    assert.equal((await auditLog.verify()).problem, null);
  });

  it('says so amid a transaction when there is no room, and goes on once there is', async () => {
    const long = note({ key: 'long', cause: 'x'.repeat(100_000) });
    await sql`pragma max_page_count = 1`.execute(db);
    await assert.rejects(auditLog.note(long), /database or disk is full\. Make room on the disk\./);
    await sql`pragma max_page_count = 1000000`.execute(db);
    await auditLog.note(long);
  });

  it('is only for its owner, whatever the umask is, with all that belongs to it', async () => {
    await db.destroy();
    rmSync(join(folder, 'data'), { recursive: true });
    const before = process.umask(0);
    try {
      await open();
    } finally {
      process.umask(before);
    }
    const names = readdirSync(join(folder, 'data')).sort();
    assert.deepEqual(names, ['latchkey.db', 'latchkey.db-shm', 'latchkey.db-wal']);
    for (const name of names) assert.equal(modeOf(join(folder, 'data', name)), '600');
    assert.equal(modeOf(join(folder, 'data')), '700');
    assert.deepEqual(told, []);
  });

  it('becomes its owner’s alone where others could read it, and says so', async () => {
    for (const name of readdirSync(join(folder, 'data'))) chmodSync(join(folder, 'data', name), 0o644);
    const other = await openDatabase(path, (line) => told.push(line));
    await other.destroy();
    for (const name of readdirSync(join(folder, 'data')))
      assert.equal(modeOf(join(folder, 'data', name)), '600');
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^other users could read .*latchkey\.db, .*-wal, .*-shm until now/);
  });

  it('leaves the mode of a folder alone that was there, and other files in it', async () => {
    chmodSync(join(folder, 'data'), 0o755);
    writeFileSync(join(folder, 'data', 'other'), '', { mode: 0o644 });
    const other = await openDatabase(path);
    await other.destroy();
    assert.equal(modeOf(join(folder, 'data')), '755');
    assert.equal(modeOf(join(folder, 'data', 'other')), '644');
  });

  it('has one connection wait while another writes, and write on after', async () => {
    const other = await openDatabase(path);
    let waiting: Promise<void> | undefined;
    await other.transaction().execute(async (trx) => {
      await trx.updateTable('journal_head').set({ id: 1 }).execute();
      waiting = createKept(db).write('a', 1, noon);
      await sleep(30);
    });
    await waiting;
    await auditLog.begin(write());
    await other.destroy();
    assert.equal((await createKept(db).read('a'))?.value, 1);
  });

  it('lets two connections of one process write at once', async () => {
    const other = await openDatabase(path);
    const kept = [createKept(db), createKept(other)];
    const auditLogs = [auditLog, createAuditLog(other)];
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        await kept[i % 2]!.write(`name ${i}`, i, noon);
        await auditLogs[i % 2]!.begin(write({ key: `w${i}` }));
      }),
    );
    await other.destroy();
    const found = await auditLog.verify();
    assert.deepEqual([found.problem, found.records], [null, 41]);
  });
});
