import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { get, getList, startBench, write, type Bench, type WireRow } from './nexudus-support.js';

/** One call of a webhook as it came. */
interface Call {
  action: number;
  method: string;
  contentType: string | undefined;
  signature: string | undefined;
  text: string;
}

/** By the published numbers. */
const access = 61;
const teamUpdated = 58;
const actions = [2, 3, 10, 11, 12, 13, 14, 35, 36, 47, 48, 49, 50, 57, 58, 59, 60, 61, 62, 77];

describe('Nexudus simulator: webhooks', () => {
  let bench: Bench;
  let receiver: Server;
  let url: string;
  let calls: Call[];
  /** The status of an answer; null: none is given. */
  let status: number | null;

  before(async () => {
    receiver = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => (text += part));
      request.on('end', () => {
        const { 'content-type': contentType, 'x-nexudus-hook-signature': header } = request.headers;
        const signature = typeof header === 'string' ? header : undefined;
        const action = Number((request.url ?? '').slice(1));
        calls.push({ action, method: request.method ?? '', contentType, signature, text });
        if (status !== null) response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  });
  after(() => {
    receiver.close();
    receiver.closeAllConnections();
  });
  beforeEach(async () => {
    bench = await startBench();
    calls = [];
    status = 200;
  });
  afterEach(() => bench.stop());

  /** A hook whose address is its action. */
  const hook = (Action: number, BusinessId?: number): WireRow & { Id: number } =>
    bench.simulator.space.addWebhook({
      Action,
      URL: `${url}/${Action}`,
      ...(BusinessId === undefined ? {} : { BusinessId }),
    });

  /** The calls that `act` leads to. */
  async function callsOf(act: () => unknown): Promise<Call[]> {
    calls = [];
    await act();
    await bench.simulator.hooksSent();
    return calls;
  }

  /** The actions of the calls that `act` leads to, lowest first. */
  const toldOf = async (act: () => unknown): Promise<number[]> =>
    (await callsOf(act)).map(({ action }) => action).sort((a, b) => a - b);

  function recordOf(call: Call | undefined): WireRow {
    const records = JSON.parse(call?.text ?? '') as WireRow[];
    assert.equal(records.length, 1);
    return records[0] ?? {};
  }

  it('keeps webhooks as records with one action and one location, and clears on PUT what was not sent', async () => {
    const BusinessId = bench.simulator.space.addBusiness().Id;
    const bad = await write(bench, 'POST', '/sys/webhooks', {});
    assert.deepEqual(
      (bad.body['Errors'] as WireRow[]).map((error) => error['PropertyName']),
      ['BusinessId', 'Name', 'Action', 'URL'],
    );
    const required = { BusinessId, Name: 'Mine', Action: access, URL: `${url}/x` };
    const ruled = { ErrorCount: 7, LastError: 'x', LastTrigger: '2026-01-01T00:00:00Z' };
    const whole = { ...required, ...ruled, Active: true, Description: 'd' };
    const { Id } = (await write(bench, 'POST', '/sys/webhooks', whole)).body['Value'] as { Id: number };
    const found = await get(bench, `/sys/webhooks/${Id}`);
    assert.deepEqual([found['Active'], found['Description'], found['Action']], [true, 'd', access]);
    assert.deepEqual([found['ErrorCount'], found['LastError'], found['LastTrigger']], [0, null, null]);
    await write(bench, 'PUT', '/sys/webhooks', { ...required, Id });
    const after = await get(bench, `/sys/webhooks/${Id}`);
    assert.deepEqual([after['Active'], after['Description'], after['Action']], [false, null, access]);
    assert.equal((await getList(bench, '/sys/webhooks?WebHook_Action=61')).TotalItems, 1);
    assert.equal((await getList(bench, '/sys/webhooks?WebHook_Action=62')).TotalItems, 0);
    assert.equal((await write(bench, 'DELETE', `/sys/webhooks/${Id}`)).status, 200);
    assert.equal((await getList(bench, '/sys/webhooks')).TotalItems, 0);
  });

  it('posts an array of one record: the coworker for AccessControlUpdate, with whatever happened', async () => {
    const { space } = bench.simulator;
    const CoworkerId = space.addCoworker({ FullName: 'Zoë', Email: 'zoe@example.com' }).Id;
    const type = space.addTimePass();
    hook(access);
    const [call] = await callsOf(() => space.addPass({ CoworkerId, TimePassId: type.Id }));
    assert.deepEqual([call?.method, call?.signature], ['POST', undefined]);
    assert.match(call?.contentType ?? '', /^application\/json/);
    assert.deepEqual(recordOf(call), await get(bench, `/spaces/coworkers/${CoworkerId}`));
  });

  it('tells of coworkers: made, changed, suspended, given a card', async () => {
    const { space } = bench.simulator;
    for (const action of actions) hook(action);
    let id = 0;
    assert.deepEqual(await toldOf(() => (id = space.addCoworker({ Email: 'mo@example.com' }).Id)), [3, 61]);
    assert.deepEqual(await toldOf(() => space.update('coworkers', id, { Notes: 'x' })), [2]);
    assert.deepEqual(
      await toldOf(() => {
        space.suspend(id);
      }),
      [2, 61],
    );
    assert.deepEqual(await toldOf(() => space.update('coworkers', id, { AccessCardId: '7' })), [2, 61]);
    const [call] = await callsOf(() => space.remove('coworkers', id));
    assert.deepEqual([call?.action, recordOf(call)['Id'], calls.length], [50, id, 1]);
  });

  it('tells of passes by AccessControlUpdate only, over HTTP too', async () => {
    const { space } = bench.simulator;
    const CoworkerId = space.addCoworker({ Email: 'mo@example.com' }).Id;
    const { BusinessId, Id: TimePassId } = space.addTimePass();
    for (const action of actions) hook(action);
    const body = { CoworkerId, BusinessId, TimePassId, CreateMultiple: 2 };
    assert.deepEqual(await toldOf(() => write(bench, 'POST', '/billing/coworkertimepasses', body)), [61, 61]);
    const [pass] = space.list('coworkertimepasses');
    assert.deepEqual(await toldOf(() => space.usePass(pass?.Id ?? 0)), [61]);
    assert.deepEqual(
      await toldOf(() => write(bench, 'DELETE', `/billing/coworkertimepasses/${pass?.Id}`)),
      [61],
    );
  });

  it('tells of contracts: made, begun, moved, renewed, cancelled, deleted', async () => {
    const { space } = bench.simulator;
    const CoworkerId = space.addCoworker({ Email: 'mo@example.com' }).Id;
    const [plan, other] = [space.addTariff(), space.addTariff()];
    for (const action of actions) hook(action);
    let id = 0;
    const add = (StartDate?: string) => () =>
      (id = space.addContract({ CoworkerId, TariffId: plan.Id, ...(StartDate ? { StartDate } : {}) }).Id);
    assert.deepEqual(await toldOf(add()), [10, 14, 61, 62]);
    assert.deepEqual(await toldOf(add('2026-12-01T00:00:00Z')), [61, 62]);
    const begins = { StartDate: '2026-11-01T00:00:00Z' };
    assert.deepEqual(await toldOf(() => space.update('coworkercontracts', id, begins)), [10, 60, 61]);
    assert.deepEqual(await toldOf(() => space.changePlan(id, other.Id)), [13, 60, 61]);
    assert.deepEqual(await toldOf(() => space.changePlan(id, other.Id, 'now')), [13, 60, 61]);
    const renews = { RenewalDate: '2027-03-01T00:00:00Z' };
    assert.deepEqual(await toldOf(() => space.update('coworkercontracts', id, renews)), [12, 60, 61]);
    assert.deepEqual(await toldOf(() => space.cancelContract(id, '2026-12-24')), [11, 60, 61]);
    const [call] = await callsOf(() => space.remove('coworkercontracts', id));
    assert.deepEqual([call?.action, recordOf(call)['CoworkerId'], calls.length], [77, CoworkerId, 1]);
  });

  it('tells of teams, and of access for those who join or leave', async () => {
    const { space } = bench.simulator;
    const [one, two] = ['a', 'b'].map((name) => space.addCoworker({ Email: `${name}@example.com` }).Id);
    for (const action of actions) hook(action);
    let id = 0;
    assert.deepEqual(await toldOf(() => (id = space.addTeam({ TeamMembers: [one ?? 0] }).Id)), [57, 61]);
    const joined = await callsOf(() => space.update('teams', id, { TeamMembers: [one ?? 0, two ?? 0] }));
    const of = (action: number) => recordOf(joined.find((call) => call.action === action));
    assert.deepEqual(of(teamUpdated)['TeamMembers'], [one, two]);
    assert.equal(of(access)['Id'], two);
    assert.equal(joined.length, 2);
    assert.deepEqual(await toldOf(() => space.update('teams', id, { ShareTimePasses: true })), [58]);
    assert.deepEqual(await toldOf(() => space.remove('teams', id)), [59, 61, 61]);
  });

  for (const carries of ['checkin', 'coworker'] as const) {
    it(`tells of check-ins, and of coming and going by the record of the ${carries}`, async () => {
      const { space, switches } = bench.simulator;
      switches.checkinHookRecord = carries;
      const id = space.addCoworker({ Email: 'mo@example.com' }).Id;
      for (const action of actions) hook(action);
      const came = await callsOf(() => space.checkIn(id));
      const record = recordOf(came.find(({ action }) => action === 36));
      assert.equal(carries === 'coworker' ? record['Id'] : record['CoworkerId'], id);
      assert.deepEqual(came.map(({ action }) => action).sort(), [36, 47, 61]);
      assert.deepEqual(
        await toldOf(() => {
          space.checkOut(id);
        }),
        [35, 48, 61],
      );
      const [checkin] = space.list('checkins');
      assert.deepEqual(await toldOf(() => space.remove('checkins', checkin?.Id ?? 0)), [49]);
    });
  }

  it('asks only hooks that are on, of that action, and of that location', async () => {
    const { space, switches } = bench.simulator;
    const network = space.addBusiness().Id;
    const [here, there] = [1, 2].map(() => space.addBusiness({ RootLocationId: network }).Id);
    const places = [here, there, network].map((place) => hook(access, place).Id);
    const off = hook(access, here).Id;
    space.update('webhooks', off, { Active: false });
    hook(teamUpdated, here);
    const triggered = (): number[] =>
      space.list('webhooks').flatMap(({ Id, LastTrigger }) => (LastTrigger === null ? [] : [Id]));
    const Businesses = { InvoicingBusinessId: here ?? 0 };
    await callsOf(() => space.addCoworker({ ...Businesses, Email: 'a@example.com' }));
    assert.deepEqual(triggered(), [places[0], places[2]]);
    switches.hooksCoverNetworks = false;
    assert.equal(
      (await callsOf(() => space.addCoworker({ ...Businesses, Email: 'b@example.com' }))).length,
      1,
    );
  });

  it('signs with the shared secret, in uppercase hex, over what the switch says', async () => {
    const { space, switches } = bench.simulator;
    hook(access);
    const join = () => space.addCoworker({ FullName: 'Zoë 🦊', Email: 'zoe@example.com' });
    const mac = (secret: string, text: string): string =>
      createHmac('sha256', secret).update(text, 'utf8').digest('hex').toUpperCase();
    switches.hookSecret = 'geheim ü';
    const [folded] = await callsOf(join);
    assert.match(folded?.text ?? '', /Zoë 🦊/);
    const ascii = folded?.text.replaceAll('ë', '?').replaceAll('🦊', '??') ?? '';
    assert.equal(folded?.signature, mac('geheim ?', ascii));
    switches.hookSignatureFold = 'utf8';
    const [asIs] = await callsOf(join);
    assert.equal(asIs?.signature, mac('geheim ü', asIs?.text ?? ''));
  });

  it('counts failures, and switches a hook off after ten in a row', async () => {
    const { space } = bench.simulator;
    const { Id } = hook(access);
    const join = () => space.addCoworker({ Email: 'a@example.com' });
    const state = () => {
      const { Active, ErrorCount, LastError } = space.need('webhooks', Id);
      return { Active, ErrorCount, LastError };
    };
    status = 503;
    for (let i = 0; i < 9; i++) await callsOf(join);
    status = 204;
    await callsOf(join);
    status = 302;
    for (let i = 0; i < 9; i++) await callsOf(join);
    assert.deepEqual(state(), { Active: true, ErrorCount: 18, LastError: 'HTTP 302' });
    await callsOf(join);
    assert.deepEqual(state(), { Active: false, ErrorCount: 19, LastError: 'HTTP 302' });
    assert.equal((await callsOf(join)).length, 0);
    const { BusinessId, Name, Action, URL } = space.need('webhooks', Id);
    await write(bench, 'PUT', '/sys/webhooks', { Id, BusinessId, Name, Action, URL, Active: true });
    assert.equal((await callsOf(join)).length, 1);
    assert.equal(state().Active, true);
  });

  it('counts a hook that nobody answers', async () => {
    const { space } = bench.simulator;
    const { Id } = space.addWebhook({ Action: access, URL: 'http://127.0.0.1:9/' });
    await callsOf(() => space.addCoworker({ Email: 'a@example.com' }));
    const { ErrorCount, LastError, LastTrigger } = space.need('webhooks', Id);
    assert.deepEqual([ErrorCount, LastError, LastTrigger], [1, 'No answer', '2026-11-24T10:00:00Z']);
  });

  it('holds up neither the write that is told of nor the end of the simulator', async () => {
    const { space } = bench.simulator;
    const { Id } = hook(access);
    status = null;
    const { CountryId, SimpleTimeZoneId } = space.addCoworker({ Email: 'a@example.com' });
    const body = { FullName: 'Mo', Email: 'mo@example.com', CountryId, SimpleTimeZoneId };
    assert.equal((await write(bench, 'POST', '/spaces/coworkers', body)).status, 200);
    await bench.simulator.stop();
    assert.equal(space.need('webhooks', Id).ErrorCount, 0);
  });
});
