import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KisiError } from '../../kisi/errors.js';
import type { Send } from '../../kisi/http.js';
import { pages, readAll } from '../../kisi/lists.js';
import { groupRecord, userRecord } from '../../kisi/records.js';

describe('the reading of a list', () => {
  const group = (id: number) => ({ id, name: `Group ${id}` });
  type Page = { rows: object[]; range: string | null };
  const asked: number[] = [];

  /** Sends nothing: answers from `page`, and notes the offsets. */
  function sendFrom(page: (offset: number, limit: number) => Page): Send {
    asked.length = 0;
    return ({ query = {} }) => {
      const offset = Number(query['offset']);
      asked.push(offset);
      const { rows, range } = page(offset, Number(query['limit']));
      return Promise.resolve({ body: JSON.stringify(rows), collectionRange: range });
    };
  }

  function listOf(count: number, options: { range?: boolean; clampTo?: number } = {}): Send {
    const all = Array.from({ length: count }, (_, index) => group(index + 1));
    return sendFrom((offset, limit) => ({
      rows: all.slice(offset, offset + Math.min(limit, options.clampTo ?? limit)),
      range:
        options.range === false ? null : count === 0 ? '*/0' : `${offset}-${offset + limit - 1}/${count}`,
    }));
  }

  const readGroups = (send: Send) => readAll(send, 'groups', groupRecord, {});

  it('gives every row once, whatever the length, with and without X-Collection-Range', async () => {
    const lengths = fc.oneof(fc.nat({ max: 3 }), fc.constantFrom(249, 250, 251, 500), fc.nat({ max: 900 }));
    await fc.assert(
      fc.asyncProperty(lengths, fc.boolean(), async (count, range) => {
        const ids = (await readGroups(listOf(count, { range }))).map(({ id }) => id);
        assert.deepEqual(
          ids,
          Array.from({ length: count }, (_, index) => index + 1),
        );
        if (range) assert.equal(asked.length, Math.max(1, Math.ceil(count / 250)));
      }),
      { numRuns: 30 },
    );
  });

  it('goes on when Kisi gives smaller pages than were asked for', async () => {
    assert.equal((await readGroups(listOf(230, { clampTo: 100 }))).length, 230);
    assert.deepEqual(asked, [0, 90, 180]);
  });

  it('asks for one page of a list that fits on it', async () => {
    await readGroups(listOf(250));
    assert.deepEqual(asked, [0]);
  });

  const failures: [string, (offset: number) => Page][] = [
    [
      'more rows than were asked for',
      () => ({ rows: Array.from({ length: 251 }, (_, id) => group(id + 1)), range: null }),
    ],
    ['fewer rows than the total', (offset) => ({ rows: offset === 0 ? [group(1)] : [], range: '0-249/2' })],
    ['more rows than the total', () => ({ rows: [group(1), group(2)], range: '0-249/1' })],
    ['rows in an empty list', () => ({ rows: [group(1)], range: '*/0' })],
    ['an empty page with a total', () => ({ rows: [], range: '0-249/3' })],
    ['a row that comes twice', () => ({ rows: [group(1), group(1)], range: '0-249/2' })],
    ['the same page again', () => ({ rows: [group(1)], range: '0-249/2' })],
    ['a total that changes', (offset) => ({ rows: [group(offset + 1)], range: `0-249/${offset + 2}` })],
  ];
  for (const [what, page] of failures) {
    it(`fails after ${what}`, async () => {
      await assert.rejects(readGroups(sendFrom(page)), { kind: 'malformed', path: '/groups' });
      assert.ok(asked.length <= 16);
    });
  }

  it('fails when the list is not a list', async () => {
    const send: Send = () => Promise.resolve({ body: '{}', collectionRange: null });
    await assert.rejects(readGroups(send), { kind: 'malformed' });
  });

  it('fails, for good, when the list is longer than Kisi lets be read, at once where its length is told', async () => {
    const tooLong = { kind: 'tooLong', canRetryHelp: false };
    for (const [range, requests] of [
      [true, 1],
      [false, 82],
    ] as const) {
      await assert.rejects(readGroups(listOf(20_251, { range })), tooLong);
      assert.equal(asked.length, requests);
      assert.equal((await readGroups(listOf(20_250, { range: true }))).length, 20_250);
    }
  });

  it('can be left before its end', async () => {
    for await (const { rows, total } of pages(listOf(600), 'groups', groupRecord, {})) {
      assert.deepEqual([rows.length, total], [250, 600]);
      break;
    }
    assert.deepEqual(asked, [0]);
  });
});

describe('the reading of a list that moves meanwhile', () => {
  type Change = 'create' | 'delete' | 'rename' | 'hop';
  const anything: Change[] = ['create', 'delete', 'rename'];

  /**
   * Users in the order of their names. Some change between requests: `perRequest` of them, about every `everyRequests`
   * requests.
   */
  function moving(count: number, seed: number, changes: Change[], everyRequests: number, perRequest = 1) {
    const random = randomBy(seed);
    const below = (most: number): number => Math.floor(random() * most);
    const rows = Array.from({ length: count }, (_, index) => ({ id: index + 1, place: random() }));
    const sort = () => rows.sort((a, b) => a.place - b.place);
    sort();
    const stayed = new Set(rows.map(({ id }) => id));
    const hopper = rows[below(count)];
    const state = { requests: 0, nextId: count + 1 };
    const make: Record<Change, () => void> = {
      create: () => void rows.push({ id: state.nextId++, place: random() }),
      delete() {
        const [gone] = rows.splice(below(rows.length), 1);
        stayed.delete(gone?.id ?? 0);
      },
      rename() {
        const row = rows[below(rows.length)];
        if (row) row.place = random();
      },
      hop() {
        if (hopper) hopper.place = hopper.place < 0 ? 2 : -1;
      },
    };
    const send: Send = ({ query = {} }) => {
      state.requests++;
      if (state.requests > 1 && below(everyRequests) === 0) {
        for (let i = 0; i < perRequest; i++) make[changes[below(changes.length)] ?? 'rename']();
        sort();
      }
      const [offset, limit] = [Number(query['offset']), Number(query['limit'])];
      const page = rows.slice(offset, offset + limit).map(({ id }) => ({ id, email: '', name: '' }));
      const collectionRange = `${offset}-${offset + limit - 1}/${rows.length}`;
      return Promise.resolve({ body: JSON.stringify(page), collectionRange });
    };
    return { send, stayed, state };
  }

  /** Reads the list. Where the read is complete, all who stayed are in it, nobody twice; and it ends in any case. */
  async function outcomeOf({ send, stayed, state }: ReturnType<typeof moving>, count: number) {
    let outcome = 'complete';
    try {
      const ids = (await readAll(send, 'users', userRecord, {})).map(({ id }) => id);
      const got = new Set(ids);
      assert.equal(got.size, ids.length);
      assert.deepEqual(
        [...stayed].filter((id) => !got.has(id)),
        [],
      );
    } catch (error) {
      if (!(error instanceof KisiError)) throw error;
      outcome = error.kind;
    }
    assert.ok(state.requests <= 3 * Math.ceil(count / 100) + 10, `${state.requests} requests`);
    return outcome;
  }

  const seeds = Array.from({ length: 12 }, (_, index) => 7_919 * (index + 1));
  // Kisi takes five requests a second: one change in 2 s.
  for (const changes of [['create'], ['delete'], ['rename'], anything] as Change[][]) {
    it(`ends with all who stayed, where 5,000 users ${changes.join(', ')} one in 2 s`, async () => {
      for (const seed of seeds) {
        const count = 4_950 + (seed % 100);
        assert.equal(await outcomeOf(moving(count, seed, changes, 10), count), 'complete');
      }
    });
  }

  it('ends complete though one user moves to and fro, or asks for a new read', async () => {
    for (const seed of seeds) {
      const kind = await outcomeOf(moving(5_000, seed, ['hop'], 10), 5_000);
      assert.ok(['complete', 'malformed'].includes(kind), kind);
    }
  });

  it('ends though five changes are made between two requests, and is not taken for complete where it may not be', async () => {
    for (const seed of seeds.slice(0, 8)) {
      const kind = await outcomeOf(moving(5_000, seed, ['rename'], 1, 5), 5_000);
      assert.ok(['complete', 'malformed'].includes(kind), kind);
    }
  });

  /** Groups on pages of 250, and what is done to them before each request (1: the second). */
  function scripted(count: number, script: Record<number, (ids: number[]) => void>) {
    const ids = Array.from({ length: count }, (_, index) => index + 1);
    const asked: number[] = [];
    const send: Send = ({ query = {} }) => {
      script[asked.length]?.(ids);
      const offset = Number(query['offset']);
      asked.push(offset);
      const rows = ids.slice(offset, offset + 250).map((id) => ({ id, name: '' }));
      return Promise.resolve({
        body: JSON.stringify(rows),
        collectionRange: `${offset}-${offset + 249}/${ids.length}`,
      });
    };
    const read = async () => new Set((await readAll(send, 'groups', groupRecord, {})).map(({ id }) => id));
    return { read, asked };
  }
  const all = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  const missingOf = (got: Set<number>, count: number) => all(count).filter((id) => !got.has(id));

  it('finds a row that slipped to a page that was read already, with one request more', async () => {
    const { read, asked } = scripted(500, { 1: (ids) => ids.splice(3, 1) });
    assert.deepEqual(missingOf(await read(), 500), []);
    assert.deepEqual(asked, [0, 250, 125, 350]);
  });

  it('sees without a further request that no row slipped, where pages have rows in common', async () => {
    const { read, asked } = scripted(480, { 1: (ids) => ids.splice(3, 1) });
    assert.deepEqual(missingOf(await read(), 480), []);
    assert.deepEqual(asked, [0, 230]);
  });

  it('finds a row that moved to where all was read already, and reads no further than there again', async () => {
    const { read, asked } = scripted(1_000, { 2: (ids) => ids.unshift(...ids.splice(700, 1)) });
    assert.deepEqual(missingOf(await read(), 1_000), []);
    assert.deepEqual(asked, [0, 250, 500, 750, 0]);
  });

  it('finds rows that moved up behind a row that moved on, though the total is the same', async () => {
    const { read } = scripted(1_000, { 2: (ids) => ids.splice(900, 0, ...ids.splice(10, 1)) });
    assert.deepEqual(missingOf(await read(), 1_000), []);
  });

  it('takes no harm from a row that is new, gone or doubled', async () => {
    const { read, asked } = scripted(750, {
      1: (ids) => ids.unshift(1_001),
      2: (ids) => ids.push(1_002),
    });
    const got = await read();
    assert.deepEqual([missingOf(got, 750), got.has(1_002)], [[], true]);
    assert.ok(asked.length <= 6);
  });
});

/** Numbers from 0 to 1, the same each time. */
function randomBy(seed: number): () => number {
  let last = seed;
  return () => {
    last = (last * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return last / 2 ** 32;
  };
}
