import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decide } from '../../access/decide.js';
import {
  iso,
  type Decision,
  type Instant,
  type MappingRule,
  type Member,
  type Pass,
  type PassType,
  type Snapshot,
  type Verdict,
} from '../../access/types.js';
import {
  at,
  contract,
  exception,
  member,
  newYork,
  pass,
  passType,
  planPass,
  profile,
  rome,
  rules,
  snapshot,
} from '../support/builders.js';

const now = at('2026-11-25T10:00:00Z');
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

function groupsAt(profiles: Parameters<typeof snapshot>[0], when = now, policies = {}): number[] {
  return decide(snapshot(profiles), rules(policies), [], when).keys.map((key) => key.groupId);
}
const withPass = (over: Parameters<typeof pass>[0]) => ({ profiles: [profile({ passes: [pass(over)] })] });
const withPlan = (over: Parameters<typeof pass>[0], c: Parameters<typeof contract>[0] = {}) => ({
  profiles: [profile({ passes: [planPass(over)], contracts: [contract(c)] })],
});

describe('decide: which keys a person should hold', () => {
  it('gives the mapped group for a bought pass until it expires, and the kisiEnd closes doorGrace later', () => {
    const expiresAt = now + 5 * hour;
    const { keys, next } = decide(snapshot(withPass({ expiresAt })), rules(), [], now);
    assert.deepEqual(
      keys.map((k) => [k.groupId, k.until, k.kisiEnd.set]),
      [[12, expiresAt, expiresAt + 15 * minute]],
    );
    assert.equal(next?.at, expiresAt);
  });

  it('gives nothing after a bought pass expired, without any grace', () => {
    assert.deepEqual(groupsAt(withPass({ expiresAt: now })), []);
  });

  it('says which record and field failed', () => {
    const { verdicts } = decide(snapshot(withPass({ expiresAt: now - 1000 })), rules(), [], now);
    assert.match(verdicts[0]?.reason ?? '', /CoworkerTimePass 900 ExpireDate 2026-11-25T09:59:59Z is past/);
    assert.equal(verdicts[0]?.rule, 'expiry');
  });

  for (const [what, over] of [
    ['suspended', { active: false }],
    ['archived', { archived: true }],
    ['without e-mail', { email: '' }],
    ['a company', { individual: false }],
  ] as const) {
    it(`gives nothing to a member who is ${what}`, () => {
      const facts = { profiles: [profile({ member: member(over), passes: [pass()] })] };
      assert.deepEqual(groupsAt(facts), []);
      assert.equal(decide(snapshot(facts), rules(), [], now).verdicts[0]?.rule, 'member');
    });
  }

  it('takes an empty e-mail for a doubt, as long as nothing else speaks against the pass', () => {
    const judgedWith = (over: Partial<Member>, ...passes: Pass[]) =>
      decide(
        snapshot({ profiles: [profile({ member: member({ email: '', ...over }), passes })] }),
        rules(),
        [],
        now,
      ).verdicts[0];
    assert.match(judgedWith({}, pass())?.doubt ?? '', /Email is empty/);
    const past = judgedWith({}, pass({ expiresAt: now - 1000 }));
    assert.deepEqual([past?.rule, past?.doubt], ['expiry', undefined]);
    assert.equal(judgedWith({ active: false }, pass())?.doubt, undefined);
  });

  it('counts a day pass used today until the end of the location day, then no more', () => {
    const facts = withPass({ used: true, usedAt: at('2026-11-25T08:00:00Z') });
    assert.deepEqual(groupsAt(facts), [12]);
    assert.deepEqual(groupsAt(facts, at('2026-11-25T22:59:59Z')), [12], 'still 25 November in Rome');
    assert.deepEqual(groupsAt(facts, at('2026-11-25T23:00:00Z')), [], 'Rome midnight');
  });

  it('counts a used pass no more at all under usedPass: atOnce', () => {
    assert.deepEqual(groupsAt(withPass({ used: true, usedAt: now - hour }), now, { usedPass: 'atOnce' }), []);
  });

  it('counts a minute pass while minutes are left, and through an open check-in', () => {
    const types = { passTypes: [passType({ minutes: 60 })] };
    assert.deepEqual(groupsAt({ ...withPass({ remainingUses: 5 }), ...types }), [12]);
    assert.deepEqual(groupsAt({ ...withPass({ remainingUses: 0 }), ...types }), []);
    assert.deepEqual(groupsAt({ ...withPass({ remainingUses: 0, checkedIn: true }), ...types }), [12]);
  });

  it('counts the last day in full when ExpireDate is a local midnight, unless the policy says exclusive', () => {
    const facts = withPass({ expiresAt: at('2026-11-24T23:00:00Z') });
    assert.deepEqual(groupsAt(facts), [12]);
    assert.deepEqual(groupsAt(facts, at('2026-11-25T22:59:59Z')), [12]);
    assert.deepEqual(groupsAt(facts, at('2026-11-25T23:00:00Z')), []);
    assert.deepEqual(groupsAt(facts, now, { lastDay: 'exclusive' }), []);
  });

  it('ends the day rightly on both days of a clock change', () => {
    const spring = withPass({ used: true, usedAt: at('2026-03-29T08:00:00Z') });
    assert.deepEqual(groupsAt(spring, at('2026-03-29T21:59:59Z')), [12]);
    assert.deepEqual(groupsAt(spring, at('2026-03-29T22:00:00Z')), []);
    const autumn = withPass({ used: true, usedAt: at('2026-10-25T08:00:00Z') });
    assert.deepEqual(groupsAt(autumn, at('2026-10-25T22:59:59Z')), [12]);
    assert.deepEqual(groupsAt(autumn, at('2026-10-25T23:00:00Z')), []);
  });

  it('lets the location day run from cut-off to cut-off', () => {
    const locations = [{ id: 1, name: 'Rome', timeZone: 'Europe/Rome', dayStartsAtMinute: 240 }];
    const facts = { ...withPass({ used: true, usedAt: at('2026-11-25T08:00:00Z') }), locations };
    assert.deepEqual(groupsAt(facts, at('2026-11-26T02:59:59Z')), [12]);
    assert.deepEqual(groupsAt(facts, at('2026-11-26T03:00:00Z')), []);
  });

  describe('with a contract', () => {
    const expiresAt = now + hour;

    it('gives nothing before the start, and wakes at it', () => {
      const { keys, next } = decide(
        snapshot(withPlan({ expiresAt: now + day }, { startsAt: now + hour })),
        rules(),
        [],
        now,
      );
      assert.deepEqual(keys, []);
      assert.equal(next?.at, now + hour);
    });

    it('ends at the cancellation, finally', () => {
      const { keys } = decide(
        snapshot(withPlan({ expiresAt: now + day }, { cancelledAt: now + hour, cancelled: true })),
        rules(),
        [],
        now,
      );
      assert.deepEqual(
        keys.map((k) => [k.until, k.kisiEnd.atMost]),
        [[now + hour, now + hour + 15 * minute]],
      );
      assert.deepEqual(groupsAt(withPlan({}, { cancelledAt: now })), []);
    });

    it('gives nothing in a pause, and comes back after it', () => {
      const facts = withPlan({}, { pauses: [{ from: now - hour, until: now + hour }] });
      assert.deepEqual(groupsAt(facts), []);
      assert.equal(decide(snapshot(facts), rules(), [], now).next?.at, now + hour);
      assert.deepEqual(groupsAt(facts, now + hour), [12]);
    });

    it('heeds Nexudus’ own word for a contract that runs by its dates only where the policy says so', () => {
      const facts = (active?: boolean, more: Parameters<typeof contract>[0] = {}): Partial<Snapshot> =>
        withPlan({ expiresAt: now + 40 * day }, active === undefined ? more : { active, ...more });
      for (const active of [true, false, undefined]) assert.deepEqual(groupsAt(facts(active)), [12]);
      const heeding = { inactiveContract: 'ends' as const };
      assert.deepEqual(groupsAt(facts(false), now, heeding), []);
      for (const active of [true, undefined]) assert.deepEqual(groupsAt(facts(active), now, heeding), [12]);
      const [verdict] = decide(snapshot(facts(false)), rules(heeding), [], now).verdicts;
      assert.deepEqual(
        [verdict?.rule, verdict?.reason],
        ['contract', 'CoworkerContract 500 Active is false'],
      );
      // A contract may well not be active before its start: the member is looked at again then.
      const { next } = decide(snapshot(facts(false, { startsAt: now + day })), rules(heeding), [], now);
      assert.equal(next?.at, now + day);
    });

    it('gives nothing when the contract of a plan pass is unknown', () => {
      const facts = { profiles: [profile({ passes: [planPass()] })] };
      assert.deepEqual(groupsAt(facts), []);
      assert.equal(decide(snapshot(facts), rules(), [], now).verdicts[0]?.rule, 'contract');
    });

    it('holds access for renewalGrace after the pass expired, and looks again when that ends', () => {
      const facts = snapshot(withPlan({ expiresAt }));
      assert.equal(decide(facts, rules(), [], now).next?.at, expiresAt + 15 * minute);
      const late = decide(facts, rules(), [], expiresAt);
      assert.deepEqual(
        late.keys.map((k) => [k.awaitingRenewal, k.until]),
        [[true, expiresAt + 15 * minute]],
      );
      assert.deepEqual(decide(facts, rules(), [], expiresAt + 15 * minute).keys, []);
    });

    it('has no grace for a pass of a plan that is cancelled at the expiry', () => {
      assert.deepEqual(groupsAt(withPlan({ expiresAt }, { cancelledAt: expiresAt }), expiresAt), []);
    });

    it('bridges midnight for a pass a day that was used: the plan renews then', () => {
      const facts = withPlan({ used: true, usedAt: now, expiresAt: at('2026-11-25T23:00:00Z') });
      const { keys } = decide(snapshot(facts), rules(), [], at('2026-11-25T23:00:01Z'));
      assert.deepEqual(
        keys.map((k) => k.awaitingRenewal),
        [true],
      );
    });

    it('holds a used pass over its day’s end where its allowance cannot be read: the plan may renew then', () => {
      const facts = { ...withPlan({ used: true, usedAt: now }), allowances: [] };
      const midnight = at('2026-11-25T23:00:00Z');
      const [key] = decide(snapshot(facts), rules(), [], midnight + 5 * minute).keys;
      assert.equal(key?.awaitingRenewal, true);
      assert.deepEqual(groupsAt(facts, midnight + 15 * minute), []);
    });

    it('has no grace for the last of a week of passes used up midweek', () => {
      const weekly = [{ uniqueId: 'allowance-1', planId: 70, passTypeId: 30, renews: 'week' as const }];
      const facts = {
        ...withPlan({ used: true, usedAt: now, expiresAt: now + 4 * day }),
        allowances: weekly,
      };
      assert.deepEqual(groupsAt(facts, at('2026-11-25T23:00:01Z')), []);
    });

    it('tells Kisi an end at least doorHorizon ahead where a renewal is expected', () => {
      const { keys } = decide(snapshot(withPlan({ expiresAt })), rules(), [], now);
      assert.deepEqual(
        keys.map((k) => [k.kisiEnd.set, k.kisiEnd.atMost]),
        [[now + 7 * day, null]],
      );
    });
  });

  it('goes on without a break when one pass ends as another begins', () => {
    const passes = [
      planPass({ id: 1, expiresAt: now + hour }),
      planPass({ id: 2, contractUniqueId: 'later', expiresAt: now + 3 * day }),
    ];
    const contracts = [
      contract({ cancelledAt: now + hour }),
      contract({ id: 501, uniqueId: 'later', startsAt: now + hour }),
    ];
    const { keys } = decide(snapshot({ profiles: [profile({ passes, contracts })] }), rules(), [], now);
    assert.equal(keys[0]?.until, now + 3 * day + 15 * minute);
  });

  it('lends the paying member’s passes to a team member, unless the payer is suspended', () => {
    const payer = member({ id: 7, email: 'boss@example.org' });
    const loan = { teamId: 3, teamName: 'Team', payer, passes: [pass({ memberId: 7 })], contracts: [] };
    assert.deepEqual(groupsAt({ profiles: [profile({ loans: [loan] })] }), [12]);
    const suspended = { ...loan, payer: { ...payer, active: false } };
    assert.deepEqual(groupsAt({ profiles: [profile({ loans: [suspended] })] }), []);
  });

  it('joins the keys of two profiles with one e-mail', () => {
    const other = profile({
      member: member({ id: 101 }),
      passes: [pass({ id: 901, memberId: 101, passTypeId: 31 })],
    });
    const facts = {
      profiles: [profile({ passes: [pass()] }), other],
      passTypes: [passType(), passType({ id: 31, kisiGroupIds: [13] })],
    };
    assert.deepEqual(groupsAt(facts), [12, 13]);
  });

  it('opens nothing for a pass type without a mapping, and says so', () => {
    const facts = { ...withPass({}), passTypes: [passType({ kisiGroupIds: [] })] };
    assert.deepEqual(groupsAt(facts), []);
    assert.equal(decide(snapshot(facts), rules(), [], now).verdicts[0]?.rule, 'mapping');
  });

  it('takes the configured mapping over Nexudus’ own field, at the locations where the type is valid', () => {
    const types = [passType({ locationIds: [1, 2] })];
    const mapping = [
      { locationId: 1, passTypeId: 30, groupIds: [41] },
      { locationId: 2, passTypeId: 30, groupIds: [42] },
      { locationId: 9, passTypeId: 30, groupIds: [49] },
    ];
    const facts = snapshot({ ...withPass({}), passTypes: types });
    assert.deepEqual(
      decide(facts, rules({}, mapping), [], now).keys.map((k) => k.groupId),
      [41, 42],
    );
  });

  describe('at a time to come, taking plans to hand out their next passes', () => {
    const midnight = at('2026-11-25T23:00:00Z');
    const monday = at('2026-11-29T23:00:00Z');
    const december = at('2026-11-30T23:00:00Z');
    type Renews = Snapshot['allowances'][number]['renews'];
    const allowance = (renews: Renews, planId = 70): Snapshot['allowances'] => [
      { uniqueId: 'allowance-1', planId, passTypeId: 30, renews },
    ];
    const isHeld = (facts: Partial<Snapshot>, when: Instant, assumeRenewals = true): boolean =>
      decide(snapshot({ readAt: now, ...facts }), rules(), [], when, { assumeRenewals }).keys.length > 0;

    const usedNow = { used: true, usedAt: now };
    const usedBefore = { used: true, usedAt: now - 2 * day };
    const goesOn: [what: string, facts: Partial<Snapshot>, from: Instant, holdsBefore: boolean][] = [
      ['a pass a day that expires tonight', withPlan({ expiresAt: midnight - day }), midnight, true],
      ['a pass a day that is used today', withPlan(usedNow), midnight, true],
      ['a pass a day that was used before', withPlan(usedBefore), midnight, false],
      [
        'passes of a week, the last used',
        { ...withPlan(usedBefore), allowances: allowance('week') },
        monday,
        false,
      ],
      [
        'passes of a month, the last used',
        { ...withPlan(usedBefore), allowances: allowance('calendarMonth') },
        december,
        false,
      ],
      [
        'passes of a billing cycle, the last used',
        { ...withPlan(usedBefore, { renewsAt: december }), allowances: allowance('billingCycle') },
        december,
        false,
      ],
      [
        'a pass a day that expires in a pause that ends later',
        withPlan({ expiresAt: midnight - day }, { pauses: [{ from: now + hour, until: monday }] }),
        monday,
        false,
      ],
      ['a pass a day that expired unnoticed', withPlan({ expiresAt: now - 3 * day }), midnight, false],
    ];
    for (const [what, facts, from, holdsBefore] of goesOn) {
      it(`goes on with ${what}`, () => {
        assert.equal(isHeld(facts, from - minute), holdsBefore);
        for (const when of [from, from + 20 * minute, from + day, from + 400 * day])
          assert.equal(isHeld(facts, when), true, iso(when));
        assert.equal(isHeld(facts, from + 20 * minute, false), false);
      });
    }

    const ends: [what: string, facts: Partial<Snapshot>][] = [
      [
        'a contract that is cancelled by then',
        withPlan({ expiresAt: midnight - day }, { cancelledAt: midnight }),
      ],
      ['a contract that is paused then', withPlan(usedNow, { pauses: [{ from: midnight, until: null }] })],
      ['a pass that was bought', withPass({ expiresAt: midnight - day })],
      [
        'a plan that includes no passes any more',
        { ...withPlan({ expiresAt: midnight - day }), allowances: [] },
      ],
      ['a contract that has another plan now', { ...withPlan(usedNow), allowances: allowance('day', 71) }],
      ['a billing cycle whose day nobody knows', { ...withPlan(usedNow), allowances: allowance('year') }],
      [
        'a member who is suspended',
        {
          profiles: [
            profile({
              member: member({ active: false }),
              passes: [planPass(usedNow)],
              contracts: [contract()],
            }),
          ],
        },
      ],
    ];
    for (const [what, facts] of ends) {
      it(`does not go on with ${what}`, () => {
        assert.equal(isHeld(facts, midnight + 20 * minute), false);
        assert.equal(isHeld(facts, midnight + 3 * day), false);
      });
    }

    it('says what it takes for granted, and only of the last pass of many', () => {
      const passes = [899, 900].map((id) => planPass({ id, ...usedBefore }));
      const facts = snapshot({ readAt: now, profiles: [profile({ passes, contracts: [contract()] })] });
      const { keys, verdicts } = decide(facts, rules(), [], midnight, { assumeRenewals: true });
      assert.equal(keys[0]?.because, 'pass 900 (Day pass): no end known');
      assert.deepEqual(
        verdicts.map(({ counts }) => counts),
        [false, true],
      );
      assert.match(
        verdicts[1]?.reason ?? '',
        /^counts, no end known, taking its plan to hand out the next pass$/,
      );
    });

    it('changes nothing of what holds as the records are read', () => {
      for (const [, facts] of goesOn) assert.equal(isHeld(facts, now), isHeld(facts, now, false));
    });
  });

  describe('where a pass cannot be judged', () => {
    const nowhere = { id: 1, name: 'Rome', timeZone: null, dayStartsAtMinute: 0 };
    const judged = (facts: Partial<Snapshot>, passId: number): Verdict | undefined =>
      decide(snapshot(facts), rules(), [], now).verdicts.find((verdict) => verdict.passId === passId);

    it('counts it for nothing, says so of it, and goes on with the others', () => {
      const there = pass({ id: 901, locationId: 2, expiresAt: now + day });
      const passes = [pass({ expiresAt: now + hour }), there];
      const facts = { profiles: [profile({ passes })], locations: [nowhere, newYork] };
      const { keys } = decide(snapshot(facts), rules(), [], now);
      assert.deepEqual(
        keys.flatMap(({ standsOn }) => standsOn.map(({ passId }) => passId)),
        [901],
      );
      const { counts, rule, doubt } = judged(facts, 900) ?? {};
      assert.deepEqual([counts, rule], [false, 'expiry']);
      assert.match(doubt ?? '', /^Location 1 has no known time zone: name it under "locations:"/);
      assert.equal(judged(facts, 901)?.doubt, undefined);
    });

    it('takes an ExpireDate before there was anything to sell for neither past nor endless', () => {
      for (const expiresAt of [at('0001-01-01T00:00:00Z'), at('1900-01-01T00:00:00Z')]) {
        const facts = withPass({ expiresAt });
        assert.deepEqual(groupsAt(facts), []);
        assert.match(judged(facts, 900)?.doubt ?? '', /ExpireDate \d{4}-01-01T00:00:00Z makes no sense/);
      }
    });

    const certain: [what: string, over: Partial<Pass>, rule: string][] = [
      ['is long used', { used: true, usedAt: now - 5 * day, expiresAt: now + day }, 'uses'],
      ['is used, nobody knows when', { used: true, expiresAt: now + day }, 'uses'],
      ['is long expired', { expiresAt: now - 5 * day }, 'expiry'],
      ['has a contract that is cancelled', { ...planPass({ expiresAt: now + day }) }, 'contract'],
    ];
    for (const [what, over, rule] of certain) {
      it(`has no doubt of one that ${what}, whatever the zone is`, () => {
        const contracts = [contract({ cancelledAt: now - hour })];
        const facts = { profiles: [profile({ passes: [pass(over)], contracts })], locations: [nowhere] };
        assert.equal(judged(facts, 900)?.rule, rule);
        assert.equal(judged(facts, 900)?.doubt, undefined);
      });
    }

    it('gives no group that is not there, and what else the pass opens', () => {
      const why =
        'pass type 30 (Day pass) names Kisi group 13 in Nexudus (KisiGroupId), which does not exist';
      const facts = { ...withPass({}), passTypes: [passType({ kisiGroupIds: [12, 13] })] };
      const unresolved = [{ passTypeId: 30, groupId: 13, why }];
      const { keys, verdicts } = decide(snapshot(facts), { ...rules(), unresolved }, [], now);
      assert.deepEqual(
        keys.map(({ groupId }) => groupId),
        [12],
      );
      assert.deepEqual([verdicts[0]?.counts, verdicts[0]?.doubt], [true, why]);
      const nothing = { ...facts, passTypes: [passType({ kisiGroupIds: [13] })] };
      const [verdict] = decide(snapshot(nothing), { ...rules(), unresolved }, [], now).verdicts;
      assert.deepEqual([verdict?.rule, verdict?.doubt], ['mapping', why]);
    });

    describe('since a pass type does not say all', () => {
      const groups = 'TimePass 30 KisiGroupId is missing';
      const locations = 'TimePass 30 Businesses is missing';
      const unclear = { groups, locations };
      const verdictOf = (types: PassType[], mapping: MappingRule[] = []): Verdict | undefined =>
        decide(snapshot({ ...withPass({}), passTypes: types }), { ...rules(), mapping }, [], now).verdicts[0];

      it('gives what is said, and leaves the rest in doubt', () => {
        const some = verdictOf([passType({ unclear: { groups, locations: null } })]);
        assert.deepEqual([some?.counts, some?.groupIds, some?.doubt], [true, [12], groups]);
        const none = verdictOf([passType({ kisiGroupIds: [], unclear })]);
        assert.deepEqual([none?.counts, none?.rule, none?.doubt], [false, 'mapping', groups]);
      });

      it('needs no field of Nexudus that the configuration stands in for', () => {
        const types = [passType({ kisiGroupIds: [], unclear })];
        const here = verdictOf(types, [{ locationId: null, passTypeId: 30, groupIds: [41] }]);
        assert.deepEqual([here?.counts, here?.groupIds, here?.doubt], [true, [41], undefined]);
        const elsewhere = verdictOf(types, [{ locationId: 9, passTypeId: 30, groupIds: [49] }]);
        assert.deepEqual([elsewhere?.rule, elsewhere?.doubt], ['mapping', locations]);
      });

      it('is not believed where no type names a group, and nothing else maps any', () => {
        const [one, other] = [passType({ kisiGroupIds: [] }), passType({ id: 31, kisiGroupIds: [] })];
        assert.match(verdictOf([one, other])?.doubt ?? '', /no TimePass names a KisiGroupId/);
        assert.equal(verdictOf([one, { ...other, kisiGroupIds: [13] }])?.doubt, undefined);
        const mapping = [{ locationId: null, passTypeId: 31, groupIds: [13] }];
        assert.equal(verdictOf([one, other], mapping)?.doubt, undefined);
      });
    });
  });

  describe('with absurd dates', () => {
    const endless: Instant[] = [at('2100-01-01T00:00:00Z'), at('9999-12-31T23:59:59Z'), 8.64e15];
    for (const far of endless) {
      it(`knows no end where one says ${iso(far)}`, () => {
        const [key] = decide(snapshot(withPass({ expiresAt: far })), rules(), [], now).keys;
        assert.deepEqual([key?.until, key?.kisiEnd.atMost], [null, null]);
        assert.equal(key?.kisiEnd.set, now + 7 * day);
        // Nor is there any need of a day's end.
        const locations = [{ ...rome, timeZone: null }];
        assert.deepEqual(groupsAt({ ...withPass({ expiresAt: far }), locations }), [12]);
      });
    }

    it('believes no use in years to come', () => {
      assert.deepEqual(groupsAt(withPass({ used: true, usedAt: now + 3650 * day })), []);
    });

    const absurd = fc.oneof(
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
      fc.integer({ min: at('2000-01-01'), max: at('2100-01-01') }),
      fc.constantFrom(...endless, at('0001-01-01T00:00:00Z'), at('1900-01-01'), 0, -8.64e15),
    );
    const maybe = fc.option(absurd, { nil: null });
    const passes = fc.record({
      expiresAt: maybe,
      used: fc.boolean(),
      usedAt: maybe,
      changedAt: maybe,
      fromPlan: fc.boolean(),
      locationId: fc.constantFrom(1, 2, 3),
      passTypeId: fc.constantFrom(30, 31, 32),
    });
    const contracts = fc.record({
      startsAt: maybe,
      cancelledAt: maybe,
      cancelled: fc.boolean(),
      renewsAt: maybe,
      changedAt: maybe,
      pauses: fc.array(fc.record({ from: absurd, until: maybe }), { maxLength: 2 }),
    });

    const farAhead = (ms: number) => ({ renewalGraceMs: ms, doorGraceMs: ms, doorHorizonMs: ms });

    it('decides nothing outside the years 2000 to 2099, whatever the records say', () => {
      fc.assert(
        fc.property(
          fc.array(passes, { maxLength: 4 }),
          contracts,
          fc.record({ from: absurd, until: absurd }),
          fc.integer({ min: at('2026-01-01'), max: at('2095-01-01') }),
          fc.constantFrom(15 * minute, 7 * day, 36_500 * day),
          (ofPass, ofContract, ofException, when, spanMs) => {
            const facts = snapshot({
              profiles: [
                profile({
                  passes: ofPass.map((over, index) => pass({ id: 900 + index, ...over })),
                  contracts: [contract(ofContract)],
                }),
              ],
              passTypes: [passType(), passType({ id: 31, minutes: 60 })],
              locations: [rome, newYork, { ...rome, id: 3, timeZone: null }],
            });
            const decision = decide(facts, rules(farAhead(spanMs)), [exception(ofException)], when);
            for (const instant of instantsOf(decision)) {
              assert.ok(instant >= at('2000-01-01') && instant < at('2100-01-01'), iso(instant));
            }
          },
        ),
        { numRuns: 2000 },
      );
    });
  });
});

/** Every instant in what was decided, but those that only say how long something lasts. */
function instantsOf({ keys, next, verdicts }: Decision): Instant[] {
  const all = [
    ...keys.flatMap(({ until, kisiEnd }) => [until, kisiEnd.set, kisiEnd.atLeast, kisiEnd.atMost]),
    next?.at ?? null,
    ...verdicts.flatMap(({ until, since }) => [until, since]),
  ];
  return all.filter((instant) => instant !== null);
}
