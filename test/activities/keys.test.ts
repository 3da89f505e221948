/** What the audit log says of writes to Kisi whose answers were lost, once a later look or write shows what became of them. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { KeyActivities, WriteNote } from '../../messages/to-activities.js';
import { createKeyActivities } from '../../activities/keys.js';
import { createRecorder } from '../../activities/recorder.js';
import { createKisiClient, type KisiClient } from '../../kisi/client.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import type { KisiTurns } from '../../kisi/pace.js';
import type { Wait } from '../../access/latency.js';
import type { AuditLog } from '../../database/audit-log.js';
import { keyWish, ledgerKey, memoryStores } from '../support/stores.js';
import type { Ownership } from '../../database/ownership.js';
import { onEachEngine } from '../database/engines.js';
import { collect } from '../database/records.js';
import { directoryOf, noteOf as note, runAsMember } from './member.js';

const memberId = 7;
const email = 'ada@example.com';
const firstOf = (month: string): number => Date.parse(`2126-${month}-01T00:00:00Z`);
const [june, july, august] = [firstOf('06'), firstOf('07'), firstOf('08')];

onEachEngine('writes to Kisi whose answers were lost', (bench) => {
  let kisi: KisiSimulator;
  let auditLog: AuditLog;
  let ownership: Ownership;
  let client: KisiClient;
  let activities: KeyActivities;
  let groupId: number;
  let userId: number;
  let countsFrom: number;
  let told: Wait[];

  beforeEach(async () => {
    [countsFrom, told] = [0, []];
    kisi = await startKisiSimulator({ switches: { rateLimit: null } });
    groupId = kisi.org.addGroup({ name: 'Day pass' }).id;
    userId = kisi.org.addUser({ email: 'someone@example.com' }).id;
    auditLog = await bench.open();
    ({ ownership } = await memoryStores());
    activities = activitiesOver();
  });
  afterEach(() => kisi.stop());

  /** The activities of a process that begins now. */
  function activitiesOver(pace?: KisiTurns): KeyActivities {
    client = createKisiClient({
      baseUrl: kisi.url,
      apiKey: 'kisi-test-key',
      ...(pace && { pace }),
    });
    return createKeyActivities({
      kisi: client,
      directory: directoryOf(client),
      moves: { areHeeded: false },
      people: { note: () => undefined, find: () => Promise.resolve({ email, name: 'Ada' }) },
      gate: { admit: () => Promise.resolve(), admitWrite: () => Promise.resolve() },
      recorder: createRecorder(auditLog, Date.now, {
        countsFrom: () => Promise.resolve(countsFrom),
        tell: (wait) => void told.push(wait),
      }),
      ownership,
      isApiUserOurs: false,
    });
  }

  function run<K extends keyof KeyActivities>(
    name: K,
    args: Parameters<KeyActivities[K]>,
    attempt = 1,
  ): Promise<Awaited<ReturnType<KeyActivities[K]>>> {
    return runAsMember(activities, memberId, name, args, attempt);
  }

  /** A try that Kisi does or does not do, and whose answer never comes. */
  async function lost<K extends keyof KeyActivities>(
    isDone: boolean,
    name: K,
    args: Parameters<KeyActivities[K]>,
  ): Promise<void> {
    for (const method of ['POST', 'PATCH', 'DELETE'])
      kisi.faults.add({ match: '/', method, kind: isDone ? 'afterWrite' : 'reset', times: 1 });
    await assert.rejects(run(name, args));
    kisi.faults.clear();
  }

  async function states(): Promise<string[]> {
    const all = await collect(auditLog.all());
    return all.map(({ key, state }) => `${key.replace(/^write\//, '')} ${state}`).sort();
  }

  async function given(validUntil: number): Promise<number> {
    const answer = await run('createKey', [keyWish({ userId, groupId, validUntil }), null, note('given')]);
    assert.ok(answer.outcome === 'created');
    return answer.keyId;
  }

  for (const isDone of [true, false]) {
    const outcome = isDone ? 'done' : 'failed';
    describe(isDone ? 'that Kisi did' : 'that Kisi did not do', () => {
      it('has the next write say so of a grant', async () => {
        await lost(isDone, 'createKey', [keyWish({ userId, groupId, validUntil: june }), null, note('a')]);
        const next = await run('createKey', [
          keyWish({ userId, groupId, validUntil: july }),
          june,
          note('b'),
        ]);
        assert.equal(next.outcome, isDone ? 'extended' : 'created');
        assert.deepEqual(await states(), [`a ${outcome}`, 'b done']);
      });

      it('has the next write say so of a move', async () => {
        const keyId = await given(june);
        await lost(isDone, 'moveKey', [
          keyId,
          keyWish({ userId, groupId, validUntil: july }),
          june,
          note('a'),
        ]);
        await run('moveKey', [keyId, keyWish({ userId, groupId, validUntil: august }), july, note('b')]);
        assert.deepEqual(await states(), [`a ${outcome}`, 'b done', 'given done']);
      });

      it('has the next write say so of a revoke', async () => {
        const keyId = await given(june);
        await lost(isDone, 'removeKey', [{ keyId, userId, groupId, validUntil: june }, note('a')]);
        await run('moveKey', [keyId, keyWish({ userId, groupId, validUntil: july }), june, note('b')]);
        // The removal may be carried out yet, so that another key takes the place of this one.
        const replaced = isDone ? 'replaced/b failed' : 'replaced/b done';
        assert.deepEqual(await states(), [`a ${outcome}`, 'b done', 'given done', replaced]);
        assert.equal(kisi.org.assignments().length, 1);
      });

      it('has the next try of the same write say so', async () => {
        const args: Parameters<KeyActivities['createKey']> = [
          keyWish({ userId, groupId, validUntil: june }),
          null,
          note('a'),
        ];
        await lost(isDone, 'createKey', args);
        await run('createKey', args, 2);
        assert.deepEqual(await states(), ['a done']);
      });
    });
  }

  for (const how of ['by the next write', 'by its next try'] as const)
    describe(`and that came when all was done already, as is shown ${how},`, () => {
      /** Has it shown what became of the write; answers what the audit log has then. */
      async function shownBy<K extends keyof KeyActivities>(
        name: K,
        args: Parameters<KeyActivities[K]>,
      ): Promise<string[]> {
        if (how === 'by its next try') await run(name, args, 2);
        const next = keyWish({ userId, groupId, validUntil: august });
        await run('createKey', [next, null, note('next')]);
        return states();
      }

      it('did not take a key away once more', async () => {
        const key = { keyId: await given(june), userId, groupId, validUntil: june };
        const [owned] = await ownership.all();
        await run('removeKey', [key, note('a')]);
        // The process had died before that was on record.
        await ownership.put([owned!]);
        // The look before it: what is gone is not taken away.
        kisi.faults.add({ match: '/role_assignments/', method: 'GET', kind: 'reset', times: 1 });
        await assert.rejects(run('removeKey', [key, note('b')]));
        const found = await shownBy('removeKey', [key, note('b')]);
        assert.deepEqual(found, ['a done', 'b failed', 'given done', 'next done']);
      });

      it('did not give a key once more', async () => {
        await given(june);
        const wish = keyWish({ userId, groupId, validUntil: june });
        await lost(true, 'createKey', [wish, null, note('b')]);
        const found = await shownBy('createKey', [wish, null, note('b')]);
        assert.deepEqual(found, ['b failed', 'given done', 'next done']);
      });

      it('gave another key where somebody had taken away the one before', async () => {
        kisi.org.removeAssignment(await given(june));
        const wish = keyWish({ userId, groupId, validUntil: june });
        await lost(true, 'createKey', [wish, null, note('b')]);
        const found = await shownBy('createKey', [wish, null, note('b')]);
        assert.deepEqual(found, ['b done', 'given done', 'next done']);
      });
    });

  describe('followed by further writes to the same key', () => {
    const unsure = (name: string): WriteNote => ({ ...note(name), unsure: true });
    const move = (keyId: number, was: number, name: string, attempt = 1) =>
      run('moveKey', [keyId, keyWish({ userId, groupId, validUntil: july }), was, unsure(name)], attempt);

    it('are no writes where it is as wished already', async () => {
      const keyId = await given(july);
      const { outcome } = await move(keyId, july, 'a');
      assert.equal(outcome, 'moved');
      assert.deepEqual(await states(), ['given done']);
      assert.ok(kisi.requests.list().every(({ method }) => method !== 'PATCH'));
    });

    it('are written where it is not, with the end that it had in truth', async () => {
      const keyId = await given(june);
      await move(keyId, july, 'a');
      assert.deepEqual(await states(), ['a done', 'given done']);
      const [, moved] = await collect(auditLog.all());
      assert.deepEqual(moved?.before, { keyId, validUntil: june });
      assert.deepEqual(moved.after, { keyId, validUntil: july });
    });

    it('are done once where a try before did it, and where it did not', async () => {
      for (const isDone of [true, false]) {
        const keyId = await given(june);
        await lost(isDone, 'moveKey', [
          keyId,
          keyWish({ userId, groupId, validUntil: july }),
          july,
          unsure('a'),
        ]);
        await move(keyId, july, 'a', 2);
        assert.deepEqual(await states(), ['a done', 'given done']);
        kisi.org.removeAssignment(keyId);
        await auditLog.prune(Infinity);
      }
    });
  });

  describe('amid the replacement of a key that Kisi does not move', () => {
    /** What Kisi did, and what the audit log says that it did: keys taken away and given, by their ids. */
    const deeds = { inKisi: [] as string[] };
    const inAuditLog = async (): Promise<string[]> => {
      const all = await collect(auditLog.all());
      const idIn = (kept: unknown): number => (kept as { keyId?: number } | null)?.keyId ?? 0;
      return all
        .filter(({ state }) => state === 'done')
        .map(({ what, before, after }) =>
          what === 'revoke' ? `take ${idIn(before)}` : `give ${idIn(after)}`,
        );
    };

    beforeEach(() => {
      kisi.switches.patchMovesValidity = false;
      deeds.inKisi = [];
      const { roles } = kisi.org;
      const [put, remove] = [roles.put.bind(roles), roles.remove.bind(roles)];
      roles.put = (role) => {
        if (roles.get(role.id) === undefined) deeds.inKisi.push(`give ${role.id}`);
        return put(role);
      };
      roles.remove = (id) => {
        if (roles.get(id) !== undefined) deeds.inKisi.push(`take ${id}`);
        return remove(id);
      };
    });

    it('has both of its requests in the audit log', async () => {
      const keyId = await given(june);
      await run('moveKey', [keyId, keyWish({ userId, groupId, validUntil: july }), june, note('a')]);
      assert.equal(deeds.inKisi.length, 3);
      assert.deepEqual((await inAuditLog()).sort(), deeds.inKisi.sort());
      const [, , moved] = await collect(auditLog.all());
      assert.match(moved?.answer ?? '', /^gave key \d+ in place of key \d+$/);
    });

    for (const method of ['DELETE', 'POST'] as const)
      for (const isDone of [true, false])
        for (const by of ['the same move', 'another move', 'a grant', 'a revoke'] as const)
          it(`the audit log knows what became of a ${method} that Kisi did${isDone ? '' : ' not do'}, by ${by}`, async () => {
            const keyId = await given(june);
            const wish = keyWish({ userId, groupId, validUntil: july });
            kisi.faults.add({ match: '/', method, kind: isDone ? 'afterWrite' : 'reset', times: 1 });
            await assert.rejects(run('moveKey', [keyId, wish, june, note('a')]));
            const later = { ...wish, validUntil: august };
            if (by === 'the same move') await run('moveKey', [keyId, wish, june, note('a')], 2);
            if (by === 'another move') await run('moveKey', [keyId, later, june, note('b')]);
            if (by === 'a grant') await run('createKey', [later, july, note('b')]);
            if (by === 'a revoke') await run('removeKey', [{ ...wish, keyId }, note('b')]);
            assert.deepEqual((await inAuditLog()).sort(), deeds.inKisi.sort());
            assert.ok((await collect(auditLog.all())).every(({ state }) => state !== 'begun'));
          });
  });

  describe('has a look at all keys say so', () => {
    const ends = { keyId: 0 };
    const lose = async (isDone: boolean): Promise<void> => {
      ends.keyId = await given(june);
      const wish = keyWish({ userId, groupId, validUntil: july });
      await lost(isDone, 'moveKey', [ends.keyId, wish, june, note('a')]);
    };
    const look = () => run('inspectKeys', [userId, [ends.keyId]]);

    it('where a key has the wished end', async () => {
      await lose(true);
      await look();
      assert.deepEqual(await states(), ['a done', 'given done']);
    });

    it('where a key is surely gone', async () => {
      await lose(false);
      kisi.org.removeAssignment(ends.keyId);
      await look();
      assert.deepEqual(await states(), ['a failed', 'given done']);
      const gone = { keyId: await given(august), userId, groupId, validUntil: august };
      ends.keyId = gone.keyId;
      await lost(true, 'removeKey', [gone, note('b')]);
      await look();
      assert.deepEqual(await states(), ['a failed', 'b done', 'given done']);
    });

    it('but leaves to the next write what it does not show', async () => {
      await lose(false);
      await look();
      assert.deepEqual(await states(), ['a begun', 'given done']);
      const wish = keyWish({ userId, groupId, validUntil: july });
      await run('moveKey', [ends.keyId, wish, june, { ...note('b'), unsure: true }]);
      assert.deepEqual(await states(), ['a failed', 'b done', 'given done']);
    });
  });

  it('has a user that is found say that it was made', async () => {
    await lost(true, 'createKisiUser', [memberId, note('a')]);
    assert.deepEqual(await states(), ['a begun']);
    const about = { locationId: null, planId: null };
    assert.ok(await run('findKisiUser', [memberId, 'filter', about]));
    assert.deepEqual(await states(), ['a done']);
  });

  it('has the making of a user say that an earlier one came to nothing', async () => {
    await lost(false, 'createKisiUser', [memberId, note('a')]);
    await run('createKisiUser', [memberId, note('b')]);
    assert.deepEqual(await states(), ['a failed', 'b done']);
  });

  it('leads to no second write where the first did the same, nor to a second record of it', async () => {
    await lost(true, 'createKey', [keyWish({ userId, groupId, validUntil: june }), null, note('a')]);
    const next = await run('createKey', [keyWish({ userId, groupId, validUntil: june }), june, note('b')]);
    assert.ok(next.outcome === 'adopted');
    // The process died before it could say so.
    await run('createKey', [keyWish({ userId, groupId, validUntil: june }), june, note('b')], 2);
    assert.deepEqual(await states(), ['a done', 'b failed']);
    await lost(true, 'removeKey', [{ keyId: next.keyId, userId, groupId, validUntil: june }, note('c')]);
    await run('removeKey', [{ keyId: next.keyId, userId, groupId, validUntil: june }, note('d')]);
    assert.deepEqual(await states(), ['a done', 'b failed', 'c done']);
  });

  it('took nothing away where no key is known to have been given', async () => {
    const unknown = { keyId: null, userId, groupId, validUntil: june };
    // A process died after it had noted the key that it was about to give.
    await ownership.own(memberId, ledgerKey({ ...unknown, uncertain: true }));
    kisi.faults.add({ match: '/role_assignments', method: 'GET', kind: 'reset' });
    await assert.rejects(run('removeKey', [unknown, note('a')]));
    kisi.faults.clear();
    assert.deepEqual(await states(), ['a begun']);
    await run('removeKey', [unknown, note('a')], 2);
    assert.deepEqual(await states(), ['a failed']);
  });

  it('has no key of ours pass for one that a person gave, so that it is taken away at its end', async () => {
    await lost(true, 'createKey', [keyWish({ userId, groupId, validUntil: june }), null, note('a')]);
    const next = await run('createKey', [keyWish({ userId, groupId, validUntil: july }), june, note('b')]);
    assert.deepEqual(next.outcome === 'extended' && next.was, null);
    const other = kisi.org.addGroup({ name: 'Office' }).id;
    kisi.org.grantByHand({ userId, groupId: other, validUntil: july });
    const byHand = await run('createKey', [
      keyWish({ userId, groupId: other, validUntil: august }),
      june,
      note('c'),
    ]);
    assert.deepEqual(byHand.outcome === 'extended' && byHand.was, july);
  });

  describe('and that a person ordered', () => {
    const ordered = (id: string): WriteNote => ({ ...note(id), isOrdered: true });
    const readsFail = (): void => {
      kisi.faults.add({ match: '/', method: 'GET', kind: 'status', status: 503 });
    };

    it('are made although Kisi’s reads fail, and what became of the one before stays open', async () => {
      const keyId = await given(june);
      await lost(false, 'moveKey', [keyId, keyWish({ userId, groupId, validUntil: july }), june, note('a')]);
      readsFail();
      const gone = { keyId, userId, groupId, validUntil: june };
      await assert.rejects(run('removeKey', [gone, note('b')]));
      await run('removeKey', [gone, ordered('c')]);
      assert.deepEqual(kisi.org.assignments(), []);
      assert.deepEqual(await states(), ['a begun', 'c done', 'given done']);
    });

    it('are tried although many reads have failed just now', async () => {
      const keyId = await given(june);
      readsFail();
      for (let i = 0; i < 5; i++) await assert.rejects(run('inspectKeys', [userId]));
      await run('removeKey', [{ keyId, userId, groupId, validUntil: june }, ordered('a')]);
      assert.deepEqual(kisi.org.assignments(), []);
    });

    it('believe no 404 that no read confirms', async () => {
      const keyId = await given(june);
      readsFail();
      kisi.faults.add({
        match: '/role_assignments',
        method: 'DELETE',
        kind: 'status',
        status: 404,
        times: 1,
      });
      const gone = { keyId, userId, groupId, validUntil: june };
      await assert.rejects(run('removeKey', [gone, ordered('a')]));
      await run('removeKey', [gone, ordered('a')], 2);
      assert.deepEqual(kisi.org.assignments(), []);
    });
  });

  it('stays in doubt when a further try is refused', async () => {
    await lost(true, 'createKisiUser', [memberId, note('a')]);
    kisi.org.demoteKeyOwner();
    await assert.rejects(run('createKisiUser', [memberId, note('a')], 2), { nonRetryable: true });
    assert.deepEqual(await states(), ['a begun']);
  });

  describe('or that were not even sent', () => {
    /** Has requests fail until nothing is sent to Kisi for a moment. */
    async function getDown(): Promise<void> {
      kisi.faults.add({ match: '/', kind: 'status', status: 503 });
      for (let i = 0; i < 3; i++)
        await assert.rejects(client.deleteKey({ id: 99_999, userId: 1, groupId: 1, evenUnseen: true }));
      kisi.faults.clear();
      kisi.requests.clear();
    }
    const sent = (): string[] => kisi.requests.list().map(({ method }) => method);

    it('did not happen, so that nobody is looked for first', async () => {
      await getDown();
      await assert.rejects(run('createKisiUser', [memberId, note('a')]));
      assert.deepEqual([sent(), await states()], [[], ['a failed']]);
      activities = activitiesOver();
      await run('createKisiUser', [memberId, note('a')], 2);
      assert.deepEqual([sent(), await states()], [['POST'], ['a done']]);
    });

    it('say nothing of the try before, which was', async () => {
      await lost(true, 'createKisiUser', [memberId, note('a')]);
      await getDown();
      await assert.rejects(run('createKisiUser', [memberId, note('a')], 2));
      assert.deepEqual([sent(), await states()], [[], ['a begun']]);
      activities = activitiesOver();
      await run('createKisiUser', [memberId, note('a')], 3);
      assert.deepEqual([sent(), await states()], [['GET'], ['a done']]);
    });

    it('say nothing of the try after, which has begun meanwhile', async () => {
      const waiting: (() => void)[] = [];
      const isWaitingFor = async (count: number): Promise<void> => {
        while (waiting.length < count) await setTimeout(5);
      };
      activities = activitiesOver({
        turn: () => new Promise((resolve) => waiting.push(resolve)),
        pause: () => undefined,
      });
      const first = run('createKisiUser', [memberId, note('a')]);
      await isWaitingFor(1);
      const goFirst = waiting.shift();
      const second = run('createKisiUser', [memberId, note('a')], 2);
      await isWaitingFor(1);
      waiting.shift()?.();
      await isWaitingFor(1);
      kisi.faults.add({ match: '/users', method: 'POST', kind: 'afterWrite', times: 1 });
      waiting.shift()?.();
      await assert.rejects(second);
      const down = getDown();
      for (let i = 0; i < 6; i++) {
        await isWaitingFor(1);
        waiting.shift()?.();
      }
      await down;
      goFirst?.();
      await assert.rejects(first);
      assert.deepEqual(await states(), ['a begun']);
    });
  });

  describe('that were waited for', () => {
    const dueAt = Date.now() - 90_000;
    const due = (id: string): WriteNote => ({ ...note(id), since: dueAt, locationId: 3 });
    const waits = async (): Promise<string[]> => {
      const all = await collect(auditLog.all({ waited: true }));
      assert.deepEqual(
        all.map(({ what, locationId, waited }) => ({ what, locationId, ...waited })),
        told,
      );
      return all.map(({ key, waited }) => `${key.slice('write/'.length)} ${waited?.since === dueAt}`).sort();
    };

    it('are measured from when they were due to Kisi’s answer: a key given, and one taken away', async () => {
      const { keyId } = await giveDue(june);
      await run('removeKey', [{ keyId, userId, groupId, validUntil: june }, due('b')]);
      assert.deepEqual(await waits(), ['a true', 'b true']);
      assert.deepEqual(
        told.map(({ what, locationId, until }) => [what, locationId, until > dueAt]),
        [
          ['grant', 3, true],
          ['revoke', 3, true],
        ],
      );
    });

    it('are measured although a try before was lost', async () => {
      await lost(true, 'createKey', [keyWish({ userId, groupId, validUntil: june }), null, due('a')]);
      assert.deepEqual(await waits(), []);
      await run('createKey', [keyWish({ userId, groupId, validUntil: june }), null, due('a')], 2);
      assert.deepEqual(await waits(), ['a true']);
    });

    it('are not measured where they change nothing for anybody, or move what is there', async () => {
      const keyId = await given(june);
      await run('createKey', [keyWish({ userId, groupId, validUntil: june }), null, due('adopted')]);
      await run('createKey', [keyWish({ userId, groupId, validUntil: july }), null, due('extended')]);
      await run('moveKey', [keyId, keyWish({ userId, groupId, validUntil: august }), july, due('moved')]);
      await run('removeKey', [{ keyId, userId, groupId, validUntil: august }, note('not due')]);
      await run('removeKey', [{ keyId, userId, groupId, validUntil: august }, due('gone')]);
      assert.deepEqual(await waits(), []);
    });

    it('are not measured where they waited for people', async () => {
      countsFrom = dueAt + 1;
      await giveDue(june);
      assert.deepEqual(await waits(), []);
    });

    it('are measured as none where the clock of Nexudus is ahead', async () => {
      const ahead = Date.now() + 60_000;
      const args: Parameters<KeyActivities['createKey']> = [
        keyWish({ userId, groupId, validUntil: june }),
        null,
        { ...due('a'), since: ahead },
      ];
      await run('createKey', args);
      assert.deepEqual(
        told.map(({ since, until }) => until - since),
        [0],
      );
    });

    async function giveDue(validUntil: number): Promise<{ keyId: number }> {
      const answer = await run('createKey', [keyWish({ userId, groupId, validUntil }), null, due('a')]);
      assert.ok(answer.outcome === 'created');
      return answer;
    }
  });
});
