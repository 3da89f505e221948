import assert from 'node:assert/strict';
import { get, getList, idsOf, startBench, type Bench, type WireRow } from './nexudus-support.js';

describe('Nexudus simulator: lists', () => {
  let bench: Bench;
  afterEach(() => bench.stop());

  it('shows 25 rows a page in the envelope, the last page what is left', async () => {
    bench = await startBench();
    for (let i = 0; i < 60; i += 1) bench.simulator.space.addCoworker();
    const first = await getList(bench, '/spaces/coworkers');
    assert.deepEqual(
      { ...first, Records: first.Records.length },
      {
        Records: 25,
        CurrentPage: 1,
        CurrentPageSize: 25,
        CurrentOrderField: 'Id',
        CurrentSortDirection: 1,
        FirstItem: 1,
        LastItem: 25,
        TotalItems: 60,
        TotalPages: 3,
        HasNextPage: true,
        HasPreviousPage: false,
      },
    );
    const last = await getList(bench, '/spaces/coworkers?page=3');
    assert.deepEqual([last.Records.length, last.HasNextPage, last.HasPreviousPage], [10, false, true]);
    assert.equal((await getList(bench, '/spaces/coworkers?page=4')).Records.length, 0);
  });

  it('cuts a size above 1000, or allows it by switch', async () => {
    bench = await startBench();
    for (let i = 0; i < 1001; i += 1) bench.simulator.space.add('teams');
    assert.equal((await getList(bench, '/spaces/teams?size=100000')).Records.length, 1000);
    bench.simulator.switches.sizeCap = 'allow';
    assert.equal((await getList(bench, '/spaces/teams?size=100000')).Records.length, 1001);
  });

  it('orders by any property, by whichever meaning of dir is set', async () => {
    bench = await startBench();
    const { space, switches } = bench.simulator;
    const b = space.addCoworker({ FullName: 'B' }).Id;
    const a = space.addCoworker({ FullName: 'A' }).Id;
    const c = space.addCoworker({ FullName: 'C' }).Id;
    assert.deepEqual(await idsOf(bench, '/spaces/coworkers?orderBy=FullName'), [a, b, c]);
    assert.deepEqual(await idsOf(bench, '/spaces/coworkers?ORDERBY=fullname&dir=-1'), [c, b, a]);
    assert.deepEqual(await idsOf(bench, '/spaces/coworkers?orderBy=FullName&dir=1'), [a, b, c]);
    switches.dirSemantics = 'zeroBased';
    assert.deepEqual(await idsOf(bench, '/spaces/coworkers?orderBy=FullName&dir=1'), [c, b, a]);
    switches.dirSemantics = 'words';
    assert.deepEqual(await idsOf(bench, '/spaces/coworkers?orderBy=FullName&dir=Descending'), [c, b, a]);
  });

  it('filters by prefixed names, relations without Id, nested names, and Id or UniqueId bare', async () => {
    bench = await startBench();
    const { space } = bench.simulator;
    const [mo, jo] = [space.addCoworker({ Email: 'mo@example.com' }), space.addCoworker({ Active: false })];
    const plan = space.addTariff().Id;
    const [first, second] = [mo, jo].map((who) => space.addContract({ CoworkerId: who.Id, TariffId: plan }));
    assert.ok(first && second);
    const pause = { PauseFrom: '2026-12-01T00:00:00Z', PauseUntil: '2027-01-01T00:00:00Z' };
    const freeze = space.addPausedPeriod({ CoworkerContractId: first.Id, ...pause });
    space.addPausedPeriod({ CoworkerContractId: second.Id, ...pause });

    assert.deepEqual(await idsOf(bench, '/spaces/coworkers?Coworker_Active=false'), [jo.Id]);
    assert.deepEqual(await idsOf(bench, '/spaces/coworkers?coworker_email=MO@example.com'), [mo.Id]);
    assert.deepEqual(await idsOf(bench, `/spaces/coworkers?UniqueId=${jo.UniqueId}`), [jo.Id]);
    assert.deepEqual(await idsOf(bench, `/spaces/coworkers?Id=${jo.Id}`), [jo.Id]);
    const contracts = '/billing/coworkercontracts';
    assert.deepEqual(await idsOf(bench, `${contracts}?CoworkerContract_Coworker=${jo.Id}`), [second.Id]);
    assert.deepEqual(await idsOf(bench, `${contracts}?CoworkerContract_Coworker_Email=mo@example.com`), [
      first.Id,
    ]);
    assert.deepEqual(await idsOf(bench, `${contracts}?CoworkerContract_Active=true&size=1`), [first.Id]);
    assert.deepEqual(
      await idsOf(
        bench,
        `/billing/contractpausedperiods?ContractPausedPeriod_CoworkerContract_Coworker=${mo.Id}`,
      ),
      [freeze.Id],
    );
  });

  it('ignores filters it does not know, relation ids and flattened names among them', async () => {
    bench = await startBench();
    const { space } = bench.simulator;
    const plan = space.addTariff().Id;
    const contract = space.addContract({ CoworkerId: space.addCoworker().Id, TariffId: plan });
    for (const unknown of ['UpdatedSince=2030-01-01', 'CoworkerContract_CoworkerId=1', 'Coworker=1'])
      assert.deepEqual(await idsOf(bench, `/billing/coworkercontracts?${unknown}`), [contract.Id], unknown);
    assert.deepEqual(
      await idsOf(bench, '/billing/coworkercontracts?CoworkerContract_CoworkerEmail=no@example.com'),
      [contract.Id],
    );
  });

  it('takes ranges to the minute, both ends inside', async () => {
    bench = await startBench();
    const { space } = bench.simulator;
    bench.setClock('2026-11-24T10:00:50Z');
    const id = space.addCoworker().Id;
    const found = (query: string) => idsOf(bench, `/spaces/coworkers?${query}`);
    assert.deepEqual(await found('from_Coworker_UpdatedOn=2026-11-24T10:00'), [id]);
    assert.deepEqual(await found('from_Coworker_UpdatedOn=2026-11-24T10:00:59Z'), [id]);
    assert.deepEqual(await found('from_Coworker_UpdatedOn=2026-11-24T10:01'), []);
    assert.deepEqual(await found('to_Coworker_UpdatedOn=2026-11-24T10:00'), [id]);
    assert.deepEqual(await found('TO_COWORKER_UPDATEDON=2026-11-24T09:59'), []);
  });

  it('finds numbers by range and leaves out rows without a value', async () => {
    bench = await startBench();
    const { space } = bench.simulator;
    const [CoworkerId, TimePassId] = [space.addCoworker().Id, space.addTimePass().Id];
    const dated = space.addPass({ CoworkerId, TimePassId, ExpireDate: '2026-12-01T00:00:00Z' });
    const open = space.addPass({ CoworkerId, TimePassId, RemainingUses: 5 });
    const passes = '/billing/coworkertimepasses';
    assert.deepEqual(await idsOf(bench, `${passes}?from_CoworkerTimePass_ExpireDate=2026-01-01T00:00`), [
      dated.Id,
    ]);
    assert.deepEqual(await idsOf(bench, `${passes}?from_CoworkerTimePass_RemainingUses=2`), [open.Id]);
    assert.deepEqual(await idsOf(bench, `${passes}?CoworkerTimePass_Used=True`), []);
  });

  it('leaves arrays out of list rows and shows their comma-joined twins', async () => {
    bench = await startBench();
    const { space } = bench.simulator;
    const member = space.addCoworker();
    const teams = [space.addTeam({ TeamMembers: [member.Id] }), space.addTeam({ TeamMembers: [member.Id] })];
    const plan = space.addTariff({ Name: 'Resident' }).Id;
    const contracts = [1, 2].map(() => space.addContract({ CoworkerId: member.Id, TariffId: plan }).Id);
    const row = (await getList(bench, '/spaces/coworkers')).Records[0];
    assert.ok(row);
    assert.equal(Object.values(row).some(Array.isArray), false);
    assert.equal(row['TeamIds'], teams.map((t) => t.Id).join(','));
    assert.equal(row['CoworkerContractIds'], contracts.join(','));
    assert.equal(row['CoworkerContractTariffNames'], 'Resident,Resident');
    const one = await get(bench, `/spaces/coworkers/${member.Id}`);
    assert.deepEqual(
      one['Teams'],
      teams.map((t) => t.Id),
    );
  });

  it("shows a team's CoworkerIds in lists only while its switch is on", async () => {
    bench = await startBench();
    const { space, switches } = bench.simulator;
    space.addTeam({ TeamMembers: [1, 2] });
    assert.equal((await getList(bench, '/spaces/teams')).Records[0]?.['CoworkerIds'], '1,2');
    switches.teamCoworkerIds = false;
    assert.equal((await getList(bench, '/spaces/teams')).Records[0]?.['CoworkerIds'], undefined);
  });

  it('answers a batch with a bare array of full records, or enveloped by switch', async () => {
    bench = await startBench();
    const { space, switches } = bench.simulator;
    const ids = [space.addCoworker().Id, space.addCoworker().Id];
    space.addCoworker();
    const address = `/spaces/coworkers/?id=[${ids.join(',')}]`;
    const batch = await get<WireRow[]>(bench, address);
    assert.deepEqual(
      batch.map((row) => [row['Id'], Array.isArray(row['Businesses'])]),
      ids.map((id) => [id, true]),
    );
    switches.batchEnveloped = true;
    assert.equal((await getList(bench, address)).TotalItems, 2);
  });

  it('flattens related fields and adds local twins of dates, with a Z only by switch', async () => {
    bench = await startBench();
    const { space, switches } = bench.simulator;
    const zone = space.addSimpleTimeZone({ Name: 'Europe/Berlin' }).Id;
    const IssuedById = space.addBusiness({ Name: 'Mitte', SimpleTimeZoneId: zone }).Id;
    const member = space.addCoworker({ Email: 'mo@example.com' });
    const TariffId = space.addTariff({ Name: 'Resident' }).Id;
    space.addContract({
      CoworkerId: member.Id,
      TariffId,
      IssuedById,
      RenewalDate: space.localMidnight(IssuedById, '2026-04-10'),
    });
    const row = async () => (await getList(bench, '/billing/coworkercontracts')).Records[0] ?? {};
    const shown = await row();
    assert.equal(shown['RenewalDate'], '2026-04-09T22:00:00Z');
    assert.equal(shown['RenewalDateLocal'], '2026-04-10T00:00:00');
    assert.deepEqual(
      [shown['CoworkerEmail'], shown['TariffName'], shown['IssuedByName']],
      ['mo@example.com', 'Resident', 'Mitte'],
    );
    switches.localDatesWithZ = true;
    assert.equal((await row())['RenewalDateLocal'], '2026-04-10T00:00:00Z');
  });

  it('names time zones the Windows way, or the IANA way by switch', async () => {
    bench = await startBench();
    const zone = bench.simulator.space.addSimpleTimeZone({ Name: 'Europe/Berlin' });
    assert.equal((await get(bench, `/sys/simpletimezones/${zone.Id}`))['Name'], 'W. Europe Standard Time');
    bench.simulator.switches.simpleTimeZoneNames = 'iana';
    assert.equal((await get(bench, `/sys/simpletimezones/${zone.Id}`))['Name'], 'Europe/Berlin');
  });
});
