/** Which keys blocks take away, told without Nexudus, Kisi, and the database where that does not answer. */
import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { Exception } from '../../access/types.js';
import { createBlockActivities, type BlockDeps } from '../../activities/blocks.js';
import type { Blocks, BlocksRequest } from '../../messages/to-activities.js';
import { DatabaseError } from '../../database/errors.js';
import { firstOrders } from '../../messages/to-control.js';
import { ledgerKey, memoryStores, withMethods } from '../support/stores.js';

const now = Date.UTC(2026, 10, 28, 12);
const block = (over: Partial<Exception> = {}): Exception => ({
  ...{ id: 1, kind: 'block', memberId: 7, groupId: null, from: now - 1, until: now + 1 },
  ...{ by: 'gina', reason: 'a stolen phone' },
  ...over,
});

describe('which keys are blocked', () => {
  let woken: number[];
  beforeEach(() => (woken = []));

  async function asked(
    exceptions: Exception[],
    request: Partial<BlocksRequest> = {},
    over: Partial<BlockDeps> = {},
  ): Promise<Blocks> {
    const { ownership } = await memoryStores();
    const activities = createBlockActivities({
      orders: { get: () => Promise.resolve({ ...firstOrders('live', 0), exceptions }) },
      ownership,
      waker: { wakeIfRunning: (id) => Promise.resolve(woken.push(id) > 0) },
      otherProfiles: () => Promise.resolve([5]),
      now: () => now,
      ...over,
    });
    const env = new MockActivityEnvironment(
      { startToCloseTimeoutMs: 60_000 },
      { logger: new DefaultLogger('ERROR') },
    );
    const whose = { memberId: 7, siblingIds: [], dropped: [], kisiUser: null, tellsProfiles: true };
    return env.run((wanted: BlocksRequest) => activities.blockedKeys(wanted), {
      ...whose,
      ledger: [ledgerKey()],
      ...request,
    });
  }
  const groupsIn = ({ blocked }: Blocks): number[] => blocked.map(({ key }) => key.groupId);

  it('are those in the groups of a block of the member or of another profile that holds now, and say by what', async () => {
    const [all] = (await asked([block()])).blocked;
    assert.equal(all?.why, 'exception 1: blocked by gina until 2026-11-28T12:00:00.001Z: a stolen phone');
    assert.deepEqual(groupsIn(await asked([block({ groupId: 12 })])), [12]);
    assert.deepEqual(groupsIn(await asked([block({ memberId: 8 })], { siblingIds: [8] })), [12]);
  });

  const not: [string, Exception[]][] = [
    ['none', []],
    ['of another group', [block({ groupId: 13 })]],
    ['of another member', [block({ memberId: 8 })]],
    ['that has ended', [block({ until: now })]],
    ['that begins later', [block({ from: now + 1 })]],
    ['but an allow', [block({ kind: 'allow', groupId: 12 })]],
  ];
  for (const [what, exceptions] of not)
    it(`are none where there is no block: ${what}`, async () => {
      assert.deepEqual(groupsIn(await asked(exceptions)), []);
    });

  it('are none that a person gave by hand', async () => {
    assert.deepEqual(groupsIn(await asked([block()], { ledger: [ledgerKey({ byHand: true })] })), []);
  });

  it('are those on record too, where the workflow knows of none', async () => {
    const { ownership } = await memoryStores();
    await ownership.put([{ userId: 5, groupId: 12, memberId: 7, version: 1, key: ledgerKey() }]);
    const known = await asked([block()], { ledger: [] }, { ownership });
    assert.deepEqual([groupsIn(known), known.isRecorded], [[12], true]);
  });

  const broken: [string, () => Promise<never>][] = [
    ['refuses', () => Promise.reject(new DatabaseError('no'))],
    ['never answers', () => new Promise(() => undefined)],
  ];
  for (const [what, read] of broken)
    it(`are told from the ledger where the database ${what}`, async () => {
      const { ownership } = await memoryStores();
      const known = await asked([block()], {}, { ownership: withMethods(ownership, { read }) });
      assert.deepEqual([groupsIn(known), known.isRecorded], [[12], false]);
    });

  it('are told to the other profiles of the person, but only by the one that the block names, and once', async () => {
    await asked([block()], { siblingIds: [3, 4] });
    assert.deepEqual(woken, [3, 4]);
    await asked([block()], { siblingIds: [3], tellsProfiles: false });
    await asked([block({ memberId: 3 })], { siblingIds: [3] });
    assert.deepEqual(woken, [3, 4]);
  });

  it('are looked for at other profiles where the one that the block names has no key and knows of no other', async () => {
    await asked([block()]);
    assert.deepEqual(woken, []);
    await asked([block()], { ledger: [] });
    assert.deepEqual(woken, [5]);
  });
});
