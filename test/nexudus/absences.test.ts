import assert from 'node:assert/strict';
import type { StandsOn } from '../../access/types.js';
import type { MemberRead, MemberRequest } from '../../nexudus/reader.js';
import type { Fault } from '../../simulators/server.js';
import { idsOf, requestFor, standsOn, startBench, type Bench } from './space.js';

const minuteMs = 60_000;
const coworkers = '/api/spaces/coworkers';

describe('a record that one answer has and another lacks', () => {
  let bench: Bench;
  let space: Bench['space'];
  beforeEach(async () => {
    bench = await startBench();
    space = bench.space;
    for (let i = 0; i < 3; i++) space.addCoworker();
  });
  afterEach(() => bench.stop());

  const read = (memberId: number, more: Partial<MemberRequest> = {}): Promise<MemberRead> =>
    bench.reader.readMember(requestFor(memberId, { notBefore: bench.clock.now, ...more }));

  /** The next request to these addresses answers as if there were no such record. */
  function hide(match: string, more: Partial<Fault> = {}): void {
    bench.simulator.faults.add({ match, kind: 'absent', times: 1, ...more });
  }

  /** Read alone, or with so many others that whole collections are read. */
  async function readWith(others: readonly number[], memberId: number): Promise<MemberRead> {
    const [own] = await Promise.all([memberId, ...others].map((id) => read(id)));
    assert.ok(own);
    return own;
  }

  function peopleOf({ snapshot, gone, doubts }: MemberRead): number[] {
    assert.equal(gone, false);
    assert.deepEqual(doubts, []);
    return idsOf((snapshot?.profiles ?? []).map(({ member }) => member));
  }

  describe('is taken to be there, such as', () => {
    it('a coworker whose own address answers with 404', async () => {
      const ann = space.addCoworker();
      hide(`${coworkers}/${ann.Id}$`);
      assert.deepEqual(peopleOf(await read(ann.Id)), [ann.Id]);
      assert.deepEqual(bench.simulator.faults.list(), []);
    });

    it('a coworker whose own address answers with 404 as long as anybody asks', async () => {
      const ann = space.addCoworker();
      hide(`${coworkers}/${ann.Id}$`, { times: 100 });
      for (let minute = 0; minute < 5; minute++) {
        assert.deepEqual(peopleOf(await read(ann.Id)), [ann.Id]);
        bench.clock.now += minuteMs;
      }
    });

    it('a coworker that only the list lacks, and one that only its own address lacks', async () => {
      const [ann, ...others] = Array.from({ length: 6 }, () => space.addCoworker().Id);
      assert.ok(ann);
      hide(`${coworkers}[?]page`, { ids: [ann] });
      assert.deepEqual(peopleOf(await readWith(others, ann)), [ann]);
      bench.clock.now += minuteMs;
      hide(`${coworkers}/${ann}$`, { times: 100 });
      assert.deepEqual(peopleOf(await readWith(others, ann)), [ann]);
    });

    it('coworkers that are asked for at once, and that the batch lacks', async () => {
      const [ann, bob] = ['ann@example.com', 'ann@example.com'].map((Email) => space.addCoworker({ Email }));
      assert.ok(ann && bob);
      hide(`${coworkers}/[?]id=`);
      const { snapshot } = await read(ann.Id, { siblingIds: [bob.Id, space.addCoworker().Id] });
      assert.deepEqual(idsOf((snapshot?.profiles ?? []).map(({ member }) => member)), [ann.Id, bob.Id]);
    });

    it('a known profile that the search by e-mail lacks, and one whose pass serves though it is not known', async () => {
      const [ann, bob] = ['ann@example.com', 'ann@example.com'].map((Email) => space.addCoworker({ Email }));
      assert.ok(ann && bob);
      const pass = space.addPass({ CoworkerId: bob.Id, TimePassId: space.addTimePass().Id });
      const known: Partial<MemberRequest>[] = [{ siblingIds: [bob.Id] }, { standsOn: [standsOn(pass)] }];
      for (const more of known) {
        hide('Coworker_Email', { times: 2, ids: [bob.Id] });
        assert.deepEqual(peopleOf(await read(ann.Id, more)), [ann.Id, bob.Id]);
        bench.simulator.faults.clear();
      }
    });

    it('the one who pays for a team, and the team', async () => {
      const [payer, ann] = [space.addCoworker(), space.addCoworker()];
      const pass = space.addPass({ CoworkerId: payer.Id, TimePassId: space.addTimePass().Id });
      const members = { PayingMemberId: payer.Id, TeamMembers: [payer.Id, ann.Id] };
      const team = space.addTeam({ ShareTimePasses: true, ...members });
      const evidence = [standsOn(pass, { teamId: team.Id })];
      for (const match of [`${coworkers}/${payer.Id}$`, `/api/spaces/teams/${team.Id}$`]) {
        hide(match);
        const { snapshot } = await read(ann.Id, { standsOn: evidence });
        assert.deepEqual(idsOf(snapshot?.profiles[0]?.loans[0]?.passes ?? []), [pass.Id]);
        assert.deepEqual(bench.simulator.faults.list(), []);
      }
    });

    it('one of two contracts that a pass without a link may come from', async () => {
      const ann = space.addCoworker();
      const plan = space.addTariff();
      const [first, second] = [1, 2].map(() => space.addContract({ CoworkerId: ann.Id, TariffId: plan.Id }));
      assert.ok(first && second);
      const fields = { IsFromTariff: true, CoworkerContractUniqueId: null };
      const pass = space.addPass({ CoworkerId: ann.Id, TimePassId: space.addTimePass().Id, ...fields });
      hide('coworkercontracts', { ids: [second.Id] });
      const { snapshot } = await read(ann.Id, { standsOn: [standsOn(pass)] });
      assert.deepEqual(idsOf(snapshot?.profiles[0]?.contracts ?? []), [first.Id, second.Id]);
    });

    it('the allowance of a pass that serves', async () => {
      const ann = space.addCoworker();
      const plan = space.addTariff();
      const type = space.addTimePass();
      space.addTariffTimePass({ TariffId: plan.Id, TimePassId: type.Id });
      const contract = space.addContract({ CoworkerId: ann.Id, TariffId: plan.Id });
      const [pass] = space.renew(contract.Id);
      assert.ok(pass);
      hide('tarifftimepasses');
      const { snapshot } = await read(ann.Id, { standsOn: [standsOn(pass, { contractId: contract.Id })] });
      assert.deepEqual(
        snapshot?.allowances.map(({ uniqueId }) => uniqueId),
        [pass.TariffTimePassUniqueId],
      );
    });
  });

  it('is asked for another way where Nexudus does not know the filter by id', async () => {
    const ann = space.addCoworker();
    hide(`${coworkers}/${ann.Id}$`);
    bench.simulator.faults.add({ match: `${coworkers}/[?]id=`, kind: 'ignoreFilters' });
    assert.deepEqual(peopleOf(await read(ann.Id)), [ann.Id]);
    space.remove('coworkers', ann.Id);
    await assert.rejects(read(ann.Id), /has been missing since/);
    bench.clock.now += minuteMs;
    assert.equal((await read(ann.Id)).gone, true);
  });

  describe('and all lack now', () => {
    const missing = (id: number): RegExp => new RegExp(`coworker ${id} has been missing since 2026-11-24T12`);
    /** Reads until it is believed; answers how many minutes that took. */
    async function minutesUntilGone(memberId: number, more: Partial<MemberRequest>): Promise<number> {
      const began = bench.clock.now;
      for (;;) {
        try {
          await read(memberId, more);
          return (bench.clock.now - began) / minuteMs;
        } catch (error) {
          assert.match(String(error), /has been missing since/);
          bench.clock.now += 20_000;
        }
      }
    }

    it('takes a look a minute later, for the profile itself, a known sibling, and the one who pays for a team', async () => {
      const [gone, ann] = [space.addCoworker(), space.addCoworker()];
      const pass = space.addPass({ CoworkerId: gone.Id, TimePassId: space.addTimePass().Id });
      const members = { PayingMemberId: gone.Id, TeamMembers: [gone.Id, ann.Id] };
      const team = space.addTeam({ ShareTimePasses: true, ...members });
      space.remove('coworkers', gone.Id);
      const cases: [number, Partial<MemberRequest>][] = [
        [gone.Id, {}],
        [ann.Id, { siblingIds: [gone.Id] }],
        [ann.Id, { standsOn: [standsOn(pass, { teamId: team.Id })] }],
      ];
      for (const [memberId, more] of cases) {
        assert.equal(await minutesUntilGone(memberId, more), 1);
        bench.clock.now += 11 * minuteMs;
      }
    });

    it('waits no longer where whole collections were read, and kept', async () => {
      const ids = Array.from({ length: 6 }, () => space.addCoworker().Id);
      const [gone = 0] = ids;
      space.remove('coworkers', gone);
      const notBefore = bench.clock.now;
      const readAll = (): Promise<PromiseSettledResult<MemberRead>[]> =>
        Promise.allSettled(ids.map((id) => read(id, { notBefore })));
      const [first, ...others] = await readAll();
      assert.ok(first?.status === 'rejected');
      assert.match(String(first.reason), missing(gone));
      assert.ok(others.every(({ status }) => status === 'fulfilled'));
      bench.clock.now += minuteMs;
      const [second] = await readAll();
      assert.ok(second?.status === 'fulfilled');
      assert.equal(second.value.gone, true);
    });

    it('is there again at the next look, though whole collections that were read without it are kept', async () => {
      const ids = Array.from({ length: 6 }, () => space.addCoworker().Id);
      const [ann = 0] = ids;
      const notBefore = bench.clock.now;
      hide(coworkers, { ids: [ann], times: 100 });
      const [first] = await Promise.allSettled(ids.map((id) => read(id, { notBefore })));
      assert.equal(first?.status, 'rejected');
      bench.simulator.faults.clear();
      const asked = bench.asked();
      bench.clock.now += 24_999;
      await assert.rejects(read(ann, { notBefore }), missing(ann));
      assert.equal(bench.asked(), asked);
      bench.clock.now += 1;
      assert.deepEqual(peopleOf(await read(ann, { notBefore })), [ann]);
      assert.equal(bench.asked('/coworkercontracts'), 1);
    });

    it('is there again where the later look finds it, and missing anew where it is lost again', async () => {
      const ann = space.addCoworker();
      for (let i = 0; i < 2; i++) {
        hide(`${coworkers}/`, { times: 2 });
        await assert.rejects(read(ann.Id), missing(ann.Id));
        bench.clock.now += minuteMs;
        assert.deepEqual(peopleOf(await read(ann.Id)), [ann.Id]);
      }
    });

    it('counts from the first look again where nobody looked for long', async () => {
      space.remove('coworkers', space.addCoworker().Id);
      await assert.rejects(read(99), /missing since 2026-11-24T12:00/);
      bench.clock.now += 10 * minuteMs + 1;
      await assert.rejects(read(99), /missing since 2026-11-24T12:10/);
    });

    it('counts anew where this machine’s clock is set back', async () => {
      await assert.rejects(read(99), /missing since 2026-11-24T12:00/);
      bench.clock.now -= 180 * minuteMs;
      await assert.rejects(read(99), /missing since 2026-11-24T09:00/);
      bench.clock.now += minuteMs;
      assert.equal((await read(99)).gone, true);
    });

    it('is believed where each further try is served by a read that began within the minute', async () => {
      const [ann, ...others] = Array.from({ length: 8 }, () => space.addCoworker().Id);
      assert.ok(ann);
      space.remove('coworkers', ann);
      await assert.rejects(read(ann), missing(ann));
      bench.clock.now += minuteMs / 2;
      const wokenAt = bench.clock.now;
      const asked = [ann, ...others].map((id) => read(id, { notBefore: wokenAt }));
      const [own] = await Promise.allSettled(asked);
      assert.equal(own?.status, 'rejected');
      bench.clock.now += minuteMs / 2;
      assert.equal((await read(ann, { notBefore: wokenAt })).gone, true);
    });

    it('costs few requests, however often it is tried meanwhile', async () => {
      await read(space.addCoworker().Id);
      const asked = bench.asked();
      const notBefore = bench.clock.now;
      let tries = 0;
      for (let isKnown = false; !isKnown; tries++) {
        bench.clock.now += 1_000;
        isKnown = await read(99, { notBefore }).then(
          () => true,
          () => false,
        );
      }
      assert.equal(tries, 61);
      // At each of four looks by its id, by a batch, and how many coworkers there are.
      assert.equal(bench.asked() - asked, 12);
    });

    it('delays nobody who held no key by it', async () => {
      const [payer, ann] = [space.addCoworker(), space.addCoworker()];
      const members = { PayingMemberId: payer.Id, TeamMembers: [payer.Id, ann.Id] };
      space.addTeam({ ShareTimePasses: true, ...members });
      space.remove('coworkers', payer.Id);
      const standsOn: StandsOn[] = [];
      assert.deepEqual(peopleOf(await read(ann.Id, { standsOn })), [ann.Id]);
    });
  });
});
