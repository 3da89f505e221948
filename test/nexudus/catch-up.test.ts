/**
 * Reading out of a copy that is kept up by what was written since. REPLICA_WORLDS says how many random worlds are compared with
 * direct reads (500 for a proof), REPLICA_SEED repeats those of a run.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { decide } from '../../access/decide.js';
import { readingRules } from '../../access/pass-rules.js';
import type { Snapshot, StandsOn } from '../../access/types.js';
import { readChanges, readIndex } from '../../nexudus/changes.js';
import { createFollower, type Follower, type FollowerOptions } from '../../nexudus/follower.js';
import { createReader, type MemberRequest, type Reader } from '../../nexudus/reader.js';
import { createReplica, type Replica } from '../../nexudus/replica.js';
import { rules } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { noon, requestFor, standsOn, startBench, type Bench } from './space.js';

const worlds = Number(process.env['REPLICA_WORLDS'] ?? 2);
const seed = Number(process.env['REPLICA_SEED'] ?? Date.now() % 1_000_000);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A space whose members are read out of a copy, and the same read one by one. */
interface Followed extends Bench {
  replica: Replica;
  follower: Follower;
  /** Out of the copy. */
  copied: Reader;
  isCalm: boolean;
  untilMs: number;
  isTimeKnown: boolean;
  /** As a reconciliation does. */
  readAll(): Promise<void>;
  /** As a poll does. */
  poll(): Promise<void>;
}

/** `paces`: in place of those of these tests, by the clock of this machine. */
async function startFollowed(
  paces: Partial<Pick<FollowerOptions, 'exactEveryMs' | 'lookupGatherMs'>> = {},
): Promise<Followed> {
  const bench = await startBench();
  const { client, clock } = bench;
  const replica = createReplica();
  const now = (): number => clock.now;
  // A coworker that is missing is gone at the first look, as in `reader`, which is asked for no such coworker.
  const common = {
    client,
    readingRules,
    now,
    gatherMs: 1,
    lookLaterMs: 0,
    baselines: () => Promise.resolve(null),
  };
  const follower = createFollower({
    ...{
      client,
      readingRules,
      replica,
      now,
      gatherMs: 5,
      closestMs: 5,
      lookupGatherMs: 80,
      exactEveryMs: 200,
      againEveryMs: 60_000,
      ...paces,
    },
    stampedNow: () => (followed.isTimeKnown ? now() : null),
    plan: { untilMs: () => followed.untilMs, begin: () => undefined, isCalm: () => followed.isCalm },
  });
  const followed: Followed = Object.assign(bench, {
    replica,
    isCalm: true,
    untilMs: 0,
    isTimeKnown: true,
    follower,
    copied: createReader({ ...common, follower }),
    reader: createReader(common),
    async readAll() {
      await readIndex(client, { now, followedBy: replica.rebase(clock.now) });
    },
    async poll() {
      const since = clock.now - 10 * minuteMs;
      const all = { coworkers: since, coworkercontracts: since, contractpausedperiods: since, teams: since };
      await readChanges(client, { since: { ...all, coworkertimepasses: since }, lending: {}, now, replica });
    },
  });
  return followed;
}

describe('reading out of a copy that is kept up', () => {
  let space: Followed['space'];
  let followed: Followed;
  let groupId: number;
  let typeId: number;
  beforeEach(() => begin());
  afterEach(() => followed.stop());

  async function begin(...paces: Parameters<typeof startFollowed>): Promise<void> {
    followed = await startFollowed(...paces);
    space = followed.space;
    groupId = 7;
    typeId = space.addTimePass({ KisiGroupId: String(groupId) }).Id;
  }
  async function beginAnew(...paces: Parameters<typeof startFollowed>): Promise<void> {
    await followed.stop();
    await begin(...paces);
  }

  let emails = 0;
  const member = (): number => space.addCoworker({ Email: `member${++emails}@example.com` }).Id;
  const day = (): string => new Date(followed.clock.now + 24 * hourMs).toISOString();
  const buys = (CoworkerId: number): number =>
    space.addPass({ CoworkerId, TimePassId: typeId, ExpireDate: day() }).Id;
  const later = (ms = 1_000): void => void (followed.clock.now += ms);

  /** Which groups open to the member, and how many requests it took. */
  async function opens(
    memberId: number,
    more: Partial<MemberRequest> = {},
  ): Promise<{ groups: number[]; requests: number }> {
    const before = followed.asked();
    const request = requestFor(memberId, { notBefore: followed.clock.now, reference: 'kept', ...more });
    const { snapshot } = await followed.copied.readMember(request);
    const groups = snapshot === null ? [] : groupsOf(snapshot, followed.clock.now);
    return { groups, requests: followed.asked() - before };
  }

  const held = (passId: number): StandsOn[] => [standsOn(space.need('coworkertimepasses', passId))];

  async function settle(): Promise<void> {
    await followed.readAll();
    // Pass types and places are read once.
    await opens(member());
    // Not so long that they are renewed.
    later(9 * minuteMs);
  }

  it('needs three requests for a purchase, and finds a member who was never seen before', async () => {
    await settle();
    followed.isCalm = false;
    const ann = member();
    buys(ann);
    await opens(ann);
    later(5_000);
    const ben = member();
    buys(ben);
    assert.deepEqual(await opens(ben), { groups: [groupId], requests: 3 });
  });

  it('serves all who ask by the same three requests', async () => {
    await settle();
    const ids = Array.from({ length: 10 }, member);
    for (const id of ids) buys(id);
    await opens(ids[0] ?? 0);
    later();
    const before = followed.asked();
    for (const id of ids) space.update('coworkers', id, { FullName: 'Ann again' });
    const read = await Promise.all(ids.map((id) => opens(id)));
    assert.ok(read.every(({ groups }) => groups.length === 1));
    assert.equal(followed.asked() - before, 3);
  });

  it('sees a suspension, a use and a new end by what was written', async () => {
    const [ann, ben, cid] = [member(), member(), member()];
    const [annsPass, bensPass, cidsPass] = [buys(ann), buys(ben), buys(cid)];
    await settle();
    followed.isCalm = false;
    space.suspend(ann);
    assert.deepEqual((await opens(ann, { standsOn: held(annsPass) })).groups, []);
    later();
    space.usePass(bensPass);
    const request = requestFor(ben, { notBefore: followed.clock.now, standsOn: held(bensPass) });
    const { snapshot } = await followed.copied.readMember(request);
    assert.equal(snapshot?.profiles[0]?.passes[0]?.used, true);
    space.update('coworkertimepasses', cidsPass, { ExpireDate: new Date(noon).toISOString() });
    later(3 * 24 * hourMs);
    assert.deepEqual((await opens(cid, { standsOn: held(cidsPass) })).groups, []);
  });

  it('looks nothing up for a member who is suspended', async () => {
    const ann = member();
    const annsPass = buys(ann);
    await settle();
    await opens(ann);
    later(5_000);
    assert.deepEqual(await opens(ann, { standsOn: held(annsPass) }), { groups: [groupId], requests: 7 });
    later(5_000);
    space.suspend(ann);
    assert.deepEqual(await opens(ann, { standsOn: held(annsPass) }), { groups: [], requests: 3 });
  });

  it('gives nothing by a pass that was deleted since, however busy the minute is', async () => {
    const ann = member();
    const pass = buys(ann);
    await settle();
    followed.isCalm = false;
    space.remove('coworkertimepasses', pass);
    space.update('coworkers', ann, { FullName: 'Ann anew' });
    assert.deepEqual((await opens(ann)).groups, []);
  });

  it('notices at once that a pass was deleted where nothing else says why the member was woken', async () => {
    const ann = member();
    const pass = buys(ann);
    const standsOn = held(pass);
    await settle();
    followed.isCalm = false;
    space.remove('coworkertimepasses', pass);
    assert.deepEqual((await opens(ann, { standsOn })).groups, []);
  });

  it('has a member whose wake no list explains wait for the next exact look in a busy minute, and no longer', async () => {
    // So long that the look before is not exact on a busy machine either.
    await beginAnew({ exactEveryMs: 600 });
    const [ann, ben] = [member(), member()];
    const pass = buys(ann);
    const standsOn = held(pass);
    await settle();
    followed.isCalm = false;
    await opens(ben);
    later();
    space.remove('coworkertimepasses', pass);
    const { groups, requests } = await opens(ann, { standsOn });
    assert.deepEqual(groups, []);
    assert.ok(requests >= 7, `one look by lists, and an exact one (${requests} requests)`);
  });

  it('looks up only what gives a key in a busy minute, for a member whose wake a list explains, in an exact look too', async () => {
    const ann = member();
    const standsOn = held(buys(ann));
    await settle();
    await opens(member());
    for (const isCalm of [false, true]) {
      // So that the next look is exact.
      await sleep(250);
      followed.isCalm = isCalm;
      later();
      buys(ann);
      const { groups, requests } = await opens(ann, { standsOn });
      assert.deepEqual(groups, [groupId]);
      assert.equal(requests > 3, isCalm, `${requests} requests`);
    }
  });

  it('looks up together in a busy minute the members that share an exact look, though they ask one after another', async () => {
    await beginAnew({ lookupGatherMs: 500 });
    const ids = [member(), member()];
    const passes = ids.map(buys);
    await settle();
    // Pass types and places are read by then, and the next look is exact.
    await opens(member());
    await sleep(250);
    followed.isCalm = false;
    const notBefore = followed.clock.now;
    later();
    const before = followed.asked();
    await Promise.all(
      ids.map(async (id, i) => {
        await sleep(40 * i);
        await opens(id, { notBefore, standsOn: held(passes[i] ?? 0) });
      }),
    );
    assert.equal(followed.asked() - before, 3 + 2, 'the lists, all coworkers, and all passes');
  });

  it('waits until the plan has room, and takes along members who came meanwhile', async () => {
    await settle();
    const [ann, ben] = [member(), member()];
    followed.isCalm = false;
    await opens(ann);
    later();
    for (const id of [ann, ben]) buys(id);
    followed.untilMs = 60_000;
    const before = followed.asked();
    const both = Promise.all([opens(ann), opens(ben)]);
    await sleep(100);
    assert.equal(followed.asked(), before);
    followed.untilMs = 0;
    assert.deepEqual(
      (await both).map(({ groups }) => groups),
      [[groupId], [groupId]],
    );
    assert.equal(followed.asked(), before + 3);
  });

  it('serves a wake by a look that began after it, without a request more', async () => {
    await settle();
    followed.isCalm = false;
    const [ann, ben] = [member(), member()];
    for (const id of [ann, ben]) buys(id);
    later();
    const notBefore = followed.clock.now - 1;
    assert.deepEqual((await opens(ann, { notBefore })).groups, [groupId]);
    assert.deepEqual(await opens(ben, { notBefore }), { groups: [groupId], requests: 0 });
    assert.notEqual((await opens(ben)).requests, 0, 'and not one that began before');
  });

  it('tells which coworkers are new by a look or two for all who ask, and not before there is a copy', async () => {
    const { follower, clock } = followed;
    const ann = member();
    assert.equal(await follower.hasCoworker(ann, clock.now), null);
    await settle();
    followed.isCalm = false;
    const ben = member();
    const before = followed.asked();
    const nobodies = Array.from({ length: 500 }, (_, i) => ben + 1_000 + i);
    const are = await Promise.all([ann, ben, ...nobodies].map((id) => follower.hasCoworker(id, clock.now)));
    assert.deepEqual(are, [true, true, ...nobodies.map(() => false)]);
    // Asking for five hundred may take longer than they gather here.
    assert.ok(followed.asked() - before <= 6);
  });

  for (const isCalm of [true, false])
    it(`looks up only the passes of a member who came or went, ${isCalm ? 'in a calm minute' : 'and at once in a busy one'}`, async () => {
      const [ann, ben] = [member(), member()];
      const standsOn = held(buys(ann));
      const others = held(buys(ben));
      await settle();
      await opens(ann);
      followed.isCalm = isCalm;
      later(5_000);
      const isCheckIn = true;
      assert.deepEqual(await opens(ann, { standsOn, isCheckIn }), { groups: [groupId], requests: 4 });
      await opens(ben, { standsOn: others });
      later(5_000);
      // Nothing else tells of a record that is gone.
      space.remove('coworkertimepasses', standsOn[0]?.passId ?? 0);
      assert.deepEqual((await opens(ann, { standsOn, isCheckIn })).groups, []);
    });

  it('keeps nobody out by a pause that was deleted since', async () => {
    const ann = member();
    const contract = space.addContract({ CoworkerId: ann, TariffId: space.addTariff().Id });
    space.addPass({
      ...{ CoworkerId: ann, TimePassId: typeId, ExpireDate: day() },
      ...{ IsFromTariff: true, CoworkerContractUniqueId: contract.UniqueId },
    });
    const pause = space.addPausedPeriod({
      ...{ CoworkerContractId: contract.Id, PauseFrom: new Date(noon - hourMs).toISOString() },
      PauseUntil: new Date(noon + 48 * hourMs).toISOString(),
    });
    await settle();
    followed.isCalm = false;
    assert.deepEqual((await opens(ann)).groups, []);
    space.remove('contractpausedperiods', pause.Id);
    later();
    assert.deepEqual((await opens(ann)).groups, [groupId]);
  });

  it('has the teams that polls found', async () => {
    const [ann, payer] = [member(), space.addCoworker().Id];
    buys(payer);
    await settle();
    followed.isCalm = false;
    space.addTeam({
      ...{ TeamMembers: [ann, payer], PayingMemberId: payer },
      ...{ ShareTimePasses: true },
    });
    space.update('coworkers', ann, { FullName: 'Ann anew' });
    later();
    await followed.poll();
    assert.deepEqual((await opens(ann)).groups, [groupId]);
  });

  for (const isCalm of [true, false])
    it(`has nobody wait for a request of others that hangs, ${isCalm ? 'in a calm minute' : 'nor in a busy one'}`, async () => {
      await settle();
      followed.isCalm = isCalm;
      const [ann, ben] = [member(), member()];
      for (const id of [ann, ben]) buys(id);
      const isOver = await hang('/api/spaces/coworkers', ann);
      assert.deepEqual((await opens(ben)).groups, [groupId]);
      assert.equal(isOver(), false);
    });

  it('has a member whose wake a list explains not wait for what only others need', async () => {
    const [ann, ben] = [member(), member()];
    await settle();
    buys(ben);
    // No list says why Ann was woken.
    const hung = hang('/api/billing/contractpausedperiods', ann);
    assert.deepEqual((await opens(ben)).groups, [groupId]);
    assert.equal((await hung)(), false);
  });

  /** Has a member read, and the answer of one list be lost; tells whether that read is over. */
  async function hang(match: string, memberId: number): Promise<() => boolean> {
    const { faults } = followed.simulator;
    faults.add({ match, kind: 'timeout', times: 1 });
    let isOver = false;
    const over = (): void => void (isOver = true);
    opens(memberId).then(over, over);
    while (faults.list().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    return () => isOver;
  }

  it('serves many who checked in as well, without reading everybody', async () => {
    const members = Array.from({ length: 40 }, () => member());
    const standsOn = new Map(members.map((id) => [id, held(buys(id))]));
    await settle();
    await opens(member());
    followed.isCalm = false;
    later(5_000);
    const before = followed.asked();
    const ofAll = members.map((id) =>
      opens(id, { standsOn: standsOn.get(id) ?? [], isCheckIn: true, isBatch: true }),
    );
    for (const { groups } of await Promise.all(ofAll)) assert.deepEqual(groups, [groupId]);
    assert.equal(followed.asked() - before, 4);
  });

  it('has a fresh look take pass types and places of a minute ago where the minute is busy', async () => {
    await settle();
    const ann = member();
    const asked = async (isCalm: boolean): Promise<number> => {
      followed.isCalm = isCalm;
      later();
      const { requests } = await opens(ann, { reference: 'recent' });
      return requests;
    };
    await asked(true);
    const calm = await asked(true);
    const busy = await asked(false);
    later(minuteMs);
    const busyLater = await asked(false);
    assert.ok(busy < busyLater && busy < calm, `${calm} in calm, ${busy} and a minute later ${busyLater}`);
  });

  it('asks for pass types and places beside the lists', async () => {
    await settle();
    later(60 * minuteMs);
    const ann = member();
    buys(ann);
    const { faults, requests } = followed.simulator;
    requests.clear();
    const isOver = await hang('/api/billing/coworkertimepasses', ann);
    const paths = ['/api/billing/timepasses', '/api/billing/tarifftimepasses', '/api/sys/businesses'];
    await eventually('they are asked for', () => paths.every((path) => requests.count({ path }) > 0));
    assert.equal(isOver(), false);
    assert.deepEqual(faults.list(), []);
  });

  it('has a member that failed twice begin no catch-up of its own for a while, and go with the next one', async () => {
    const [ann, ben] = [member(), member()];
    for (const id of [ann, ben]) buys(id);
    await settle();
    const { faults } = followed.simulator;
    faults.add({ match: '/api/spaces/coworkers', kind: 'status', status: 500, times: 2 });
    for (let i = 0; i < 2; i++) await assert.rejects(opens(ann), /500/);
    // The answers to requests beside the list that failed are still to come.
    let before = -1;
    await eventually('nothing more is asked', () => before === (before = followed.asked()), 45_000, 250);
    const again = opens(ann);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(followed.asked(), before, 'it leaves room to others');
    assert.deepEqual((await opens(ben)).groups, [groupId]);
    assert.deepEqual((await again).groups, [groupId]);
  });

  it('reads everything anew where the time is not known', async () => {
    await settle();
    const ann = member();
    buys(ann);
    followed.isTimeKnown = false;
    assert.deepEqual((await opens(ann)).groups, [groupId]);
  });

  it(`decides as direct reads do, in ${worlds} worlds (seed ${seed})`, async function () {
    this.timeout(30_000 + worlds * 3_000);
    const random = randomOf(seed);
    for (let world = 0; world < worlds; world++) {
      if (world > 0) await beginAnew();
      await compare(random, world);
    }
  });

  /** Random changes, and after each few of them both ways of reading, for everybody. */
  async function compare(random: (below: number) => number, world: number): Promise<void> {
    const pick = <T>(from: readonly T[]): T | undefined => from[random(from.length)];
    const ids: number[] = [];
    const plan = space.addTariff().Id;
    const stood = new Map<number, StandsOn[]>();
    const changes: (() => void)[] = [
      () => ids.push(space.addCoworker({ Email: `member${random(6)}@example.com` }).Id),
      () => {
        withOne(ids, buys);
      },
      () => {
        withOne(ids, (CoworkerId) => void space.addContract({ CoworkerId, TariffId: plan }));
      },
      () => {
        withRow('coworkercontracts', ({ CoworkerId, UniqueId }) => {
          space.addPass({
            ...{ CoworkerId, TimePassId: typeId, ExpireDate: day() },
            ...{ IsFromTariff: true, CoworkerContractUniqueId: UniqueId },
          });
        });
      },
      () => {
        withRow('coworkertimepasses', ({ Id }) => void space.usePass(Id));
      },
      () => {
        withRow('coworkertimepasses', ({ Id }) => void space.remove('coworkertimepasses', Id));
      },
      () => {
        withRow('coworkertimepasses', ({ Id }) => {
          const CoworkerId = pick(ids);
          if (CoworkerId !== undefined) space.update('coworkertimepasses', Id, { CoworkerId });
        });
      },
      () => {
        withRow('coworkertimepasses', ({ Id }) => {
          const at = followed.clock.now + (random(5) - 3) * 24 * hourMs;
          space.update('coworkertimepasses', Id, { ExpireDate: new Date(at).toISOString() });
        });
      },
      () => {
        withOne(ids, (id) => void space.update('coworkers', id, { Active: random(2) === 0 }));
      },
      () => {
        withOne(ids, (id) => void space.update('coworkers', id, { Email: `member${random(6)}@example.com` }));
      },
      () => {
        withRow('coworkercontracts', ({ Id }) => void space.cancelContract(Id, followed.clock.now));
      },
      () => {
        withRow('coworkercontracts', ({ Id }) => void space.remove('coworkercontracts', Id));
      },
      () => {
        withRow('coworkercontracts', ({ Id }) => {
          space.addPausedPeriod({
            ...{ CoworkerContractId: Id, PauseFrom: new Date(followed.clock.now - hourMs).toISOString() },
            PauseUntil: new Date(followed.clock.now + random(48) * hourMs).toISOString(),
          });
        });
      },
      () => {
        withRow('contractpausedperiods', ({ Id }) => void space.remove('contractpausedperiods', Id));
      },
      () => {
        withOne(ids, (PayingMemberId) => {
          space.addTeam({ TeamMembers: some(), PayingMemberId, ShareTimePasses: random(4) > 0 });
        });
      },
      () => {
        withRow('teams', ({ Id }) => void space.update('teams', Id, { TeamMembers: some() }));
      },
      () => {
        withRow('teams', ({ Id }) => void space.remove('teams', Id));
      },
    ];
    const some = (): number[] => ids.filter(() => random(3) === 0);
    function withOne(from: readonly number[], change: (id: number) => unknown): void {
      const one = pick(from);
      if (one !== undefined) change(one);
    }
    function withRow<
      N extends 'coworkertimepasses' | 'coworkercontracts' | 'contractpausedperiods' | 'teams',
    >(name: N, change: (row: ReturnType<typeof space.need<N>>) => void): void {
      const row = pick(space.list(name));
      if (row !== undefined) change(row);
    }
    for (let i = 0; i < 4; i++) ids.push(space.addCoworker({ Email: `member${random(6)}@example.com` }).Id);
    await followed.readAll();
    for (let round = 0; round < 8; round++) {
      later(1_000 + random(10 * 60_000));
      for (let i = random(4); i >= 0; i--) pick(changes)?.();
      later(random(3_000));
      // A poll comes in between, as it does every half minute: pauses and teams are as of then.
      await followed.poll();
      followed.isCalm = true;
      const request = (id: number): MemberRequest =>
        requestFor(id, {
          ...{ notBefore: followed.clock.now, reference: 'kept' },
          standsOn: stood.get(id) ?? [],
        });
      for (const id of ids) {
        const [one, other] = [
          await followed.copied.readMember(request(id)),
          await followed.reader.readMember(request(id)),
        ];
        assert.deepEqual(
          decisionOf(one.snapshot, followed.clock.now),
          decisionOf(other.snapshot, followed.clock.now),
          `world ${world}, round ${round}, member ${id} (seed ${seed})`,
        );
        stood.set(id, standing(other.snapshot, followed.clock.now));
        // Nothing is looked up for a member who is barred, so that deleted records may be among those read: no key hangs on
        // them.
        if (hasBarred(other.snapshot, id)) continue;
        assert.equal(one.records, other.records, `records: world ${world}, round ${round}, member ${id}`);
      }
    }
  }
});

const decisionOf = (snapshot: Snapshot | null, now: number): unknown => {
  if (snapshot === null) return null;
  const { keys, next } = decide(snapshot, rules(), [], now);
  return { keys, next };
};

/** Whether the member, or one who pays for a team of theirs, is suspended. */
const hasBarred = (snapshot: Snapshot | null, id: number): boolean =>
  (snapshot?.profiles ?? [])
    .filter(({ member }) => member.id === id)
    .some(({ member, loans }) => [member, ...loans.map(({ payer }) => payer)].some(({ active }) => !active));

const groupsOf = (snapshot: Snapshot, now: number): number[] =>
  decide(snapshot, rules(), [], now).keys.map((key) => key.groupId);

const standing = (snapshot: Snapshot | null, now: number): StandsOn[] =>
  snapshot === null ? [] : decide(snapshot, rules(), [], now).keys.flatMap((key) => key.standsOn);

/** Whole numbers from 0, the same again for the same seed (mulberry32). */
function randomOf(from: number): (below: number) => number {
  let state = from;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
