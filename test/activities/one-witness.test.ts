/** That no single negative answer of Nexudus takes a key away, ends a member's story, or tears its profiles apart. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { judge } from '../../activities/membership.js';
import type { Assessment } from '../../messages/to-activities.js';
import { readIndex } from '../../nexudus/changes.js';
import { NexudusError } from '../../nexudus/errors.js';
import type { MemberRequest } from '../../nexudus/reader.js';
import { collectionNames } from '../../simulators/nexudus-collections.js';
import { passRenewalTimes } from '../../simulators/nexudus.js';
import { stamp } from '../../simulators/nexudus-store.js';
import { noon, requestFor, startBench, type Bench } from '../nexudus/space.js';
import { rules } from '../support/builders.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** One pass of one of the person's profiles, or of the member who pays for the team. */
interface PassPlan {
  owner: 'own' | 'sibling' | 'payer';
  from: 'shop' | 'plan' | 'planWithoutLink';
  group: 101 | 102;
  endsInDays: number | null;
  usedToday: boolean;
}

interface World {
  passes: PassPlan[];
  /** True: the member who is looked at owns the keys. False: it is the later of two profiles. */
  isOwner: boolean;
  /** Noon; right after midnight, when used passes wait for their renewal; or before the day's cut-off at five. */
  at: 'noon' | 'midnight' | 'night';
  /** Whole collections are read, since others are looked at too. */
  together: boolean;
}

const worlds: fc.Arbitrary<World> = fc.record({
  passes: fc.array(
    fc.record({
      owner: fc.constantFrom('own' as const, 'sibling' as const, 'payer' as const),
      from: fc.constantFrom('shop' as const, 'plan' as const, 'planWithoutLink' as const),
      group: fc.constantFrom(101 as const, 102 as const),
      endsInDays: fc.option(fc.integer({ min: 0, max: 9 }), { nil: null }),
      usedToday: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  isOwner: fc.boolean(),
  at: fc.constantFrom('noon' as const, 'midnight' as const, 'night' as const),
  together: fc.boolean(),
});

/** Builds the world; answers the member who is looked at, and others. */
function build({ space, clock }: Bench, world: World): { memberId: number; others: number[] } {
  const others = Array.from({ length: 6 }, () => space.addCoworker().Id);
  const business = space.addBusiness();
  space.addBusinessSetting({ BusinessId: business.Id, Name: 'Checkin.PayAsYouGo', Value: 'True' });
  if (world.at === 'night') {
    space.addBusinessSetting({ BusinessId: business.Id, Name: 'Checkin.DailyCutOffTime', Value: '05:00' });
  }
  const Email = 'ann@example.com';
  const [first, second] = [space.addCoworker({ Email }), space.addCoworker({ Email })];
  const [own, sibling] = world.isOwner ? [first, second] : [second, first];
  const payer = space.addCoworker({ CoworkerType: 2 });
  space.addTeam({ ShareTimePasses: true, PayingMemberId: payer.Id, TeamMembers: [payer.Id, own.Id] });
  const owners = { own, sibling, payer };
  const types = new Map(
    [101, 102].map((group) => [
      group,
      space.addTimePass({ BusinessId: business.Id, KisiGroupId: String(group) }),
    ]),
  );
  const usedAt = noon + 11 * hourMs;
  clock.now = noon;
  for (const { owner, from, group, endsInDays, usedToday } of world.passes) {
    const TimePassId = types.get(group)?.Id ?? 0;
    const ends = endsInDays === null ? null : stamp(noon - 12 * hourMs + endsInDays * 24 * hourMs);
    const use = usedToday ? { Used: true, RemainingUses: 0, UsedDate: stamp(usedAt) } : {};
    const fields = {
      CoworkerId: owners[owner].Id,
      TimePassId,
      BusinessId: business.Id,
      ExpireDate: ends,
      ...use,
    };
    if (from === 'shop') {
      space.addPass(fields);
      continue;
    }
    const plan = space.addTariff();
    const renews = { PassRenewalTime: passRenewalTimes.day };
    const allowance = space.addTariffTimePass({ TariffId: plan.Id, TimePassId, ...renews });
    const CoworkerId = owners[owner].Id;
    const contract = space.addContract({ CoworkerId, TariffId: plan.Id });
    const cancelled = { Cancelled: true, CancellationDate: stamp(noon - 24 * hourMs) };
    space.addContract({ CoworkerId, TariffId: space.addTariff().Id, ...cancelled });
    const CoworkerContractUniqueId = from === 'plan' ? contract.UniqueId : null;
    const TariffTimePassUniqueId = allowance.UniqueId;
    space.addPass({ ...fields, IsFromTariff: true, CoworkerContractUniqueId, TariffTimePassUniqueId });
  }
  clock.now = { noon, midnight: noon + 12 * hourMs + 5 * minuteMs, night: noon + 15 * hourMs }[world.at];
  return { memberId: own.Id, others };
}

describe('one negative answer', function () {
  this.timeout(240_000);
  // The passes of a world may be used up or over: then there is nothing to lose.
  const runs = { numRuns: Number(process.env['ONE_WITNESS_RUNS'] ?? 15) };

  it('never takes a key away, ends the member, or has a profile forgotten', async () => {
    let keys = 0;
    const property = fc.asyncProperty(worlds, fc.nat(), async (world, seed) => {
      const bench = await startBench({ gatherMs: 1 });
      try {
        keys += await holds(bench, world, seed);
      } finally {
        await bench.stop();
      }
    });
    await fc.assert(property, runs);
    assert.ok(keys >= runs.numRuns, `only ${keys} keys were at stake`);
  });

  /** Hides all records, and then one record, from each answer of a read in turn; answers how many keys were at stake. */
  async function holds(bench: Bench, world: World, seed: number): Promise<number> {
    const { simulator, clock } = bench;
    const { memberId, others } = build(bench, world);
    const { counts } = await readIndex(bench.client, { now: () => clock.now });
    bench.baselines = Object.fromEntries(
      Object.entries(counts).map(([name, count]) => [name, { count, at: clock.now }]),
    );

    async function assess(known: Assessment | null): Promise<Assessment> {
      clock.now += 1000;
      const held = (known?.keys ?? []).map(({ groupId, until, standsOn }) => ({ groupId, until, standsOn }));
      const request: MemberRequest = requestFor(memberId, {
        notBefore: clock.now,
        siblingIds: known?.profileIds.filter((id) => id !== memberId) ?? [],
        standsOn: held.flatMap(({ standsOn }) => standsOn),
      });
      const reads = [bench.reader.readMember(request)];
      if (world.together)
        reads.push(...others.map((id) => bench.reader.readMember(requestFor(id, { notBefore: clock.now }))));
      const [read] = await Promise.all(reads);
      assert.ok(read);
      return judge(read, { memberId, held }, rules(), [], clock.now);
    }

    const before = await assess(null);
    const asked = bench.asked();
    await assess(before);
    const paths = simulator.requests.list().map(({ path }) => path);

    for (const [skip, path] of paths.slice(asked).entries()) {
      const name = collectionNames.find((known) => path.includes(`/${known}`));
      const ids = name === undefined ? [] : simulator.space.list(name).map(({ Id }) => Id);
      const one = ids[(seed + skip) % ids.length] ?? 0;
      for (const hidden of [undefined, [one]]) {
        const fault = { match: '/api/', kind: 'absent' as const, skip, times: 1 };
        const from = bench.asked();
        simulator.faults.add(hidden === undefined ? fault : { ...fault, ids: hidden });
        const after = await assess(before).catch((error: unknown) => {
          // Nothing is known then, and nothing is done.
          if (error instanceof NexudusError) return null;
          throw error;
        });
        simulator.faults.clear();
        if (after === null) continue;
        const { query } = simulator.requests.list()[from + skip] ?? {};
        const which = `${path} ${JSON.stringify(query)} without ${hidden?.join(',') ?? 'any record'}`;
        const held = new Set(after.holds.map(({ groupId }) => groupId));
        const lost = after.losses.filter(({ groupId }) => !held.has(groupId));
        assert.deepEqual(lost, [], which);
        assert.equal(after.gone, false, which);
        assert.deepEqual(after.profileIds, before.profileIds, which);
      }
    }
    return before.keys.length;
  }
});
