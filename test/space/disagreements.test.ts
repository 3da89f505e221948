import assert from 'node:assert/strict';
import { disagreementOf, type Disagreement } from '../../space/disagreements.js';
import type { JsonValue } from '../../access/json.js';
import type { AuditRecord } from '../../database/audit-records.js';
import { note, noon } from '../database/records.js';

const opinion = (minute: number, groupIds: number[], memberId = 7): AuditRecord =>
  at(minute, { kind: 'opinion', memberId, after: groupIds });
const decision = (minute: number, groupIds: number[], memberId = 7): AuditRecord =>
  at(minute, {
    memberId,
    after: groupIds.map((groupId) => ({ groupId, until: null })),
    cause: `pass ${minute}`,
  });
const at = (minute: number, over: { kind?: 'opinion'; memberId: number; after: JsonValue; cause?: string }) =>
  note({ at: noon + 60_000 * minute, ...over });
const since = (minute: number): number => noon + 60_000 * minute;

const cases: [what: string, records: AuditRecord[], expected: Disagreement | null][] = [
  ['nothing was told', [decision(1, [12])], null],
  ['nothing was decided, and nothing told', [opinion(1, [])], null],
  ['both say the same', [decision(1, [12, 13]), opinion(2, [12, 13])], null],
  [
    'only Nexudus gives',
    [opinion(1, [12])],
    { memberId: 7, onlyNexudus: [12], onlyLatchkey: [], since: since(1), why: null },
  ],
  [
    'each gives another, since the last time they agreed',
    [opinion(1, [12]), decision(2, [12]), decision(3, [13]), opinion(4, [12, 14]), decision(5, [13])],
    { memberId: 7, onlyNexudus: [12, 14], onlyLatchkey: [13], since: since(3), why: 'pass 5' },
  ],
  [
    'Latchkey was first, and Nexudus told later',
    [decision(1, [12]), opinion(2, [])],
    { memberId: 7, onlyNexudus: [], onlyLatchkey: [12], since: since(2), why: 'pass 1' },
  ],
];

describe('what Nexudus and Latchkey disagree in', () => {
  for (const [what, records, expected] of cases)
    it(`is told where ${what}`, () => {
      assert.deepEqual(disagreementOf(records, [7]), expected);
      assert.deepEqual(disagreementOf(records.toReversed(), [7]), expected);
    });

  it('is not told where one profile of a person owns the keys of all', () => {
    const records = [decision(1, [12, 13]), opinion(2, [12]), opinion(2, [13], 9), decision(0, [14], 9)];
    assert.equal(disagreementOf(records, [9, 7]), null);
    assert.deepEqual(disagreementOf([...records, opinion(3, [], 9)], [7, 9])?.onlyLatchkey, [13]);
  });
});
