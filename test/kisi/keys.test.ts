import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { sameEnd as sameEndOfDrift } from '../../access/drift.js';
import { createKisiClient } from '../../kisi/client.js';
import { isKisiError, KisiError } from '../../kisi/errors.js';
import { sameEnd } from '../../kisi/ends.js';
import {
  giveBackKey,
  grantKey,
  howGranted,
  keyNow,
  moveKey,
  removeKey,
  type Moves,
} from '../../kisi/keys.js';
import { makeUser } from '../../kisi/make-user.js';
import { startKisiSimulator, type KisiSimulator, type KisiSwitches } from '../../simulators/kisi.js';
import { assignmentRow, startStub } from './stub.js';

const apiKey = 'kisi-test-key';
const now = Date.parse('2026-11-25T12:00:00Z');
const end = Date.parse('2026-12-01T00:00:00.250Z');
const earlier = end - 86_400_000;
const later = end + 86_400_000;
const email = 'ada@example.com';
/** What a process that has moved no key yet knows. */
const first = () => ({ moves: { areHeeded: false }, again: false });

describe('the keys of a person in Kisi', () => {
  let running: KisiSimulator | undefined;
  afterEach(async () => {
    mock.timers.reset();
    await running?.stop();
    running = undefined;
  });

  /** A person and a group in an organization. `beforeRequest` is told the number of the request that comes next. */
  async function start(
    switches: Partial<KisiSwitches> = {},
    beforeRequest: (n: number, sim: KisiSimulator) => void = () => {},
  ) {
    const sim = await startKisiSimulator({
      now: () => now,
      apiKey,
      switches: { rateLimit: null, ...switches },
    });
    running = sim;
    let count = 0;
    const onRequest = () => {
      count += 1;
      beforeRequest(count, sim);
    };
    const client = createKisiClient({ baseUrl: sim.url, apiKey, onRequest });
    const { id: groupId } = sim.org.addGroup({ name: 'Doors' });
    const { id: userId } = sim.org.addUser({ email, name: 'Ada' });
    beforeRequest(0, sim);
    const byHand = (validUntil?: number) =>
      sim.org.grantByHand({ userId, groupId, ...(validUntil === undefined ? {} : { validUntil }) }).id;
    const ends = () => sim.org.assignments().map((role) => role.valid_until && Date.parse(role.valid_until));
    return { sim, client, userId, groupId, byHand, ends, wish: { userId, groupId, validUntil: end } };
  }

  const duplicates: Partial<KisiSwitches>[] = [{ duplicateGrantStatus: 409 }, { duplicateGrantStatus: 422 }];
  for (const switches of duplicates) {
    describe(`where a second grant is answered ${switches.duplicateGrantStatus}`, () => {
      it('gives a key that is not there', async () => {
        const { client, wish, ends } = await start(switches);
        const { how, key } = await grantKey(client, wish);
        assert.deepEqual({ how, until: key.validUntil }, { how: 'created', until: end });
        assert.deepEqual(ends(), [end]);
      });

      it('adopts the key of a grant whose answer was lost', async () => {
        const { sim, client, wish, ends } = await start(switches);
        sim.faults.add({ match: '/role_assignments', method: 'POST', kind: 'afterWrite', times: 1 });
        await assert.rejects(grantKey(client, wish), { kind: 'unavailable', canRetryHelp: true });
        assert.equal((await grantKey(client, wish)).how, 'adopted');
        assert.deepEqual(ends(), [end]);
        assert.deepEqual(sim.mails, []);
      });

      it('leaves a key alone that a person gave without an end, or a later one', async () => {
        for (const given of [undefined, later]) {
          const { client, wish, byHand, ends } = await start(switches);
          const id = byHand(given);
          const { how, key } = await grantKey(client, wish);
          assert.deepEqual({ how, id: key.id }, { how: 'byHand', id });
          assert.deepEqual(ends(), [given ?? null]);
          await running?.stop();
        }
      });

      it('extends a key that ends earlier', async () => {
        const { sim, client, wish, byHand, ends } = await start(switches);
        const id = byHand(earlier);
        const { how, key } = await grantKey(client, wish);
        assert.deepEqual({ how, id: key.id, until: key.validUntil }, { how: 'extended', id, until: end });
        assert.deepEqual(ends(), [end]);
        assert.deepEqual(sim.mails, []);
      });

      it('leaves a higher role alone, and says so when that ends too early', async () => {
        const { sim, client, wish, userId, groupId } = await start(switches);
        const role = {
          role_id: 'group_manager',
          applies_to_type: 'Group',
          applies_to_id: groupId,
          user_id: userId,
        } as const;
        const manager = sim.org.addRole(role);
        const { how, key } = await grantKey(client, wish);
        assert.deepEqual({ how, id: key.id }, { how: 'byHand', id: manager.id });
        sim.org.removeAssignment(manager.id);
        sim.org.addRole({ ...role, valid_until: new Date(earlier).toISOString() });
        await assert.rejects(grantKey(client, wish), {
          kind: 'blocked',
          canRetryHelp: false,
          status: switches.duplicateGrantStatus,
          message: new RegExp(
            `user ${userId} is group_manager of group ${groupId}, and that right ends .*move its end or take it away`,
          ),
        });
        assert.equal(sim.org.assignments().length, 1);
      });

      it('asks for a retry while the key in the way is not listed yet', async () => {
        const { client, wish, byHand, sim } = await start({ ...switches, listLagMs: 60_000 });
        byHand(end);
        await assert.rejects(grantKey(client, wish), { kind: 'conflict', canRetryHelp: true });
        sim.switches.listLagMs = 0;
        assert.equal((await grantKey(client, wish)).how, 'adopted');
      });
    });
  }

  it('passes on a validation error that has no key behind it', async () => {
    const { sim, client, wish } = await start();
    sim.faults.add({ match: '/role_assignments', method: 'POST', kind: 'status', status: 422 });
    await assert.rejects(grantKey(client, wish), { kind: 'invalid', canRetryHelp: false });
  });

  it('passes on that the person or the group is gone', async () => {
    const { sim, client, wish } = await start();
    sim.org.deleteUser(wish.userId);
    await assert.rejects(grantKey(client, wish), { kind: 'notFound' });
  });

  it('does not take a failed list for the absence of a key', async () => {
    const { sim, client, wish, byHand, ends } = await start();
    byHand(end);
    sim.faults.add({ match: '/role_assignments', method: 'GET', kind: 'truncated' });
    await assert.rejects(grantKey(client, wish), { kind: 'malformed' });
    await assert.rejects(removeKey(client, { ...wish, keyId: null }), { kind: 'malformed' });
    assert.deepEqual(ends(), [end]);
  });

  it('leaves a key alone that a person gave, where Kisi answers a second grant with it', async () => {
    for (const given of [undefined, later]) {
      const { client, wish, byHand, ends } = await start({ duplicateGrantStatus: 200 });
      const id = byHand(given);
      const { how, key } = await grantKey(client, wish);
      assert.deepEqual({ how, id: key.id }, { how: 'byHand', id });
      assert.deepEqual(ends(), [given ?? null]);
      await running?.stop();
    }
  });

  it('extends the one that Kisi answers with, where that ends earlier', async () => {
    const { sim, client, wish, byHand, ends } = await start({ duplicateGrantStatus: 200 });
    const id = byHand(earlier);
    const { how, key, was } = await grantKey(client, wish);
    assert.deepEqual({ how, id: key.id, was }, { how: 'extended', id, was: earlier });
    assert.deepEqual(ends(), [end]);
    assert.equal(sim.requests.count({ method: 'DELETE' }), 0);
  });

  it('takes away no key that somebody else has just given, where Kisi answers with it', async () => {
    const row = {
      ...assignmentRow({ id: 5, userId: 2, groupId: 3 }),
      ...{ created_at: new Date().toISOString(), created_by_id: 9 },
    };
    for (const [ownId, isOurs] of [
      [1, false],
      [9, true],
    ] as const) {
      const stub = await startStub(({ method, path }, reply) => {
        if (method === 'DELETE') return reply.code(204).send();
        if (path === '/user') return { id: ownId };
        if (method === 'POST' || /\d$/.test(path)) return row;
        return reply.header('x-collection-range', '0-0/1').send([row]);
      });
      const client = createKisiClient({ baseUrl: stub.url, apiKey });
      const granted = await grantKey(client, { userId: 2, groupId: 3, validUntil: end }).catch(
        (error: unknown) => error,
      );
      await stub.stop();
      if (isOurs) assert.ok(isKisiError(granted, 'blocked'));
      else assert.equal((granted as { how: string }).how, 'byHand');
      assert.equal(
        stub.requests.some(({ method }) => method === 'DELETE'),
        isOurs,
      );
    }
  });

  it('says that a higher role is in the way, where Kisi answers with it', async () => {
    const { sim, client, wish, userId, groupId } = await start({ duplicateGrantStatus: 200 });
    const target = { applies_to_type: 'Group', applies_to_id: groupId, user_id: userId } as const;
    const { id } = sim.org.addRole({ role_id: 'group_manager', ...target });
    const { how, key } = await grantKey(client, wish);
    assert.deepEqual({ how, id: key.id }, { how: 'byHand', id });
  });

  it('takes a key away again that did not get its end', async () => {
    const stub = await startStub((request, reply) => {
      if (request.method === 'DELETE') return reply.code(204).send();
      if (request.path === '/user') return { id: 9 };
      return { ...assignmentRow({ id: 5, userId: 2, groupId: 3 }), created_at: new Date().toISOString() };
    });
    const client = createKisiClient({ baseUrl: stub.url, apiKey });
    await assert
      .rejects(grantKey(client, { userId: 2, groupId: 3, validUntil: end }), {
        kind: 'blocked',
        canRetryHelp: false,
        isUndone: true,
      })
      .finally(() => stub.stop());
    assert.deepEqual(
      stub.requests.map(({ method, path }) => `${method} ${path}`),
      [
        'POST /role_assignments',
        'GET /role_assignments/5',
        'GET /user',
        'GET /role_assignments/5',
        'DELETE /role_assignments/5',
      ],
    );
  });

  it('moves a key in place, and where Kisi does not heed that, by a new one without a mail', async () => {
    for (const patch of ['heeded', 'passed over', 'refused']) {
      const { sim, client, wish, ends } = await start({ patchMovesValidity: patch === 'heeded' });
      if (patch === 'refused')
        sim.faults.add({ match: '/role_assignments', method: 'PATCH', kind: 'status', status: 422 });
      const { key: old } = await grantKey(client, { ...wish, validUntil: earlier });
      const { how, key } = await moveKey(client, old.id, wish, first());
      assert.deepEqual({ how, until: key.validUntil }, { how: 'moved', until: end });
      assert.equal(key.id === old.id, patch === 'heeded');
      assert.deepEqual(ends(), [end]);
      assert.deepEqual(sim.mails, []);
      await sim.stop();
    }
  });

  it('replaces no key that shows no end where no key shows any', async () => {
    for (const patchMovesValidity of [undefined, false]) {
      const { sim, client, wish, byHand, userId } = await start({ patchMovesValidity: false });
      const id = byHand();
      const moves = { areHeeded: false, ...(patchMovesValidity === false ? { areIgnored: true } : {}) };
      const move = () => moveKey(client, id, wish, { moves, again: false });
      await assert.rejects(move(), { kind: 'malformed', message: /no key shows an end \(valid_until\)/ });
      assert.ok(sim.org.roles.get(id));
      const other = sim.org.addGroup({ name: 'Office' }).id;
      sim.org.grantByHand({ userId, groupId: other, validUntil: later });
      assert.equal((await move()).key.validUntil, end);
      assert.equal(sim.org.roles.get(id), undefined);
      await sim.stop();
    }
  });

  describe('asked for another end', () => {
    const patch = 'PATCH /role_assignments/{id}';
    const look = 'GET /role_assignments/{id}';
    const readBack = look;

    /** A key that is moved, and what Kisi is asked for that. */
    async function given(switches: Partial<KisiSwitches> = {}) {
      const { sim, client, wish, byHand, ends } = await start(switches);
      const keyId = byHand(earlier);
      const moves: Moves = { areHeeded: false };
      async function move(validUntil: number, again = false): Promise<string[]> {
        const before = sim.requests.count();
        const [{ id } = { id: keyId }] = sim.org.assignments();
        const { how, key } = await moveKey(client, id, { ...wish, validUntil }, { moves, again });
        assert.deepEqual([how, key.validUntil, ends()], ['moved', validUntil, [validUntil]]);
        const asked = sim.requests.list().slice(before);
        return asked.map(({ method, path }) => `${method} ${path.replace(/\d+$/, '{id}')}`);
      }
      return { sim, moves, move };
    }

    it('is read back until Kisi is seen to heed that, and believed from then on', async () => {
      const { move } = await given();
      assert.deepEqual(await move(end), [look, patch, readBack]);
      assert.deepEqual(await move(later), [look, patch]);
      assert.deepEqual(await move(end), [look, patch]);
    });

    it('is read back all the same after an answer that was lost', async () => {
      const { move } = await given();
      await move(end);
      assert.deepEqual(await move(later, true), [look, patch, readBack]);
    });

    it('is read back again once a key is found with another end', async () => {
      const { sim, moves, move } = await given();
      await move(end);
      moves.areHeeded = false;
      sim.switches.patchMovesValidity = false;
      const replaced = [look, 'DELETE /role_assignments/{id}', 'POST /role_assignments'];
      assert.deepEqual(await move(later), [look, patch, readBack, ...replaced]);
      assert.deepEqual(await move(end), [look, patch, readBack, ...replaced]);
    });

    it('is looked at and replaced, 4 requests instead of 6, where Kisi is known not to heed that', async () => {
      const { moves, move } = await given({ patchMovesValidity: false });
      const replaced = [look, 'DELETE /role_assignments/{id}', 'POST /role_assignments'];
      assert.deepEqual(await move(end), [look, patch, readBack, ...replaced]);
      moves.areIgnored = true;
      assert.deepEqual(await move(later), [look, ...replaced]);
    });

    it('is given anew where Kisi refuses that all at once', async () => {
      const { sim, moves, move } = await given();
      await move(end);
      sim.faults.add({ match: '/role_assignments', method: 'PATCH', kind: 'status', status: 422 });
      await move(later);
      assert.equal(moves.areHeeded, false);
    });
  });

  it('gives a key anew that a person took away', async () => {
    const { sim, client, wish, ends } = await start();
    const { key } = await grantKey(client, { ...wish, validUntil: earlier });
    sim.org.removeAssignment(key.id);
    assert.equal((await moveKey(client, key.id, wish, first())).how, 'created');
    assert.deepEqual(ends(), [end]);
  });

  it('tells which end a key had before it was extended, and gives that end back; a key that is gone stays gone', async () => {
    for (const patchMovesValidity of [true, false]) {
      const { sim, client, wish, byHand, ends } = await start({ patchMovesValidity });
      byHand(earlier);
      const { how, key, was } = await grantKey(client, wish);
      assert.deepEqual({ how, was, ends: ends() }, { how: 'extended', was: earlier, ends: [end] });
      await giveBackKey(client, key.id, { ...wish, validUntil: earlier });
      assert.deepEqual(ends(), [earlier]);
      for (const { id } of sim.org.assignments()) sim.org.removeAssignment(id);
      await giveBackKey(client, key.id, { ...wish, validUntil: earlier });
      assert.deepEqual(ends(), []);
      await sim.stop();
    }
  });

  it('tells whether a person who holds a key already has a higher role in Kisi', async () => {
    for (const [role_id, applies_to_type, expected] of [
      ['group_basic', 'Group', null],
      ['group_manager', 'Group', 'group_manager'],
      ['organization_administrator', 'Organization', 'organization_administrator'],
    ] as const) {
      const { sim, client, wish, byHand } = await start();
      byHand();
      const other = sim.org.addGroup({ name: 'Others' }).id;
      const applies_to_id = applies_to_type === 'Group' ? other : sim.org.id;
      sim.org.addRole({ role_id, applies_to_type, applies_to_id, user_id: wish.userId });
      const { how, higherRole } = await grantKey(client, wish);
      assert.deepEqual([how, higherRole], ['byHand', expected]);
    }
  });

  it('takes a key away by its id, once', async () => {
    const { client, wish, byHand, ends } = await start();
    const keyId = byHand(earlier);
    assert.equal(await removeKey(client, { ...wish, keyId }), 'deleted');
    assert.equal(await removeKey(client, { ...wish, keyId }), 'alreadyGone');
    assert.deepEqual(ends(), []);
  });

  it('takes a key away without its id only when it has the end that was asked for', async () => {
    for (const [given, left] of [
      [end + 400, 0],
      [later, 1],
      [earlier, 1],
      [undefined, 1],
    ] as const) {
      const { client, wish, byHand, ends } = await start();
      byHand(given);
      const answer = await removeKey(client, { ...wish, keyId: null });
      assert.equal(answer, left === 0 ? 'deleted' : 'alreadyGone');
      assert.equal(ends().length, left);
      await running?.stop();
    }
  });

  it('takes the key away that took the place of the one it knows', async () => {
    const { sim, client, wish, ends } = await start({ patchMovesValidity: false });
    const { key } = await grantKey(client, { ...wish, validUntil: earlier });
    sim.faults.add({ match: '/role_assignments', method: 'POST', kind: 'afterWrite', times: 1 });
    await assert.rejects(moveKey(client, key.id, wish, first()), { kind: 'unavailable' });
    assert.equal(await removeKey(client, { ...wish, keyId: key.id }), 'deleted');
    assert.deepEqual(ends(), []);
  });

  describe('whose ends Kisi rounds to the minute', () => {
    const odd = Date.parse('2026-12-01T10:15:30Z');
    for (const how of ['down', 'up', 'nearest'] as const) {
      it(`is given, found again, moved and taken away with the end that was asked for (${how})`, async () => {
        const { sim, client, wish, ends } = await start({ endRounding: { toMs: 60_000, how } });
        const wished = { ...wish, validUntil: odd };
        const { how: made, key } = await grantKey(client, wished);
        assert.deepEqual([made, key.validUntil, ends().length], ['created', odd, 1]);
        const again = await grantKey(client, wished);
        assert.deepEqual([again.how, again.key.validUntil], ['adopted', odd]);
        const move = await moveKey(client, key.id, { ...wished, validUntil: odd + 120_000 }, first());
        assert.deepEqual([move.how, move.key.validUntil], ['moved', odd + 120_000]);
        assert.equal(
          await removeKey(client, { ...wished, validUntil: odd + 120_000, keyId: null }),
          'deleted',
        );
        assert.equal(sim.requests.count({ method: 'DELETE' }), 1);
        assert.equal(sim.requests.count({ method: 'POST' }), 2);
      });
    }

    it('is not given where it is rounded by more than that', async () => {
      mock.timers.enable({ apis: ['Date'], now });
      const { client, wish, ends } = await start({ endRounding: { toMs: 86_400_000, how: 'up' } });
      await assert.rejects(grantKey(client, { ...wish, validUntil: odd }), {
        kind: 'blocked',
        message: /did not get the end that was asked for \(2026-12-01T10:15:30.000Z\)/,
      });
      assert.deepEqual(ends(), []);
    });
  });

  it('says of a conflict that lists show nothing in the way, as where a right that has ended is hidden', async () => {
    const { client, wish, byHand, userId, groupId } = await start({
      listsExpired: false,
      hiddenStillCount: true,
    });
    byHand(now - 1);
    await assert.rejects(grantKey(client, wish), {
      kind: 'conflict',
      canRetryHelp: true,
      message: new RegExp(
        `user ${userId} holds a right to group ${groupId} already, but lists none.*has ended`,
      ),
    });
  });

  describe('whose end cannot be read', () => {
    const spoil = (sim: KisiSimulator, id: number, valid_until = '2026-11-28 10:00:00 UTC') => {
      const role = sim.org.roles.get(id);
      assert.ok(role);
      sim.org.changeAssignment({ ...role, valid_until });
    };

    it('is not moved or taken away where another hand gave it, which is told; others are listed all the same', async () => {
      const { sim, client, wish, byHand, userId } = await start();
      const id = byHand(earlier);
      const { id: other } = sim.org.grantByHand({ userId, groupId: sim.org.addGroup({ name: 'Office' }).id });
      for (const end of ['2026-11-28 10:00:00 UTC', '+010000-01-01T00:00:00Z', '']) {
        spoil(sim, id, end);
        assert.deepEqual(
          (await client.listAllKeys()).map((key) => [key.id, key.validUntil]),
          [
            [id, 'unreadable'],
            [other, null],
          ],
        );
        await assert.rejects(grantKey(client, wish), {
          kind: 'blocked',
          canRetryHelp: false,
          message: new RegExp(
            `user ${userId} holds right ${id} to group .* whose end cannot be read: set its end anew`,
          ),
        });
        assert.equal(await removeKey(client, { ...wish, keyId: null }), 'alreadyGone');
        assert.equal(sim.org.roles.get(id)?.valid_until, end);
      }
    });

    it('is moved and taken away by its id where it is ours', async () => {
      for (const patchMovesValidity of [true, false]) {
        const { sim, client, wish, byHand, ends } = await start({ patchMovesValidity });
        const id = byHand(earlier);
        spoil(sim, id);
        const { how, key } = await moveKey(client, id, wish, first());
        assert.deepEqual([how, key.validUntil, ends()], ['moved', end, [end]]);
        spoil(sim, key.id);
        assert.equal(await removeKey(client, { ...wish, keyId: key.id }), 'deleted');
        await sim.stop();
      }
    });

    it('is kept where that is how Kisi writes the end that was asked for', async () => {
      const stub = await startStub(() =>
        assignmentRow({ id: 5, userId: 2, groupId: 3, validUntil: '1.12.2026' }),
      );
      const client = createKisiClient({ baseUrl: stub.url, apiKey });
      const { how, key } = await grantKey(client, { userId: 2, groupId: 3, validUntil: end }).finally(() =>
        stub.stop(),
      );
      assert.deepEqual([how, key, stub.requests.length], ['created', { id: 5, validUntil: end }, 1]);
    });

    it('is like no other, and no reason to extend a key', () => {
      for (const roleId of ['group_basic', 'group_manager'])
        assert.equal(howGranted({ roleId, validUntil: 'unreadable' }, { validUntil: end }), 'refused');
      assert.equal(sameEnd('unreadable', 'unreadable'), false);
      assert.equal(sameEnd(null, 'unreadable'), false);
    });
  });

  describe('that one answer says is gone', () => {
    /** Kisi's own words, of whatever record. */
    const notFound = JSON.stringify({ error: 'The requested record could not be found.', code: '000404' });
    const ofGateways = [
      '',
      '{}',
      '<html>Not Found</html>',
      '{"message":"no Route matched with those values"}',
    ];
    /** The next requests of a method to one record are answered with a 404; `times`: how many. */
    const answer404 = (
      sim: KisiSimulator,
      body: string,
      method: string,
      times?: number,
      of = 'role_assignments',
    ) => {
      sim.faults.add({
        match: `^/${of}/\\d+`,
        ...{ kind: 'status', status: 404, body, method },
        ...(times === undefined ? {} : { times }),
      });
    };
    const asked = (sim: KisiSimulator, since = 0) =>
      sim.requests
        .list()
        .slice(since)
        .map(({ method, path }) => `${method} ${path.replace(/\d+$/, '{id}')}`);
    const byId = 'GET /role_assignments/{id}';

    for (const body of ofGateways) {
      it(`is not taken for gone when a gateway says so (${body})`, async () => {
        const { sim, client, wish, byHand, ends } = await start();
        const keyId = byHand(end);
        answer404(sim, body, 'DELETE', 3);
        for (let i = 0; i < 3; i++)
          await assert.rejects(removeKey(client, { ...wish, keyId }), {
            kind: 'malformed',
            canRetryHelp: true,
          });
        assert.equal(await removeKey(client, { ...wish, keyId }), 'deleted');
        assert.deepEqual(ends(), []);
      });
    }

    it('is not taken away, nor moved, by a page of a gateway in place of an answer', async () => {
      const { sim, client, wish, byHand, ends } = await start();
      const keyId = byHand(earlier);
      for (const method of ['PATCH', 'DELETE'])
        sim.faults.add({
          ...{ match: '^/role_assignments/', method, times: 1, kind: 'status', status: 200 },
          body: '<html>Welcome</html>',
        });
      const moves = { areHeeded: true };
      await assert.rejects(moveKey(client, keyId, wish, { moves, again: false }), { kind: 'malformed' });
      await assert.rejects(removeKey(client, { ...wish, keyId }), { kind: 'malformed' });
      assert.deepEqual(ends(), [earlier]);
    });

    it('is not taken for gone while it is found by its id, though the 404 has the form of Kisi’s', async () => {
      const { sim, client, wish, byHand, ends } = await start();
      const keyId = byHand(end);
      answer404(sim, notFound, 'DELETE', 1);
      await assert.rejects(removeKey(client, { ...wish, keyId }), { kind: 'malformed', canRetryHelp: true });
      assert.deepEqual(ends(), [end]);
      assert.equal(await removeKey(client, { ...wish, keyId }), 'deleted');
      assert.deepEqual(ends(), []);
    });

    it('is not taken for gone while the list of the person shows it', async () => {
      const { sim, client, wish, byHand } = await start();
      const keyId = byHand(end);
      answer404(sim, notFound, 'DELETE');
      answer404(sim, notFound, 'GET');
      const doubtful = { kind: 'malformed', canRetryHelp: true };
      await assert.rejects(removeKey(client, { ...wish, keyId }), doubtful);
      await assert.rejects(removeKey(client, { ...wish, keyId: null }), doubtful);
      await assert.rejects(keyNow(client, keyId, wish), doubtful);
    });

    it('is taken for gone when a look by its id and the list say so too, and else costs two requests', async () => {
      const { sim, client, wish, byHand } = await start();
      const [gone, there] = [byHand(end), byHand(end)];
      sim.org.removeAssignment(gone);
      sim.org.removeAssignment(there);
      assert.equal(await removeKey(client, { ...wish, keyId: gone }), 'alreadyGone');
      assert.deepEqual(asked(sim), [byId, byId, 'GET /role_assignments']);
      const before = sim.requests.count();
      const again = byHand(end);
      assert.equal(await removeKey(client, { ...wish, keyId: again }), 'deleted');
      assert.deepEqual(asked(sim, before), [byId, 'DELETE /role_assignments/{id}']);
    });

    for (const areHeeded of [true, false]) {
      it(`is not given anew while it is there (moves are ${areHeeded ? '' : 'not yet '}believed)`, async () => {
        const { sim, client, wish, byHand, ends } = await start();
        const keyId = byHand(earlier);
        const doubtful = { kind: 'malformed', canRetryHelp: true };
        for (const body of ['', notFound]) {
          answer404(sim, body, 'PATCH', 1);
          await assert.rejects(
            moveKey(client, keyId, wish, { moves: { areHeeded }, again: false }),
            doubtful,
          );
        }
        assert.equal(sim.requests.count({ method: 'POST' }), 0);
        const { how, was, key } = await moveKey(client, keyId, wish, { moves: { areHeeded }, again: true });
        assert.deepEqual({ how, was, id: key.id }, { how: 'moved', was: null, id: keyId });
        assert.deepEqual(ends(), [end]);
      });
    }

    it('stays ours when Kisi has it all the same as it is given anew', async () => {
      const { sim, client, wish, byHand, ends } = await start({ listLagMs: 60_000 });
      const keyId = byHand(earlier);
      answer404(sim, notFound, 'GET', 2);
      // The list lags: three answers say that it is gone.
      await assert.rejects(moveKey(client, keyId, wish, first()), { kind: 'conflict' });
      sim.switches.listLagMs = 0;
      sim.faults.clear();
      sim.faults.add({ match: '/role_assignments\\?', method: 'GET', kind: 'empty', times: 1 });
      answer404(sim, notFound, 'GET', 2);
      const { how, was } = await moveKey(client, keyId, wish, first());
      assert.deepEqual({ how, was, ends: ends() }, { how: 'moved', was: null, ends: [end] });
    });

    it('does not keep the end that Latchkey gave it, though it is said to be gone as it is given back', async () => {
      const { sim, client, wish, byHand, ends } = await start();
      const keyId = byHand(end);
      answer404(sim, notFound, 'PATCH', 1);
      const back = { ...wish, validUntil: earlier };
      await assert.rejects(giveBackKey(client, keyId, back), { kind: 'malformed' });
      await giveBackKey(client, keyId, back);
      assert.deepEqual(ends(), [earlier]);
    });

    it('has a user who is listed not taken for gone', async () => {
      const { sim, client, userId } = await start();
      answer404(sim, notFound, 'GET', 1, 'users');
      await assert.rejects(client.getUser(userId), { kind: 'malformed', canRetryHelp: true });
      assert.equal((await client.getUser(userId))?.id, userId);
      answer404(sim, '', 'GET', 1, 'users');
      await assert.rejects(client.getUser(userId), { kind: 'malformed', canRetryHelp: true });
    });

    it('has a user taken for gone that neither the id nor the list of users finds', async () => {
      const { sim, client, userId } = await start();
      sim.org.deleteUser(userId);
      assert.equal(await client.getUser(userId), null);
      assert.deepEqual(asked(sim), ['GET /users/{id}', 'GET /users']);
      sim.faults.add({ match: '/users\\?', kind: 'ignoreFilters' });
      assert.equal(await client.getUser(userId), null);
    });
  });

  describe('whichever request is cut off, before or after it was done', () => {
    const again = async <T>(job: () => Promise<T>): Promise<T> => {
      for (let tries = 1; ; tries++) {
        try {
          return await job();
        } catch (error) {
          if (!(error instanceof KisiError) || !error.canRetryHelp || tries === 3) throw error;
        }
      }
    };
    const jobs = {
      grant: (s: Awaited<ReturnType<typeof start>>) => again(() => grantKey(s.client, s.wish)),
      move: (s: Awaited<ReturnType<typeof start>>, id: number) =>
        again(() => moveKey(s.client, id, s.wish, first())),
    };
    for (const kind of ['reset', 'afterWrite'] as const) {
      for (const patchMovesValidity of [true, false]) {
        for (const job of ['grant', 'move'] as const) {
          it(`${job} ends with one key and no mail (${kind}, patchMovesValidity ${patchMovesValidity})`, async () => {
            let cuts = 0;
            for (let cutAt = 0; cutAt < 6; cutAt++) {
              const s = await start({ patchMovesValidity }, (n, sim) => {
                if (n === cutAt) sim.faults.add({ match: '/role_assignments', kind, times: 1 });
              });
              const { key } = await jobs[job](s, s.byHand(earlier));
              assert.deepEqual(s.ends(), [end], `cut at request ${cutAt}`);
              assert.equal(key.id, s.sim.org.assignments()[0]?.id);
              assert.deepEqual(s.sim.mails, []);
              cuts += s.sim.requests.list().filter(({ status }) => status === null).length;
              await s.sim.stop();
            }
            assert.ok(cuts > 0, 'no request was cut off');
          });
        }
      }
    }
  });

  it('compares ends to the second, and to the minute where one is a whole minute', () => {
    const whole = Date.parse('2026-12-01T10:15:00Z');
    const cases: [number | null, number | null, boolean][] = [
      [end + 30_000, end + 30_999, true],
      [end + 30_000, end + 31_000, false],
      [whole + 30_000, whole, true],
      [whole + 59_999, whole, true],
      [whole - 30_000, whole, true],
      [whole + 60_000, whole, false],
      [whole + 30_000, whole + 45_000, false],
      [null, end, false],
      [null, null, true],
    ];
    for (const [one, other, isSame] of cases) {
      assert.equal(sameEnd(one, other), isSame);
      assert.equal(sameEnd(other, one), isSame);
      assert.equal(sameEndOfDrift(one, other), isSame);
    }
  });

  describe('the user', () => {
    const bob = { email: 'Bob@example.com', name: 'Bob' };
    const ada = { email, name: 'Ada' };

    it('is made with one request, and mailed once', async () => {
      const { sim, client } = await start();
      assert.equal((await makeUser(client, bob, false)).created, true);
      assert.equal(sim.requests.count(), 1);
      assert.equal(sim.mails.length, 1);
    });

    it('is found again after an answer that was lost, even where Kisi takes an e-mail twice', async () => {
      const { sim, client } = await start({ duplicateUserEmail: 'allow' });
      sim.faults.add({ match: '/users', method: 'POST', kind: 'afterWrite', times: 1 });
      await assert.rejects(makeUser(client, bob, false), { kind: 'unavailable' });
      assert.equal((await makeUser(client, bob, true)).created, false);
      assert.equal(sim.mails.length, 1);
    });

    it('of somebody faster is taken', async () => {
      const { client, userId } = await start();
      const { user, created } = await makeUser(client, ada, false);
      assert.deepEqual([user.id, created], [userId, false]);
    });

    it('that exists but is not listed yet asks for a retry', async () => {
      const { client } = await start({ listLagMs: 60_000 });
      await assert.rejects(makeUser(client, ada, false), { kind: 'conflict', canRetryHelp: true });
    });

    it('that is said to be there but is shown nowhere is told of in plain words', async () => {
      const { sim, client } = await start({ takenEmails: ['BOB@example.com'] });
      await assert.rejects(makeUser(client, bob, false), {
        kind: 'conflict',
        message: /e-mail of this member is taken, but shows no user with it/,
      });
      assert.equal(sim.mails.length, 0);
    });

    for (const alike of ['Ada@example.com'.replace('A', '\u{1D434}'), 'a.da@example.com', 'áda@example.com'])
      it(`whose e-mail is only much like that of one who is there (${alike}) is told of, and never taken for that one`, async () => {
        const { sim, client, userId } = await start({ takenEmails: [alike.toLowerCase(), alike] });
        sim.faults.add({ match: '/users[?]email', kind: 'ignoreFilters' });
        sim.faults.add({ match: '/users[?]query', kind: 'ignoreFilters' });
        await assert.rejects(makeUser(client, { email: alike, name: '' }, false), {
          kind: 'conflict',
          message: new RegExp(
            `but user ${userId} with one that is much like it: nobody gets the keys of another`,
          ),
        });
        assert.equal(sim.mails.length, 0);
      });

    const long = 'Ada '.repeat(90).trim();
    const names: [string, Partial<KisiSwitches>, string, string, number][] = [
      ['too long', { longestName: 255 }, long, 'Ada '.repeat(10).trim(), 2],
      ['too long, shortened too', { longestName: 20 }, long, '', 3],
      [
        'of odd signs',
        { plainNames: true },
        'Ada ✨ (she/her)\n Łovelace-D’Or',
        'Ada she her Łovelace-D Or',
        2,
      ],
      ['of nothing but odd signs', { plainNames: true }, '✨✨', '', 2],
      ['of another script', { plainNames: true, longestName: 20 }, '爱达·洛芙莱斯', '爱达 洛芙莱斯', 2],
      ['usual', { plainNames: true, longestName: 20 }, 'Ada O.', 'Ada O.', 1],
      ['empty', {}, '', '', 1],
    ];
    for (const [what, switches, name, expected, requests] of names) {
      it(`whose name is ${what} is made all the same, and mailed once`, async () => {
        const { sim, client } = await start(switches);
        const { user, created } = await makeUser(client, { ...bob, name }, false);
        assert.deepEqual([created, user.name], [true, expected]);
        assert.deepEqual([sim.requests.count(), sim.mails.length], [requests, 1]);
      });
    }

    it('is found, though both its name and its e-mail are refused', async () => {
      const { client, userId } = await start({ longestName: 3 });
      const { user } = await makeUser(client, { email, name: 'Ada Lovelace' }, false);
      assert.equal(user.id, userId);
    });

    it('with an e-mail that Kisi does not take is refused for good', async () => {
      const { client } = await start();
      await assert.rejects(makeUser(client, { email: 'nobody', name: 'No' }, false), {
        kind: 'invalid',
        canRetryHelp: false,
        fields: ['email'],
      });
    });
  });
});
