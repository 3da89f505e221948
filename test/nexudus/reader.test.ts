import assert from 'node:assert/strict';
import { isNexudusError } from '../../nexudus/errors.js';
import { readingRules } from '../../access/pass-rules.js';
import { createNexudusClient, type NexudusClient } from '../../nexudus/client.js';
import { createReader, type MemberRead } from '../../nexudus/reader.js';
import { passRenewalTimes } from '../../simulators/nexudus.js';
import {
  auth,
  idsOf,
  noon,
  profileOf,
  requestFor,
  snapshotOf,
  standsOn,
  startBench,
  type Bench,
} from './space.js';
import { eventually } from '../support/eventually.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

describe('reading one member', () => {
  let bench: Bench;
  let space: Bench['space'];
  let zones: Record<number, string>;
  beforeEach(async () => {
    zones = {};
    bench = await startBench({ timeZones: zones });
    space = bench.space;
  });
  afterEach(() => bench.stop());

  it('finds the member, the passes and the contracts, and nobody else’s', async () => {
    const plan = space.addTariff({ Name: 'Flex' });
    const type = space.addTimePass();
    const allowance = space.addTariffTimePass({ TariffId: plan.Id, TimePassId: type.Id });
    const [ann, bob] = [space.addCoworker({ Email: ' Ann@Example.com' }), space.addCoworker()];
    const contract = space.addContract({ CoworkerId: ann.Id, TariffId: plan.Id });
    const [pass] = space.renew(contract.Id);
    space.addPass({ CoworkerId: bob.Id, TimePassId: type.Id });
    space.addContract({ CoworkerId: bob.Id, TariffId: plan.Id });

    const { member, passes, contracts, loans } = await profileOf(bench, ann.Id);
    assert.equal(member.email, 'ann@example.com');
    assert.equal(member.homeLocationId, ann.InvoicingBusinessId);
    assert.deepEqual(idsOf(passes), [pass?.Id]);
    assert.deepEqual(idsOf(contracts), [contract.Id]);
    assert.deepEqual(loans, []);
    assert.equal(passes[0]?.contractUniqueId, contracts[0]?.uniqueId);
    assert.equal(passes[0]?.allowanceUniqueId, allowance.UniqueId);
    assert.equal(contracts[0]?.planName, 'Flex');
  });

  it('costs about nine requests, pass types and locations included', async () => {
    const ann = space.addCoworker();
    space.addContract({ CoworkerId: ann.Id, TariffId: space.addTariff().Id });
    space.addPass({ CoworkerId: ann.Id, TimePassId: space.addTimePass().Id });
    await profileOf(bench, ann.Id);
    assert.equal(bench.asked('/token'), 1);
    const first = bench.asked() - 1;
    assert.ok(first <= 11, `${first} requests`);
    await profileOf(bench, ann.Id, { notBefore: noon, reference: 'kept' });
    assert.equal(bench.asked() - 1 - first, 5);
  });

  describe('the person', () => {
    it('is every profile with the e-mail, lowest id first, and no profile whose e-mail only looks like it', async () => {
      const first = space.addCoworker({ Email: 'ann@example.com' });
      space.addCoworker({ Email: 'joann@example.com' });
      // A long s, which is an S in capitals, and a Kelvin sign, which is a small k.
      const kate = space.addCoworker({ Email: 'kates@example.com' });
      for (const Email of ['\u{212a}ates@example.com', 'kateſ@example.com']) space.addCoworker({ Email });
      assert.deepEqual(idsOf((await snapshotOf(bench, kate.Id)).profiles.map((p) => p.member)), [kate.Id]);
      const second = space.addCoworker({ Email: 'ANN@example.com' });
      assert.deepEqual(idsOf((await snapshotOf(bench, second.Id)).profiles.map((p) => p.member)), [
        first.Id,
        second.Id,
      ]);
    });

    it('has siblings from before only as long as they share the e-mail', async () => {
      const ann = space.addCoworker({ Email: 'ann@example.com' });
      const bob = space.addCoworker({ Email: 'bob@example.com' });
      const { profiles } = await snapshotOf(bench, ann.Id, { siblingIds: [bob.Id] });
      assert.deepEqual(idsOf(profiles.map((p) => p.member)), [ann.Id]);
    });

    it('without an e-mail is alone', async () => {
      const ann = space.addCoworker({ Email: '' });
      space.addCoworker({ Email: '' });
      await profileOf(bench, ann.Id);
    });

    it('is as before where a profile has no e-mail any more, which may be a bad read', async () => {
      for (const Emails of [
        ['', 'ann@example.com'],
        ['ann@example.com', ''],
        ['', ''],
      ]) {
        const [a, b] = Emails.map((Email) => space.addCoworker({ Email }).Id);
        assert.ok(a && b);
        for (const [own, sibling] of [
          [a, b],
          [b, a],
        ] as const) {
          const { profiles } = await snapshotOf(bench, own, { siblingIds: [sibling] });
          assert.deepEqual(idsOf(profiles.map((p) => p.member)), [a, b]);
        }
        for (const id of [a, b]) space.remove('coworkers', id);
      }
    });

    it('goes on with the siblings where the own profile is gone', async () => {
      const [a, b] = ['ann@example.com', 'ann@example.com'].map((Email) => space.addCoworker({ Email }));
      const other = space.addCoworker({ Email: 'bob@example.com' });
      assert.ok(a && b);
      const request = requestFor(99, { siblingIds: [other.Id, b.Id, a.Id] });
      await assert.rejects(bench.reader.readMember(request));
      bench.clock.now += minuteMs;
      const read = await bench.reader.readMember(request);
      assert.equal(read.gone, true);
      assert.deepEqual(read.doubts, []);
      assert.deepEqual(idsOf(read.snapshot?.profiles.map((p) => p.member) ?? []), [a.Id, b.Id]);
    });

    it('is nobody where no profile is left, once a look a minute later says so too', async () => {
      space.addCoworker();
      const missing = /coworker 99 has been missing since 2026-11-24T12:00:00.000Z/;
      const read = (): Promise<MemberRead> => bench.reader.readMember(requestFor(99));
      await assert.rejects(read(), missing);
      bench.clock.now += minuteMs - 1;
      await assert.rejects(read(), missing);
      bench.clock.now += 1;
      assert.deepEqual(await read(), {
        snapshot: null,
        gone: true,
        doubts: [],
        broken: [],
        written: [],
        records: '',
      });
    });
  });

  describe('pauses', () => {
    const from = '2026-12-01T00:00:00Z';
    const until = '2027-01-01T00:00:00Z';
    const pause = { from: Date.parse(from), until: Date.parse(until) };
    const paused = () => {
      const ann = space.addCoworker();
      const plan = space.addTariff();
      const contract = space.addContract({ CoworkerId: ann.Id, TariffId: plan.Id });
      space.addPausedPeriod({ CoworkerContractId: contract.Id, PauseFrom: from, PauseUntil: until });
      const bob = space.addContract({ CoworkerId: space.addCoworker().Id, TariffId: plan.Id });
      space.addPausedPeriod({ CoworkerContractId: bob.Id, PauseFrom: from, PauseUntil: until });
      return ann.Id;
    };

    it('are joined to their contract', async () => {
      const { contracts } = await profileOf(bench, paused());
      assert.deepEqual(contracts[0]?.pauses, [pause]);
    });

    it('come one contract at a time where the nested filter is not known', async () => {
      const id = paused();
      bench.simulator.faults.add({
        match: 'pausedperiods.*CoworkerContract_Coworker=',
        kind: 'ignoreFilters',
      });
      const { contracts } = await profileOf(bench, id);
      assert.deepEqual(contracts[0]?.pauses, [pause]);
    });

    it('that the flag and a record both tell are one', async () => {
      const id = paused();
      bench.clock.now = pause.from + hourMs;
      const { contracts } = await profileOf(bench, id);
      assert.deepEqual(contracts[0]?.pauses, [pause]);
    });
  });

  describe('a team', () => {
    const team = (fields: object = {}) => {
      const type = space.addTimePass();
      const [payer, ann] = [space.addCoworker({ CoworkerType: 2 }), space.addCoworker()];
      const pass = space.addPass({ CoworkerId: payer.Id, TimePassId: type.Id });
      const { Id } = space.addTeam({
        Name: 'Sales',
        ShareTimePasses: true,
        PayingMemberId: payer.Id,
        TeamMembers: [payer.Id, ann.Id],
        ...fields,
      });
      return { teamId: Id, payer, ann, pass };
    };

    it('lends the passes of its paying member', async () => {
      const { teamId, payer, ann, pass } = team();
      const { loans } = await profileOf(bench, ann.Id);
      assert.deepEqual(
        loans.map((loan) => [loan.teamId, loan.teamName, loan.payer.id, loan.payer.individual]),
        [[teamId, 'Sales', payer.Id, false]],
      );
      assert.deepEqual(idsOf(loans.flatMap((loan) => loan.passes)), [pass.Id]);
    });

    it('lends nothing to its paying member, or where it does not share, or nobody pays for it', async () => {
      assert.deepEqual((await profileOf(bench, team().payer.Id)).loans, []);
      assert.deepEqual((await profileOf(bench, team({ ShareTimePasses: false }).ann.Id)).loans, []);
      assert.deepEqual((await profileOf(bench, team({ PayingMemberId: null }).ann.Id)).loans, []);
    });

    it('that a key stands on no longer lends to a member who left it', async () => {
      const { teamId, payer, ann, pass } = team();
      space.update('teams', teamId, { TeamMembers: [payer.Id] });
      const evidence = [standsOn(pass, { teamId })];
      const read = await bench.reader.readMember(requestFor(ann.Id, { standsOn: evidence }));
      assert.deepEqual(read.snapshot?.profiles[0]?.loans, []);
      assert.deepEqual(read.doubts, []);
    });

    it('that a key stands on lends nothing and takes nothing where it does not say whether it shares, or who pays', async () => {
      for (const [field, why] of [
        ['PayingMemberId', /: PayingMemberId/],
        ['ShareTimePasses', /: ShareTimePasses/],
      ] as const) {
        const { teamId, ann, pass } = team({ [field]: null });
        for (const isBatch of [false, true]) {
          const asked = { standsOn: [standsOn(pass, { teamId })], isBatch };
          const { snapshot, doubts } = await bench.reader.readMember(requestFor(ann.Id, asked));
          assert.deepEqual(snapshot?.profiles[0]?.loans, []);
          assert.deepEqual(
            doubts.map(({ passId }) => passId),
            [pass.Id],
          );
          assert.match(doubts[0]?.why ?? '', why);
        }
      }
    });
  });

  describe('pass types and places', () => {
    const passIn = (businessId: number, type: object = {}) => {
      const { Id } = space.addTimePass({ BusinessId: businessId, ...type });
      const ann = space.addCoworker({ InvoicingBusinessId: businessId });
      space.addPass({ CoworkerId: ann.Id, TimePassId: Id });
      return ann.Id;
    };

    it('say where a type is valid: at its owner, or where it is offered', async () => {
      const [a, b] = [space.addBusiness(), space.addBusiness()];
      passIn(a.Id);
      const ann = passIn(a.Id, { Businesses: [b.Id], KisiGroupId: '101;102', MinutesIncluded: 90 });
      const { passTypes } = await snapshotOf(bench, ann);
      assert.deepEqual(
        passTypes.map(({ locationIds }) => locationIds),
        [[a.Id], [b.Id]],
      );
      assert.deepEqual(
        passTypes.map(({ kisiGroupIds, minutes }) => [kisiGroupIds, minutes]),
        [
          [[], null],
          [[101, 102], 90],
        ],
      );
    });

    it('spread a network into all its locations, networks within it too', async () => {
      const world = space.addBusiness({ Name: 'World' });
      const italy = space.addBusiness({ RootLocationId: world.Id });
      const [rome, milan] = [italy.Id, italy.Id].map((RootLocationId) =>
        space.addBusiness({ RootLocationId }),
      );
      const oslo = space.addBusiness({ RootLocationId: world.Id });
      assert.ok(rome && milan);
      const ann = passIn(world.Id);
      passIn(world.Id, { Businesses: [italy.Id, oslo.Id] });
      const { passTypes, locations } = await snapshotOf(bench, ann);
      for (const { locationIds } of passTypes) {
        assert.deepEqual(new Set(locationIds), new Set([rome.Id, milan.Id, oslo.Id]));
      }
      assert.equal(locations.length, 5);
    });

    it('say the time zone and the start of the day of each location', async () => {
      const zone = space.addSimpleTimeZone({ Name: 'Europe/Rome' });
      const { Id } = space.addBusiness({ Name: 'Trastevere', SimpleTimeZoneId: zone.Id });
      space.addBusinessSetting({ BusinessId: Id, Name: 'Checkin.DailyCutOffTime', Value: '05:00' });
      space.addBusinessSetting({ BusinessId: Id, Name: 'Checkin.PayAsYouGo', Value: 'True' });
      const { locations } = await snapshotOf(bench, passIn(Id));
      const [trastevere] = locations;
      assert.equal(trastevere?.dayStartsAtMinute, 300);
      // A Windows name stands for several zones that share a clock.
      assert.equal(clockIn(trastevere.timeZone), clockIn('Europe/Rome'));
    });

    it('take an operator’s time zone over what Nexudus says', async () => {
      const zone = space.addSimpleTimeZone({ Name: 'Nowhere Standard Time' });
      const { Id } = space.addBusiness({ SimpleTimeZoneId: zone.Id });
      assert.equal((await snapshotOf(bench, passIn(Id))).locations[0]?.timeZone, null);
      zones[Id] = 'Europe/Oslo';
      bench.clock.now += hourMs;
      const { locations } = await snapshotOf(bench, passIn(Id), { notBefore: bench.clock.now });
      assert.equal(locations[0]?.timeZone, 'Europe/Oslo');
    });

    it('list the allowances of the plans', async () => {
      const type = space.addTimePass();
      const plan = space.addTariff();
      const { week } = passRenewalTimes;
      const { UniqueId } = space.addTariffTimePass({
        TariffId: plan.Id,
        TimePassId: type.Id,
        PassRenewalTime: week,
      });
      const { allowances } = await snapshotOf(bench, space.addCoworker().Id);
      const [{ uniqueId, planId, passTypeId, renews } = { uniqueId: '' }] = allowances;
      assert.deepEqual([uniqueId, planId, passTypeId, renews], [UniqueId, plan.Id, type.Id, 'week']);
    });

    it('are never older than the wake, but where the wake is not about them', async () => {
      const ann = passIn(space.addBusiness().Id);
      const read = (mayBeKept: boolean): Promise<unknown> => {
        bench.clock.now += 1_000;
        return snapshotOf(bench, ann, { notBefore: bench.clock.now, reference: mayBeKept ? 'kept' : 'anew' });
      };
      const asked = () =>
        ['/timepasses', '/tarifftimepasses', '/businesses'].map((path) => bench.asked(path));
      await read(false);
      const [types = 0, allowances = 0, places = 0] = asked();
      await read(true);
      assert.deepEqual(asked(), [types, allowances, places]);
      await read(false);
      assert.deepEqual(asked(), [2 * types, 2 * allowances, 2 * places]);
      bench.clock.now += 9 * 60_000;
      await read(true);
      assert.deepEqual(asked(), [2 * types, 2 * allowances, 2 * places]);
      bench.clock.now += 60_000;
      await read(true);
      const all = [3 * types, 3 * allowances, 3 * places];
      await eventually('all are read anew', () => asked().every((count, i) => count === all[i]));
    });

    it('are renewed where they are ten minutes old, for those who come later, and waited for after an hour', async () => {
      const ann = passIn(space.addBusiness().Id);
      const read = (): Promise<{ locations: { name: string }[] }> =>
        snapshotOf(bench, ann, { notBefore: bench.clock.now, reference: 'kept' });
      const names = async (): Promise<string[]> => (await read()).locations.map(({ name }) => name);
      const rename = (Name: string): void => {
        for (const { Id } of space.list('businesses')) space.update('businesses', Id, { Name });
      };
      rename('First');
      assert.deepEqual(await names(), ['First']);
      rename('Second');
      bench.clock.now += 10 * 60_000;
      assert.deepEqual(await names(), ['First']);
      await eventually('they are renewed', async () => (await names())[0] === 'Second');
      rename('Third');
      bench.clock.now += 60 * 60_000;
      assert.deepEqual(await names(), ['Third']);
    });

    it('are renewed where nobody waits for them: in the lane of batches', async () => {
      const ann = passIn(space.addBusiness().Id);
      const turns = { single: 0, batch: 0 };
      const clientIn = (lane: keyof typeof turns): NexudusClient => {
        const turn = (): Promise<void> => {
          turns[lane]++;
          return Promise.resolve();
        };
        const pace = { turn, pause: () => undefined };
        return createNexudusClient({ baseUrl: bench.simulator.url, auth, pace });
      };
      const reader = createReader({
        ...{ client: clientIn('single'), clientForBatches: clientIn('batch'), readingRules },
        now: () => bench.clock.now,
        baselines: () => Promise.resolve(null),
      });
      const read = (): Promise<unknown> =>
        reader.readMember(requestFor(ann, { notBefore: bench.clock.now, reference: 'kept' }));
      await read();
      const before = turns.single;
      await read();
      const ofOneRead = turns.single - before;
      assert.equal(turns.batch, 0);
      bench.clock.now += 10 * 60_000;
      await read();
      await eventually('all are renewed', () => turns.batch === before - ofOneRead);
      assert.equal(turns.single, before + 2 * ofOneRead);
    });

    it('are read again where a pass names one that the kept copy does not have', async () => {
      const { Id } = space.addBusiness();
      await snapshotOf(bench, passIn(Id));
      bench.clock.now += 61_000;
      const ann = passIn(space.addBusiness().Id);
      const { locations } = await snapshotOf(bench, ann, { notBefore: bench.clock.now });
      assert.equal(locations.length, 2);
    });
  });

  describe('a bad read', () => {
    const faulty = ['truncated', 'malformed', 'reset'] as const;
    const paths = ['/billing/coworkertimepasses', '/billing/coworkercontracts', '/spaces/coworkers'];
    for (const kind of faulty) {
      for (const match of paths) {
        it(`throws: ${kind} on ${match}`, async () => {
          const plan = space.addTariff();
          const people = [space.addCoworker(), space.addCoworker()];
          for (const { Id } of people) {
            space.addPass({ CoworkerId: Id, TimePassId: space.addTimePass().Id });
            space.addContract({ CoworkerId: Id, TariffId: plan.Id });
          }
          bench.simulator.faults.add({ match: `/api${match}`, kind });
          await assert.rejects(snapshotOf(bench, people[0]?.Id ?? 0), (error) =>
            ['incomplete', 'malformed', 'filterIgnored', 'unavailable'].some((known) =>
              isNexudusError(error, known as 'incomplete'),
            ),
          );
          bench.simulator.faults.clear();
          await profileOf(bench, people[0]?.Id ?? 0);
        });
      }
    }

    it('reads whole collections where a filter is ignored, and is right all the same', async () => {
      for (const match of ['/api/spaces/coworkers', '/api/billing/coworkercontracts', 'passes.*_Coworker=']) {
        const own = await startBench();
        const people = [own.space.addCoworker(), own.space.addCoworker()];
        for (const { Id } of people) {
          own.space.addPass({ CoworkerId: Id, TimePassId: own.space.addTimePass().Id });
          own.space.addContract({ CoworkerId: Id, TariffId: own.space.addTariff().Id });
        }
        own.simulator.faults.add({ match, kind: 'ignoreFilters' });
        const [ann] = people;
        const { member, passes, contracts } = await profileOf(own, ann?.Id ?? 0);
        assert.deepEqual([member.id, passes.length, contracts.length], [ann?.Id, 1, 1]);
        await own.stop();
      }
    });

    it('throws where even the filters of whole collections are ignored', async () => {
      const ann = space.addCoworker();
      for (const Used of [true, false])
        space.addPass({ CoworkerId: ann.Id, TimePassId: space.addTimePass().Id, Used });
      space.addPass({ CoworkerId: space.addCoworker().Id, TimePassId: space.addTimePass().Id });
      bench.simulator.faults.add({ match: '/api/billing/coworkertimepasses', kind: 'ignoreFilters' });
      await assert.rejects(snapshotOf(bench, ann.Id), (error) => isNexudusError(error, 'filterIgnored'));
    });

    it('throws where Nexudus says that there is no location at all', async () => {
      const ann = space.addCoworker();
      bench.simulator.faults.add({ match: '/api/sys/businesses', kind: 'empty' });
      await assert.rejects(snapshotOf(bench, ann.Id), (error) => isNexudusError(error, 'implausible'));
    });

    it('takes a cut-off of the day for gone only where all settings lack it too', async () => {
      const ann = space.addCoworker();
      const [rome, oslo] = [space.addBusiness(), space.addBusiness()];
      const settings = [rome, oslo].map(({ Id: BusinessId }) =>
        space.addBusinessSetting({ BusinessId, Name: 'Checkin.DailyCutOffTime', Value: '05:00' }),
      );
      space.addBusinessSetting({ Name: 'Checkin.PayAsYouGo', Value: 'True' });
      const starts = async (): Promise<number[]> => {
        bench.clock.now += hourMs;
        const { locations } = await snapshotOf(bench, ann.Id, { notBefore: bench.clock.now });
        return locations.slice(-2).map(({ dayStartsAtMinute }) => dayStartsAtMinute);
      };
      assert.deepEqual(await starts(), [300, 300]);
      for (const [setting] of [settings, settings.slice(1)]) {
        const ids = setting === undefined ? [] : [setting.Id];
        bench.simulator.faults.add({ match: 'businesssettings', kind: 'absent', times: 1, ids });
        assert.deepEqual(await starts(), [300, 300]);
      }
      space.remove('businesssettings', settings[0]?.Id ?? 0);
      assert.deepEqual(await starts(), [0, 300]);
    });

    it('throws where the cut-offs of the day are gone together with all other settings', async () => {
      const ann = space.addCoworker();
      space.addBusinessSetting({ Name: 'Checkin.DailyCutOffTime', Value: '05:00' });
      await snapshotOf(bench, ann.Id);
      bench.clock.now += hourMs;
      bench.simulator.faults.add({ match: '/api/sys/businesssettings', kind: 'empty' });
      await assert.rejects(snapshotOf(bench, ann.Id, { notBefore: bench.clock.now }), (error) =>
        isNexudusError(error, 'implausible'),
      );
    });
  });
});

function clockIn(timeZone: string | null): string {
  if (timeZone === null) return 'no zone';
  return new Intl.DateTimeFormat('en', { timeZone, dateStyle: 'short', timeStyle: 'long' }).format(noon);
}
