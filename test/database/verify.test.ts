import assert from 'node:assert/strict';
import { sql, type Kysely } from 'kysely';
import { openDatabase } from '../../database/database.js';
import { digestOf, hashOf, journaled, notePrune, type Head } from '../../database/journal.js';
import type { Tables } from '../../database/tables.js';
import type { AuditLog } from '../../database/audit-log.js';
import { onEachEngine } from './engines.js';
import { note, noon, write } from './records.js';

const done = { state: 'done', after: { keyId: 1 }, answer: '201' } as const;

/** Eight records, some of them changed since they were noted; answers the head. */
async function fill(auditLog: AuditLog): Promise<Head> {
  for (let i = 1; i <= 5; i += 1) {
    await auditLog.begin(write({ key: `w${i}`, at: noon + i, memberId: i, after: { keyId: i } }));
    await auditLog.finish(`w${i}`, i === 2 ? { ...done, state: 'failed' } : done);
  }
  await auditLog.begin(write({ key: 'w2' }));
  for (let i = 1; i <= 3; i += 1) await auditLog.note(note({ key: `d${i}`, at: noon + 10 + i }));
  return auditLog.head();
}

onEachEngine('the journal of the audit log', (bench) => {
  let auditLog: AuditLog;
  let db: Kysely<Tables>;
  beforeEach(async () => {
    auditLog = await bench.open();
    db = await openDatabase(bench.url());
  });
  afterEach(() => db.destroy());

  const run = (statement: string): Promise<unknown> => sql.raw(statement).execute(db);
  /** The problem that a process finds which has told and written nothing yet. */
  const problem = async (told: Head[] = []): Promise<string> =>
    (await (await bench.open()).verify(told)).problem ?? 'nothing';

  it('fits what was written, changed and told again', async () => {
    const head = await fill(auditLog);
    await auditLog.begin(write({ key: 'w1' }));
    await auditLog.finish('w1', { ...done, state: 'failed' });
    await auditLog.note(note({ key: 'd1', cause: 'another' }));
    assert.deepEqual(await auditLog.verify([head]), {
      records: 8,
      first: noon + 1,
      last: noon + 13,
      forgotten: 0,
      head,
      problem: null,
    });
    assert.equal(head.seq, 14);
  });

  it('fits an empty audit log', async () => {
    assert.deepEqual(await auditLog.verify(), {
      ...{ records: 0, first: null, last: null, forgotten: 0 },
      ...{ head: { seq: 0, hash: '' }, problem: null },
    });
  });

  it('shows every field that was changed', async () => {
    await fill(auditLog);
    const texts = [
      'kind',
      'state',
      'what',
      'before_json',
      'after_json',
      'cause',
      'done_by',
      'plan_id',
      'answer',
    ];
    const numbers = ['at', 'member_id', 'location_id', 'group_id', 'key_before', 'key_after', 'user_after'];
    const changes = [
      ...texts.map((column) => [column, `'"other"'`]),
      ...[...numbers, 'waited_since', 'waited_until'].map((column) => [column, '4242']),
      ['salt', `'other'`],
    ];
    for (const [column = '', value] of changes) {
      const was = await db
        .selectFrom('audit_log')
        .selectAll()
        .where('key', '=', 'w3')
        .executeTakeFirstOrThrow();
      await run(`update audit_log set ${column} = ${value} where key = 'w3'`);
      assert.equal(await problem(), 'record w3 (entry 6) was changed', column);
      await db.updateTable('audit_log').set(was).where('key', '=', 'w3').execute();
      assert.equal(await problem(), 'nothing');
    }
    await run(`update audit_log set key = 'w33' where key = 'w3'`);
    assert.equal(await problem(), 'record w33 (entry 6) was changed');
  });

  it('shows a record that was taken out, put in, doubled or set back', async () => {
    await fill(auditLog);
    const was = await db.selectFrom('audit_log').selectAll().execute();
    const row = was.find(({ key }) => key === 'd2')!;
    const restore = async (): Promise<void> => {
      await db.deleteFrom('audit_log').execute();
      await db.insertInto('audit_log').values(was).execute();
      assert.equal(await problem(), 'nothing');
    };
    await run(`delete from audit_log where key = 'd2'`);
    assert.match(
      await problem(),
      /^the record of entry 13, of 2026-11-25T12:00:00.012Z, was taken out or set back$/,
    );
    await restore();
    for (const seq of [15, 1, 0, -1, null]) {
      const salt = 'x';
      await db
        .insertInto('audit_log')
        .values({ ...row, key: 'd9', salt, seq: seq as number })
        .execute();
      assert.match(
        await problem(),
        seq === 1 ? /^record d9 \(entry 1\) was changed$/ : /^record d9 has no entry: /,
      );
      await restore();
    }
    await run('drop index audit_log_seq');
    await db
      .insertInto('audit_log')
      .values({ ...row, key: 'd9' })
      .execute();
    assert.match(
      await problem(),
      /^record d(9|2) \(entry 13\) was changed$|^record d(9|2) has no entry of its own/,
    );
    await restore();
    // As it was before its answer came, to the last sign.
    const begun = { ...was.find(({ key }) => key === 'w3')!, state: 'begun', answer: null } as const;
    await db.deleteFrom('audit_log').where('key', '=', 'w3').execute();
    await db
      .insertInto('audit_log')
      .values({ ...begun, seq: 5, after_json: '{"keyId":3}', key_after: 3 })
      .execute();
    assert.match(await problem(), /^the record of entry 6, .* was taken out or set back$/);
  });

  it('shows records that changed their places', async () => {
    await fill(auditLog);
    await run(`update audit_log set seq = 99 where key = 'd1'`);
    await run(`update audit_log set seq = 12 where key = 'd2'`);
    await run(`update audit_log set seq = 13 where key = 'd1'`);
    assert.equal(await problem(), 'record d2 (entry 12) was changed');
  });

  it('shows a journal that was changed, cut or reordered', async () => {
    const head = await fill(auditLog);
    const was = await db.selectFrom('journal').selectAll().execute();
    const after = async (change: () => Promise<unknown>): Promise<string> => {
      await change();
      const found = await problem();
      await db.deleteFrom('journal').execute();
      await db.insertInto('journal').values(was).execute();
      await db.updateTable('journal_head').set(head).execute();
      assert.equal(await problem(), 'nothing');
      return found;
    };
    for (const [column, value] of [
      ['at', '5'],
      ['what', `'prune'`],
      ['replaces', '1'],
      ['digest', `'x'`],
      ['about_json', `'{}'`],
      ['hash', `'x'`],
    ])
      assert.match(
        await after(() => run(`update journal set ${column} = ${value} where seq = 7`)),
        /^entry 7 of the journal does not fit the one before/,
      );
    assert.match(
      await after(() => run('delete from journal where seq = 7')),
      /^entry 7 of the journal is missing/,
    );
    assert.match(
      await after(() => run('delete from journal where seq < 7')),
      /^entry 1 of the journal is missing/,
    );
    assert.match(await after(() => run('delete from journal')), /ends at entry 0, but entry 14 was told/);
    assert.match(
      await after(async () => {
        await run('update journal set seq = 99 where seq = 7');
        await run('update journal set seq = 7 where seq = 8');
        await run('update journal set seq = 8 where seq = 99');
      }),
      /^entry 7 of the journal does not fit the one before/,
    );
    assert.match(
      await after(() =>
        run(
          `insert into journal select 15, at, what, replaces, digest, about_json, hash from journal where seq = 14`,
        ),
      ),
      /^entry 15 of the journal/,
    );
  });

  it('shows an end that was taken out, by the head that is kept beside and by one that was told', async () => {
    const head = await fill(auditLog);
    await run(`delete from audit_log where key = 'd3'`);
    await run('delete from journal where seq = 14');
    assert.match(await problem(), /^the audit log ends at entry 13, but entry 14 was told/);
    await run('update journal_head set seq = 13, hash = (select hash from journal where seq = 13)');
    assert.equal(await problem(), 'nothing');
    assert.match(await problem([head]), /^the audit log ends at entry 13, but entry 14 was told/);
    // The process that wrote it goes no further.
    await assert.rejects(
      auditLog.note(note({ key: 'd4' })),
      /ends at entry 13, where this process knows entry 14/,
    );
    await (await bench.open()).note(note({ key: 'd4' }));
    await assert.rejects(
      auditLog.begin(write({ key: 'w9' })),
      /ends at entry 14, where this process knows entry 14/,
    );
    assert.match(await problem([head]), /^entry 14 is another one than was told before/);
  });

  it('shows an audit log that was written anew by a head that was told', async () => {
    const told = await fill(auditLog);
    const rows = await db.selectFrom('audit_log').selectAll().orderBy('seq').execute();
    let prev = '';
    for (const entry of await db.selectFrom('journal').selectAll().orderBy('seq').execute()) {
      const row = rows.find(({ seq }) => seq === entry.seq);
      if (row !== undefined) row.cause = 'a lie';
      const next = { ...entry, digest: row === undefined ? entry.digest : digestOf(row) };
      const hash = hashOf(next, prev);
      await db
        .updateTable('journal')
        .set({ ...next, hash })
        .where('seq', '=', entry.seq)
        .execute();
      if (row !== undefined)
        await db.updateTable('audit_log').set(row).where('seq', '=', entry.seq).execute();
      prev = hash;
    }
    await db.updateTable('journal_head').set({ hash: prev }).execute();
    assert.equal(await problem(), 'nothing');
    assert.match(await problem([told]), /^entry 14 is another one than was told before/);
  });

  it('holds when old records are pruned, from what is kept on', async () => {
    const told = await fill(auditLog);
    for (const [before, records, seqs] of [
      [noon + 3, 6, 11],
      [noon + 3, 6, 11],
      [noon + 12, 2, 6],
      [noon + 100, 0, 1],
    ] as const) {
      await auditLog.prune(before);
      const found = await auditLog.verify([told]);
      assert.deepEqual([found.problem, found.records], [null, records]);
      const { count } = await db
        .selectFrom('journal')
        .select((row) => row.fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      assert.equal(Number(count), seqs);
    }
    await auditLog.note(note({ key: 'd9', at: noon }));
    assert.equal((await auditLog.verify([told])).problem, null);
  });

  it('shows what was taken out after a prune, and a beginning that nobody cut off', async () => {
    await fill(auditLog);
    await auditLog.prune(noon + 3);
    await run(`delete from audit_log where key = 'w4'`);
    assert.match(await problem(), /^the record of entry 8, .* was taken out/);
    await run('delete from journal where seq <= 8');
    assert.match(await problem(), /^entry \d+ of the journal is missing/);
  });

  it('fits after a prune that was broken off between its steps', async () => {
    await fill(auditLog);
    const { head } = await journaled(db, null, (_, journal) => notePrune(journal, noon + 3, noon + 20));
    assert.equal(await problem([head]), 'nothing');
    await run(`delete from audit_log where key = 'w1'`);
    assert.equal(await problem([head]), 'nothing');
    assert.equal(await (await bench.open()).prune(noon + 3), 1);
    assert.equal(await problem(), 'nothing');
  });

  it('is written by several processes at once, and read meanwhile', async () => {
    const auditLogs = await Promise.all(Array.from({ length: 4 }, () => bench.open()));
    const writing = Promise.all(
      auditLogs.map(async (one, t) => {
        for (let i = 0; i < 30; i += 1) {
          await one.begin(write({ key: `w${t}-${i}`, at: noon + i }));
          await one.finish(`w${t}-${i}`, done);
          if (t === 0 && i % 10 === 9) await one.prune(noon + i - 5);
        }
      }),
    );
    for (let i = 0; i < 10; i += 1) assert.equal(await problem(), 'nothing');
    await writing;
    assert.equal(await problem(), 'nothing');
  });
});
