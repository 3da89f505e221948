import assert from 'node:assert/strict';
import {
  ask,
  credentials,
  get,
  getList,
  startBench,
  write,
  type Bench,
  type WireRow,
} from './nexudus-support.js';

const hourMs = 60 * 60 * 1000;

describe('Nexudus simulator: logins, limits and writes', () => {
  let bench: Bench;
  afterEach(() => bench.stop());

  async function token(form: Record<string, string>, headers: Record<string, string> = {}) {
    const body = new URLSearchParams(form);
    const response = await fetch(`${bench.simulator.url}/token`, { method: 'POST', body, headers });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  }
  const password = { grant_type: 'password', username: credentials.email, password: credentials.password };
  const bearer = (access: string | undefined) =>
    ask(bench, '/auth/me', { headers: { authorization: `Bearer ${access}` } });

  it('takes Basic, and refuses what it does not know with the status of its switch', async () => {
    bench = await startBench();
    assert.equal((await ask(bench, '/auth/me')).status, 200);
    const stranger = { headers: { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` } };
    assert.equal((await ask(bench, '/spaces/coworkers', stranger)).status, 401);
    bench.simulator.switches.authFailureStatus = 403;
    assert.equal((await ask(bench, '/spaces/coworkers', stranger)).status, 403);
  });

  it('gives a token for a form, and unsupported_grant_type for JSON', async () => {
    bench = await startBench();
    const { status, body } = await token(password);
    assert.equal(status, 200);
    assert.deepEqual([body['token_type'], body['expires_in']], ['bearer', 604_799]);
    assert.equal((await bearer(body['access_token'])).status, 200);
    const json = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers: json, body: JSON.stringify(password) };
    const refused = await fetch(`${bench.simulator.url}/token`, init);
    assert.deepEqual([refused.status, await refused.json()], [400, { error: 'unsupported_grant_type' }]);
    assert.equal((await token({ ...password, password: 'wrong' })).body['error'], 'invalid_grant');
  });

  it('ends an access token after a week, and goes on with a refresh token, which works once', async () => {
    bench = await startBench();
    const first = (await token(password)).body;
    bench.advanceMs(8 * 24 * hourMs);
    assert.equal((await bearer(first['access_token'])).status, 401);
    const refresh = { grant_type: 'refresh_token', refresh_token: first['refresh_token'] ?? '' };
    const second = await token(refresh);
    assert.equal((await bearer(second.body['access_token'])).status, 200);
    assert.deepEqual((await token(refresh)).body, { error: 'invalid_grant' });
  });

  it('keeps one refresh token for each client id', async () => {
    bench = await startBench();
    const own = (await token(password, { client_id: 'doors' })).body['refresh_token'] ?? '';
    const refresh = { grant_type: 'refresh_token', refresh_token: own };
    assert.equal((await token(refresh)).status, 400);
    assert.equal((await token(refresh, { client_id: 'doors' })).status, 200);
  });

  it('throttles with 409, Retry-After and an empty body, or 429 by switch', async () => {
    bench = await startBench({ rateLimits: { perGapMs: 100, perMinute: 120, perHour: 5000 } });
    assert.equal((await ask(bench, '/spaces/coworkers')).status, 200);
    const refused = await ask(bench, '/spaces/coworkers');
    assert.equal(refused.status, 409);
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal(await refused.text(), '');
    bench.simulator.switches.throttleStatus = 429;
    assert.equal((await ask(bench, '/spaces/coworkers')).status, 429);
    bench.advanceMs(100);
    assert.equal((await ask(bench, '/spaces/coworkers')).status, 200);
  });

  it('counts the minute and the hour apart', async () => {
    bench = await startBench({ rateLimits: { perGapMs: 0, perMinute: 2, perHour: 3 } });
    const statuses: number[] = [];
    for (const pauseMs of [0, 0, 0, 60_000, 60_000, hourMs]) {
      bench.advanceMs(pauseMs);
      statuses.push((await ask(bench, '/spaces/teams')).status);
    }
    assert.deepEqual(statuses, [200, 200, 409, 200, 409, 200]);
  });

  it('answers a missing id with 404 and a JSON string', async () => {
    bench = await startBench();
    for (const path of ['/spaces/coworkers/5', '/billing/coworkertimepasses/5', '/nothing/here']) {
      const response = await ask(bench, path);
      assert.deepEqual([response.status, await response.text()], [404, '"Not found"'], path);
    }
    assert.equal((await write(bench, 'DELETE', '/spaces/coworkers/5')).status, 404);
    assert.equal((await write(bench, 'PUT', '/spaces/coworkers', { Id: 5 })).status, 404);
  });

  it('answers a bad write with 400 around an inner status of 500', async () => {
    bench = await startBench();
    const { status, body } = await write(bench, 'POST', '/spaces/coworkers', { FullName: 'Mo' });
    assert.deepEqual([status, body['Status'], body['WasSuccessful']], [400, 500, false]);
    assert.deepEqual(
      (body['Errors'] as WireRow[]).map((error) => error['PropertyName']),
      ['Email', 'CountryId', 'SimpleTimeZoneId'],
    );
  });

  it('creates, and clears on PUT what was not sent', async () => {
    bench = await startBench();
    const zone = bench.simulator.space.addSimpleTimeZone().Id;
    const required = { FullName: 'Mo', Email: 'mo@example.com', CountryId: 1, SimpleTimeZoneId: zone };
    const whole = { ...required, Active: true, Notes: 'x' };
    const made = await write(bench, 'POST', '/spaces/coworkers', whole);
    assert.deepEqual([made.status, made.body['WasSuccessful'], made.body['Errors']], [200, true, null]);
    const { Id } = made.body['Value'] as { Id: number };
    bench.advanceMs(5000);
    await write(bench, 'PUT', '/spaces/coworkers', { ...required, Id });
    const after = await get(bench, `/spaces/coworkers/${Id}`);
    assert.deepEqual([after['Active'], after['Notes'], after['FullName']], [false, null, 'Mo']);
    assert.deepEqual(
      [after['CreatedOn'], after['UpdatedOn']],
      ['2026-11-24T10:00:00Z', '2026-11-24T10:00:05Z'],
    );
    assert.equal((await write(bench, 'DELETE', `/spaces/coworkers/${Id}`)).status, 200);
    assert.equal((await ask(bench, `/spaces/coworkers/${Id}`)).status, 404);
  });

  it('follows Added and Removed deltas, and ignores an array that is not one', async () => {
    bench = await startBench();
    const { space } = bench.simulator;
    const team = space.addTeam({ TeamMembers: [1, 2] });
    const put = (change: WireRow) =>
      write(bench, 'PUT', '/spaces/teams', {
        Id: team.Id,
        BusinessId: team.BusinessId,
        Name: 'Team',
        ...change,
      });
    await put({ AddedTeamMembers: [3], RemovedTeamMembers: [1] });
    assert.deepEqual((await get(bench, `/spaces/teams/${team.Id}`))['TeamMembers'], [2, 3]);
    assert.equal((await put({ TeamMembers: 7 })).body['WasSuccessful'], true);
    assert.deepEqual((await get(bench, `/spaces/teams/${team.Id}`))['TeamMembers'], [2, 3]);
  });

  it('issues as many passes as CreateMultiple says', async () => {
    bench = await startBench();
    const { space } = bench.simulator;
    const [CoworkerId, type] = [space.addCoworker().Id, space.addTimePass()];
    const body = { CoworkerId, BusinessId: type.BusinessId, TimePassId: type.Id, CreateMultiple: 3 };
    await write(bench, 'POST', '/billing/coworkertimepasses', body);
    assert.equal((await getList(bench, '/billing/coworkertimepasses')).TotalItems, 3);
  });

  it('neither creates nor deletes locations', async () => {
    bench = await startBench();
    const { Id } = bench.simulator.space.addBusiness();
    assert.equal((await write(bench, 'DELETE', `/sys/businesses/${Id}`)).status, 405);
    assert.equal((await write(bench, 'POST', '/sys/businesses', {})).status, 405);
  });

  it('tells the user and its enums', async () => {
    bench = await startBench();
    const { space } = bench.simulator;
    const zone = space.addSimpleTimeZone({ Name: 'W. Europe Standard Time' }).Id;
    space.addBusiness({ SimpleTimeZoneId: zone });
    assert.equal((await get(bench, '/auth/me'))['DefaultSimpleTimeZoneNameIana'], 'Europe/Berlin');
    assert.deepEqual(await get(bench, '/utils/enums?name=eCoworkerType'), [
      { Id: 1, Name: 'Individual' },
      { Id: 2, Name: 'Company' },
    ]);
  });
});
