import assert from 'node:assert/strict';
import type { StandsOn } from '../../access/types.js';
import type { MemberRead } from '../../nexudus/reader.js';
import type { CollectionName } from '../../simulators/nexudus-records.js';
import { idsOf, noon, requestFor, standsOn, startBench, type Bench } from './space.js';

const collections = {
  coworkers: '/api/spaces/coworkers',
  coworkertimepasses: '/api/billing/coworkertimepasses',
  coworkercontracts: '/api/billing/coworkercontracts',
  timepasses: '/api/billing/timepasses',
  teams: '/api/spaces/teams',
} as const;
type Held = keyof typeof collections;

describe('what a key stands on', () => {
  let bench: Bench;
  let space: Bench['space'];
  beforeEach(async () => {
    bench = await startBench();
    space = bench.space;
  });
  afterEach(() => bench.stop());

  const read = (memberId: number, standsOn: StandsOn[], notBefore = noon): Promise<MemberRead> =>
    bench.reader.readMember(requestFor(memberId, { standsOn, notBefore }));

  /** A member with a contract and its pass, and the key that stands on them. */
  function planMember() {
    const plan = space.addTariff();
    const type = space.addTimePass();
    space.addTariffTimePass({ TariffId: plan.Id, TimePassId: type.Id });
    const ann = space.addCoworker();
    const contract = space.addContract({ CoworkerId: ann.Id, TariffId: plan.Id });
    const [pass] = space.renew(contract.Id);
    assert.ok(pass);
    return { ann, contract, pass, type, held: standsOn(pass, { contractId: contract.Id }) };
  }

  /** A member who uses a pass of the company that pays for the team. */
  function teamMember() {
    const type = space.addTimePass();
    const [payer, ann] = [space.addCoworker({ CoworkerType: 2 }), space.addCoworker()];
    const pass = space.addPass({ CoworkerId: payer.Id, TimePassId: type.Id });
    const team = space.addTeam({
      ShareTimePasses: true,
      PayingMemberId: payer.Id,
      TeamMembers: [payer.Id, ann.Id],
    });
    return { ann, payer, pass, team, held: standsOn(pass, { teamId: team.Id }) };
  }

  function hide(name: Held): void {
    bench.simulator.faults.add({ match: collections[name], kind: 'empty' });
  }

  function before(name: CollectionName, count: number): void {
    bench.baselines = { ...bench.baselines, [name]: { count, at: noon } };
  }

  describe('is read by its id where a list comes back empty', () => {
    it('a pass', async () => {
      const { ann, pass, held } = planMember();
      hide('coworkertimepasses');
      const { snapshot, doubts } = await read(ann.Id, [held]);
      assert.deepEqual(idsOf(snapshot?.profiles[0]?.passes ?? []), [pass.Id]);
      assert.deepEqual(doubts, []);
    });

    it('a contract, with its pauses', async () => {
      const { ann, contract, held } = planMember();
      const [PauseFrom, PauseUntil] = ['2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'];
      space.addPausedPeriod({ CoworkerContractId: contract.Id, PauseFrom, PauseUntil });
      hide('coworkercontracts');
      const { snapshot, doubts } = await read(ann.Id, [held]);
      assert.deepEqual(
        snapshot?.profiles[0]?.contracts.map(({ id, pauses }) => [id, pauses]),
        [[contract.Id, [{ from: Date.parse(PauseFrom), until: Date.parse(PauseUntil) }]]],
      );
      assert.deepEqual(doubts, []);
    });

    it('a contract by its GUID, also where that filter is not known', async () => {
      const { ann, contract, pass } = planMember();
      const others = [planMember(), planMember()].map((other) => other.contract.Id);
      bench.simulator.faults.add({ match: 'contracts.*CoworkerContract_Coworker', kind: 'empty' });
      bench.simulator.faults.add({ match: 'coworkercontracts.*UniqueId=', kind: 'ignoreFilters' });
      const held = standsOn(pass);
      const { snapshot } = await read(ann.Id, [held]);
      assert.deepEqual(idsOf(snapshot?.profiles[0]?.contracts ?? []), [contract.Id]);
      space.remove('coworkercontracts', contract.Id);
      before('coworkercontracts', others.length + 1);
      bench.clock.now += 1_000;
      const after = await read(ann.Id, [held], bench.clock.now);
      assert.deepEqual([after.snapshot?.profiles[0]?.contracts, after.doubts], [[], []]);
    });

    it('the contract of a pass that names none, by what the coworker’s own record says', async () => {
      const { ann, contract, pass } = planMember();
      space.update('coworkertimepasses', pass.Id, { CoworkerContractUniqueId: null });
      hide('coworkercontracts');
      const { snapshot, doubts } = await read(ann.Id, [standsOn(pass)]);
      assert.deepEqual(idsOf(snapshot?.profiles[0]?.contracts ?? []), [contract.Id]);
      assert.deepEqual(doubts, []);
    });

    it('a pass type', async () => {
      const { ann, type, held } = planMember();
      hide('timepasses');
      const { snapshot, doubts } = await read(ann.Id, [held]);
      assert.deepEqual(idsOf(snapshot?.passTypes ?? []), [type.Id]);
      assert.deepEqual(doubts, []);
    });

    it('a pass that a team lends', async () => {
      const { ann, pass, held } = teamMember();
      hide('coworkertimepasses');
      const { snapshot, doubts } = await read(ann.Id, [held]);
      assert.deepEqual(idsOf(snapshot?.profiles[0]?.loans[0]?.passes ?? []), [pass.Id]);
      assert.deepEqual(doubts, []);
    });

    it('a team', async () => {
      const { ann, team, held } = teamMember();
      hide('teams');
      const { snapshot } = await read(ann.Id, [held]);
      assert.equal(snapshot?.profiles[0]?.loans[0]?.teamId, team.Id);
    });
  });

  it('and is used up or expired ends by its own fields', async () => {
    const { ann, pass, held } = planMember();
    space.usePass(pass.Id);
    hide('coworkertimepasses');
    const { snapshot, doubts } = await read(ann.Id, [held]);
    assert.equal(snapshot?.profiles[0]?.passes[0]?.used, true);
    assert.deepEqual(doubts, []);
  });

  it('costs nothing more where the lists have it', async () => {
    const { ann, held } = planMember();
    await read(ann.Id, []);
    const costOf = async (standsOn: StandsOn[]): Promise<number> => {
      const asked = bench.asked();
      await read(ann.Id, standsOn);
      return bench.asked() - asked;
    };
    assert.equal(await costOf([held]), await costOf([]));
  });

  describe('and is really gone', () => {
    it('counts as gone where its collection is as large as before', async () => {
      const { ann, pass, held } = planMember();
      for (let i = 0; i < 9; i++) space.addPass({ CoworkerId: ann.Id, TimePassId: pass.TimePassId });
      before('coworkertimepasses', 10);
      space.remove('coworkertimepasses', pass.Id);
      const { snapshot, doubts } = await read(ann.Id, [held]);
      assert.equal(snapshot?.profiles[0]?.passes.length, 9);
      assert.deepEqual(doubts, []);
    });

    it('counts as gone where nobody knows how large its collection was, unless that is empty', async () => {
      const { ann, pass, held } = planMember();
      const another = space.addPass({ CoworkerId: ann.Id, TimePassId: pass.TimePassId });
      space.remove('coworkertimepasses', pass.Id);
      assert.deepEqual((await read(ann.Id, [held])).doubts, []);
      space.remove('coworkertimepasses', another.Id);
      const { doubts } = await read(ann.Id, [held]);
      assert.equal(doubts[0]?.passId, pass.Id);
    });

    const losses: [name: Held, remove: (m: ReturnType<typeof planMember>) => number][] = [
      ['coworkertimepasses', ({ pass }) => pass.Id],
      ['coworkercontracts', ({ contract }) => contract.Id],
      ['timepasses', ({ type }) => type.Id],
    ];
    for (const [name, remove] of losses) {
      it(`is in doubt where ${name} is empty now`, async () => {
        const member = planMember();
        before(name, 812);
        space.remove(name, remove(member));
        const { doubts } = await read(member.ann.Id, [member.held]);
        assert.equal(doubts.length, 1);
        assert.equal(doubts[0]?.passId, member.pass.Id);
        assert.match(doubts[0].why, new RegExp(`${name} answered empty \\(0 rows, 812 before\\)`));
      });
    }

    it('is in doubt where its collection lost most of its rows', async () => {
      const { ann, pass, held } = planMember();
      for (let i = 0; i < 9; i++) space.addPass({ CoworkerId: ann.Id, TimePassId: pass.TimePassId });
      before('coworkertimepasses', 100);
      space.remove('coworkertimepasses', pass.Id);
      const { doubts } = await read(ann.Id, [held]);
      assert.match(doubts[0]?.why ?? '', /lost most of its rows \(9 rows, 100 before\)/);
    });

    it('is in doubt with the team that led to it', async () => {
      const { ann, pass, team, held } = teamMember();
      before('teams', 12);
      space.remove('teams', team.Id);
      const { snapshot, doubts } = await read(ann.Id, [held]);
      assert.deepEqual(snapshot?.profiles[0]?.loans, []);
      assert.equal(doubts[0]?.passId, pass.Id);
      assert.match(doubts[0].why, /teams answered empty/);
    });

    for (const [amid, fields] of [
      ['before it says who pays', { PayingMemberId: null }],
      ['before it says whether it shares', { ShareTimePasses: null }],
    ] as const)
      it(`is in doubt where its team is read ${amid}, and says it all a moment later`, async () => {
        const { ann, pass, team, held } = teamMember();
        const body = JSON.stringify({ ...team, ...fields });
        const match = `${collections.teams}/${team.Id}`;
        bench.simulator.faults.add({ match, kind: 'status', status: 200, body, times: 1 });
        const { snapshot, doubts } = await read(ann.Id, [held]);
        assert.deepEqual(snapshot?.profiles[0]?.loans, []);
        assert.deepEqual(
          doubts.map(({ passId }) => passId),
          [pass.Id],
        );
      });

    it('is not believed to be gone with the profile of the one who lends it', async () => {
      const { ann, payer, held } = teamMember();
      before('coworkers', 50);
      space.remove('coworkers', payer.Id);
      await assert.rejects(read(ann.Id, [held]), /coworkers lost most of its rows \(1 rows, 50 before\)/);
    });

    it('is no doubt where its owner now has another e-mail', async () => {
      const [ann, old] = [space.addCoworker(), space.addCoworker()];
      const pass = space.addPass({ CoworkerId: old.Id, TimePassId: space.addTimePass().Id });
      before('coworkers', 500);
      const { snapshot, doubts } = await read(ann.Id, [standsOn(pass)]);
      assert.deepEqual(snapshot?.profiles[0]?.passes, []);
      assert.deepEqual(doubts, []);
    });
  });

  it('is no longer known where the own profile is gone with most others', async () => {
    const ann = space.addCoworker();
    before('coworkers', 300);
    await assert.rejects(
      read(99, []),
      /coworker 99 is missing; coworkers lost most of its rows \(1 rows, 300 before\)/,
    );
    space.remove('coworkers', ann.Id);
    bench.baselines = null;
    await assert.rejects(read(99, []), /\(0 rows, an unknown number before\)/);
  });

  it('holds no personal data in its doubts', async () => {
    const member = planMember();
    before('coworkertimepasses', 812);
    space.remove('coworkertimepasses', member.pass.Id);
    const { doubts } = await read(member.ann.Id, [member.held]);
    assert.equal(doubts.length, 1);
    assert.doesNotMatch(JSON.stringify(doubts), new RegExp(`@|${member.ann.FullName}`));
  });

  describe('a minute pass that is used up', () => {
    function minuteMember() {
      const type = space.addTimePass({ MinutesIncluded: 60 });
      const ann = space.addCoworker();
      const pass = space.addPass({ CoworkerId: ann.Id, TimePassId: type.Id });
      space.usePass(pass.Id);
      return { ann, pass };
    }
    const checkedIn = async (memberId: number, standsOn: StandsOn[]): Promise<boolean | undefined> => {
      const { snapshot } = await read(memberId, standsOn);
      return snapshot?.profiles[0]?.passes[0]?.checkedIn;
    };

    it('is checked in as long as a check-in with it is open', async () => {
      const { ann, pass } = minuteMember();
      const fields = { BusinessId: pass.BusinessId, CoworkerTimePassGuid: pass.UniqueId };
      const checkin = space.addCheckin({ CoworkerId: ann.Id, ...fields });
      assert.equal(await checkedIn(ann.Id, [standsOn(pass)]), true);
      space.update('checkins', checkin.Id, { ToTime: '2026-11-24T11:00:00Z' });
      assert.equal(await checkedIn(ann.Id, [standsOn(pass)]), false);
    });

    it('asks for check-ins only where a key stands on it', async () => {
      const { ann, pass } = minuteMember();
      await checkedIn(ann.Id, []);
      assert.equal(bench.asked('/checkins'), 0);
      await checkedIn(ann.Id, [standsOn(pass)]);
      assert.equal(bench.asked('/checkins'), 1);
    });
  });
});
