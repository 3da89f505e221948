import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { shownHoldings } from '../../activities/holdings.js';
import type { Ownership } from '../../database/ownership.js';
import { memoryStores } from '../support/stores.js';
import { holdingsMemo, newMember, shownOf, type Holdings } from '../../messages/to-member.js';

describe('what members show that they hold', () => {
  let ownership: Ownership;
  beforeEach(async () => {
    ({ ownership } = await memoryStores());
  });
  const holds = (id: number): Holdings => ({
    ...newMember(id),
    kisiUser: { id: 10 * id, emailDigest: 'a' },
  });

  /** A Temporal that lists these members, those of `mute` without a memo, and answers queries unless it is said not to. */
  function temporal(ids: number[], mute: number[] = [], answers = true) {
    const asked: string[] = [];
    const listed = ids.map((id) => ({
      workflowId: `member-${id}`,
      typedSearchAttributes: { get: () => undefined },
      memo: mute.includes(id) ? undefined : { [holdingsMemo]: shownOf(holds(id)) },
    }));
    const client = {
      withDeadline: (_: number, job: () => unknown) => job(),
      workflow: {
        list: () => listed,
        getHandle: (workflowId: string) => ({
          query() {
            asked.push(workflowId);
            const id = Number(workflowId.slice('member-'.length));
            const afresh = { ...holds(id), comparedAt: 7 };
            return answers ? Promise.resolve(afresh) : Promise.reject(new Error('no worker'));
          },
        }),
      },
    };
    return { asked, client: client as unknown as Client };
  }

  it('is told without a question to any of them', async () => {
    const { client, asked } = temporal([1, 2, 3]);
    const shown = await shownHoldings(client, ownership, []);
    assert.deepEqual([...shown.keys()], [1, 2, 3]);
    assert.deepEqual(shown.get(2), {
      ledger: [],
      dropped: [],
      kisiUser: { id: 20 },
      comparedAt: null,
      records: null,
      nextChangeAt: null,
    });
    assert.deepEqual(asked, []);
  });

  it('is asked of members who show nothing, and of members to be known for sure, if their workflows run', async () => {
    const { client, asked } = temporal([1, 2, 3], [1]);
    const shown = await shownHoldings(client, ownership, [3, 4]);
    assert.deepEqual(asked, ['member-1', 'member-3']);
    assert.deepEqual(
      [1, 2, 3].map((id) => shown.get(id)?.comparedAt),
      [7, null, 7],
    );
  });

  it('is not known at all where one does not answer: what it holds would look like nobody’s', async () => {
    const { client } = temporal([1, 2], [2], false);
    await assert.rejects(shownHoldings(client, ownership, []), /member 2 did not say which keys it holds/);
  });
});
