import assert from 'node:assert/strict';
import type { People } from '../../desk/desk.js';
import { cursorIn, queryOf, readFilter } from '../../desk/changes-filter.js';

const now = Date.parse('2026-11-29T12:00:00Z');
const read = (query: unknown, zone: string | null = 'Europe/Rome') => readFilter(query, zone, now);

describe('the filters of the changes', () => {
  it('are the last 30 days where nothing is said', () => {
    const { filter, typed, problems } = read({});
    assert.deepEqual(problems, {});
    assert.equal(typed.from, '2026-10-30T00:00');
    assert.equal(filter.since, Date.parse('2026-10-29T23:00:00Z'));
    assert.deepEqual(
      [filter.until, filter.memberId, filter.groupId, filter.by, filter.kinds],
      [undefined, undefined, undefined, undefined, undefined],
    );
  });

  it('are what was typed, with times of the location', () => {
    const query = {
      from: '2026-11-28T10:00',
      to: '2026-11-29',
      person: '12',
      group: '7',
      by: 'gina',
      kind: 'act',
    };
    const { filter, problems } = read(query);
    assert.deepEqual(problems, {});
    assert.deepEqual(filter, {
      since: Date.parse('2026-11-28T09:00:00Z'),
      until: Date.parse('2026-11-28T23:00:00Z'),
      memberId: 12,
      groupId: 7,
      by: 'gina',
      kinds: ['act'],
    });
    assert.equal(read(query, null).filter.since, Date.parse('2026-11-28T10:00:00Z'));
  });

  it('find somebody by name, by e-mail or by a part of the name, if that is just one', () => {
    const ada = { id: 12, fullName: 'Ada Lovelace' };
    const known: Record<string, ReturnType<People['find']>> = {
      love: { people: [ada], more: 0, exact: 0 },
      'ada@example.com': { people: [ada, { id: 13, fullName: 'Ada <b>' }], more: 4, exact: 1 },
      ada: { people: [ada, { id: 13, fullName: 'Adam\u202e' }], more: 4, exact: 0 },
    };
    const nobody = { people: [], more: 0, exact: 0 };
    const by = (person: string) => readFilter({ person }, null, now, (text) => known[text] ?? nobody);
    assert.equal(by('love').filter.memberId, 12);
    assert.equal(by('ada@example.com').filter.memberId, 12);
    assert.equal(
      by('ada').problems.person,
      '6 people have that name, so give the id. The first are Ada Lovelace (12), Adam (13).',
    );
    assert.match(by('eve').problems.person ?? '', /Nobody in Nexudus has that name/);
    assert.equal(by('ada').filter.memberId, undefined);
  });

  const hostile: [field: string, typed: string][] = [
    ['from', 'yesterday'],
    ['from', '2026-13-40T99:99'],
    ['to', "2026-11-28'; drop table audit_log"],
    ['to', '2020-01-01T00:00'],
    ['person', 'Ada'],
    ['person', '-1'],
    ['person', '1e9'],
    ['person', '99999999999999999999'],
    ['group', '../../etc'],
    ['kind', 'constructor'],
    ['kind', '__proto__'],
    ['by', 'x'.repeat(500)],
  ];
  for (const [field, typed] of hostile)
    it(`say what is wrong with ${field}=${typed.slice(0, 30)}`, () => {
      assert.deepEqual(Object.keys(read({ [field]: typed }).problems), [field]);
    });

  it('that are given twice, or as something else than a text, are as good as none', () => {
    const { filter, problems } = read({ person: ['1', '2'], by: { name: 'gina' }, kind: 7 });
    assert.deepEqual(
      [filter.memberId, filter.by, filter.kinds, problems],
      [undefined, undefined, undefined, {}],
    );
    assert.deepEqual(read(null).problems, {});
  });

  it('go along to the next page, which goes on behind a record whatever its key is', () => {
    const { typed } = read({ by: 'a&b=c', kind: 'act' });
    const record = { at: now, key: 'act/ü & <b>.x' };
    const query = Object.fromEntries(new URLSearchParams(queryOf(typed, record)));
    assert.equal(query['by'], 'a&b=c');
    assert.deepEqual(cursorIn(query), record);
    for (const after of ['', 'x', '.a', '12', `12.${'y'.repeat(600)}`])
      assert.equal(cursorIn({ after }), undefined);
  });
});
