import assert from 'node:assert/strict';
import {
  afterComparison,
  defaultDriftPolicy,
  noDrift,
  refusalOf,
  sameEnd,
  settledKeys,
  signatureOf,
  withRepair,
  type Drift,
  type DriftMemory,
  type DriftVerb,
  type Update,
} from '../../access/drift.js';

const hour = 3_600_000;
const now = Date.parse('2026-11-25T10:00:00Z');

function drift(over: Partial<Drift> = {}): Drift {
  return {
    key: 'missing/100/12',
    kind: 'missing',
    memberId: 100,
    userId: 5,
    groupId: 12,
    keys: [{ keyId: 77, groupId: 12, validUntil: null }],
    what: 'key 77 is not in Kisi',
    comparedAt: null,
    ...over,
  };
}
const extra = (keyId = 88): Drift =>
  drift({
    key: 'extra/5/12',
    kind: 'extra',
    keys: [{ keyId, groupId: 12, validUntil: null }],
    what: `key ${keyId}, without an end, was not given by Latchkey`,
  });

const comparison = (memory: DriftMemory, found: Drift[], at = now, policy = defaultDriftPolicy): Update =>
  afterComparison(memory, found, policy, at);

/** The memory once a person has ruled on the finding with this key. */
function ruled(memory: DriftMemory, key: string, verb: DriftVerb): DriftMemory {
  const findings = memory.findings.map((one) =>
    one.key === key ? { ...one, ruling: { verb, by: 'Mia', at: now } } : one,
  );
  return { ...memory, findings };
}
/** The same key, given again by the member and gone again. */
const undoneAt = (comparedAt: number, keyId = 78): Drift =>
  drift({
    comparedAt,
    keys: [{ keyId, groupId: 12, validUntil: null }],
    what: `key ${keyId} is not in Kisi`,
  });
const repair = (memory: DriftMemory, at: number, keyIds = [77]): DriftMemory =>
  withRepair(memory, 'missing/100/12', 'drift', at, keyIds);
const idsOf = (findings: readonly { id: number }[]): number[] => findings.map(({ id }) => id);

describe('afterComparison: what is remembered of what was found', () => {
  it('numbers findings, and keeps number and beginning for as long as they last', () => {
    const first = comparison(noDrift, [extra(), drift()]);
    assert.deepEqual(idsOf(first.begun), [1, 2]);
    const second = comparison(first.memory, [drift()], now + hour);
    assert.deepEqual([idsOf(second.begun), idsOf(second.ended)], [[], [1]]);
    assert.deepEqual(
      second.memory.findings.map(({ id, since }) => [id, since]),
      [[2, now]],
    );
    assert.equal(comparison(second.memory, [drift(), extra()]).begun[0]?.id, 3);
  });

  it('has repaired what the policy says, and only tells the rest', () => {
    assert.deepEqual(idsOf(comparison(noDrift, [drift(), extra()]).due), [1]);
    const other = { ...defaultDriftPolicy, missing: 'report', extra: 'repair' } as const;
    assert.deepEqual(idsOf(comparison(noDrift, [drift(), extra()], now, other).due), [2]);
    const suspended = drift({ kind: 'userSuspended', key: 'userSuspended/100' });
    const all = { ...defaultDriftPolicy, userSuspended: 'repair' } as const;
    assert.deepEqual(comparison(noDrift, [suspended], now, all).due, []);
  });

  it('keeps what a person ruled until the finding changes, or comes back', () => {
    const ignored = ruled(comparison(noDrift, [drift()]).memory, 'missing/100/12', 'ignore');
    const same = comparison(ignored, [drift()], now + hour);
    assert.equal(same.memory.findings[0]?.ruling?.verb, 'ignore');
    assert.deepEqual(same.due, []);
    const changed = comparison(ignored, [drift({ what: 'key 78 is not in Kisi' })], now + hour);
    assert.deepEqual([changed.memory.findings[0]?.ruling, changed.due.length], [null, 1]);
    const back = comparison(comparison(ignored, []).memory, [drift()], now + hour);
    assert.deepEqual([back.memory.findings[0]?.ruling, back.due.length], [null, 1]);
  });

  it('repairs again what was not repaired yet, such as while an order held it', () => {
    const asked = repair(comparison(noDrift, [drift()]).memory, now);
    for (const comparedAt of [now - 1, now + 1]) {
      const again = comparison(asked, [drift({ comparedAt })], now + hour);
      assert.deepEqual([again.due.length, again.contested], [1, []]);
    }
  });
});

describe('afterComparison: a second writer', () => {
  const repaired = repair(comparison(noDrift, [drift()]).memory, now);
  const undone = undoneAt(now + 1);

  it('is not fought: what is undone again is contested, told once, and left alone', () => {
    const standing = comparison(repaired, [], now + hour).memory;
    for (const memory of [repaired, standing]) {
      const second = comparison(memory, [undone], now + 2 * hour);
      assert.deepEqual([second.contested.length, second.due], [1, []]);
      const third = comparison(second.memory, [undone], now + 30 * hour);
      assert.deepEqual([third.contested, third.due], [[], []]);
      assert.equal(third.memory.findings[0]?.contested, true);
    }
  });

  it('is not suspected where a day lies between', () => {
    const standing = comparison(repaired, [], now + hour).memory;
    const later = comparison(standing, [undone], now + 24 * hour);
    assert.deepEqual([later.contested, later.due.length], [[], 1]);
    const again = repair(later.memory, now + 24 * hour, [78]);
    const soon = undoneAt(now + 25 * hour, 79);
    assert.equal(comparison(again, [soon], now + 26 * hour).contested.length, 1);
  });

  it('never has a repair made more than once a day for as long as it is at work', () => {
    let memory = noDrift;
    let repairs = 0;
    for (let at = now; at < now + 72 * hour; at += hour / 4) {
      const found = repairs === 0 ? drift() : undoneAt(at - 1, 77 + repairs);
      const update = comparison(memory, [found], at);
      memory = update.memory;
      for (const { key } of update.due) {
        memory = withRepair(
          memory,
          key,
          'drift',
          at,
          found.keys.map(({ keyId }) => keyId),
        );
        repairs++;
      }
    }
    assert.equal(repairs, 1);
  });

  it('is seen where a key that was taken away is given again as another', () => {
    const policy = { ...defaultDriftPolicy, extra: 'repair' } as const;
    const first = comparison(noDrift, [extra(88)], now, policy).memory;
    const removed = withRepair(first, 'extra/5/12', 'drift', now, [88]);
    assert.equal(comparison(removed, [extra(88)], now + hour, policy).due.length, 1);
    const other = comparison(removed, [extra(89)], now + hour, policy);
    assert.deepEqual([other.contested.length, other.due], [1, []]);
  });

  it('is seen where an end that was moved back is another again, of the same key', () => {
    const changed = (comparedAt: number | null): Drift =>
      drift({ key: 'changed/100/12', kind: 'changed', comparedAt });
    const first = comparison(noDrift, [changed(null)]).memory;
    const moved = withRepair(first, 'changed/100/12', 'drift', now, [77]);
    assert.equal(comparison(moved, [changed(null)], now + hour).due.length, 1);
    assert.equal(comparison(moved, [changed(now + 1)], now + hour).contested.length, 1);
  });

  it('does not overrule a person, who has it repaired once more', () => {
    const { memory } = comparison(repaired, [undone], now + hour);
    const findings = ruled(memory, undone.key, 'repair').findings.map((one) => ({
      ...one,
      contested: false,
    }));
    const ordered = withRepair({ ...memory, findings, repairs: {} }, undone.key, 'Mia', now + hour, [78]);
    assert.equal(comparison(ordered, [undone], now + hour + 1).due.length, 1);
    const third = comparison(ordered, [undoneAt(now + hour + 2, 79)], now + 2 * hour);
    assert.deepEqual([third.contested.length, third.due], [1, []]);
  });
});

describe('what a comparison may leave out and refuse', () => {
  it('takes no second look where nothing is being done about a finding', () => {
    const { memory } = comparison(noDrift, [drift(), extra()]);
    const asked = repair(memory, now);
    assert.deepEqual(settledKeys(asked), [signatureOf(extra())]);
  });

  it('names for each verb the findings that it is for', () => {
    const kinds = Object.keys(defaultDriftPolicy) as Drift['kind'][];
    const takes = (verb: DriftVerb): string[] =>
      kinds.filter((kind) => refusalOf(drift({ kind }), verb, now) === null);
    assert.deepEqual(takes('repair'), ['missing', 'changed', 'userDeleted', 'extra', 'orphan']);
    assert.deepEqual(takes('adopt'), ['missing', 'changed', 'extra', 'userSuspended', 'groupRenamed']);
    assert.deepEqual(takes('ignore'), kinds);
    const over = drift({ kind: 'changed', keys: [{ keyId: 77, groupId: 12, validUntil: now }] });
    assert.match(refusalOf(over, 'adopt', now) ?? '', /has ended/);
  });

  it('compares ends to the second', () => {
    assert.deepEqual(
      [sameEnd(1000, 1999), sameEnd(1000, 2000), sameEnd(null, null), sameEnd(null, 0)],
      [true, false, true, false],
    );
  });
});
