import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readIndex } from '../../nexudus/changes.js';
import { overBefore, readRecentPasses, readUnusedPasses, stillMatters } from '../../nexudus/passes.js';
import { stamp } from '../../simulators/nexudus-store.js';
import { idsOf, noon, requestFor, standsOn, startBench, type Bench } from './space.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const passes = '/billing/coworkertimepasses';
const expiry = (days: number): string => stamp(noon + days * dayMs);

describe('whether a pass still matters', () => {
  const at = noon + 8 * 60_000;
  const cases: [what: string, used: boolean, expiresAt: number | null, matters: boolean][] = [
    ['is used', true, null, false],
    ['has no end', false, null, true],
    ['ends in the future', false, at + dayMs, true],
    ['ended yesterday, and may count today', false, at - dayMs, true],
    ['ended two days ago on the hour', false, noon - 2 * dayMs, false],
    ['ended a minute after that', false, noon - 2 * dayMs + 60_000, true],
    ['ended years ago', false, at - 900 * dayMs, false],
  ];
  for (const [what, used, expiresAt, matters] of cases) {
    it(`${matters ? 'it does' : 'it does not'} where it ${what}`, () => {
      assert.equal(stillMatters({ used, expiresAt }, at), matters);
    });
  }

  it('is over right before a quarter of an hour, and a minute after the one two days before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 * hourMs }), (passed) => {
        const bound = overBefore(noon + passed);
        assert.equal((bound - 60_000) % (hourMs / 4), 0);
        const ageMs = noon + passed - bound;
        assert.ok(ageMs >= 2 * dayMs - 120_000 && ageMs < 2 * dayMs - 120_000 + hourMs / 4);
      }),
    );
  });
});

describe('reading passes', () => {
  let bench: Bench;
  let space: Bench['space'];
  let ann: number;
  let type: number;
  beforeEach(async () => {
    bench = await startBench();
    space = bench.space;
    ann = space.addCoworker().Id;
    type = space.addTimePass().Id;
    await bench.client.me();
  });
  afterEach(() => bench.stop());

  function add(ExpireDate: string | null, Used = false, CoworkerId = ann): number {
    // Written long ago, as what was used or has expired long ago was.
    const [UsedDate, UpdatedOn] = [Used ? expiry(-100) : null, expiry(-100)];
    return space.addPass({ CoworkerId, TimePassId: type, ExpireDate, Used, UsedDate, UpdatedOn }).Id;
  }

  /** Expired for years, and never used: so they stay in Nexudus. */
  function addExpired(count: number): void {
    for (let i = 0; i < count; i++) add(expiry(-100 - i));
  }

  async function requestsOf(job: () => Promise<unknown>): Promise<number> {
    const before = bench.asked(passes);
    await job();
    return bench.asked(passes) - before;
  }

  const matter = (): number[] =>
    space
      .list('coworkertimepasses')
      .filter(({ Used, ExpireDate }) => {
        const expiresAt = ExpireDate === null ? null : Date.parse(ExpireDate);
        return stillMatters({ used: Used, expiresAt }, noon);
      })
      .map(({ Id }) => Id);

  async function readMattering(): Promise<number[]> {
    const { rows, broken } = await readUnusedPasses(bench.client, noon);
    assert.deepEqual(broken, []);
    assert.equal(new Set(idsOf(rows)).size, rows.length);
    return idsOf(rows.filter((pass) => stillMatters(pass, noon))).sort((a, b) => a - b);
  }

  it('takes one request where all unused passes fit a page', async () => {
    addExpired(20);
    add(expiry(3));
    add(null);
    assert.equal(await requestsOf(readMattering), 1);
    assert.deepEqual(await readMattering(), matter());
  });

  it('takes just as many requests however many passes are used or have expired long ago', async () => {
    addExpired(1_200);
    for (let i = 0; i < 1_200; i++) add(expiry(-i), true);
    for (let i = 0; i < 50; i++) add(expiry(i));
    assert.equal(await requestsOf(readMattering), 3);
    for (let i = 0; i < 50; i++) add(null);
    assert.equal(await requestsOf(readMattering), 4);
    assert.deepEqual(await readMattering(), matter());
    // The first also counts all passes; both also read those used lately.
    assert.equal(await requestsOf(() => readIndex(bench.client, { now: () => noon })), 6);
    assert.equal(await requestsOf(() => readRecentPasses(bench.client, noon)), 5);
  });

  it('takes a few requests for a member who has had thousands of passes, and finds those that matter', async () => {
    addExpired(1_200);
    const [fresh, endless, other] = [add(expiry(1)), add(null), space.addCoworker().Id];
    const bobs = add(null, false, other);
    const own: number[] = [];
    const read = async (): Promise<void> => {
      const { snapshot } = await bench.reader.readMember(requestFor(ann));
      own.push(...idsOf(snapshot?.profiles[0]?.passes ?? []));
    };
    assert.equal(await requestsOf(read), 6);
    assert.deepEqual(own, [fresh, endless]);
    assert.ok(!own.includes(bobs));
  });

  it('looks up by its id a pass of years ago that a key stands on', async () => {
    addExpired(1_200);
    const [old] = space.list('coworkertimepasses');
    assert.ok(old);
    const { snapshot } = await bench.reader.readMember(requestFor(ann, { standsOn: [standsOn(old)] }));
    assert.deepEqual(idsOf(snapshot?.profiles[0]?.passes ?? []), [old.Id]);
  });

  it('shows in the fingerprints of a reconciliation once a pass is over, and the same however it was read', async () => {
    const now = { at: noon };
    const index = async (): Promise<string | undefined> =>
      (await readIndex(bench.client, { now: () => now.at })).members[ann];
    add(null);
    const bare = await index();
    const yesterday = add(expiry(-1));
    const before = await index();
    assert.notEqual(before, bare);
    addExpired(3);
    assert.equal(await index(), before);
    bench.simulator.switches.mostRows = 2;
    assert.equal(await index(), before);
    now.at += dayMs + hourMs;
    assert.equal(await index(), bare);
    space.remove('coworkertimepasses', yesterday);
    assert.equal(await index(), bare);
  });

  it('makes the same fingerprint of a member, whether everything is read, many members are, or one is', async () => {
    addExpired(5);
    add(expiry(-3), true);
    add(expiry(-1));
    add(null);
    const others = Array.from({ length: 8 }, () => space.addCoworker().Id);
    for (const mostRows of [1000, 3]) {
      bench.simulator.switches.mostRows = mostRows;
      bench.clock.now += 1000;
      const { members } = await readIndex(bench.client, { now: () => bench.clock.now });
      const read = async (ids: readonly number[]): Promise<string | undefined> => {
        const request = { notBefore: bench.clock.now };
        const reads = await Promise.all(ids.map((id) => bench.reader.readMember(requestFor(id, request))));
        return reads[0]?.records;
      };
      assert.match(members[ann] ?? '', /^[0-9a-f]{8}$/);
      assert.equal(await read([ann]), members[ann]);
      bench.clock.now += 1000;
      assert.equal(await read([ann, ...others]), members[ann]);
    }
  });

  describe('of more than a page', () => {
    beforeEach(() => {
      bench.simulator.switches.mostRows = 3;
      addExpired(10);
      for (const days of [-1, 0, 1, 2]) add(expiry(days));
      for (let i = 0; i < 5; i++) add(null);
      add(null, true);
    });

    async function assertRight(): Promise<void> {
      assert.deepEqual(await readMattering(), matter());
      assert.equal(matter().length, 9);
    }

    for (const unsetSorts of ['first', 'last'] as const) {
      it(`is right where those without an end stand ${unsetSorts} in the order of ends`, async () => {
        bench.simulator.switches.unsetSorts = unsetSorts;
        // 1 of all, 1 to count the old ones, 2 of those that end, and 2 or 4 of those that do not.
        assert.equal(await requestsOf(assertRight), unsetSorts === 'first' ? 6 : 8);
      });
    }

    const faults: [what: string, match: string, kind: 'ignoreFilters' | 'absent' | 'empty'][] = [
      ['the lower bound is not known', 'from_CoworkerTimePass_ExpireDate', 'ignoreFilters'],
      ['the upper bound is not known', 'to_CoworkerTimePass_ExpireDate', 'ignoreFilters'],
      ['neither bound is known', '_CoworkerTimePass_ExpireDate', 'ignoreFilters'],
      ['those that end come empty', 'from_CoworkerTimePass_ExpireDate', 'empty'],
      ['those that have expired come empty', 'to_CoworkerTimePass_ExpireDate', 'empty'],
      ['those without an end come empty', 'orderBy=ExpireDate', 'empty'],
    ];
    for (const [what, match, kind] of faults) {
      it(`is right, by reading all, where ${what}`, async () => {
        bench.simulator.faults.add({ match, kind });
        await assertRight();
      });
    }

    it('is right where the upper bound is not known, and none that ends matters', async () => {
      for (const { Id, ExpireDate, Used } of space.list('coworkertimepasses'))
        if (Used || (ExpireDate !== null && ExpireDate > expiry(-2))) space.remove('coworkertimepasses', Id);
      bench.simulator.faults.add({ match: 'to_CoworkerTimePass_ExpireDate', kind: 'ignoreFilters' });
      assert.deepEqual(await readMattering(), matter());
      assert.equal(matter().length, 5);
    });

    it('throws where Nexudus ignores that only unused passes are wanted', async () => {
      bench.simulator.faults.add({ match: 'CoworkerTimePass_Used', kind: 'ignoreFilters' });
      await assert.rejects(readMattering(), /should have left out/);
    });

    it('is right where a row is missing from any one answer', async () => {
      const total = await requestsOf(readMattering);
      for (const { Id } of space.list('coworkertimepasses')) {
        for (let skip = 0; skip < total; skip++) {
          bench.simulator.faults.add({ match: passes, kind: 'absent', ids: [Id], skip, times: 1 });
          const read = await readMattering();
          bench.simulator.faults.clear();
          assert.deepEqual(read, matter(), `without ${Id} in answer ${skip}`);
        }
      }
    });

    it('is right where a pass is bought between two of its answers', async () => {
      bench.simulator.faults.add({ match: 'from_', kind: 'slow', delayMs: 50, times: 1 });
      const read = readMattering();
      while (bench.asked(passes) < 3) await new Promise((resolve) => setTimeout(resolve, 1));
      add(null);
      await read;
      assert.deepEqual(await readMattering(), matter());
      assert.equal(matter().length, 10);
    });

    it('leaves malformed passes to their owners', async () => {
      const [ending, endless] = [add(expiry(1)), add(null)];
      for (const id of [ending, endless])
        space.update('coworkertimepasses', id, { BusinessId: null as never });
      const { rows, broken } = await readUnusedPasses(bench.client, noon);
      assert.deepEqual(new Set(broken.map(({ id }) => id)), new Set([ending, endless]));
      assert.equal(rows.filter((pass) => stillMatters(pass, noon)).length, 9);
    });

    it('is right whatever passes there are', async () => {
      const one = fc.record({
        used: fc.boolean(),
        days: fc.option(fc.integer({ min: -5, max: 5 }), { nil: null, freq: 3 }),
      });
      const sizes = fc.integer({ min: 1, max: 8 });
      const ends = fc.constantFrom('first' as const, 'last' as const);
      const all = fc.asyncProperty(
        fc.array(one, { maxLength: 25 }),
        sizes,
        ends,
        async (made, size, unset) => {
          for (const { Id } of space.list('coworkertimepasses')) space.remove('coworkertimepasses', Id);
          for (const { used, days } of made) add(days === null ? null : expiry(days), used);
          Object.assign(bench.simulator.switches, { mostRows: size, unsetSorts: unset });
          assert.deepEqual(await readMattering(), matter());
        },
      );
      await fc.assert(all, { numRuns: 60 });
    });
  });
});
