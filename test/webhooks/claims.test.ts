import assert from 'node:assert/strict';
import { createTrail, type Trail } from '../../trail/trail.js';
import { openDatabase } from '../../trail/database.js';
import { createClaimKeeper, type ClaimKeeper } from '../../webhooks/claims.js';
import { scratch } from '../client/cli.js';
import { collect } from '../trail/records.js';

const noon = Date.parse('2026-11-25T12:00:00Z');
const minuteMs = 60_000;

describe('what Nexudus works out itself', () => {
  let folder: ReturnType<typeof scratch>;
  let trail: Trail;
  let keeper: ClaimKeeper;
  let troubles = 0;
  let broken = false;
  beforeEach(async () => {
    folder = scratch();
    trail = createTrail(await openDatabase(`file:${folder.path}/trail.db`));
    [troubles, broken] = [0, false];
    const note: Trail['note'] = (record) =>
      broken ? Promise.reject(new Error('no disk')) : trail.note(record);
    keeper = createClaimKeeper({
      trail: { last: (kind, memberId) => trail.last(kind, memberId), note },
      now: () => noon,
      onTrouble: () => {
        troubles++;
      },
    });
  });
  afterEach(async () => {
    await trail.close();
    folder.remove();
  });

  const take = (groupIds: number[], at: number | null = null, memberId = 7): void => {
    keeper.take({ memberId, locationId: 1, groupIds, at });
  };
  async function kept(): Promise<[at: number, memberId: number | null, groups: unknown][]> {
    await keeper.drain();
    const records = await collect(trail.all({ kinds: ['claim'] }));
    return records.map(({ at, memberId, after }) => [at - noon, memberId, after]);
  }

  it('is kept where it is new, at the time that Nexudus says', async () => {
    take([12], noon - 3 * minuteMs);
    await keeper.drain();
    take([12], noon - 2 * minuteMs);
    await keeper.drain();
    take([], noon - minuteMs);
    take([], null, 8);
    assert.deepEqual(await kept(), [
      [-3 * minuteMs, 7, [12]],
      [-minuteMs, 7, []],
      [0, 8, []],
    ]);
  });

  it('is kept once in a flood', async () => {
    for (let i = 0; i < 1_000; i++) take([12], noon - minuteMs + i);
    assert.equal((await kept()).length, 1);
  });

  it('is not replaced by what comes late, nor by a time that is still to come', async () => {
    take([12], noon + minuteMs);
    await keeper.drain();
    take([13], noon - minuteMs);
    await keeper.drain();
    assert.deepEqual(await kept(), [[0, 7, [12]]]);
    take([14], noon);
    assert.deepEqual(await kept(), [
      [0, 7, [12]],
      [1, 7, [14]],
    ]);
  });

  it('waits while the trail cannot be written, and is then kept as it is by then', async () => {
    broken = true;
    take([12], noon - minuteMs);
    await keeper.drain();
    take([13], noon);
    await keeper.drain();
    assert.equal(troubles, 1);
    broken = false;
    assert.deepEqual(await kept(), [[0, 7, [13]]]);
  });
});
