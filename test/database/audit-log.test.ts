import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { JsonValue } from '../../access/json.js';
import type { AuditFilter, Note, Outcome, AuditRecord, WriteAhead } from '../../database/audit-records.js';
import { onEachEngine } from './engines.js';
import { collect, keysIn, keysOf, note, noon, write } from './records.js';

/** One call to the audit log, as any process may make it at any time, and again. */
type Call =
  | { call: 'begin'; write: WriteAhead }
  | { call: 'finish'; key: string; outcome: Outcome }
  | { call: 'note'; note: Note };

const word = fc.string({ unit: 'grapheme', maxLength: 8 });
const instant = fc.integer({ min: noon - 1000, max: noon + 1000 });
// As it is after a trip through JSON, which knows no negative zero.
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

/** Few keys and many calls, so that most are repeats; keys of notes and of writes may be the same. */
function calls(names: readonly string[]): fc.Arbitrary<Call[]> {
  const key = fc.constantFrom(...names);
  const state = fc.constantFrom('done', 'failed');
  const begin = fc
    .record({ key, at: instant, before: json, after: json, cause: word })
    .map((over): Call => ({ call: 'begin', write: write(over) }));
  const waited = fc.tuple(instant, instant).map(([since, until]) => ({ since, until }));
  const outcome = fc.record(
    { state, after: json, answer: word, waited },
    { requiredKeys: ['state', 'after', 'answer'] },
  );
  const finish = fc.record({ key, outcome }).map((over): Call => ({ call: 'finish', ...over }));
  const noted = fc
    .record({ key, at: instant, cause: word, kind: fc.constantFrom('decision', 'act', 'finding'), state })
    .map((over): Call => ({ call: 'note', note: note(over) }));
  return fc.array(fc.oneof(begin, finish, noted), { maxLength: 30, size: 'max' });
}

/** What the audit log must hold after these calls, by key. */
function expected(all: readonly Call[]): Map<string, AuditRecord> {
  const records = new Map<string, AuditRecord>();
  for (const call of all) {
    const key = call.call === 'finish' ? call.key : call.call === 'begin' ? call.write.key : call.note.key;
    const had = records.get(key);
    if (call.call === 'note') records.set(key, had ?? call.note);
    else if (call.call === 'begin') records.set(key, begun(had, call.write));
    else if (had?.kind === 'write' && had.state !== 'done') {
      const others = { ...had };
      delete others.waited;
      records.set(key, { ...others, ...call.outcome });
    }
  }
  return records;
}

function begun(had: AuditRecord | undefined, ahead: WriteAhead): AuditRecord {
  if (had === undefined) return { ...ahead, kind: 'write', state: 'begun', answer: null };
  return had.kind === 'write' && had.state === 'failed' ? { ...had, state: 'begun' } : had;
}

onEachEngine('the audit log', (bench) => {
  it('gives back what it was told, every field of it', async () => {
    const auditLog = await bench.open();
    const told = note({
      kind: 'act',
      state: 'failed',
      before: { until: noon, doors: ['Front "door"', null], open: true },
      after: [1.5, -2, ''],
      by: 'Ada',
      planId: 'plan 7',
      answer: '422',
      memberId: 2 ** 40,
      locationId: null,
    });
    await auditLog.note(told);
    assert.deepEqual(await auditLog.list({ limit: 5 }), [told]);
  });

  it('keeps texts that a database cannot hold, with their odd signs replaced', async () => {
    const auditLog = await bench.open();
    await auditLog.begin(write({ cause: 'a\0b', before: 'a\0b\ud800' }));
    await auditLog.finish('w1', { state: 'failed', after: null, answer: 'x\udc00y😀' });
    const [record] = await auditLog.list({ limit: 1 });
    assert.deepEqual([record?.cause, record?.answer], ['a\uFFFDb', 'x\uFFFDy😀']);
    assert.equal(record?.before, 'a\0b\ud800');
  });

  it('keeps one record a key, with the first time and the last answer, whatever is repeated', async () => {
    const auditLogs = [await bench.open(), await bench.open()];
    const names = ['a', 'b', 'c'];
    const property = fc.asyncProperty(calls(names), fc.array(fc.boolean()), async (all, second) => {
      for (const [i, call] of all.entries()) {
        const auditLog = auditLogs[second[i] === true ? 1 : 0]!;
        if (call.call === 'begin') await auditLog.begin(call.write);
        else if (call.call === 'finish') await auditLog.finish(call.key, call.outcome);
        else await auditLog.note(call.note);
      }
      const held = await collect(auditLogs[0]!.all());
      await auditLogs[0]!.prune(Number.MAX_SAFE_INTEGER);
      assert.deepEqual(new Map(held.map((record) => [record.key, record])), expected(all));
      assert.equal(held.length, expected(all).size);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('answers whether an earlier attempt at a write did it, or may have, and when the first one was', async () => {
    const auditLog = await bench.open();
    const failed: Outcome = { state: 'failed', after: null, answer: '403' };
    const again = () => auditLog.begin(write({ at: noon + 1 }));
    assert.deepEqual(await auditLog.begin(write()), { at: noon, mayBeDone: false });
    assert.deepEqual(await again(), { at: noon, mayBeDone: true });
    await auditLog.finish('w1', failed);
    assert.deepEqual(await again(), { at: noon, mayBeDone: false });
    await auditLog.finish('w1', { ...failed, state: 'done' });
    assert.deepEqual(await again(), { at: noon, mayBeDone: true });
  });

  it('keeps one record where several begin the same write at once', async () => {
    const auditLogs = await Promise.all([bench.open(), bench.open(), bench.open()]);
    const begins = auditLogs.flatMap((auditLog, i) =>
      [0, 1, 2, 3].map((j) => auditLog.begin(write({ at: noon + 10 * i + j }))),
    );
    await Promise.all(begins);
    assert.deepEqual(await keysIn(auditLogs[0]), ['w1']);
  });

  it('names the writes to a key whose answer was lost, oldest first', async () => {
    const auditLog = await bench.open();
    await auditLog.begin(write({ key: 'later', at: noon + 2 }));
    await auditLog.begin(write({ key: 'earlier', at: noon + 1 }));
    await auditLog.begin(write({ key: 'answered' }));
    await auditLog.finish('answered', { state: 'done', after: null, answer: '201' });
    await auditLog.begin(write({ key: 'of another', memberId: 8 }));
    await auditLog.begin(write({ key: 'to another', groupId: 13 }));
    await auditLog.begin(write({ key: 'of a user', groupId: null }));
    assert.deepEqual(keysOf(await auditLog.begunFor(7, 12)), ['earlier', 'later']);
    assert.deepEqual(keysOf(await auditLog.begunFor(7, null)), ['of a user']);
  });

  it('names the newest write to a key that is done', async () => {
    const auditLog = await bench.open();
    assert.equal(await auditLog.lastDoneFor(7, 12), null);
    for (const key of ['first', 'second', 'failed', 'begun'])
      await auditLog.begin(write({ key, at: noon + key.length }));
    await auditLog.begin(write({ key: 'to another', groupId: 13, at: noon + 99 }));
    for (const key of ['first', 'second', 'to another'])
      await auditLog.finish(key, { state: 'done', after: null, answer: '201' });
    await auditLog.finish('failed', { state: 'failed', after: null, answer: '500' });
    assert.equal((await auditLog.lastDoneFor(7, 12))?.key, 'second');
    assert.equal((await auditLog.lastDoneFor(7, 13))?.key, 'to another');
  });

  it('finds the writes that have to do with a key or a user in Kisi', async () => {
    const auditLog = await bench.open();
    await auditLog.begin(write({ key: 'grant', after: { validUntil: noon } }));
    assert.deepEqual(await auditLog.writesAbout({ keyIds: [5], userIds: [] }), []);
    await auditLog.finish('grant', { state: 'done', after: { keyId: 5, validUntil: noon }, answer: null });
    await auditLog.begin(write({ key: 'replace', at: noon + 1, before: { keyId: 5 } }));
    await auditLog.finish('replace', { state: 'done', after: { keyId: 2 ** 40 }, answer: null });
    await auditLog.begin(write({ key: 'revoke', at: noon + 2, before: { keyId: 2 ** 40 }, after: null }));
    await auditLog.begin(write({ key: 'user', at: noon + 3, after: { userId: 5 } }));
    await auditLog.note(note({ key: 'no write', after: { keyId: 5, userId: 5 } }));
    const about = async (keyIds: number[], userIds: number[]): Promise<string[]> =>
      keysOf(await auditLog.writesAbout({ keyIds, userIds }));
    assert.deepEqual(await about([5], []), ['grant', 'replace']);
    assert.deepEqual(await about([2 ** 40], []), ['replace', 'revoke']);
    assert.deepEqual(await about([5], [5, 6]), ['grant', 'replace', 'user']);
    assert.deepEqual(await about([6], [6]), []);
    assert.deepEqual(await about([], []), []);
  });

  it('knows the newest decision about a member, however late it was noted', async () => {
    const auditLog = await bench.open();
    assert.equal(await auditLog.last('decision', 7), null);
    await auditLog.note(note({ key: 'newest', at: noon + 2 }));
    await auditLog.note(note({ key: 'older', at: noon + 1 }));
    await auditLog.note(note({ key: 'of another', at: noon + 9, memberId: 8 }));
    await auditLog.note(note({ key: 'no decision', at: noon + 9, kind: 'finding' }));
    assert.equal((await auditLog.last('decision', 7))?.key, 'newest');
    assert.equal(await auditLog.last('opinion', 7), null);
  });

  it('finds the writes that were waited for, and since when', async () => {
    const auditLog = await bench.open();
    const waited = { since: noon - 40_000, until: noon + 250 };
    for (const key of ['waited for', 'not waited for', 'not done']) await auditLog.begin(write({ key }));
    await auditLog.finish('not waited for', { state: 'done', after: null, answer: '201' });
    await auditLog.finish('waited for', { state: 'done', after: null, answer: '201', waited });
    const found = await collect(auditLog.all({ waited: true }));
    assert.deepEqual(
      found.map((record) => [record.key, record.waited]),
      [['waited for', waited]],
    );
  });

  it('filters by member, time and kind', async () => {
    const auditLog = await bench.open();
    await auditLog.note(note({ key: 'a', at: noon }));
    await auditLog.note(note({ key: 'b', at: noon + 1, memberId: 8 }));
    await auditLog.note(note({ key: 'c', at: noon + 2, kind: 'act' }));
    await auditLog.begin(write({ key: 'd', at: noon + 3, memberId: null }));
    const found = async (filter: object) => keysOf(await auditLog.list({ ...filter, limit: 10 }));
    assert.deepEqual(await found({}), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await found({ memberId: 7 }), ['a', 'c']);
    assert.deepEqual(await found({ since: noon + 1, until: noon + 3 }), ['b', 'c']);
    assert.deepEqual(await found({ kinds: ['act', 'write'] }), ['c', 'd']);
    assert.deepEqual(await found({ kinds: [] }), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await found({ memberId: 7, kinds: ['act'], since: noon + 3 }), []);
  });

  it('lists in order of time, then key, and pages without a gap or a repeat', async () => {
    const auditLog = await bench.open();
    const some = fc.uniqueArray(fc.record({ key: word, at: fc.constantFrom(noon, noon + 1) }), {
      selector: (record) => record.key,
      maxLength: 12,
    });
    const property = fc.asyncProperty(some, fc.integer({ min: 1, max: 5 }), async (records, limit) => {
      for (const record of records) await auditLog.note(note(record));
      const paged: AuditRecord[] = [];
      for (let page = await auditLog.list({ limit }); page.length > 0;) {
        paged.push(...page);
        page = await auditLog.list({ limit, after: page.at(-1) });
      }
      await auditLog.prune(Number.MAX_SAFE_INTEGER);
      assert.deepEqual(keysOf(paged), keysOf(inOrder(records.map(note))));
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it('lists the newest first, and goes on behind a record without a gap or a repeat', async () => {
    const auditLog = await bench.open();
    for (const key of ['b', 'a', 'd', 'c']) await auditLog.note(note({ key, at: noon }));
    await auditLog.note(note({ key: 'later', at: noon + 1 }));
    const first = await auditLog.newestFirst({ limit: 2 });
    assert.deepEqual(keysOf(first), ['later', 'd']);
    const second = await auditLog.newestFirst({ after: first.at(-1), limit: 9 });
    assert.deepEqual(keysOf(second), ['c', 'b', 'a']);
  });

  it('filters by group, by what is said, and by who did it, with or without the account behind the name', async () => {
    const auditLog = await bench.open();
    const by = async (key: string, name: string, over: Partial<Note> = {}): Promise<void> =>
      auditLog.note(note({ key, by: name, ...over }));
    await by('1', 'gina');
    await by('2', 'gina (ada@desk-1)', { groupId: 13 });
    await by('3', 'ginas');
    await by('4', 'g_na', { what: 'move' });
    const found = async (filter: AuditFilter): Promise<string[]> =>
      keysOf(await auditLog.list({ ...filter, limit: 9 }));
    assert.deepEqual(await found({ by: 'gina' }), ['1', '2']);
    // What stands for any letter in a pattern is a letter like others.
    assert.deepEqual(await found({ by: 'g_na' }), ['4']);
    assert.deepEqual(await found({ by: '%' }), []);
    assert.deepEqual(await found({ by: "gina' or '1'='1" }), []);
    assert.deepEqual(await found({ groupId: 13 }), ['2']);
    assert.deepEqual(await found({ exceptWhat: ['move'] }), ['1', '2', '3']);
    await auditLog.note(note({ key: '5', by: 'gina', state: 'failed' }));
    assert.deepEqual(await found({ by: 'gina', exceptFailed: true }), ['1', '2']);
  });

  it('reads and deletes more than fits on a page', async () => {
    const auditLog = await bench.open();
    const key = (i: number): string => String(i).padStart(4, '0');
    for (let i = 0; i < 2001; i += 1)
      await auditLog.note(note({ key: key(i), at: noon + Math.floor(i / 7) }));
    assert.deepEqual(
      await keysIn(auditLog),
      Array.from({ length: 2001 }, (_, i) => key(i)),
    );
    assert.equal(await auditLog.prune(noon + 285), 285 * 7);
    assert.deepEqual(await keysIn(auditLog), [1995, 1996, 1997, 1998, 1999, 2000].map(key));
  });

  it('deletes what is older than it is told, and nothing else', async () => {
    const auditLog = await bench.open();
    await auditLog.note(note({ key: 'old', at: noon - 1 }));
    await auditLog.begin(write({ key: 'old too', at: noon - 2 }));
    await auditLog.note(note({ key: 'kept', at: noon }));
    assert.equal(await auditLog.prune(noon), 2);
    assert.equal(await auditLog.prune(noon), 0);
    assert.deepEqual(await keysIn(auditLog), ['kept']);
  });

  it('says in its own words that it cannot be read or written', async () => {
    const auditLog = await bench.open();
    await auditLog.close();
    await assert.rejects(auditLog.begin(write()), {
      name: 'DatabaseError',
      message: /could not be written: /,
    });
    await assert.rejects(auditLog.list({ limit: 1 }), {
      name: 'DatabaseError',
      message: /could not be read: /,
    });
  });
});

function inOrder(records: readonly Note[]): Note[] {
  return [...records].sort((a, b) => a.at - b.at || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}
