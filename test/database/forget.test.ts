import assert from 'node:assert/strict';
import { sql, type Kysely } from 'kysely';
import { openDatabase } from '../../database/database.js';
import { forget, tracesOf } from '../../database/forget.js';
import { createOwnership } from '../../database/ownership.js';
import type { Tables } from '../../database/tables.js';
import type { AuditLog } from '../../database/audit-log.js';
import { ledgerKey } from '../support/stores.js';
import { onEachEngine } from './engines.js';
import { collect, keysIn, note, noon, write } from './records.js';

const ada = 1407;
const order = { key: 'act/forget', at: noon + 99, by: 'Mia', cause: 'a letter of 3 March' };

onEachEngine('forgetting a member', (bench) => {
  let auditLog: AuditLog;
  let db: Kysely<Tables>;
  beforeEach(async () => {
    auditLog = await bench.open();
    db = await openDatabase(bench.url());
    await auditLog.begin(write({ key: 'write/1', memberId: ada }));
    await auditLog.finish('write/1', { state: 'done', after: { keyId: 5 }, answer: '201' });
    await auditLog.note(note({ key: `decision/${ada}/1`, memberId: ada }));
    await auditLog.note(note({ key: `decision/14070/1`, memberId: 14070, cause: `lent by Coworker ${ada}` }));
    await auditLog.note(
      note({ key: 'other', memberId: 9, groupId: ada, cause: `pass ${ada}`, after: [ada, { keyId: ada }] }),
    );
    const about = { kind: 'allow', groupId: 12, until: noon };
    const orders = {
      mode: { name: 'canary', memberIds: [9, ada, 14070] },
      exceptions: [
        { ...about, id: 1, memberId: ada, reason: 'her mother is ill' },
        { ...about, id: 2, memberId: 9, reason: `as member ${ada}` },
      ],
    };
    await auditLog.note(
      note({ key: 'act/1', kind: 'act', memberId: null, what: `ask member ${ada}`, after: orders }),
    );
  });
  afterEach(() => db.destroy());

  it('takes out the member’s records, strikes the id from others, and leaves a record that says so without the id', async () => {
    const counts = { records: 2, mentions: 2 };
    const traces = { ...counts, past: 0, heldGroupIds: [], knowsUser: false };
    assert.deepEqual(await tracesOf(db, ada), traces);
    assert.deepEqual(await forget(db, ada, order), traces);
    assert.deepEqual(await keysIn(auditLog), ['act/1', 'decision/14070/1', 'other', 'act/forget']);
    const records = await collect(auditLog.all());
    const [act, lent, other, last] = records;
    assert.equal(lent?.cause, 'lent by Coworker (forgotten)');
    assert.deepEqual(
      [other?.cause, other?.after, other?.groupId],
      [`pass ${ada}`, [ada, { keyId: ada }], ada],
    );
    assert.deepEqual(act?.what, 'ask member (forgotten)');
    const about = { kind: 'allow', groupId: 12, until: noon };
    assert.deepEqual(act.after, {
      mode: { name: 'canary', memberIds: [9, 14070] },
      exceptions: [
        { ...about, id: 1, memberId: null, reason: '' },
        { ...about, id: 2, memberId: 9, reason: 'as member (forgotten)' },
      ],
    });
    assert.deepEqual(
      [last?.what, last?.by, last?.memberId, last?.after],
      ['forget a member', 'Mia', null, counts],
    );
  });

  it('leaves an audit log that fits, and that shows what else is taken out', async () => {
    const head = await auditLog.head();
    await forget(db, ada, order);
    const found = await auditLog.verify([head]);
    assert.deepEqual([found.problem, found.records, found.forgotten], [null, 4, 2]);
    await auditLog.note(note({ key: 'later' }));
    assert.equal((await auditLog.verify([head])).problem, null);
    await sql.raw(`delete from audit_log where key = 'other'`).execute(db);
    assert.match((await auditLog.verify()).problem ?? '', /^the record of entry \d+, .* was taken out/);
  });

  it('leaves nothing by which somebody could check a guess of what was there', async () => {
    const before = await db.selectFrom('audit_log').select(['key', 'salt']).execute();
    await forget(db, ada, order);
    const salts = await db.selectFrom('audit_log').select(['key', 'salt']).execute();
    const kept = before.filter(({ salt }) => salts.some((one) => one.salt === salt)).map(({ key }) => key);
    assert.deepEqual(kept, ['other']);
    for (const { about_json } of await db.selectFrom('journal').select('about_json').execute())
      assert.doesNotMatch(about_json ?? '', new RegExp(`${ada}`));
  });

  it('forgets keys that were taken away and the Kisi user, and tells which keys are held', async () => {
    const ownership = createOwnership(db, () => noon);
    await ownership.own(ada, ledgerKey({ groupId: 12 }));
    await ownership.own(ada, ledgerKey({ groupId: 13 }));
    await ownership.own(9, ledgerKey({ groupId: 14, userId: 6 }));
    await ownership.release({ userId: 5, groupId: 12 }, ada);
    await ownership.noteUser(ada, { id: 5, emailDigest: 'x' });
    const { past, heldGroupIds, knowsUser } = await tracesOf(db, ada);
    assert.deepEqual([past, heldGroupIds, knowsUser], [1, [13], true]);
    await forget(db, ada, order);
    assert.deepEqual(
      (await ownership.all()).map(({ memberId }) => memberId),
      [9],
    );
    assert.equal(await ownership.userOf(ada), null);
  });

  it('has nothing to take out twice, or of somebody who was never there', async () => {
    await forget(db, ada, order);
    await forget(db, 4_242, { ...order, key: 'act/2' });
    const traces = await forget(db, ada, { ...order, key: 'act/3' });
    assert.deepEqual([traces.records, traces.mentions], [0, 0]);
    assert.equal((await auditLog.verify()).problem, null);
  });
});
