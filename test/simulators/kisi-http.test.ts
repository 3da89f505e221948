import assert from 'node:assert/strict';
import { defaultSwitches } from '../../simulators/kisi-switches.js';
import { checkShape, Kisi } from './kisi-ask.js';

describe('Kisi simulator: HTTP', () => {
  const kisi = new Kisi();
  beforeEach(() => kisi.start());
  afterEach(() => kisi.stop());

  it('takes only the exact form of the Authorization header', async () => {
    const right = 'KISI-LOGIN kisi-test-key';
    assert.equal((await kisi.send('GET', '/user', { authorization: right })).status, 200);
    for (const wrong of [
      'kisi-login kisi-test-key',
      'KISI-LOGIN  kisi-test-key',
      'Bearer kisi-test-key',
      'KISI-LOGIN kisi-test-ke',
    ]) {
      const { status } = await kisi.send('GET', '/users', { authorization: wrong });
      assert.equal(status, 401, wrong);
    }
    assert.equal((await kisi.send('GET', '/users', {})).status, 401);
  });

  it('tells the user and the organization of the key', async () => {
    const user = await kisi.ask('GET', '/user');
    assert.equal((user.body as { id: number }).id, kisi.org.ownerId);
    const organization = await kisi.ask('GET', '/organization');
    assert.equal((organization.body as { id: number }).id, kisi.org.id);
  });

  it('refuses a login that may not administer, and the key of an owner who no longer may', async () => {
    const member = kisi.org.addUser({ email: 'ada@example.com' });
    const secret = kisi.org.signIn(member.id);
    assert.equal((await kisi.ask('GET', '/users', undefined, secret)).status, 403);
    assert.equal((await kisi.ask('GET', '/users')).status, 200);
    kisi.org.demoteKeyOwner();
    assert.equal((await kisi.ask('GET', '/users')).status, 403);
    assert.equal((await kisi.ask('GET', '/user')).status, 200);
  });

  it('answers an unknown endpoint with its own 404', async () => {
    const { status, body } = await kisi.ask('GET', '/keys');
    assert.equal(status, 404);
    assert.deepEqual(body, {
      code: '000404',
      error: 'The endpoint does not exist, please check your request.',
    });
  });

  it('answers 404 for ids that are not there', async () => {
    for (const path of ['/users/1', '/groups/1', '/role_assignments/1', '/users/abc']) {
      assert.equal((await kisi.ask('GET', path)).status, 404, path);
      assert.equal((await kisi.ask('DELETE', path)).status, 404, path);
    }
    assert.equal((await kisi.ask('PATCH', '/users/1', { user: {} })).status, 404);
  });

  it('wants requests wrapped, as JSON', async () => {
    const bare = await kisi.ask('POST', '/users', { email: 'ada@example.com' });
    assert.equal(bare.status, 422);
    assert.deepEqual(bare.body, { errors: { user: ["can't be blank"] } });
    assert.equal((await kisi.ask('POST', '/role_assignments', { role_id: 'group_basic' })).status, 422);
    assert.equal((await kisi.ask('POST', '/groups', { name: 'Studio' })).status, 422);
    const authorization = 'KISI-LOGIN kisi-test-key';
    assert.equal((await kisi.send('POST', '/users', { authorization, body: '{"user":' })).status, 400);
    assert.deepEqual(kisi.org.users(), []);
  });

  it('lets as many requests at once through as come back in a second, then 429', async () => {
    kisi.simulator.switches.rateLimit = { perSecond: 5 };
    const statuses = async (count: number) => {
      const answers = Array.from({ length: count }, () => kisi.ask('GET', '/user'));
      return (await Promise.all(answers)).map(({ status }) => status).sort();
    };
    assert.deepEqual(await statuses(7), [200, 200, 200, 200, 200, 429, 429]);
    kisi.pass(400);
    assert.deepEqual(await statuses(3), [200, 200, 429]);
    kisi.pass(60_000);
    assert.deepEqual(await statuses(6), [200, 200, 200, 200, 200, 429]);
  });

  it('counts requests per user: another login of the same user shares the limit, another user does not', async () => {
    kisi.simulator.switches.rateLimit = { perSecond: 1 };
    const other = kisi.org.signIn(kisi.org.addUser({ email: 'ada@example.com' }).id);
    const twin = kisi.org.signIn(kisi.org.ownerId);
    assert.equal((await kisi.ask('GET', '/user')).status, 200);
    assert.equal((await kisi.ask('GET', '/user', undefined, twin)).status, 429);
    assert.equal((await kisi.ask('GET', '/user', undefined, other)).status, 200);
  });

  it('says when to come back only when switched on', async () => {
    kisi.simulator.switches.rateLimit = { perSecond: 1 };
    await kisi.ask('GET', '/user');
    assert.equal((await kisi.ask('GET', '/user')).headers.get('Retry-After'), null);
    kisi.simulator.switches.retryAfterHeader = true;
    assert.equal((await kisi.ask('GET', '/user')).headers.get('Retry-After'), '1');
  });

  it('is limited to 5 requests a second by default, as Kisi is', () => {
    assert.deepEqual(defaultSwitches.rateLimit, { perSecond: 5 });
  });

  it('suffers the faults that are set, and logs every request', async () => {
    kisi.simulator.faults.add({ match: '/users', kind: 'status', status: 503, times: 1 });
    const response = await fetch(`${kisi.simulator.url}/users`, {
      headers: { Authorization: 'KISI-LOGIN kisi-test-key' },
    });
    assert.equal(response.status, 503);
    await response.text();
    assert.equal((await kisi.ask('GET', '/users')).status, 200);
    assert.equal(kisi.simulator.requests.count({ method: 'GET', path: '/users' }), 2);
  });

  it('stops though a request is never answered', async () => {
    const other = new Kisi();
    await other.start();
    other.simulator.faults.add({ match: '/users', kind: 'timeout' });
    const refused = assert.rejects(other.ask('GET', '/users'));
    while (other.simulator.requests.count() === 0) await new Promise((done) => setImmediate(done));
    await other.stop();
    await refused;
  });

  it('can lose a list, or ignore its filters', async () => {
    kisi.org.addUser({ email: 'ada@example.com' });
    kisi.simulator.faults.add({ match: '/users', kind: 'empty', times: 1 });
    assert.deepEqual(await kisi.ids('/users'), []);
    kisi.simulator.faults.add({ match: '/users', kind: 'ignoreFilters', times: 1 });
    assert.equal((await kisi.ids('/users?email=nobody@example.com')).length, 2);
    assert.equal((await kisi.ids('/users?email=nobody@example.com')).length, 0);
  });
});

describe('Kisi simulator: lists', () => {
  const kisi = new Kisi();
  beforeEach(() => kisi.start());
  afterEach(() => kisi.stop());

  const page = async (path: string) => {
    const { status, body, headers } = await kisi.ask('GET', path);
    return {
      status,
      count: Array.isArray(body) ? body.length : null,
      range: headers.get('X-Collection-Range'),
    };
  };

  it('gives 50 users by default and 100 at most, 10 and 250 of the rest', async () => {
    for (let n = 0; n < 260; n += 1) {
      const { id } = kisi.org.addUser({ email: `user${n}@example.com` });
      const group = kisi.org.addGroup({ name: `Group ${n}`, locks_count: 0 });
      kisi.org.grantByHand({ userId: id, groupId: group.id });
    }
    // One more user and one more role: the owner's.
    assert.deepEqual(await page('/users'), { status: 200, count: 50, range: '0-49/261' });
    assert.deepEqual(await page('/users?limit=500'), { status: 200, count: 100, range: '0-99/261' });
    assert.deepEqual(await page('/groups'), { status: 200, count: 10, range: '0-9/260' });
    assert.deepEqual(await page('/groups?limit=500'), { status: 200, count: 250, range: '0-249/260' });
    assert.deepEqual(await page('/role_assignments'), { status: 200, count: 10, range: '0-9/261' });
    assert.deepEqual(await page('/role_assignments?limit=251'), {
      status: 200,
      count: 250,
      range: '0-249/261',
    });
    kisi.simulator.switches.limitOverMax = 'error';
    assert.equal((await page('/role_assignments?limit=251')).status, 400);
    assert.equal((await page('/users?limit=101')).status, 400);
    assert.equal((await page('/users?limit=100')).status, 200);
    assert.equal((await page('/users?offset=20001')).status, 400);
  });

  it('echoes the range that was asked for, not the rows that came', async () => {
    for (let n = 0; n < 15; n += 1) kisi.org.addGroup({ name: `Group ${n}`, locks_count: 0 });
    assert.deepEqual(await page('/groups?offset=10&limit=10'), { status: 200, count: 5, range: '10-19/15' });
    assert.deepEqual(await page('/groups?offset=20&limit=10'), { status: 200, count: 0, range: '20-29/15' });
  });

  it('says */0 for an empty list, and nothing for roles', async () => {
    assert.deepEqual(await page('/groups'), { status: 200, count: 0, range: '*/0' });
    assert.equal((await page('/roles')).range, null);
  });

  it('knows only the documented orders, and passes over unknown filters', async () => {
    const zoe = kisi.org.addUser({ email: 'zoe@example.com', name: 'Zoe' });
    const ada = kisi.org.addUser({ email: 'ada@example.com', name: 'Ada' });
    const ids = `${zoe.id},${ada.id}`;
    assert.deepEqual(await kisi.ids(`/users?ids=${ids}`), [zoe.id, ada.id]);
    assert.deepEqual(await kisi.ids(`/users?ids=${ids}&sort=name`), [ada.id, zoe.id]);
    assert.deepEqual(await kisi.ids(`/users?ids=${ids}&sort=-name`), [zoe.id, ada.id]);
    assert.equal((await page('/users?sort=id')).status, 400);
    assert.deepEqual(await kisi.ids(`/users?ids=${ids}&metadata=x`), [zoe.id, ada.id]);
  });

  it('lags behind writes when switched on, while reads by id do not', async () => {
    kisi.simulator.switches.listLagMs = 2_000;
    kisi.pass(10_000);
    const user = kisi.org.addUser({ email: 'ada@example.com' });
    assert.deepEqual(await kisi.ids('/users?email=ada@example.com'), []);
    assert.equal((await kisi.ask('GET', `/users/${user.id}`)).status, 200);
    kisi.pass(2_000);
    assert.deepEqual(await kisi.ids('/users?email=ada@example.com'), [user.id]);
    kisi.org.deleteUser(user.id);
    assert.deepEqual(await kisi.ids('/users?email=ada@example.com'), [user.id]);
    assert.equal((await kisi.ask('GET', `/users/${user.id}`)).status, 404);
    kisi.pass(2_000);
    assert.deepEqual(await kisi.ids('/users?email=ada@example.com'), []);
  });
});

describe('Kisi simulator: shapes', () => {
  const kisi = new Kisi();
  beforeEach(() => kisi.start());
  afterEach(() => kisi.stop());

  it('are those of the contract, and the check notices a missing, a wrong and an added field', async () => {
    const { body } = await kisi.ask('POST', '/users', { user: { email: 'ada@example.com' } });
    const user = body as Record<string, unknown>;
    assert.doesNotThrow(() => {
      checkShape('User', user);
    });
    const without = Object.fromEntries(Object.entries(user).filter(([name]) => name !== 'email'));
    assert.throws(() => {
      checkShape('User', without);
    }, /email/);
    assert.throws(() => {
      checkShape('User', { ...user, id: '7' });
    }, /integer/);
    assert.throws(() => {
      checkShape('User', { ...user, send_emails: true });
    }, /additional/);
    assert.throws(() => {
      checkShape('User', { ...user, created_at: '2026-11-20' });
    }, /date-time/);
    assert.throws(() => {
      checkShape('User[]', user);
    }, /bare array/);
  });

  it('of role assignments differ by what they apply to', async () => {
    const place = kisi.org.addPlace({ name: 'Loft' });
    const group = kisi.org.addGroup({ name: 'Studio' });
    const user = kisi.org.addUser({ email: 'ada@example.com' });
    const targets = [
      { applies_to_type: 'Group', applies_to_id: group.id, role_id: 'group_basic' },
      { applies_to_type: 'Place', applies_to_id: place.id, role_id: 'place_owner' },
      { applies_to_type: 'Organization', applies_to_id: kisi.org.id, role_id: 'organization_administrator' },
    ];
    for (const target of targets) {
      const role_assignment = { ...target, assignee_type: 'User', assignee_id: user.id };
      const { status, body } = await kisi.ask('POST', '/role_assignments', { role_assignment });
      assert.equal(status, 200);
      assert.equal('valid_until' in (body as object), target.applies_to_type === 'Group');
    }
    const { body } = await kisi.ask('GET', '/role_assignments');
    const [first] = (body as { applies_to_type: string }[]).filter((a) => a.applies_to_type === 'Group');
    assert.throws(() => {
      checkShape('RoleAssignment', { ...first, applies_to_type: 'Place' });
    });
  });
});
