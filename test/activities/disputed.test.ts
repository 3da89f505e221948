/** What is done while nobody knows which of two clocks is right. */
import assert from 'node:assert/strict';
import { agreedOf } from '../../activities/disputed.js';
import { judge } from '../../activities/membership.js';
import type { Assessment } from '../../messages/to-activities.js';
import { planSteps, type LedgerKey } from '../../access/plan.js';
import type { Exception, Snapshot } from '../../access/types.js';
import { at, exception, member, pass, profile, rules, snapshot } from '../support/builders.js';

const now = at('2026-11-25T10:00:00Z');
const hour = 3_600_000;
const day = 24 * hour;
const year = 365 * day;

const held: LedgerKey = {
  groupId: 12,
  userId: 7,
  keyId: 70,
  validUntil: now + 5 * day,
  byHand: false,
  handUntil: null,
  uncertain: false,
  version: 1,
  until: null,
  because: '',
  standsOn: [{ passId: 900, passTypeId: 30, memberId: 100, contractId: null, teamId: null }],
};

function agreed(
  off: number,
  facts: Partial<Snapshot>,
  ledger: LedgerKey[],
  exceptions: Exception[] = [],
): Assessment {
  const read = { snapshot: snapshot(facts), gone: false, doubts: [], broken: [], written: [], records: 'r' };
  const all = [now, now + off].map((instant) => ({
    at: instant,
    assessment: judge(read, { memberId: 100, held: ledger }, rules(), exceptions, instant),
  }));
  return agreedOf(all, ledger, now);
}

const steps = (assessment: Assessment, ledger: LedgerKey[]): string[] =>
  planSteps(ledger, assessment.keys, assessment.holds, 7).map(({ kind }) => kind);
const withPass = (over: Parameters<typeof pass>[0]): Partial<Snapshot> => ({
  profiles: [profile({ passes: [pass(over)] })],
});

describe('while the clocks disagree', () => {
  for (const off of [
    2 * 60_000,
    -2 * 60_000,
    6 * hour,
    -6 * hour,
    6 * day,
    -6 * day,
    10 * year,
    -10 * year,
  ]) {
    describe(`by ${off / hour} hours`, () => {
      it('a key that only one of them would end stays as it is, and a member without one waits', () => {
        const facts = withPass({ expiresAt: now + off / 2 });
        const kept = agreed(off, facts, [held]);
        assert.deepEqual(steps(kept, [held]), []);
        assert.deepEqual(
          kept.holds.map(({ groupId }) => groupId),
          [12],
        );
        assert.deepEqual(kept.losses, []);
        const none = agreed(off, facts, []);
        assert.deepEqual(steps(none, []), []);
        assert.ok((none.next?.at ?? Infinity) <= now + 30_000, 'it is looked at again soon');
        assert.match(none.standing, /clocks/);
        assert.equal(none.records, null, 'the next reconciliation has it looked at again');
      });

      it('a key whose end the records say is given, since all clocks agree on that end', () => {
        const facts = withPass({ expiresAt: now + 20 * year });
        const known = withPass({ expiresAt: now + Math.abs(off) + day });
        assert.deepEqual(steps(agreed(off, known, []), []), ['grant']);
        assert.equal(agreed(off, facts, []).holds.length, 0);
      });

      it('a key without an end is given until the first of their ends, where that is to come for both', () => {
        const { keys } = agreed(off, withPass({ expiresAt: null }), []);
        const first = Math.min(now, now + off) + 7 * day;
        const ends = keys.map(({ kisiEnd }) => kisiEnd.set);
        assert.deepEqual(ends, first > Math.max(now, now + off) ? [first] : []);
      });

      it('a key without an end that is held long enough stays', () => {
        const assessment = agreed(off, withPass({ expiresAt: null }), [held]);
        assert.deepEqual(
          steps(assessment, [held]).filter((kind) => kind !== 'note' && kind !== 'move'),
          [],
        );
      });

      it('a member who is suspended or blocked loses the key, whatever time it is', () => {
        const suspended = { profiles: [profile({ member: member({ active: false }), passes: [pass()] })] };
        assert.deepEqual(steps(agreed(off, suspended, [held]), [held]), ['revoke']);
        assert.equal(agreed(off, suspended, [held]).losses[0]?.cause, 'member');
        const block = exception({ kind: 'block', from: now - 20 * year, until: now + 20 * year });
        assert.deepEqual(steps(agreed(off, withPass({}), [held], [block]), [held]), ['revoke']);
      });
    });
  }

  it('a loss is weighed where any of the clocks did not foresee it', () => {
    const suspended = { profiles: [profile({ member: member({ active: false }), passes: [pass()] })] };
    for (const [offMs, until] of [
      [6 * hour, now + hour],
      [-6 * hour, now - hour],
    ] as const)
      assert.equal(agreed(offMs, suspended, [{ ...held, until }]).losses[0]?.cause, 'member');
  });
});
