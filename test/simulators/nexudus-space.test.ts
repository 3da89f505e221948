import assert from 'node:assert/strict';
import { passRenewalTimes } from '../../simulators/nexudus.js';
import { get, startBench, type Bench } from './nexudus-support.js';

describe('Nexudus simulator: the life of a space', () => {
  let bench: Bench;
  afterEach(() => bench.stop());

  /** A member in Berlin on a plan with one allowance of the given rhythm, the clock at 11:00 local. */
  async function subscribed(PassRenewalTime: number) {
    bench = await startBench();
    const { space } = bench.simulator;
    const zone = space.addSimpleTimeZone({ Name: 'Europe/Berlin' }).Id;
    space.addBusiness({ SimpleTimeZoneId: zone });
    const member = space.addCoworker();
    const type = space.addTimePass();
    const plan = space.addTariff();
    const allowance = space.addTariffTimePass({ TariffId: plan.Id, TimePassId: type.Id, PassRenewalTime });
    const contract = space.addContract({ CoworkerId: member.Id, TariffId: plan.Id });
    return { space, member, type, plan, allowance, contract };
  }

  const rhythms: [keyof typeof passRenewalTimes, string, string][] = [
    ['day', '2026-11-23T23:00:00Z', '2026-11-24T23:00:00Z'],
    ['week', '2026-11-28T23:00:00Z', '2026-12-05T23:00:00Z'],
    ['calendarMonth', '2026-11-29T23:00:00Z', '2026-12-30T23:00:00Z'],
    ['billingCycle', '2026-12-22T23:00:00Z', '2027-01-22T23:00:00Z'],
    ['year', '2026-12-30T23:00:00Z', '2027-12-30T23:00:00Z'],
  ];
  for (const [rhythm, first, second] of rhythms) {
    it(`renews the passes of a plan that gives them by the ${rhythm}, each to a local midnight`, async () => {
      const { space, contract, allowance } = await subscribed(passRenewalTimes[rhythm]);
      const passes = [...space.renew(contract.Id), ...space.renew(contract.Id)];
      assert.deepEqual(
        passes.map((pass) => pass.ExpireDate),
        [first, second],
      );
      assert.deepEqual(
        passes.map((p) => [p.IsFromTariff, p.CoworkerContractUniqueId, p.TariffTimePassUniqueId]),
        [1, 2].map(() => [true, contract.UniqueId, allowance.UniqueId]),
      );
    });
  }

  it('puts the end of the period into ExpireDate by switch', async () => {
    const { space, contract } = await subscribed(passRenewalTimes.day);
    bench.simulator.switches.planPassExpires = 'periodEnd';
    const expires = [space.renew(contract.Id), space.renew(contract.Id)].map(([pass]) => pass?.ExpireDate);
    assert.deepEqual(expires, ['2026-11-24T23:00:00Z', '2026-11-25T23:00:00Z']);
  });

  it('issues at a tick what is due, once, and at the local midnight that ends the period', async () => {
    const { space } = await subscribed(passRenewalTimes.day);
    assert.equal(space.tick().length, 1);
    assert.equal(space.tick().length, 0);
    bench.setClock('2026-11-24T22:59:59Z');
    assert.equal(space.tick().length, 0);
    bench.setClock('2026-11-24T23:00:00Z');
    assert.deepEqual(
      space.tick().map((pass) => pass.ExpireDate),
      ['2026-11-24T23:00:00Z'],
    );
  });

  it('bills at a tick: the renewal date moves on and the next plan takes over', async () => {
    const { space, contract } = await subscribed(passRenewalTimes.billingCycle);
    const other = space.addTariff({ Name: 'Bigger' });
    space.changePlan(contract.Id, other.Id);
    assert.equal(space.tick().length, 1);
    bench.setClock('2026-12-24T10:00:00Z');
    assert.deepEqual(space.tick(), []);
    const after = await get(bench, `/billing/coworkercontracts/${contract.Id}`);
    assert.deepEqual(
      [after['TariffName'], after['NextTariffId'], after['RenewalDate']],
      ['Bigger', null, '2027-01-23T23:00:00Z'],
    );
  });

  it('gives no passes to a contract that has ended, waits, is frozen, or whose member is suspended', async () => {
    const { space, contract, member } = await subscribed(passRenewalTimes.day);
    const pause = space.addPausedPeriod({
      CoworkerContractId: contract.Id,
      PauseFrom: '2026-11-23T23:00:00Z',
      PauseUntil: '2026-11-30T23:00:00Z',
    });
    assert.deepEqual(space.tick(), []);
    assert.equal((await get(bench, `/billing/coworkercontracts/${contract.Id}`))['InPausedPeriod'], true);
    space.remove('contractpausedperiods', pause.Id);
    space.suspend(member.Id);
    assert.deepEqual(space.tick(), []);
    space.update('coworkers', member.Id, { Active: true });
    space.update('coworkercontracts', contract.Id, { StartDate: '2026-11-24T23:00:00Z' });
    assert.deepEqual(space.tick(), []);
    space.update('coworkercontracts', contract.Id, { StartDate: null });
    space.cancelContract(contract.Id, '2026-11-24');
    assert.deepEqual(space.tick(), []);
  });

  it('lets a cancelled contract run until its local day begins', async () => {
    const { space, contract } = await subscribed(passRenewalTimes.day);
    space.cancelContract(contract.Id, '2026-11-26');
    const shown = () => get(bench, `/billing/coworkercontracts/${contract.Id}`);
    const before = await shown();
    assert.deepEqual(
      [before['CancellationDate'], before['Cancelled'], before['Active']],
      ['2026-11-25T23:00:00Z', false, true],
    );
    bench.setClock('2026-11-25T23:00:00Z');
    space.tick();
    const after = await shown();
    assert.deepEqual([after['Cancelled'], after['Active']], [true, false]);
  });

  it('uses a day pass once a day, and ties the check-in to it by its GUID', async () => {
    const { space, member, type } = await subscribed(passRenewalTimes.day);
    const pass = space.addPass({ CoworkerId: member.Id, TimePassId: type.Id });
    space.addPass({ CoworkerId: member.Id, TimePassId: type.Id });
    const visits = [space.checkIn(member.Id)];
    const during = await get(bench, `/billing/coworkertimepasses/${pass.Id}`);
    assert.deepEqual(
      [during['Used'], during['UsedDate'], during['CheckedIn'], during['RemainingUses']],
      [true, '2026-11-24T10:00:00Z', true, 0],
    );
    space.checkOut(member.Id);
    visits.push(space.checkIn(member.Id));
    assert.deepEqual(
      visits.map((visit) => visit.CoworkerTimePassGuid),
      [pass.UniqueId, pass.UniqueId],
    );
  });

  it('takes the minutes of a visit off a minute pass', async () => {
    const { space, member } = await subscribed(passRenewalTimes.day);
    const type = space.addTimePass({ MinutesIncluded: 100 });
    const pass = space.addPass({ CoworkerId: member.Id, TimePassId: type.Id });
    const left: unknown[] = [];
    for (const minutes of [30, 90]) {
      space.checkIn(member.Id);
      bench.advanceMs(minutes * 60_000);
      space.checkOut(member.Id);
      const { RemainingUses, Used } = space.need('coworkertimepasses', pass.Id);
      left.push([RemainingUses, Used]);
    }
    assert.deepEqual(left, [
      [70, false],
      [0, true],
    ]);
  });

  it("moves a coworker's UpdatedOn on changes of contract, pass or team only by switch", async () => {
    const { space, member, contract, type } = await subscribed(passRenewalTimes.day);
    const updatedOn = () => space.need('coworkers', member.Id).UpdatedOn;
    bench.setClock('2026-11-24T11:00:00Z');
    space.update('coworkercontracts', contract.Id, { Notes: 'x' });
    assert.equal(updatedOn(), '2026-11-24T10:00:00Z');
    assert.equal(space.need('coworkercontracts', contract.Id).UpdatedOn, '2026-11-24T11:00:00Z');
    bench.simulator.switches.coworkerUpdatedOnFollows = true;
    space.update('coworkercontracts', contract.Id, { Notes: 'y' });
    assert.equal(updatedOn(), '2026-11-24T11:00:00Z');
    bench.setClock('2026-11-24T12:00:00Z');
    const pass = space.addPass({ CoworkerId: member.Id, TimePassId: type.Id });
    assert.equal(updatedOn(), '2026-11-24T12:00:00Z');
    bench.setClock('2026-11-24T13:00:00Z');
    space.remove('coworkertimepasses', pass.Id);
    assert.equal(updatedOn(), '2026-11-24T13:00:00Z');
    bench.setClock('2026-11-24T14:00:00Z');
    space.addTeam({ TeamMembers: [member.Id] });
    assert.equal(updatedOn(), '2026-11-24T14:00:00Z');
  });
});
