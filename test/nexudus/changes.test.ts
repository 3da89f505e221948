import assert from 'node:assert/strict';
import {
  contentOf,
  readChanges,
  readIndex,
  type Changes,
  type ChangesRequest,
  type Index,
  type Written,
} from '../../nexudus/changes.js';
import { isNexudusError } from '../../nexudus/errors.js';
import { noon, requestFor, startBench, type Bench } from './space.js';

const minuteMs = 60_000;

describe('noticing changes', () => {
  let bench: Bench;
  let space: Bench['space'];
  beforeEach(async () => {
    bench = await startBench();
    space = bench.space;
  });
  afterEach(() => bench.stop());

  const now = (): number => bench.clock.now;

  /** A member with a contract, its pass and a pause. */
  function planMember() {
    const plan = space.addTariff();
    const type = space.addTimePass();
    const allowance = space.addTariffTimePass({ TariffId: plan.Id, TimePassId: type.Id });
    const ann = space.addCoworker();
    const contract = space.addContract({ CoworkerId: ann.Id, TariffId: plan.Id });
    const [pass] = space.renew(contract.Id);
    assert.ok(pass);
    const dates = { PauseFrom: '2026-12-01T00:00:00Z', PauseUntil: '2027-01-01T00:00:00Z' };
    const pause = space.addPausedPeriod({ CoworkerContractId: contract.Id, ...dates });
    return { ann, contract, pass, type, allowance, pause };
  }

  describe('since an instant', () => {
    const since = (at: number, lending: ChangesRequest['lending'] = {}): Promise<Changes> =>
      readChanges(bench.client, {
        since: {
          coworkertimepasses: at,
          coworkercontracts: at,
          coworkers: at,
          contractpausedperiods: at,
          teams: at,
          checkins: at,
          timepasses: at,
          tarifftimepasses: at,
        },
        lending,
        now,
      });
    /** Moves the clock on, so that what was there is old. */
    const later = (): number => (bench.clock.now += 10 * minuteMs);
    const touchesOf = ({ touched }: Changes): [number, string][] =>
      touched.map(({ memberId, record }): [number, string] => [memberId, record]).sort();

    it('is silent, and costs 8 requests, where nothing is new', async () => {
      planMember();
      await bench.client.me();
      const before = bench.asked();
      const { touched, reference, readAt } = await since(later());
      assert.deepEqual([touched, reference, readAt], [[], [], bench.clock.now]);
      assert.equal(bench.asked() - before, 8);
    });

    it('reads what is named and nothing else, and passes last', async () => {
      const { ann, pass } = planMember();
      const at = later();
      space.update('coworkers', ann.Id, {});
      space.update('coworkertimepasses', pass.Id, {});
      await bench.client.me();
      const before = bench.asked();
      const changes = await readChanges(bench.client, {
        since: { coworkertimepasses: at, coworkercontracts: at },
        lending: { 7: { payerId: ann.Id, borrowerIds: [99] } },
        now,
      });
      assert.deepEqual(
        bench.simulator.requests
          .list()
          .slice(before)
          .map(({ path }) => path),
        ['/api/billing/coworkercontracts', '/api/billing/coworkertimepasses'],
      );
      assert.deepEqual(touchesOf(changes), [
        [ann.Id, `pass ${pass.Id}`],
        [99, `pass ${pass.Id} by team 7`],
      ]);
      assert.deepEqual(changes.lending, { 7: { payerId: ann.Id, borrowerIds: [99] } });
    });

    it('stamps two writes in one second differently, although they share an UpdatedOn', async () => {
      const { ann } = planMember();
      const at = later();
      const stamps: string[] = [];
      for (const Active of [false, true]) {
        space.update('coworkers', ann.Id, { Active });
        stamps.push(...(await since(at)).touched.map(({ stamp }) => stamp));
      }
      assert.equal(new Set(stamps).size, 2);
    });

    it('tells of every record that was written', async () => {
      const { ann, contract, pass, pause } = planMember();
      const at = later();
      space.update('coworkers', ann.Id, {});
      space.update('coworkercontracts', contract.Id, {});
      space.update('coworkertimepasses', pass.Id, {});
      space.update('contractpausedperiods', pause.Id, {});
      const checkin = space.addCheckin({ CoworkerId: ann.Id, BusinessId: pass.BusinessId });
      const changes = await since(at);
      assert.deepEqual(
        touchesOf(changes),
        [
          `coworker ${ann.Id}`,
          `contract ${contract.Id}`,
          `pass ${pass.Id}`,
          `pause ${pause.Id}`,
          `checkin ${checkin.Id}`,
        ]
          .map((record): [number, string] => [ann.Id, record])
          .sort(),
      );
      assert.deepEqual(changes.reference, []);
    });

    it('finds just the contents that a read of the member gives, alone or with all members', async () => {
      const { ann, contract, pass, pause } = planMember();
      space.addTeam({ TeamMembers: [ann.Id] });
      const strangers = [1, 2, 3].map(() => planMember().ann.Id);
      const contentsOf = (written: readonly Written[]): string[] => written.map(contentOf);
      const read = async (isBatch: boolean): Promise<string[]> => {
        const ids = [ann.Id, ...(isBatch ? strangers : [])];
        const request = { isBatch, notBefore: now() };
        const [own] = await Promise.all(ids.map((id) => bench.reader.readMember(requestFor(id, request))));
        assert.ok(own !== undefined);
        return contentsOf(own.written);
      };
      const at = bench.clock.now;
      const found = async (): Promise<string[]> =>
        contentsOf((await since(at)).touched.filter(({ memberId }) => memberId === ann.Id));
      const isOfTeam = (content: string): boolean => content.startsWith('team');
      for (const isBatch of [false, true]) {
        bench.clock.now += 1000;
        const polled = (await found()).filter((content) => !isOfTeam(content));
        const records = polled.map((content) => content.split(' ').slice(0, 2).join(' ')).sort();
        assert.deepEqual(
          records,
          [`contract ${contract.Id}`, `coworker ${ann.Id}`, `pass ${pass.Id}`, `pause ${pause.Id}`].sort(),
        );
        const known = await read(isBatch);
        assert.deepEqual(
          polled.filter((content) => !known.includes(content)),
          [],
        );
        space.update('coworkers', ann.Id, { Archived: isBatch });
        space.update('coworkercontracts', contract.Id, { Cancelled: !isBatch });
        space.update('coworkertimepasses', pass.Id, { Used: !isBatch });
        space.update('contractpausedperiods', pause.Id, {
          PauseUntil: `2027-01-0${isBatch ? 2 : 3}T00:00:00Z`,
        });
        assert.deepEqual(
          (await found()).filter((content) => known.includes(content)),
          [],
        );
      }
    });

    it('touches the owner of a malformed record, once as long as it stays the same, and says what is wrong', async () => {
      const { ann, pass } = planMember();
      const at = later();
      space.update('coworkertimepasses', pass.Id, { ExpireDate: 'soon' });
      const [first, second] = [await since(at), await since(at)];
      assert.deepEqual(touchesOf(first), [[ann.Id, `malformed coworkertimepasses ${pass.Id}`]]);
      assert.deepEqual(first.touched, second.touched);
      assert.match(first.broken[0]?.error.message ?? '', new RegExp(`record ${pass.Id}: ExpireDate`));
    });

    it('cuts the instant to the minute, as Nexudus does, and takes in what is just on it', async () => {
      const ann = space.addCoworker();
      assert.deepEqual(touchesOf(await since(noon + 59_999)), [[ann.Id, `coworker ${ann.Id}`]]);
      assert.deepEqual(touchesOf(await since(noon + minuteMs)), []);
    });

    it('tells of pass types and allowances apart, since they concern everyone', async () => {
      const { type, allowance } = planMember();
      const at = later();
      space.update('timepasses', type.Id, {});
      space.update('tarifftimepasses', allowance.Id, {});
      const { touched, reference } = await since(at);
      assert.deepEqual(touched, []);
      assert.deepEqual(
        reference.map(({ record }) => record),
        [`pass type ${type.Id}`, `allowance ${allowance.Id}`],
      );
    });

    for (const teamCoworkerIds of [true, false]) {
      describe(`where team rows ${teamCoworkerIds ? '' : 'do not '}name their members`, () => {
        beforeEach(() => {
          bench.simulator.switches.teamCoworkerIds = teamCoworkerIds;
        });
        const team = (fields: object = {}) => {
          const [payer, ann] = [space.addCoworker(), space.addCoworker()];
          const TeamMembers = [payer.Id, ann.Id];
          const { Id } = space.addTeam({
            ShareTimePasses: true,
            PayingMemberId: payer.Id,
            TeamMembers,
            ...fields,
          });
          return { teamId: Id, payer, ann };
        };

        it('a team touches its paying member and all others', async () => {
          const { teamId, payer, ann } = team();
          const at = later();
          space.update('teams', teamId, {});
          assert.deepEqual(touchesOf(await since(at)), [
            [payer.Id, `team ${teamId}`],
            [ann.Id, `team ${teamId}`],
          ]);
        });

        it('a record that touches the paying member touches those who borrow', async () => {
          const { teamId, payer, ann } = team();
          const at = later();
          const { Id } = space.addPass({ CoworkerId: payer.Id, TimePassId: space.addTimePass().Id });
          assert.deepEqual(touchesOf(await since(at)), [
            [payer.Id, `pass ${Id}`],
            [ann.Id, `pass ${Id} by team ${teamId}`],
          ]);
        });

        it('and nobody else where the team does not share', async () => {
          const { payer } = team({ ShareTimePasses: false });
          const at = later();
          const { Id } = space.addPass({ CoworkerId: payer.Id, TimePassId: space.addTimePass().Id });
          assert.deepEqual(touchesOf(await since(at)), [[payer.Id, `pass ${Id}`]]);
        });
      });
    }

    it('throws where a filter is ignored', async () => {
      planMember();
      const at = later();
      bench.simulator.faults.add({ match: '/api/billing/coworkertimepasses', kind: 'ignoreFilters' });
      await assert.rejects(since(at), (error) => isNexudusError(error, 'filterIgnored'));
    });
  });

  describe('between two reconciliations', () => {
    const index = (): Promise<Index> => readIndex(bench.client, { now });
    const differing = (before: Index, after: Index): number[] =>
      [...new Set([...Object.keys(before.members), ...Object.keys(after.members)])]
        .filter((id) => before.members[id] !== after.members[id])
        .map(Number);

    it('counts every collection', async () => {
      const { pass } = planMember();
      space.usePass(pass.Id);
      space.addTeam();
      assert.deepEqual((await index()).counts, {
        coworkers: 1,
        coworkercontracts: 1,
        contractpausedperiods: 1,
        coworkertimepasses: 1,
        teams: 1,
        timepasses: 1,
        tarifftimepasses: 1,
        businesses: 1,
      });
    });

    it('knows members who have a contract, a pass that is not used, or a team that lends', async () => {
      const { ann } = planMember();
      const type = space.addTimePass();
      const [bob, cleo, dan, eve] = [1, 2, 3, 4].map(() => space.addCoworker());
      assert.ok(bob && cleo && dan && eve);
      space.addPass({ CoworkerId: bob.Id, TimePassId: type.Id });
      space.usePass(space.addPass({ CoworkerId: eve.Id, TimePassId: type.Id }).Id);
      space.addTeam({ ShareTimePasses: true, PayingMemberId: bob.Id, TeamMembers: [bob.Id, cleo.Id] });
      space.addTeam({ ShareTimePasses: false, PayingMemberId: bob.Id, TeamMembers: [bob.Id, dan.Id] });
      const { members } = await index();
      assert.deepEqual(Object.keys(members).map(Number), [ann.Id, bob.Id, cleo.Id]);
      assert.ok(Object.values(members).every((mark) => /^[0-9a-f]{8}$/.test(mark)));
    });

    it('differs in nobody where nothing changed', async () => {
      planMember();
      const before = await index();
      bench.clock.now += minuteMs;
      const after = await index();
      assert.deepEqual({ ...after, readAt: before.readAt }, before);
    });

    type Member = ReturnType<typeof planMember>;
    const changes: [what: string, change: (member: Member) => void][] = [
      [
        'a coworker is suspended',
        ({ ann }) => {
          space.suspend(ann.Id);
        },
      ],
      [
        'a contract is cancelled',
        ({ contract }) => {
          space.cancelContract(contract.Id, noon);
        },
      ],
      [
        'a pass is used',
        ({ pass }) => {
          space.usePass(pass.Id);
        },
      ],
      [
        'a pass is deleted',
        ({ pass }) => {
          space.remove('coworkertimepasses', pass.Id);
        },
      ],
      [
        'a pause is deleted',
        ({ pause }) => {
          space.remove('contractpausedperiods', pause.Id);
        },
      ],
      [
        'a contract is deleted',
        ({ contract }) => {
          space.remove('coworkercontracts', contract.Id);
        },
      ],
      [
        'the coworker is deleted',
        ({ ann }) => {
          space.remove('coworkers', ann.Id);
        },
      ],
    ];
    for (const [what, change] of changes) {
      it(`differs in a member where ${what}, and in those who borrow from it`, async () => {
        const [member, other] = [planMember(), planMember()];
        const borrower = space.addCoworker();
        const TeamMembers = [member.ann.Id, borrower.Id];
        space.addTeam({ ShareTimePasses: true, PayingMemberId: member.ann.Id, TeamMembers });
        const before = await index();
        bench.clock.now += minuteMs;
        change(member);
        const after = await index();
        assert.deepEqual(differing(before, after), [member.ann.Id, borrower.Id]);
        assert.equal(after.members[other.ann.Id], before.members[other.ann.Id]);
        assert.equal(after.reference, before.reference);
      });
    }

    it('differs in a member whose record became malformed, and in no other', async () => {
      const [{ ann, pass }] = [planMember(), planMember()];
      const before = await index();
      space.update('coworkertimepasses', pass.Id, { ExpireDate: 'soon' });
      const after = await index();
      assert.deepEqual(differing(before, after), [ann.Id]);
      assert.deepEqual(after.counts, before.counts);
    });

    it('differs in a member who left a team', async () => {
      const { ann } = planMember();
      const [bob, cleo] = [space.addCoworker(), space.addCoworker()];
      const lends = { ShareTimePasses: true, PayingMemberId: ann.Id };
      const team = space.addTeam({ ...lends, TeamMembers: [ann.Id, bob.Id, cleo.Id] });
      const before = await index();
      space.update('teams', team.Id, { TeamMembers: [ann.Id, cleo.Id] });
      assert.deepEqual(differing(before, await index()), [bob.Id]);
    });

    it('differs in what is the same for all where a pass type or a location changes', async () => {
      const { type } = planMember();
      const before = await index();
      space.update('timepasses', type.Id, { KisiGroupId: '101' });
      const between = await index();
      assert.notEqual(between.reference, before.reference);
      space.addBusinessSetting({ Name: 'Checkin.DailyCutOffTime', Value: '05:00' });
      assert.notEqual((await index()).reference, between.reference);
      assert.deepEqual(differing(before, between), []);
    });

    it('throws where rows are missing', async () => {
      planMember();
      bench.simulator.faults.add({ match: '/api/billing/coworkercontracts', kind: 'truncated' });
      await assert.rejects(index(), (error) => isNexudusError(error, 'incomplete'));
    });
  });
});
