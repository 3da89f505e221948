/** Keys outside the rules: what a person allows or blocks for a while, by the same decider. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decide } from '../../access/decide.js';
import { explain } from '../../access/explain.js';
import type { Decision, Exception, Profile } from '../../access/types.js';
import {
  at,
  contract,
  exception,
  member,
  pass,
  passType,
  planPass,
  profile,
  rules,
  snapshot,
} from '../support/builders.js';

const now = at('2026-11-25T10:00:00Z');
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** The decision about somebody with these records and exceptions. */
function decided(record: Partial<Profile>, exceptions: Exception[], when = now): Decision {
  return decide(snapshot({ profiles: [profile(record)] }), rules(), exceptions, when);
}
const groups = ({ keys }: Decision): number[] => keys.map(({ groupId }) => groupId);
const allow = (over: Partial<Exception> = {}): Exception =>
  exception({ kind: 'allow', from: now - hour, until: now + day, ...over });
const block = (over: Partial<Exception> = {}): Exception => allow({ kind: 'block', ...over });

describe('an allow', () => {
  it('opens its group without a pass, and the kisiEnd closes doorGrace after its end', () => {
    const { keys, next } = decided({}, [allow()]);
    assert.deepEqual(
      keys.map(({ groupId, until, kisiEnd, standsOn }) => [groupId, until, kisiEnd.set, standsOn]),
      [[12, now + day, now + day + 15 * minute, []]],
    );
    assert.equal(keys[0]?.because, 'exception 7 (allowed by gina), which ends at 2026-11-26T10:00:00Z');
    assert.equal(next?.at, now + day);
  });

  it('counts from its beginning until right before its end, without any grace', () => {
    const one = [allow({ from: now, until: now + hour })];
    const times = [now - 1, now, now + hour - 1, now + hour];
    assert.deepEqual(
      times.map((when) => groups(decided({}, one, when))),
      [[], [12], [12], []],
    );
    assert.equal(decided({}, one, now - 1).next?.at, now);
    assert.equal(decided({}, one, now + hour).next, null);
  });

  it('is told with who gave it, until when and why', () => {
    const verdict = decided({}, [allow()]).verdicts.find(({ rule }) => rule === 'exception');
    assert.deepEqual(
      [verdict?.counts, verdict?.passId, verdict?.groupIds, verdict?.reason],
      [true, null, [12], 'exception 7: allowed by gina until 2026-11-26T10:00:00Z: forgot to renew'],
    );
  });

  for (const [what, over] of [
    ['suspended', { active: false }],
    ['archived', { archived: true }],
    ['without e-mail', { email: '' }],
    ['a company', { individual: false }],
  ] as const) {
    it(`gives nothing to a member who is ${what}, and says so`, () => {
      const decision = decided({ member: member(over) }, [allow()]);
      assert.deepEqual([decision.keys, decision.next], [[], null]);
      const told = decision.verdicts.find(({ groupIds }) => groupIds.includes(12));
      assert.deepEqual([told?.counts, told?.rule], [false, 'member']);
      assert.match(told?.reason ?? '', /^exception 7: allowed .*, but Coworker 100 /);
    });
  }

  it('goes on where a pass ends, and a pass goes on where the allow ends', () => {
    const shorter = decided({ passes: [pass({ expiresAt: now + hour })] }, [allow()]);
    assert.deepEqual([shorter.keys[0]?.until, shorter.next?.at], [now + day, now + day]);
    const longer = decided({ passes: [pass({ expiresAt: now + 2 * day })] }, [allow()]);
    assert.equal(longer.keys[0]?.until, now + 2 * day);
    assert.deepEqual(
      longer.keys[0].standsOn.map(({ passId }) => passId),
      [900],
    );
  });

  it('is no wait for a renewal, and leaves a plan’s renewal its grace', () => {
    const plan = { passes: [planPass({ expiresAt: now })], contracts: [contract()] };
    assert.equal(decided(plan, []).keys[0]?.awaitingRenewal, true);
    const [key] = decided(plan, [allow({ until: now + minute })]).keys;
    assert.deepEqual([key?.awaitingRenewal, key?.until], [false, now + 15 * minute]);
  });

  it('concerns the person through any of the profiles, each with its own rule 1', () => {
    const profiles = [profile(), profile({ member: member({ id: 101, active: false }) })];
    const of = (memberId: number): number[] =>
      groups(decide(snapshot({ profiles }), rules(), [allow({ memberId })], now));
    assert.deepEqual([of(100), of(101), of(102)], [[12], [], []]);
  });
});

describe('a block', () => {
  const passes = [pass(), pass({ id: 901, passTypeId: 31 })];
  const passTypes = [passType(), passType({ id: 31, kisiGroupIds: [13] })];
  const both = (exceptions: Exception[], when = now): Decision =>
    decide(snapshot({ profiles: [profile({ passes })], passTypes }), rules(), exceptions, when);

  it('takes its group away while it lasts, and only that; then it is looked at again', () => {
    const decision = both([block()]);
    assert.deepEqual([groups(decision), decision.next?.at], [[13], now + day]);
    assert.deepEqual(groups(both([block()], now + day)), [12, 13]);
  });

  it('of every group takes all, and is told under each that would be held', () => {
    const decision = both([block({ groupId: null })]);
    assert.deepEqual([groups(decision), decision.next?.at], [[], now + day]);
    const told = explain(decision).map(({ groupId, holds, why }) => [
      groupId,
      holds,
      /blocked by gina/.test(why),
    ]);
    assert.deepEqual(told, [
      [12, false, true],
      [13, false, true],
    ]);
  });

  it('that is yet to come takes nothing, and wakes when it begins', () => {
    const decision = both([block({ from: now + hour })]);
    assert.deepEqual([groups(decision), decision.next?.at], [[12, 13], now + hour]);
  });

  it('goes before an allow, and concerns the person through any of the profiles', () => {
    const profiles = [profile({ passes: [pass()] }), profile({ member: member({ id: 101 }) })];
    const exceptions = [allow(), block({ id: 8, memberId: 101 })];
    assert.deepEqual(decide(snapshot({ profiles }), rules(), exceptions, now).keys, []);
    assert.deepEqual(groups(decide(snapshot({ profiles }), rules(), [block({ memberId: 102 })], now)), [12]);
  });
});

describe('exceptions of any kind', () => {
  const some = fc.array(
    fc.record({
      id: fc.nat(),
      kind: fc.constantFrom('allow' as const, 'block' as const),
      memberId: fc.constantFrom(100, 101),
      groupId: fc.constantFrom(12, 13, null),
      from: fc.integer({ min: -3, max: 3 }).map((hours) => now + hours * hour),
      until: fc.integer({ min: -2, max: 6 }).map((hours) => now + hours * hour),
      by: fc.constant('gina'),
      reason: fc.constant('a test'),
    }),
  );
  const lives = fc.record({
    expiresAt: fc.integer({ min: -3, max: 6 }).map((hours) => now + hours * hour),
    active: fc.boolean(),
  });

  it('change nothing once they are over, nor for others', () => {
    fc.assert(
      fc.property(some, lives, (exceptions, { expiresAt, active }) => {
        const record = { member: member({ active }), passes: [pass({ expiresAt })] };
        const over = exceptions.filter(({ memberId, until }) => memberId === 101 || until <= now);
        assert.deepEqual(decided(record, over), decided(record, []));
      }),
    );
  });

  it('give just what the passes and the allows give, less what is blocked, and wake at each change', () => {
    fc.assert(
      fc.property(some, lives, (exceptions, { expiresAt, active }) => {
        const record = { member: member({ active }), passes: [pass({ expiresAt })] };
        const wanted = (when: number): number[] =>
          [12, 13].filter((group) => {
            const isNow = ({ memberId, from, until }: Exception): boolean =>
              memberId === 100 && from <= when && when < until;
            const here = exceptions.filter((one) => isNow(one));
            const allowed = here.some(({ kind, groupId }) => kind === 'allow' && groupId === group);
            const blocked = here.some(
              ({ kind, groupId }) => kind === 'block' && (groupId ?? group) === group,
            );
            return active && !blocked && (allowed || (group === 12 && when < expiresAt));
          });
        for (let when = now; when < now + 8 * hour; when += hour) {
          const decision = decided(record, exceptions, when);
          assert.deepEqual(groups(decision), wanted(when));
          const later = when + hour;
          if (JSON.stringify(wanted(later)) !== JSON.stringify(wanted(when)))
            assert.ok(decision.next !== null && decision.next.at <= later, 'a change that wakes nobody');
        }
      }),
    );
  });
});
