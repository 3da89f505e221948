import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NexudusError } from '../../nexudus/errors.js';
import { Lists } from '../../nexudus/lists.js';
import { settingRow } from './stub.js';

/** What happens to the rows before a request: some come, at any place, and some go. */
interface Step {
  come: readonly number[];
  go: readonly number[];
}

/** A server with these rows, in the order of their ids, which change before each request; it never sends more rows than `most`. */
function onRows(ids: readonly number[], steps: readonly Step[], most: number) {
  const there = new Set(ids);
  const always = new Set(ids);
  let requests = 0;
  const getBody = (_path: string, query: Record<string, string>): Promise<unknown> => {
    const { come = [], go = [] } = requests === 0 ? {} : (steps[requests - 1] ?? {});
    requests++;
    for (const id of come) there.add(id);
    for (const place of go) {
      const id = [...there][place % Math.max(1, there.size)] ?? 0;
      for (const some of [there, always]) some.delete(id);
    }
    const sorted = [...there].sort((one, other) => one - other);
    const [page, size] = [Number(query['page']), Math.min(Number(query['size']), most)];
    const Records = sorted.slice((page - 1) * size, page * size).map((id) => settingRow(id));
    return Promise.resolve({ Records, TotalItems: sorted.length, HasNextPage: page * size < sorted.length });
  };
  return { lists: new Lists({ getBody }), always, there, requests: () => requests };
}

const read = async (lists: Lists): Promise<Set<number> | null> => {
  const rows = await lists.list('businesssettings').catch((error: unknown) => {
    if (error instanceof NexudusError && error.kind === 'incomplete') return null;
    throw error;
  });
  return rows === null ? null : new Set(rows.map(({ id }) => id));
};

const idsUpTo = (last: number): number[] => Array.from({ length: last }, (_, n) => (n + 1) * 10);

describe('a list that changes while its pages are read', () => {
  it('never lacks a row that was there all the time, or is not answered', async () => {
    // Rows that go are not replaced by as many that come in the same moment, which no total would show.
    const step = fc.oneof(
      fc.record({ come: fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 3 }), go: fc.constant([]) }),
      fc.record({ come: fc.constant([]), go: fc.array(fc.nat(), { maxLength: 3 }) }),
    );
    const property = fc.asyncProperty(
      fc.integer({ min: 0, max: 80 }),
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 30 }),
      async (count, steps, most) => {
        const { lists, always } = onRows(idsUpTo(count), steps, most);
        const found = await read(lists);
        if (found !== null)
          assert.deepEqual(
            [...always].filter((id) => !found.has(id)),
            [],
          );
      },
    );
    await fc.assert(property, { numRuns: 2_000 });
  });

  const changes: [string, (id: number, place: number) => Step][] = [
    ['comes', (id) => ({ come: [id + 1], go: [] })],
    ['goes', (_id, place) => ({ come: [], go: [place * 3] })],
  ];
  for (const [what, stepOf] of changes)
    it(`is read to its end although some row ${what} before each request`, async () => {
      const { lists, always, requests } = onRows(idsUpTo(10_000), idsUpTo(40).map(stepOf), 1_000);
      const found = await read(lists);
      assert.deepEqual(
        [...always].filter((id) => found?.has(id) !== true),
        [],
      );
      // Ten pages, the one that was asked for again, and what the overlaps take.
      assert.ok(requests() <= 12, String(requests()));
    });

  it('is read to its end although more rows go before each request than the first attempt allows', async () => {
    const dozen: Step = { come: [], go: Array.from({ length: 12 }, () => 0) };
    const { lists, always, requests } = onRows(
      idsUpTo(10_000),
      Array.from({ length: 40 }, () => dozen),
      1_000,
    );
    const found = await read(lists);
    assert.deepEqual(
      [...always].filter((id) => found?.has(id) !== true),
      [],
    );
    assert.ok(requests() <= 16, String(requests()));
  });

  it('takes as many requests as it has pages where it stands still', async () => {
    const { lists, requests } = onRows(idsUpTo(10_000), [], 1_000);
    assert.equal((await read(lists))?.size, 10_000);
    assert.equal(requests(), 10);
  });
});
