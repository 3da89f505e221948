/** What Kisi refuses for good: it is told in plain words, tried seldom, and mended as soon as it can be. */
import assert from 'node:assert/strict';
import { eventually, patienceMs } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

const minuteMs = 60_000;

describe('what Kisi refuses for good', function () {
  this.timeout(300_000);
  let space: RunningSpace;
  beforeEach(async () => {
    space = await startSpace();
  });
  afterEach(() => space.stop());

  const emailOf = (name: string): string => `${name}@example.com`;
  const keysOf = (name: string): number[] => space.kisi.org.keysOf(emailOf(name));

  function joins(
    name: string,
    { fullName = name, expires = Date.now() + 300 * 24 * 60 * minuteMs } = {},
  ): number {
    const { nexudus, ids } = space;
    const { Id } = nexudus.space.addCoworker({
      Email: emailOf(name),
      FullName: fullName,
      InvoicingBusinessId: ids.rome,
    });
    for (const TimePassId of [ids.passTypes.romeDay, ids.passTypes.romeOffice])
      nexudus.space.addPass({
        CoworkerId: Id,
        TimePassId,
        BusinessId: ids.rome,
        ExpireDate: new Date(expires).toISOString().replace(/\.\d+/, ''),
      });
    return Id;
  }

  /** A member says what it waits for and that it is tried seldom: the wait is one of minutes. */
  const waits = (memberId: number, what: RegExp) =>
    eventually(
      `member ${memberId} waits`,
      async () => {
        const waiting = (await space.view(memberId))?.waitingFor;
        return /in 10 minutes/.test(waiting?.wakes ?? '') && what.test(waiting?.what ?? '');
      },
      patienceMs,
      50,
      () => space.view(memberId),
    );

  it('is a role by hand that ends too early: the other group is given, and this one once the role is gone', async () => {
    const { kisi, ids, service } = space;
    const { romeDay, romeOffice } = ids.groups;
    const { id: userId } = kisi.org.addUser({ email: emailOf('ann') });
    const manager = kisi.org.addRole({
      role_id: 'group_manager',
      applies_to_type: 'Group',
      applies_to_id: romeDay,
      user_id: userId,
      valid_until: new Date(Date.now() + 60 * minuteMs).toISOString(),
    });
    const ann = joins('ann');
    await waits(ann, new RegExp(`user ${userId} is group_manager of group ${romeDay}`));
    assert.ok(keysOf('ann').includes(romeOffice));
    assert.ok(kisi.org.assignments().some(({ id }) => id === manager.id));
    kisi.org.removeAssignment(manager.id);
    await service.client.workflow.getHandle(`member-${ann}`).signal('resync');
    await eventually('both keys', () => keysOf('ann').length === 2);
    await eventually('nothing is waited for', async () => (await space.view(ann))?.waitingFor === null);
  });

  it('is an e-mail that is taken though Kisi shows nobody with it, or a hidden right that has ended', async () => {
    const { kisi, ids } = space;
    kisi.switches.takenEmails = [emailOf('bob')];
    Object.assign(kisi.switches, { listsExpired: false, hiddenStillCount: true });
    const { id: userId } = kisi.org.addUser({ email: emailOf('cleo') });
    kisi.org.grantByHand({ userId, groupId: ids.groups.romeDay, validUntil: Date.now() - minuteMs });
    const [bob, cleo] = [joins('bob'), joins('cleo')];
    await waits(bob, /e-mail of this member is taken, but shows no user with it/);
    await waits(cleo, new RegExp(`user ${userId} holds a right to group ${ids.groups.romeDay} already`));
    assert.deepEqual(keysOf('cleo'), [ids.groups.romeOffice]);
    // One more look of each, as 10 minutes later: the writes are not begun anew.
    const before = kisi.requests.count({ method: 'POST' });
    for (const id of [bob, cleo])
      await space.service.client.workflow.getHandle(`member-${id}`).signal('resync');
    await waits(bob, /taken/);
    await waits(cleo, /already/);
    assert.ok(kisi.requests.count({ method: 'POST' }) - before <= 4);
    assert.equal(kisi.mails.length, 0);
  });

  it('is no end that Kisi rounds to the minute, nor a name that it does not take', async () => {
    const { kisi, service } = space;
    Object.assign(kisi.switches, { endRounding: { toMs: minuteMs, how: 'down' }, longestName: 20 });
    const expires = Math.ceil(Date.now() / minuteMs) * minuteMs + 90 * minuteMs + 30_000;
    const dan = joins('dan', { fullName: 'Dan '.repeat(20), expires });
    await eventually('both keys', () => keysOf('dan').length === 2);
    for (let i = 0; i < 3; i++) {
      const checkedAt = (await space.view(dan))?.lastCheckedAt;
      await service.client.workflow.getHandle(`member-${dan}`).signal('resync');
      await eventually('a look', async () => (await space.view(dan))?.lastCheckedAt !== checkedAt);
    }
    const writes = kisi.requests.list().filter(({ method }) => method !== 'GET');
    assert.deepEqual(
      writes.map(({ method, path, status }) => `${method} ${path} ${status}`),
      [
        'POST /users 422',
        'POST /users 422',
        'POST /users 200',
        ...Array<string>(2).fill('POST /role_assignments 200'),
      ],
    );
    assert.equal(kisi.mails.length, 1);
  });

  it('is no key of ours with an end that cannot be read: the key is known by its id, and still taken away', async () => {
    const { kisi, nexudus, service } = space;
    const eve = joins('eve');
    await eventually('both keys', () => keysOf('eve').length === 2);
    for (const role of kisi.org.assignments())
      kisi.org.changeAssignment({ ...role, valid_until: '2126-11-28 10:00:00 UTC' });
    const before = kisi.requests.count({ method: 'GET' });
    const handle = service.client.workflow.getHandle(`member-${eve}`);
    const checkedAt = (await space.view(eve))?.lastCheckedAt;
    await handle.signal('resync');
    await eventually('a look', async () => (await space.view(eve))?.lastCheckedAt !== checkedAt);
    await eventually('a comparison', () => kisi.requests.count({ method: 'GET' }) > before);
    await eventually('no doubt', async () => {
      const view = await space.view(eve);
      return view?.state === 'access' && view.keys.length === 2 && view.waitingFor === null;
    });
    assert.equal(kisi.requests.list().filter(({ method }) => method === 'PATCH').length, 0);
    nexudus.space.suspend(eve);
    await eventually('no keys', () => kisi.org.assignments().length === 0);
  });

  it('is nothing that a gateway answers with a 404: nobody is mailed anew, and a key goes in the end', async () => {
    const { kisi, nexudus, service } = space;
    const fay = joins('fay');
    await eventually('both keys', () => keysOf('fay').length === 2);
    const before = kisi.org.assignments().map(({ id }) => id);
    const answer = { kind: 'status', status: 404, body: '{"message":"no Route matched"}' } as const;
    kisi.faults.add({ match: '^/(users|role_assignments)', ...answer, times: 6 });
    await service.client.workflow.getHandle(`member-${fay}`).signal('resync');
    await eventually('the faults are spent', () => kisi.faults.list().length === 0);
    nexudus.space.suspend(fay);
    kisi.faults.add({ match: '^/role_assignments', method: 'DELETE', ...answer, times: 5 });
    await eventually('no keys', () => kisi.org.assignments().length === 0);
    const taken = kisi.requests.list().filter(({ method, status }) => method === 'DELETE' && status === 204);
    assert.deepEqual(taken.map(({ path }) => Number(path.split('/').at(-1))).sort(), before.sort());
    assert.equal(kisi.mails.length, 1);
  });
});
