import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { compare, type KisiState } from '../../activities/comparison.js';
import { createDriftActivities, type DriftDeps } from '../../activities/drift.js';
import { DefaultLogger } from '@temporalio/worker';
import type { DriftReport } from '../../messages/to-activities.js';
import { defaultDriftPolicy, refusalOf } from '../../access/drift.js';
import type { LedgerKey } from '../../access/plan.js';
import type { KisiGroup, KisiKey, KisiUser } from '../../kisi/records.js';
import { newMember, type MemberState } from '../../messages/to-member.js';
import { ledgerKey, memoryStores } from '../support/stores.js';

const day = 86_400_000;
const now = Date.parse('2026-11-25T10:00:00Z');
const end = now + 7 * day;

const key = (over: Partial<LedgerKey> = {}): LedgerKey =>
  ledgerKey({ validUntil: end, because: 'pass 1', ...over });
function holds(ledger: LedgerKey[], userId: number | null = 5): MemberState {
  const kisiUser = userId === null ? null : { id: userId, emailDigest: 'a' };
  return { ...newMember(100), ledger, kisiUser };
}
function inKisi(over: Partial<KisiKey> = {}): KisiKey {
  return {
    id: 77,
    userId: 5,
    groupId: 12,
    roleId: 'group_basic',
    validFrom: null,
    validUntil: end,
    createdAt: null,
    createdById: null,
    ...over,
  };
}
const user = (over: Partial<KisiUser> = {}): KisiUser => ({
  id: 5,
  email: 'ada@example.org',
  name: 'Ada Example',
  accessEnabled: true,
  ...over,
});
const group = (id: number, name = `Group ${id}`): KisiGroup => ({
  id,
  name,
  placeId: null,
  loginEnabled: true,
  locksCount: 1,
});

function kisi(over: Partial<KisiState> = {}): KisiState {
  return {
    keys: [inKisi()],
    users: [user()],
    groups: [group(12), group(13), group(14)],
    mappedIds: [12, 13],
    groupNames: {},
    ...over,
  };
}
const ada = new Map([['ada@example.org', 100]]);

function found(
  ledgers: [number, MemberState][],
  state: KisiState,
  coworkers: ReadonlyMap<string, number> | null = ada,
): string[] {
  return compare(new Map(ledgers), state, coworkers, now).found.map(({ key: name }) => name);
}

describe('compare: ledgers and Kisi', () => {
  it('finds nothing where they agree, to the second', () => {
    const state = kisi({ keys: [inKisi({ validUntil: end - 999 })] });
    assert.deepEqual(found([[100, holds([key()])]], state), []);
  });

  it('finds a key that is missing, also one given by hand that serves', () => {
    const state = kisi({ keys: [] });
    assert.deepEqual(found([[100, holds([key()])]], state), ['missing/100/12']);
    assert.deepEqual(found([[100, holds([key({ byHand: true })])]], state), ['missing/100/12']);
  });

  it('finds nothing of a key that is being written, or has ended', () => {
    for (const over of [{ keyId: null }, { uncertain: true }, { validUntil: now }])
      assert.deepEqual(found([[100, holds([key(over)])]], kisi({ keys: [] })), []);
  });

  it('finds nothing of a key of an earlier Kisi user, which the member is giving up', () => {
    const state = kisi({ keys: [], users: [user(), user({ id: 6, email: 'ada@new.example.org' })] });
    assert.deepEqual(found([[100, holds([key()], 6)]], state), []);
  });

  it('finds another end, except of a key given by hand', () => {
    const state = kisi({ keys: [inKisi({ validUntil: null })] });
    const [changed] = compare(new Map([[100, holds([key()])]]), state, ada, now).found;
    assert.equal(changed?.key, 'changed/100/12');
    assert.equal(changed.what, 'it is without an end in Kisi, not until 2026-12-02T10:00:00Z');
    assert.deepEqual(changed.keys, [{ keyId: 77, groupId: 12, validUntil: null }]);
    assert.deepEqual(found([[100, holds([key({ byHand: true })])]], state), []);
  });

  it('believes no end to be removed where too many keys show none', () => {
    const shows = (...ends: (number | null)[]) => {
      const people = ends.map((validUntil, i) => ({ id: 77 + i, userId: 5 + i, validUntil }));
      const users = people.map(({ userId }) => user({ id: userId, email: `user${userId}@example.org` }));
      const ledgers = people.map(({ id, userId }, i): [number, MemberState] => [
        100 + i,
        holds([key({ keyId: id, userId })], userId),
      ]);
      return found(ledgers, kisi({ users, keys: people.map((one) => inKisi(one)) }));
    };
    assert.deepEqual(shows(null, null), ['endUnreadable/77', 'endUnreadable/78']);
    assert.deepEqual(shows(null, end), ['changed/100/12']);
    const mostShowNone = shows(...Array.from({ length: 11 }, (_, i) => (i < 6 ? null : end)));
    assert.deepEqual(mostShowNone.length, 6);
    assert.ok(mostShowNone.every((name) => name.startsWith('endUnreadable/')));
  });

  it('tells of an end that cannot be read, and of nothing else because of it', () => {
    const state = kisi({ keys: [inKisi({ validUntil: 'unreadable' })] });
    for (const ledger of [[key()], [key({ byHand: true })], []]) {
      const [one, ...others] = compare(new Map([[100, holds(ledger)]]), state, ada, now).found;
      assert.deepEqual([one?.key, one?.memberId, one?.keys, others], ['endUnreadable/77', 100, [], []]);
      assert.equal(one?.what, 'key 77 of Kisi user 5 has an end there that cannot be read');
      assert.match(refusalOf(one, 'repair', now) ?? '', /set its end anew in Kisi/);
    }
    assert.deepEqual(
      found([], kisi({ ...state, keys: [inKisi({ validUntil: 'unreadable', groupId: 14 })] })),
      [],
    );
    assert.deepEqual(found([], state, new Map()), ['endUnreadable/77']);
  });

  it('finds the user suspended, or gone with all keys', () => {
    const suspended = kisi({ users: [user({ accessEnabled: false })] });
    assert.deepEqual(found([[100, holds([key()])]], suspended), ['userSuspended/100']);
    const gone = compare(new Map([[100, holds([key()])]]), kisi({ keys: [], users: [] }), ada, now);
    assert.deepEqual(
      gone.found.map(({ key: name }) => name),
      ['userDeleted/100'],
    );
    assert.deepEqual([gone.held, gone.lost], [1, 1]);
    assert.deepEqual(found([[100, holds([])]], suspended, ada), ['extra/5/12']);
  });
});

describe('compare: keys in nobody’s ledger', () => {
  const second = inKisi({ id: 78, groupId: 13 });

  it('are extra where the user is a member’s, by ledger or by e-mail', () => {
    const state = kisi({ keys: [inKisi(), second] });
    for (const ledgers of [[[100, holds([key()])]], [[100, holds([key()], null)]]] as [
      number,
      MemberState,
    ][][]) {
      const extras = compare(new Map(ledgers), state, ada, now).found;
      assert.deepEqual(
        extras.map(({ key: name, memberId }) => [name, memberId]),
        [['extra/5/13', 100]],
      );
    }
  });

  it('are told as one orphan where no coworker has the e-mail, and not at all where that cannot be told', () => {
    const state = kisi({ keys: [inKisi(), second] });
    const [orphan, ...others] = compare(new Map(), state, new Map(), now).found;
    assert.deepEqual([orphan?.key, orphan?.keys.length, others], ['orphan/5', 2, []]);
    assert.deepEqual(found([], state, null), []);
    assert.deepEqual(found([[100, holds([], 5)]], state, null), ['extra/5/12', 'extra/5/13']);
  });

  it('are none of ours where the group is not mapped, the role is another or the end is past', () => {
    const others = [
      inKisi({ groupId: 14 }),
      inKisi({ roleId: 'group_manager' }),
      inKisi({ validUntil: now }),
    ];
    for (const one of others) assert.deepEqual(found([], kisi({ keys: [one] })), []);
  });

  it('are no orphan’s where the user was made since the users were listed', () => {
    assert.deepEqual(found([], kisi({ users: [] })), []);
  });

  it('are not taken for extra while a member’s own write is under way', () => {
    for (const over of [{ keyId: null }, { uncertain: true }])
      assert.deepEqual(found([[100, holds([key(over)])]], kisi()), []);
  });
});

describe('compare: mapped groups', () => {
  it('finds one that is gone, and nothing of the keys to it', () => {
    const state = kisi({ keys: [], groups: [group(13)] });
    assert.deepEqual(found([[100, holds([key()])]], state), ['groupGone/12']);
  });

  it('finds one with another name than was remembered, where one was', () => {
    const state = kisi({ groupNames: { 12: 'Office' } });
    assert.deepEqual(found([[100, holds([key()])]], state), ['groupRenamed/12']);
    assert.deepEqual(found([[100, holds([key()])]], kisi({ groupNames: { 12: 'Group 12' } })), []);
  });

  it('names no person in anything that it says', () => {
    const state = kisi({ keys: [inKisi({ validUntil: null }), inKisi({ id: 78, groupId: 13 })] });
    const said = JSON.stringify([
      compare(new Map([[100, holds([key()])]]), state, ada, now),
      compare(new Map(), state, new Map(), now),
    ]);
    assert.doesNotMatch(said, /Ada|example/);
  });
});

describe('compareWithKisi', () => {
  const nothing = { rows: [], broken: [] };
  const noRecords = { batch: () => Promise.resolve(new Map()), getOne: () => Promise.resolve(null) };

  type Lists = Pick<KisiState, 'keys' | 'users' | 'groups'>;

  /** What a process keeps from one comparison to the next, and how often each of Kisi's lists was read. */
  function lists(kept: Partial<Lists> = {}) {
    const state: Lists = { keys: [inKisi()], users: [user()], groups: [group(12), group(13)], ...kept };
    const read: string[] = [];
    let known: KisiUser[] | null = null;
    const clock = { now, readAt: -Infinity };
    return {
      state,
      read,
      clock,
      deps: {
        kisi: {
          listAllKeys: () => Promise.resolve([...state.keys]),
          listGroups: () => Promise.resolve([...state.groups]),
          currentUser: () => Promise.resolve({ id: 9, organizationId: null, organizationName: null }),
        },
        directory: {
          known: (maxAgeMs: number) => (clock.now - clock.readAt < maxAgeMs ? known : null),
          read: () => {
            read.push('users');
            clock.readAt = clock.now;
            return Promise.resolve((known = [...state.users]));
          },
        },
        now: () => clock.now,
      } satisfies Partial<DriftDeps>,
    };
  }

  /** Runs a comparison; `looks`: what the ledgers hold at each look at them. */
  async function comparison(
    looks: [number, MemberState][][],
    over: Partial<DriftDeps> = {},
    settled: string[] = [],
  ) {
    return comparisonsOf(over)(looks, settled);
  }

  /** Runs comparisons of one process. */
  function comparisonsOf(over: Partial<DriftDeps>) {
    let looked = 0;
    let looks: [number, MemberState][][] = [];
    const deps: DriftDeps = {
      readLedgers: () => Promise.resolve(new Map(looks[looked++])),
      nexudus: { ...noRecords, list: () => Promise.resolve([]), listSparing: () => Promise.resolve(nothing) },
      moves: { areHeeded: true },
      mapping: [{ locationId: null, passTypeId: 30, groupIds: [12] }],
      policy: defaultDriftPolicy,
      baselines: { read: () => Promise.resolve({ coworkers: { count: 0, at: now } }) },
      gate: { admit: () => Promise.resolve() },
      ownership: {
        at: () => Promise.resolve(null),
        own: () => Promise.resolve(1),
        answered: () => Promise.resolve(),
        unanswered: () => Promise.resolve([]),
      },
      auditLog: { note: () => Promise.resolve() },
      orderException: () => Promise.resolve(null),
      waker: { wakeIfRunning: () => Promise.resolve(true), freezeIfRunning: () => Promise.resolve(true) },
      ...lists().deps,
      ...over,
    };
    const activities = createDriftActivities(deps);
    return async (seen: [number, MemberState][][], settled: string[] = [], isAsked = false) => {
      [looks, looked] = [seen, 0];
      const environment = new MockActivityEnvironment(
        { startToCloseTimeoutMs: 60_000 },
        { logger: new DefaultLogger('ERROR') },
      );
      const request = { settled, groupNames: {}, isAsked };
      const report: DriftReport = await environment.run(() => activities.compareWithKisi(request));
      return { found: report.found.map(({ key: name }) => name), looked };
    };
  }
  const emptyKisi = lists({ keys: [] }).deps;
  const held: [number, MemberState][] = [[100, holds([key()])]];

  it('looks a second time at what is new, and drops what a member wrote meanwhile', async () => {
    assert.deepEqual(await comparison([held]), { found: [], looked: 1 });
    const granted = await comparison([[], held]);
    assert.deepEqual(granted, { found: [], looked: 2 });
    const revoked = await comparison([held, [[100, holds([])]]], emptyKisi);
    assert.deepEqual(revoked, { found: [], looked: 2 });
    const mended = { ...holds([key()]), comparedAt: now };
    const again = await comparison([held, [[100, mended]]], emptyKisi);
    assert.deepEqual(again, { found: [], looked: 2 });
    assert.deepEqual(await comparison([held, held], emptyKisi), {
      found: ['missing/100/12'],
      looked: 2,
    });
  });

  it('looks once where nothing but what is settled is found', async () => {
    const what = 'key 77, until 2026-12-02T10:00:00Z, is not in Kisi';
    const again = await comparison([held], emptyKisi, [`missing/100/12 ${what}`]);
    assert.deepEqual(again, { found: ['missing/100/12'], looked: 1 });
  });

  describe('reads users and groups', () => {
    const minuteMs = 60_000;
    const agreed = { found: [], looked: 1 };

    /** A process whose first comparison has found nothing. */
    async function compared() {
      const kisiLists = lists();
      const { deps, read, clock } = kisiLists;
      const groups = (): Promise<KisiGroup[]> => {
        read.push('groups');
        return Promise.resolve([...kisiLists.state.groups]);
      };
      const moves = { areHeeded: true };
      const run = comparisonsOf({ ...deps, kisi: { ...deps.kisi, listGroups: groups }, moves });
      assert.deepEqual(await run([held]), agreed);
      assert.deepEqual(read.splice(0), ['users', 'groups']);
      return { ...kisiLists, run, clock, moves };
    }

    it('again only after most of an hour', async () => {
      const { run, read, clock } = await compared();
      for (const laterMs of [15, 15, 15]) {
        clock.now += laterMs * minuteMs;
        assert.deepEqual(await run([held]), agreed);
      }
      assert.deepEqual(read, []);
      clock.now += 15 * minuteMs;
      assert.deepEqual(await run([held]), agreed);
      assert.deepEqual(read.splice(0), ['users', 'groups']);
      // Users may be read for new members' sake too.
      clock.now += 60 * minuteMs;
      clock.readAt = clock.now;
      assert.deepEqual(await run([held]), agreed);
      assert.deepEqual(read, ['users', 'groups']);
    });

    it('at once where a person asks', async () => {
      const { run, read, state } = await compared();
      Object.assign(state, { users: [user({ accessEnabled: false })] });
      assert.deepEqual((await run([held])).found, []);
      assert.deepEqual((await run([held, held], [], true)).found, ['userSuspended/100']);
      assert.deepEqual(read, ['users', 'groups']);
    });

    it('at once where something new is found: a user or a group may be gone', async () => {
      for (const [gone, found] of [
        [{ keys: [], users: [] }, 'userDeleted/100'],
        [{ keys: [], groups: [] }, 'groupGone/12'],
      ] as const) {
        const { run, read, state } = await compared();
        Object.assign(state, gone);
        assert.deepEqual((await run([held, held])).found, [found]);
        assert.deepEqual(read, ['users', 'groups']);
      }
    });

    it('not again for what is settled', async () => {
      const { run, read, state } = await compared();
      Object.assign(state, { keys: [] });
      const what = 'key 77, until 2026-12-02T10:00:00Z, is not in Kisi';
      assert.deepEqual((await run([held], [`missing/100/12 ${what}`])).found, ['missing/100/12']);
      assert.deepEqual(read, []);
    });

    it('at once where somebody who was not listed holds a key to a mapped group', async () => {
      const { run, read, state } = await compared();
      const stranger = user({ id: 6, email: 'stranger@example.org' });
      const keys = [inKisi(), inKisi({ id: 78, userId: 6 })];
      Object.assign(state, { keys, users: [user(), stranger] });
      assert.deepEqual((await run([held, held])).found, ['orphan/6']);
      assert.deepEqual(read, ['users', 'groups']);
    });

    it('and has moves read back again where a key is newly found with another end', async () => {
      const { run, state, moves } = await compared();
      Object.assign(state, { keys: [inKisi({ validUntil: null })] });
      const what = 'it is without an end in Kisi, not until 2026-12-02T10:00:00Z';
      await run([held], [`changed/100/12 ${what}`]);
      assert.equal(moves.areHeeded, true);
      await run([held, held]);
      assert.equal(moves.areHeeded, false);
    });
  });

  it('knows the groups that pass types name, where list rows leave them out too', async () => {
    const type = { id: 31, businessIds: null };
    const row = { ...type, kisiGroups: { ids: [], unclear: 'KisiGroupId is missing' } };
    const record = { ...type, kisiGroups: { ids: [13], unclear: null } };
    const nexudus = {
      list: () => Promise.resolve([]),
      listSparing: (name: string) =>
        Promise.resolve({ rows: name === 'timepasses' ? [row] : [], broken: [] } as never),
      batch: () => Promise.resolve(new Map()),
      getOne: () => Promise.resolve(record as never),
    };
    const held: [number, MemberState][] = [[100, holds([], 5)]];
    const keys = [inKisi({ groupId: 13 })];
    const report = await comparison([held, held], { ...lists({ keys, users: [user()] }).deps, nexudus });
    assert.deepEqual(report.found, ['extra/5/13']);
  });

  it('calls keys nobody’s only where a search by e-mail finds no coworker either, if such keys are to be taken away', async () => {
    const asked: string[] = [];
    const foundBy = (rows: readonly object[]): Partial<DriftDeps> => ({
      nexudus: {
        ...noRecords,
        list: (name: string, filters: readonly { value: string }[] = []) => {
          if (name === 'coworkers') asked.push(...filters.map(({ value }) => value));
          return Promise.resolve(name === 'coworkers' ? rows : []) as never;
        },
        listSparing: () => Promise.resolve(nothing),
      },
      ...lists({ users: [user()] }).deps,
    });
    const repairs = { policy: { ...defaultDriftPolicy, orphan: 'repair' as const } };
    const ada = [{ id: 100, email: 'ada@example.org' }];
    assert.deepEqual((await comparison([[], []], { ...foundBy(ada), ...repairs })).found, []);
    assert.deepEqual(asked, ['ada@example.org']);
    assert.deepEqual((await comparison([[], []], { ...foundBy([]), ...repairs })).found, ['orphan/5']);
    asked.length = 0;
    assert.deepEqual((await comparison([[], []], foundBy(ada))).found, ['orphan/5']);
    assert.deepEqual(asked, []);
  });

  it('fails rather than take every key for an orphan’s where the list of coworkers is implausible', async () => {
    const baselines = { read: () => Promise.resolve({ coworkers: { count: 20, at: now } }) };
    await assert.rejects(
      comparison([[], []], { baselines }),
      /^ApplicationFailure: Nexudus lists 0 coworkers/,
    );
  });

  it('tells of a key of ours that somebody turned into a higher role, and not of a person’s key', async () => {
    const manager = inKisi({ roleId: 'group_manager' });
    const { deps } = lists({ keys: [manager] });
    assert.deepEqual((await comparison([held, held], deps)).found, ['changed/100/12']);
    const byHand: [number, MemberState][] = [[100, holds([key({ byHand: true })])]];
    assert.deepEqual((await comparison([byHand, byHand], deps)).found, []);
  });

  describe('sees to what writes have done that were never answered', () => {
    /** The members that a comparison wakes where such a write was to leave this key; `owned`: what is on record since. */
    async function wokenBy(asked: Partial<LedgerKey>, there: KisiKey, owned?: LedgerKey): Promise<number[]> {
      const { ownership } = await memoryStores();
      if (owned !== undefined) await ownership.own(100, owned);
      await ownership.sending({ userId: 5, groupId: 12, memberId: 100, does: 'put', key: key(asked) });
      const woken: number[] = [];
      const waker = {
        wakeIfRunning: (memberId: number) => Promise.resolve(woken.push(memberId) > 0),
        freezeIfRunning: () => Promise.resolve(true),
      };
      await comparison([held, held, held], { ...lists({ keys: [there] }).deps, ownership, waker });
      return woken;
    }

    it('by waking the member, where the write gave a key, and not where another hand did, or where the end is another', async () => {
      const asked = { keyId: null };
      assert.deepEqual(await wokenBy(asked, inKisi({ createdById: 9 })), [100]);
      assert.deepEqual(await wokenBy(asked, inKisi({ createdById: 10 })), []);
      assert.deepEqual(await wokenBy(asked, inKisi({ roleId: 'group_manager' })), []);
      assert.deepEqual(await wokenBy({ ...asked, validUntil: end + day }, inKisi()), []);
    });

    it('by waking the member, where the write moved an end away from the one on record', async () => {
      const later = end + day;
      assert.deepEqual(await wokenBy({ validUntil: later }, inKisi({ validUntil: later }), key()), [100]);
      assert.deepEqual(await wokenBy({ validUntil: later }, inKisi(), key()), []);
      assert.deepEqual(await wokenBy({ validUntil: later }, inKisi({ validUntil: later + day }), key()), []);
    });
  });
});
