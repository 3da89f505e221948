import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { sql, type Kysely } from 'kysely';
import { openDatabase } from '../../database/database.js';
import { createKept } from '../../database/kept.js';
import { createOwnership } from '../../database/ownership.js';
import type { Tables } from '../../database/tables.js';
import { createAuditLog } from '../../database/audit-log.js';
import { onServer, server } from './engines.js';
import { noon, note, write } from './records.js';

const isThere = server !== '';

(isThere ? describe : describe.skip)('the audit log in PostgreSQL', () => {
  const name = `latchkey_role_${process.pid}`;
  const role = `${name}_worker`;
  let owner: Kysely<Tables>;
  let worker: Kysely<Tables>;

  function urlFor(user?: string): string {
    const url = new URL(server);
    url.pathname = `/${name}`;
    if (user !== undefined) [url.username, url.password] = [user, 'secret'];
    return url.href;
  }

  before(async () => {
    await onServer(`create role ${role} login password 'secret'`);
  });
  after(() => onServer(`drop role ${role}`));
  beforeEach(async () => {
    await onServer(`create database ${name}`);
    owner = await openDatabase(urlFor());
    const guide = readFileSync(new URL('../../docs/data.md', import.meta.url), 'utf8');
    const [, grants = ''] = /```sql\n([^]*?)```/.exec(guide) ?? [];
    assert.match(grants, /^grant .* to latchkey;/);
    for (const grant of grants.trim().split('\n'))
      await sql.raw(grant.replace(' to latchkey;', ` to ${role}`)).execute(owner);
    worker = await openDatabase(urlFor(role));
  });
  afterEach(async () => {
    await worker.destroy();
    await owner.destroy();
    await onServer(`drop database ${name} with (force)`);
  });

  it('takes all of a worker’s work by the rights that the guide gives', async () => {
    const auditLog = createAuditLog(worker);
    await auditLog.begin(write());
    await auditLog.finish('w1', { state: 'failed', after: null, answer: '422' });
    await auditLog.begin(write());
    const waited = { since: noon, until: noon + 1 };
    await auditLog.finish('w1', { state: 'done', after: { keyId: 5, userId: 6 }, answer: '201', waited });
    await auditLog.note(note());
    const ownership = createOwnership(worker, () => noon);
    await ownership.release({ userId: 1, groupId: 2 }, 7);
    await ownership.noteUser(7, { id: 1, emailDigest: 'x' });
    await ownership.userGone(1);
    await ownership.prune(noon + 1);
    const kept = createKept(worker);
    await kept.write('a', 1, noon);
    await kept.write('a', 2, noon);
    const { problem, records } = await auditLog.verify();
    assert.deepEqual([problem, records], [null, 2]);
  });

  it('lets the worker’s user change or take out nothing that was recorded', async () => {
    await createAuditLog(worker).begin(write());
    for (const statement of [
      'update journal set digest = null',
      'delete from journal',
      'truncate journal',
      'delete from audit_log',
      'truncate audit_log',
      'drop table audit_log',
      `update audit_log set cause = 'a lie'`,
      'update audit_log set at = 0',
      'update audit_log set member_id = 0',
      'update audit_log set before_json = null',
      `update audit_log set salt = 'x'`,
    ])
      await assert.rejects(sql.raw(statement).execute(worker), /permission denied|must be owner/, statement);
  });

  it('leaves pruning to the owner where the worker’s user may not delete', async () => {
    const auditLog = createAuditLog(worker);
    await auditLog.begin(write());
    const head = await auditLog.head();
    assert.equal(await auditLog.prune(noon + 1), 0);
    assert.deepEqual(await auditLog.head(), head);
    assert.equal(await createAuditLog(owner).prune(noon + 1), 1);
    assert.equal((await auditLog.verify([head])).problem, null);
  });

  it('says what to do where the worker’s user finds no tables', async () => {
    await sql`drop table latchkey_migration`.execute(owner);
    await assert.rejects(openDatabase(urlFor(role)), /The user lacks a right: the owner of the tables/);
  });

  it('bounds every wait', async () => {
    for (const [setting, value] of [
      ['statement_timeout', '20s'],
      ['lock_timeout', '10s'],
      ['idle_in_transaction_session_timeout', '30s'],
    ] as const) {
      const { rows } = await sql<{ value: string }>`select current_setting(${setting}) as value`.execute(
        worker,
      );
      assert.equal(rows[0]?.value, value);
    }
  });

  it('refuses writes while its tables are emptied, dropped or put back as they were before', async () => {
    const auditLog = createAuditLog(owner);
    await auditLog.begin(write());
    const run = (statement: string): Promise<unknown> => sql.raw(statement).execute(owner);
    await run('truncate journal_head');
    await assert.rejects(auditLog.begin(write({ key: 'w2' })), /head of the audit log's journal is gone/);
    await run(`insert into journal_head values (1, 0, '')`);
    await assert.rejects(
      auditLog.begin(write({ key: 'w2' })),
      /ends at entry 0, where this process knows entry 1/,
    );
    await run('alter table audit_log rename to away');
    await run(`update journal_head set seq = 1, hash = (select hash from journal)`);
    await assert.rejects(
      auditLog.begin(write({ key: 'w2' })),
      /"audit_log" does not exist\. Tables are gone/,
    );
    await run('alter table away rename to audit_log');
    await auditLog.begin(write({ key: 'w2' }));
    assert.equal((await auditLog.verify()).problem, null);
  });

  it('says that the database is gone, and goes on once it is back', async () => {
    const auditLog = createAuditLog(owner);
    await auditLog.begin(write());
    await worker.destroy();
    await onServer(`alter database ${name} allow_connections false`);
    await onServer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
    await assert.rejects(auditLog.begin(write({ key: 'w2' })));
    await onServer(`alter database ${name} allow_connections true`);
    await auditLog.begin(write({ key: 'w2' }));
    worker = await openDatabase(urlFor(role));
  });
});
