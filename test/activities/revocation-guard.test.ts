import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import type { Unforeseen } from '../../access/revocation-guard.js';
import { createGuardBook, type GuardBook } from '../../activities/revocation-guard.js';
import type { Weighing, WeighingAnswer } from '../../messages/to-revocation-guard.js';

const limits = { people: 5, share: 0.1 };
const loss = (memberId: number): Unforeseen => ({
  memberId,
  locationId: 1,
  groupId: 12,
  cause: 'member',
  why: 'suspended',
  doubt: null,
});

describe('what is weighed together', () => {
  let asked: Weighing[];
  let answers: boolean;
  let counts: () => Promise<{ count: number }>;
  let isBounded = false;

  /** A book whose workflow lets all go, and lists member 9. */
  function book(): GuardBook {
    asked = [];
    answers = true;
    counts = () => Promise.resolve({ count: 20 });
    const query = () => Promise.resolve([{ losses: [loss(9)] }]);
    const executeUpdate = (
      _: unknown,
      { args: [weighing] }: { args: [Weighing] },
    ): Promise<WeighingAnswer> => {
      assert.ok(isBounded, 'a worker that stops would wait for it for ever');
      if (!answers) return Promise.reject(new Error('no answer'));
      asked.push(weighing);
      const verdicts = weighing.looks.flatMap(({ losses }) =>
        losses.map(({ memberId, groupId, why }) => ({ memberId, groupId, why, withheldBy: null })),
      );
      return Promise.resolve({ verdicts, withheldMembers: [] });
    };
    const client = {
      workflow: { getHandle: () => ({ query, executeUpdate }), count: () => counts() },
      withDeadline(_: unknown, job: () => unknown) {
        isBounded = true;
        const answer = job();
        isBounded = false;
        return answer;
      },
    } as unknown as Client;
    return createGuardBook({ client, limits, quietMs: 20, slowQuietMs: 20 });
  }
  const look = (memberId: number, losses = [loss(memberId)]) => ({ memberId, losses });

  it('is what comes at about the same time, and each is told of its own', async () => {
    const guard = book();
    const [one, two] = await Promise.all([guard.weigh(look(1)), guard.weigh(look(2))]);
    assert.deepEqual([one[0]?.memberId, two[0]?.memberId], [1, 2]);
    assert.deepEqual(
      asked.map(({ looks, holders }) => [looks.length, holders]),
      [[2, [[1, 20]]]],
    );
  });

  it('is nothing where nothing is lost, except for a member who is listed', async () => {
    const guard = book();
    assert.deepEqual(await guard.weigh(look(1, [])), []);
    assert.equal(asked.length, 0);
    await guard.weigh(look(9, []));
    assert.deepEqual(asked[0]?.looks, [{ memberId: 9, losses: [] }]);
  });

  it('fails where nobody knows how many have access, and the next one asks again', async () => {
    const guard = book();
    counts = () => Promise.reject(new Error('no count'));
    await assert.rejects(guard.weigh(look(1)), /no count/);
    counts = () => Promise.resolve({ count: 30 });
    assert.equal((await guard.weigh(look(1))).length, 1);
    assert.deepEqual(
      asked.map(({ holders }) => holders),
      [[[1, 30]]],
    );
  });

  it('fails where there is no answer, and not for one who loses nothing', async () => {
    const guard = book();
    answers = false;
    const listed = guard.weigh(look(9, []));
    await assert.rejects(guard.weigh(look(1)), /no answer/);
    assert.deepEqual(await listed, []);
  });
});
