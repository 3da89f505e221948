import assert from 'node:assert/strict';
import { defaultDriftPolicy } from '../../access/drift.js';
import type { KisiEvent } from '../../push/kisi.js';
import type { JsonValue } from '../../access/json.js';
import type { AuditRecord } from '../../database/audit-records.js';
import { createKisiJudge, verdictOf } from '../../webhooks/kisi-events.js';
import { noon, write } from '../database/records.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

function written(
  what: string,
  before: JsonValue,
  after: JsonValue,
  over: Partial<AuditRecord> = {},
): AuditRecord {
  return { ...write({ what, before, after }), kind: 'write', state: 'done', answer: null, ...over };
}
const granted = written('grant', null, { keyId: 5, validUntil: noon });
const moved = written('move', { keyId: 5 }, { keyId: 5, validUntil: noon });
const replaced = written('move', { keyId: 5 }, { keyId: 6, validUntil: noon });
const revoked = written('revoke', { keyId: 5 }, null);
const made = written('createUser', null, { userId: 5 });
const failed = (record: AuditRecord): AuditRecord => ({ ...record, state: 'failed' });
const begun = (record: AuditRecord): AuditRecord => ({ ...record, state: 'begun' });

type Case = [
  type: KisiEvent['type'],
  writes: AuditRecord[],
  expected: ReturnType<typeof verdictOf>,
  at?: number,
];
const cases: Case[] = [
  ['role_assignment.create', [], 'unknown'],
  ['role_assignment.create', [granted], 'ours'],
  ['role_assignment.create', [failed(granted)], 'unknown'],
  ['role_assignment.create', [moved], 'unknown'],
  ['role_assignment.update', [], 'unknown'],
  ['role_assignment.update', [granted, moved], 'ours'],
  ['role_assignment.update', [granted, moved], 7, noon + 2 * minuteMs],
  ['role_assignment.destroy', [], 'unknown'],
  ['role_assignment.destroy', [granted, moved], 7],
  ['role_assignment.destroy', [granted, revoked], 'ours'],
  ['role_assignment.destroy', [granted, begun(revoked)], 'ours'],
  ['role_assignment.destroy', [granted, failed(revoked)], 7],
  ['role_assignment.destroy', [granted, replaced], 'ours'],
  ['role_assignment.destroy', [written('giveBack', { keyId: 5 }, { validUntil: noon })], 7],
  ['role_assignment.destroy', [{ ...granted, memberId: null }], 'unknown'],
  ['role_assignment.destroy', [made], 'unknown'],
  ['user.create', [made], 'ours'],
  ['user.create', [granted], 'unknown'],
  ['user.update', [made], 'unknown'],
  ['user.destroy', [made], 7],
  ['user.destroy', [granted], 'unknown'],
  ['unclear', [granted, made], 'unknown'],
];

describe('an event of Kisi', () => {
  for (const [type, writes, expected, at = noon] of cases) {
    const after = writes.map(({ what, state }) => `${what} (${state})`).join(', ');
    it(`${type} after ${after || 'nothing'} is ${expected}`, () => {
      assert.equal(verdictOf({ type, objectId: 5 }, writes, at), expected);
      assert.equal(verdictOf({ type, objectId: 55 }, writes, at), 'unknown');
    });
  }

  const told: (number | 'comparison')[] = [];
  let now = noon;
  const debouncer = {
    tell: (id: number) => void told.push(id),
    tellSomething: () => void told.push('comparison'),
  };
  const judge = (
    writes: AuditRecord[] | null,
    policy = defaultDriftPolicy,
  ): ReturnType<typeof createKisiJudge> =>
    createKisiJudge({
      auditLog: {
        writesAbout: () => (writes === null ? Promise.reject(new Error('away')) : Promise.resolve(writes)),
      },
      policy,
      debouncer,
      now: () => now,
      onProblem: () => undefined,
    });
  const gone: KisiEvent = { type: 'role_assignment.destroy', objectId: 5 };
  beforeEach(() => {
    told.length = 0;
    now = noon;
  });

  it('of another hand has the member compared, and all of Kisi if there is another one that day: that comparison knows what is contested', async () => {
    const see = judge([granted]);
    await see([gone, gone]);
    await see([gone]);
    now += dayMs + 1;
    await see([gone]);
    assert.deepEqual(told, [7, 'comparison', 7]);
  });

  it('has all of Kisi compared where the policy says that differences are only to be reported', async () => {
    await judge([granted], { ...defaultDriftPolicy, missing: 'report' })([gone]);
    assert.deepEqual(told, ['comparison']);
  });

  it('of our own write costs nothing, and one that cannot be told has all of Kisi compared', async () => {
    await judge([granted, revoked])([gone]);
    assert.deepEqual(told, []);
    await judge(null)([gone]);
    await judge([])([{ type: 'user.destroy', objectId: null }]);
    assert.deepEqual(told, ['comparison', 'comparison']);
  });
});
