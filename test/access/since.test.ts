/** Since when a key is due, by the records that give it or take it away. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decide } from '../../access/decide.js';
import { dueOf } from '../../access/since.js';
import type { KnownKey } from '../../access/losses.js';
import type { Due, Exception, Profile, Snapshot } from '../../access/types.js';
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

const now = at('2026-11-25T12:00:00Z');
const [long, lately, justNow] = [at('2026-03-01T00:00:00Z'), now - 600_000, now - 5_000];
const key: KnownKey = {
  groupId: 12,
  until: null,
  standsOn: [{ passId: 900, passTypeId: 30, memberId: 100, contractId: null, teamId: null }],
};
const old = member({ changedAt: long });

interface Case {
  held?: KnownKey[];
  exceptions?: Exception[];
  newsFrom?: number | null;
  facts?: Partial<Snapshot>;
  policies?: Parameters<typeof rules>[0];
}

function due(
  one: Partial<Profile>,
  { held = [], exceptions = [], newsFrom = null, facts, policies }: Case = {},
): Due[] {
  const person = profile({ member: old, ...one });
  const decision = decide(snapshot({ profiles: [person], ...facts }), rules(policies), exceptions, now);
  return dueOf(held, decision, newsFrom, now);
}

const since = (...args: Parameters<typeof due>): number | null => due(...args)[0]?.since ?? null;
const lost = (one: Partial<Profile>, more: Case = {}): number | null => since(one, { held: [key], ...more });

describe('since when a key is due', () => {
  it('is since its pass was written, if nothing came later', () => {
    assert.deepEqual(due({ passes: [pass({ changedAt: justNow })] }), [{ groupId: 12, since: justNow }]);
  });

  it('is since the member was written, where that came later: a suspension that is over', () => {
    const one = { member: member({ changedAt: justNow }), passes: [pass({ changedAt: long })] };
    assert.equal(since(one), justNow);
  });

  it('is since its contract was written, began or went on after a pause, whichever came last', () => {
    const passes = [planPass({ changedAt: long })];
    const started = contract({ startsAt: lately, changedAt: long });
    assert.equal(since({ passes, contracts: [started] }), lately);
    assert.equal(since({ passes, contracts: [contract({ startsAt: long, changedAt: justNow })] }), justNow);
    const paused = contract({ pauses: [{ from: lately - 1, until: lately }], changedAt: long });
    assert.equal(since({ passes, contracts: [paused] }), lately);
  });

  it('is since the first of the passes that open the group', () => {
    const passes = [pass({ changedAt: justNow }), pass({ id: 901, changedAt: lately })];
    assert.equal(since({ passes }), lately);
  });

  it('is since a person allowed it', () => {
    assert.equal(since({}, { exceptions: [exception({ from: lately })] }), lately);
  });

  it('is not known where a team lends the pass, or where a record that opens the group does not say when it was written', () => {
    const loan = {
      teamId: 5,
      teamName: 'Team',
      payer: member({ id: 101, changedAt: long }),
      passes: [pass({ memberId: 101, changedAt: justNow })],
      contracts: [],
    };
    assert.deepEqual(due({ loans: [loan] }), []);
    assert.deepEqual(due({ passes: [pass({ changedAt: null })] }), []);
    assert.deepEqual(due({ passes: [pass({ changedAt: null }), pass({ id: 901, changedAt: justNow })] }), []);
  });

  it('is no news where it was due before the news begins', () => {
    const passes = [pass({ changedAt: lately })];
    assert.deepEqual(due({ passes }, { newsFrom: lately + 1 }), []);
    assert.equal(since({ passes }, { newsFrom: lately }), lately);
  });
});

describe('since when a key is due to go', () => {
  it('is its end that was known, grace and all', () => {
    const passes = [pass({ expiresAt: long, changedAt: long })];
    assert.equal(lost({ passes }, { held: [{ ...key, until: lately }] }), lately);
  });

  it('is when the pass was used up, expired before its time or was written otherwise', () => {
    const policies = { usedPass: 'atOnce' } as const;
    const used = pass({ used: true, usedAt: lately, changedAt: justNow });
    assert.equal(lost({ passes: [used] }, { policies }), justNow);
    assert.equal(lost({ passes: [pass({ expiresAt: long, changedAt: justNow })] }), justNow);
  });

  it('is when the contract was cancelled or paused', () => {
    const contracts = [contract({ cancelled: true, cancelledAt: long, changedAt: justNow })];
    assert.equal(lost({ passes: [planPass({ changedAt: long })], contracts }), justNow);
  });

  it('is when the member was suspended, also where no pass is left', () => {
    const suspended = member({ active: false, changedAt: justNow });
    assert.equal(lost({ member: suspended, passes: [pass({ changedAt: long })] }), justNow);
    assert.equal(lost({ member: suspended }), justNow);
  });

  it('is when a person blocked it', () => {
    const block = exception({ kind: 'block', from: lately });
    assert.equal(lost({ passes: [pass({ changedAt: long })] }, { exceptions: [block] }), lately);
  });

  it('is when the last of the records that it stood on failed', () => {
    const passes = [
      pass({ expiresAt: long, changedAt: lately }),
      pass({ id: 901, expiresAt: long, changedAt: justNow }),
    ];
    const [stand] = key.standsOn;
    assert.ok(stand);
    const held = [{ ...key, standsOn: [stand, { ...stand, passId: 901 }] }];
    assert.equal(lost({ passes }, { held }), justNow);
  });

  it('is told by no record that is gone, by no mapping, and by no exception that was withdrawn', () => {
    assert.equal(lost({}), null);
    assert.deepEqual(dueOf([key], null, null, now), []);
    const elsewhere = { facts: { passTypes: [passType({ kisiGroupIds: [] })] } };
    assert.equal(lost({ passes: [pass({ changedAt: justNow })] }, elsewhere), null);
    assert.equal(lost({}, { held: [{ ...key, standsOn: [] }] }), null);
  });

  it('is asked of no key that a person gave by hand', () => {
    assert.equal(
      lost({ member: member({ active: false, changedAt: lately }) }, { held: [{ ...key, byHand: true }] }),
      null,
    );
  });
});

describe('every key that is due', () => {
  it('is due since an instant that some record tells, and not before the news begins', () => {
    const instant = fc.constantFrom(long, lately, justNow);
    const maybe = fc.option(instant);
    const facts = fc.record({
      passAt: maybe,
      memberAt: maybe,
      contractAt: maybe,
      startsAt: instant,
      expiresAt: maybe,
      active: fc.boolean(),
      isHeld: fc.boolean(),
      until: maybe,
      newsFrom: maybe,
    });
    const property = fc.property(facts, (one) => {
      const { passAt, memberAt, contractAt, startsAt, expiresAt, active, isHeld, until, newsFrom } = one;
      const answer = due(
        {
          member: member({ active, changedAt: memberAt }),
          passes: [planPass({ changedAt: passAt, expiresAt })],
          contracts: [contract({ startsAt, changedAt: contractAt })],
        },
        { held: isHeld ? [{ ...key, until }] : [], newsFrom },
      );
      for (const { groupId, since: instantOf } of answer) {
        assert.equal(groupId, 12);
        assert.ok([passAt, memberAt, contractAt, startsAt, until].includes(instantOf));
        assert.ok(instantOf >= (newsFrom ?? -Infinity) && instantOf <= now);
      }
    });
    fc.assert(property);
  });
});
