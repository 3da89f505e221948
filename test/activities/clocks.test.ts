/** Polls by a Nexudus whose clock is not ours, and by a machine whose clock somebody sets. */
import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ReconciliationMemory, PollMemory } from '../../messages/to-activities.js';
import { KnownRecords } from '../../activities/known.js';
import { createPollActivities } from '../../activities/poll.js';
import { believe, whomToWake } from '../../activities/reconcile.js';
import { recordOf, type RunningHoldings } from '../../activities/holdings.js';
import { createTimekeeper } from '../../activities/time.js';
import { createNexudusClient } from '../../nexudus/client.js';
import { createReplica } from '../../nexudus/replica.js';
import { createServerClock } from '../../nexudus/clock.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import type { AuditRecord } from '../../database/audit-records.js';
import { rules } from '../support/builders.js';
import { noPace } from '../nexudus/stub.js';

const noon = Date.parse('2026-11-24T12:00:00Z');
const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;

/** A true time that only the test moves, and how far each clock is from it. */
class World {
  time = noon;
  oursOff = 0;
  theirsOff = 0;
  /** Null: nothing is heard of Kisi's clock. */
  kisiOff: number | null = null;
  /** The decisions in the audit log: each with its member, and when it was made. */
  decided: { memberId: number; at: number }[] = [];
  readonly pruned: number[] = [];
  readonly woken: number[] = [];
  readonly lags: number[] = [];
  told: string[] = [];
  memory: PollMemory | null = null;
  passed: ReconciliationMemory | null = null;
  private poller!: ReturnType<typeof createPollActivities>;
  nexudus!: NexudusSimulator;
  private type = 0;

  static async start(dateHeader: string | null = 'clock'): Promise<World> {
    const world = new World();
    const now = (): number => world.time + world.theirsOff;
    world.nexudus = await startNexudusSimulator({ now, switches: { rateLimits: null, dateHeader } });
    world.type = world.nexudus.space.addTimePass().Id;
    world.restart();
    return world;
  }

  /** A process that knows nothing yet but what the last run remembered. */
  restart(): void {
    const wallMs = (): number => this.time + this.oursOff;
    const steadyMs = (): number => this.time;
    const nexudus = createNexudusClient({
      baseUrl: this.nexudus.url,
      auth: { email: 'admin@example.com', password: 'nexudus-password' },
      pace: noPace(),
      clock: createServerClock({ wallMs, steadyMs }),
    });
    const kisi = createServerClock({ wallMs, steadyMs });
    const kisiAhead = (): ReturnType<typeof kisi.ahead> => {
      if (this.kisiOff !== null) kisi.note(new Date(this.time + this.kisiOff).toUTCString(), steadyMs());
      return kisi.ahead();
    };
    const clocks = { nexudus: nexudus.clock, kisi: { ahead: kisiAhead }, temporal: { ahead: () => null } };
    const time = createTimekeeper({ clocks, wallMs, steadyMs });
    const note = (id: number): Promise<void> => Promise.resolve(void this.woken.push(id));
    this.poller = createPollActivities({
      replica: createReplica(),
      nexudus,
      nexudusForReconciliations: nexudus,
      client: { workflow: { list: () => [] } } as unknown as Client,
      waker: { wake: note, wakeIfRunning: (id) => note(id).then(() => true) },
      rules: rules(),
      known: new KnownRecords(),
      baselines: { read: () => Promise.resolve(null), note: () => undefined },
      auditLog: {
        list: ({ since = 0 }) =>
          Promise.resolve(this.decided.filter(({ at }) => at >= since) as unknown as AuditRecord[]),
        prune: (before) => Promise.resolve(this.pruned.push(before)),
      },
      ownership: {
        all: () => Promise.resolve([]),
        prune: (before) => Promise.resolve(void this.pruned.push(before)),
      },
      auditLogRetentionMs: 400 * dayMs,
      tellLag: (_collection, lagMs) => void this.lags.push(lagMs),
      now: () => time.now(),
      verdict: () => time.verdict(),
    });
  }

  /** Polls once, half a minute later; answers the members that it woke. */
  async poll(): Promise<number[]> {
    this.time += 30 * secondMs;
    const logger = new DefaultLogger('INFO', ({ message }) => void this.told.push(message));
    const { memory } = this;
    this.memory = await new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 }, { logger }).run(() =>
      this.poller.pollChanges(memory),
    );
    return this.woken.splice(0);
  }

  /** Reconciles once, ten minutes later; answers the members that it woke. */
  async reconciliation(): Promise<number[]> {
    this.time += 10 * minuteMs;
    const logger = new DefaultLogger('INFO', ({ message }) => void this.told.push(message));
    const { passed } = this;
    this.passed = await new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 }, { logger }).run(() =>
      this.poller.reconcile(passed),
    );
    return this.woken.splice(0);
  }

  /** Somebody buys a pass, a few seconds after the last poll. */
  buys(): number {
    this.time += 5 * secondMs;
    const { Id } = this.nexudus.space.addCoworker();
    this.nexudus.space.addPass({ CoworkerId: Id, TimePassId: this.type });
    return Id;
  }

  /** The earliest instant that the last poll asked for, by each filter's whole minute. */
  earliestAsked(): number {
    const bounds = this.nexudus.requests
      .list()
      .flatMap(({ query }) => Object.entries(query))
      .filter(([key]) => key.startsWith('from_'))
      .map(([, value]) => Date.parse(`${value}:00Z`));
    return Math.min(...bounds);
  }
}

describe('a poll', () => {
  let world: World;
  afterEach(() => world.nexudus.stop());

  for (const [minutes, dateHeader] of [
    [-4, 'clock'],
    [4, 'clock'],
    [-4, null],
    [4, null],
    [-4, 'Thu, 01 Jan 1970 00:00:00 GMT'],
    [4, 'Fri, 31 Dec 9999 23:59:59 GMT'],
    [-4, 'NaN'],
    [-300, 'clock'],
    [300, 'clock'],
  ] as const) {
    const how =
      dateHeader === 'clock' ? 'says so' : dateHeader === null ? 'does not say' : `says ${dateHeader}`;
    it(`misses nothing, and wakes nobody twice, by a Nexudus that is ${minutes} minutes from us and ${how}`, async () => {
      world = await World.start(dateHeader);
      world.theirsOff = minutes * minuteMs;
      await world.poll();
      for (let i = 0; i < 5; i++) {
        const member = world.buys();
        assert.deepEqual(await world.poll(), [member]);
        assert.deepEqual(await world.poll(), []);
      }
      world.restart();
      const member = world.buys();
      assert.ok((await world.poll()).includes(member), 'after a start too');
    });
  }

  it('asks as far back where Nexudus has another time as where it has ours', async () => {
    for (const minutes of [0, -240, 240]) {
      world = await World.start();
      world.theirsOff = minutes * minuteMs;
      await world.poll();
      for (let i = 0; i < 3; i++) await world.poll();
      world.nexudus.requests.clear();
      await world.poll();
      const back = world.time + world.theirsOff - world.earliestAsked();
      assert.ok(back <= 5 * minuteMs, `${back / minuteMs} minutes`);
      if (minutes !== 240) await world.nexudus.stop();
    }
  });

  it('misses nothing while our clock steps back and forth by hours between polls', async () => {
    world = await World.start();
    await world.poll();
    for (const off of [3 * hourMs, -3 * hourMs, 20 * hourMs, 0, -minuteMs, 5 * minuteMs, 0]) {
      world.oursOff = off;
      const member = world.buys();
      assert.deepEqual(await world.poll(), [member], `ours off by ${off / minuteMs} minutes`);
      world.nexudus.requests.clear();
      assert.deepEqual(await world.poll(), []);
      assert.ok(world.time - world.earliestAsked() <= 5 * minuteMs, 'it reads no more than ever');
    }
  });

  it('misses nothing of what is bought while it reads and our clock is set', async () => {
    world = await World.start();
    await world.poll();
    for (const off of [3 * hourMs, -3 * hourMs, 0]) {
      const polling = world.poll();
      world.oursOff = off;
      const member = world.buys();
      const woken = [...(await polling), ...(await world.poll())];
      assert.deepEqual(woken, [member]);
    }
  });

  for (const [off, header] of [
    [3 * hourMs, null],
    [-3 * hourMs, null],
    [30 * hourMs, 'clock'],
  ] as const) {
    it(`sees all again once our clock is right, which was ${off / hourMs} hours off when a process started (header: ${header})`, async () => {
      world = await World.start(header);
      await world.poll();
      world.oursOff = off;
      world.restart();
      await world.poll();
      world.oursOff = 0;
      world.restart();
      const member = world.buys();
      assert.ok((await world.poll()).includes(member));
      const next = world.buys();
      assert.deepEqual(await world.poll(), [next]);
    });
  }

  it('brings a watermark back that is ahead of Nexudus’ clock, and misses nothing of the last minutes', async () => {
    world = await World.start();
    await world.poll();
    const member = world.buys();
    world.time += 10 * minuteMs;
    const ahead = (at: number): number => at + 24 * 365 * hourMs;
    const readTo = Object.entries(world.memory?.readTo ?? {}).map(([name, at]) => [name, ahead(at)]);
    assert.ok(world.memory !== null && readTo.length > 0);
    world.memory = { ...world.memory, readTo: Object.fromEntries(readTo) as Record<string, number> };
    assert.deepEqual(await world.poll(), [member]);
    assert.ok(Object.values(world.memory.readTo).every((at) => at <= world.time));
    world.nexudus.requests.clear();
    assert.deepEqual(await world.poll(), []);
    assert.ok(world.time - world.earliestAsked() <= 5 * minuteMs, 'and not for ever');
  });

  it('misses nothing after a start, where Nexudus is a little ahead and that is not known yet', async () => {
    world = await World.start();
    world.theirsOff = 50 * secondMs;
    await world.poll();
    await world.poll();
    world.restart();
    const member = world.buys();
    assert.deepEqual(await world.poll(), [member]);
    assert.deepEqual(await world.poll(), []);
  });

  it('misses nothing where the header is wrong for the length of one poll', async () => {
    world = await World.start();
    await world.poll();
    for (const off of [3 * hourMs, -3 * hourMs]) {
      world.nexudus.switches.dateHeader = new Date(world.time + off).toUTCString();
      await world.poll();
      world.nexudus.switches.dateHeader = 'clock';
      const member = world.buys();
      assert.deepEqual(await world.poll(), [member], `off by ${off / hourMs} hours`);
      const next = world.buys();
      assert.deepEqual(await world.poll(), [next]);
    }
  });

  it('never keeps a watermark that is ahead of Nexudus’ clock', async () => {
    world = await World.start();
    for (const off of [-4 * minuteMs, -hourMs, 4 * minuteMs, 0]) {
      world.theirsOff = off;
      world.restart();
      await world.poll();
      const latest = Math.max(...Object.values(world.memory?.readTo ?? {}));
      assert.ok(latest <= world.time + off, `${off / minuteMs} minutes`);
    }
  });

  it('has the log say once that the clocks differ, how, and once that they agree again', async () => {
    world = await World.start();
    await world.poll();
    world.theirsOff = 20 * secondMs;
    await world.poll();
    assert.deepEqual(world.told, []);
    world.theirsOff = -4 * minuteMs;
    await world.poll();
    world.theirsOff = -5 * minuteMs;
    await world.poll();
    world.theirsOff = -20 * secondMs;
    await world.poll();
    assert.equal(world.told.length, 1, world.told.join('\n'));
    assert.match(String(world.told[0]), /^Nexudus' clock is (239|240) s behind this machine's\./);
    world.theirsOff = 0;
    await world.poll();
    await world.poll();
    assert.equal(world.told.length, 2);
    assert.match(String(world.told[1]), /agree again/);
    world.oursOff = -hourMs;
    await world.poll();
    assert.match(String(world.told[2]), /^Nexudus' clock is 360[01] s ahead of this machine's\./);
  });

  it('tells by Nexudus’ clock how late a record was noticed', async () => {
    world = await World.start();
    world.theirsOff = -4 * minuteMs;
    await world.poll();
    world.buys();
    await world.poll();
    assert.ok(world.lags.length > 0);
    assert.ok(
      world.lags.every((lagMs) => lagMs >= 28 * secondMs && lagMs <= 40 * secondMs),
      world.lags.join(),
    );
  });

  for (const offMs of [
    -10 * yearMs,
    -6 * dayMs,
    -6 * hourMs,
    -2 * minuteMs,
    2 * minuteMs,
    6 * hourMs,
    6 * dayMs,
    10 * yearMs,
  ])
    it(`misses nothing where one of three clocks is off by ${offMs / hourMs} hours, whichever, for good`, async () => {
      for (const whose of ['oursOff', 'kisiOff', 'header'] as const) {
        world = await World.start();
        world.kisiOff = 0;
        if (whose !== 'header') world[whose] = offMs;
        for (let i = 0; i < 4; i++) {
          if (whose === 'header')
            world.nexudus.switches.dateHeader = new Date(world.time + 30 * secondMs + offMs).toUTCString();
          const member = i === 0 ? null : world.buys();
          const woken = await world.poll();
          if (member !== null) assert.deepEqual(woken, [member], whose);
          const latest = Math.max(...Object.values(world.memory?.readTo ?? {}));
          assert.ok(latest <= world.time, `${whose}: a watermark from the future`);
          if (i === 2) world.restart();
        }
        // Once the clock is right, no more is read than ever.
        world.nexudus.switches.dateHeader = 'clock';
        world.oursOff = 0;
        for (let i = 0; i < 3; i++) await world.poll();
        world.nexudus.requests.clear();
        await world.poll();
        assert.ok(world.time - world.earliestAsked() <= 5 * minuteMs, whose);
        if (whose !== 'header') await world.nexudus.stop();
      }
    });
});

describe('a reconciliation', () => {
  let world: World;
  afterEach(() => world.nexudus.stop());

  it('forgets only what is old by a clock that another one bears out', async () => {
    const soundly = (): void => {
      for (const before of world.pruned.splice(0)) assert.ok(before < world.time - 80 * dayMs);
    };
    world = await World.start();
    await world.reconciliation();
    assert.equal(world.pruned.length, 2, 'ours and Nexudus’ agree');
    soundly();
    for (const off of [10 * yearMs, 6 * dayMs, -6 * hourMs]) {
      world.oursOff = off;
      await world.reconciliation();
      assert.deepEqual(world.pruned, [], 'one says so, and one says otherwise');
      world.kisiOff = 0;
      await world.reconciliation();
      assert.equal(world.pruned.length, 2);
      soundly();
      world.kisiOff = null;
      world.restart();
    }
    world.oursOff = 10 * yearMs;
    world.nexudus.switches.dateHeader = null;
    world.restart();
    await world.reconciliation();
    assert.deepEqual(world.pruned, [], 'nobody says otherwise, and nobody bears it out');
  });

  it('has members judged anew, once, who were judged by a clock that was ahead', async () => {
    world = await World.start();
    await world.reconciliation();
    const shown = (nextChangeAt: number | null): RunningHoldings => ({
      ...{ ledger: [], dropped: [], kisiUser: null, comparedAt: null, records: 'a' },
      nextChangeAt,
    });
    const running = new Map([
      [1, shown(null)],
      [2, shown(noon + hourMs)],
      [3, shown(noon - 10 * minuteMs)],
      [4, shown(noon - minuteMs)],
    ]);
    const sides = {
      shown: { 1: 'a', 2: 'a', 3: 'a', 4: 'a' },
      ...{ running, record: recordOf([]), isForAll: false, now: noon },
    };
    const judgedAhead = new Map([[1, noon + 6 * dayMs]]);
    const { others, told } = whomToWake({ ...sides, told: {}, judgedAhead });
    assert.deepEqual(others, [1, 3], 'and who slept through a change');
    assert.deepEqual(whomToWake({ ...sides, told, judgedAhead }).others, []);
    const again = new Map([[1, noon + 7 * dayMs]]);
    assert.deepEqual(whomToWake({ ...sides, told, judgedAhead: again }).others, [1]);
    assert.deepEqual(whomToWake({ ...sides, told: {}, judgedAhead: new Map() }).others, [3]);
  });

  it('believes no loss before its time because a clock jumped', () => {
    const index = (rows: number, at: number): Parameters<typeof believe>[1] => ({
      counts: { coworkers: rows },
      readAt: at,
    });
    const whole = believe(null, index(100, noon));
    const doubting = believe(whole, index(3, noon + minuteMs));
    assert.notDeepEqual(believe(doubting, index(3, noon + 6 * hourMs), true).suspects, {});
    assert.deepEqual(believe(doubting, index(3, noon + 6 * hourMs), false).suspects, {});
  });

  it('doubts a loss for as long on a machine whose clock is set ahead meanwhile', async () => {
    world = await World.start();
    world.kisiOff = 0;
    const { space } = world.nexudus;
    const ids = Array.from({ length: 20 }, () => space.addCoworker().Id);
    await world.reconciliation();
    for (const id of ids) space.remove('coworkers', id);
    await world.reconciliation();
    assert.ok('coworkers' in (world.passed?.suspects ?? {}));
    world.oursOff = 6 * hourMs;
    world.time -= 9 * minuteMs;
    await world.reconciliation();
    assert.ok('coworkers' in (world.passed?.suspects ?? {}), 'only a minute has passed');
  });
});
