import assert from 'node:assert/strict';
import type { JsonValue } from '../../access/json.js';
import type { AuditRecord } from '../../database/audit-records.js';
import { lastLookOf } from '../../desk/last-look.js';
import { at } from '../support/builders.js';
import { view } from './facts.js';

const lookedAt = at('2026-11-29T09:59:00Z');

function decision(after: JsonValue, over: Partial<AuditRecord> = {}): AuditRecord {
  return {
    ...{
      key: 'k',
      at: lookedAt,
      kind: 'decision',
      state: 'done',
      memberId: 100,
      locationId: 1,
      groupId: null,
    },
    ...{
      what: '',
      before: null,
      after,
      cause: 'pass 900 was used up.',
      by: 'rules',
      planId: null,
      answer: null,
    },
    ...over,
  };
}

describe('what Latchkey decided when it last looked', () => {
  it('is the newest decision on record, with why and when', () => {
    const newest = decision([{ groupId: 13, until: null }], { at: lookedAt + 1 });
    const kept = [decision('x', { kind: 'write' }), newest, decision([{ groupId: 12, until: 5 }])];
    const look = lastLookOf(view(), kept);
    assert.deepEqual(
      [look?.at, [...(look?.due ?? [])], look?.why],
      [lookedAt + 1, [[13, null]], 'pass 900 was used up'],
    );
  });

  it('is what the workflow holds, but for keys by hand, where no decision is on record or it cannot be read', () => {
    const [key] = view().keys;
    assert.ok(key);
    const keys = [key, { ...key, groupId: 14, givenByHand: true }];
    for (const kept of [[], [decision('nonsense')]])
      assert.deepEqual(
        [...(lastLookOf(view({ keys }), kept)?.due ?? [])],
        [[12, at('2026-11-30T05:15:00Z')]],
      );
  });

  it('is not known where nobody has looked at the member yet, or no workflow tells of it', () => {
    assert.equal(lastLookOf(view({ lastCheckedAt: null }), []), null);
    assert.equal(lastLookOf(null, [decision([])]), null);
  });

  it('tells the next change that the workflow sleeps for', () => {
    const nextChange = { at: '2026-12-01T00:00:00Z', what: 'the plan renews' };
    assert.deepEqual(lastLookOf(view({ nextChange }), [])?.next, {
      ...{ at: at('2026-12-01T00:00:00Z'), what: 'the plan renews' },
    });
  });
});
