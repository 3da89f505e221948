/** The workflow `control` on exceptions: what it refuses, what it holds, and when that ends. */
import assert from 'node:assert/strict';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import type { Exception } from '../../access/types.js';
import {
  controlMemo,
  exceptUpdate,
  firstOrders,
  mayWriteSince,
  pauseUpdate,
  resumeUpdate,
  withdrawUpdate,
  type ExceptionWish,
  type Orders,
} from '../../messages/to-control.js';
import { timeSkippingEnv } from '../support/timeSkipping.js';
import { eventually } from '../support/eventually.js';
import { ofControl, type Asked } from './scenarios/orders.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

async function ordersOf(handle: WorkflowHandle): Promise<Orders> {
  const { memo } = await handle.describe();
  return memo?.[controlMemo] as Orders;
}
const idsHeldBy = async (handle: WorkflowHandle): Promise<number[]> =>
  (await ordersOf(handle)).exceptions.map(({ id }) => id);

/** The clock must not be skipped while an activity runs. */
const untilKept = (acts: Asked['acts'], count: number): Promise<void> =>
  eventually('all acts', () => acts.length >= count);

/** Why the update was refused. */
async function refusal(order: Promise<unknown>): Promise<string> {
  const error: unknown = await order.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof WorkflowUpdateFailedError, 'it was not refused');
  return error.cause?.message ?? '';
}

describe('the workflow control, about exceptions', () => {
  const wish = (over: Partial<ExceptionWish> = {}): ExceptionWish => ({
    kind: 'allow',
    memberId: 100,
    groupId: 12,
    until: Date.UTC(2096, 0),
    by: 'gina',
    reason: 'forgot to renew',
    ...over,
  });
  const except = (handle: WorkflowHandle, over: Partial<ExceptionWish> = {}): Promise<Exception> =>
    handle.executeUpdate(exceptUpdate, { args: [wish(over)] });
  const withdraw = (handle: WorkflowHandle, exceptionId: number): Promise<Exception> =>
    handle.executeUpdate(withdrawUpdate, { args: [{ exceptionId, by: 'gina', why: 'paid' }] });

  it('wakes the members that blocks name when a stop is taken back, whatever they wait for', async () => {
    await ofControl(await timeSkippingEnv(), async (handle, { wakes }) => {
      await except(handle, { kind: 'block', groupId: null });
      await except(handle, { memberId: 102 });
      await handle.executeUpdate(pauseUpdate, { args: [{ level: 'writes', by: 'gina', why: '' }] });
      await eventually('the stop is told', () => wakes.includes('poll'));
      wakes.length = 0;
      await handle.executeUpdate(resumeUpdate, { args: [{ by: 'gina', why: '' }] });
      await eventually('the blocked one', () => wakes.includes('wake 100'));
      assert.equal(wakes.includes('wake 102'), false);
    });
  });

  it('holds each in its memo under an id of its own, wakes the member, and has the audit log keep whose it is', async () => {
    await ofControl(await timeSkippingEnv(), async (handle, { wakes, acts }) => {
      const made = await except(handle);
      assert.deepEqual(
        [made.id, made.kind, made.memberId, made.reason],
        [1, 'allow', 100, 'forgot to renew'],
      );
      await except(handle, { kind: 'block', memberId: 101, groupId: null });
      await withdraw(handle, 1);
      await except(handle);
      assert.deepEqual(await idsHeldBy(handle), [2, 3]);
      assert.deepEqual(wakes, ['wake 100', 'wake 101', 'wake 100', 'wake 100']);
      await untilKept(acts, 4);
      const until = '2096-01-01T00:00:00Z';
      assert.deepEqual(
        acts.slice(0, 3).map(({ memberId, what, by, why }) => [memberId, what, by, why]),
        [
          [100, `allow group 12 until ${until} (exception 1)`, 'gina', 'forgot to renew'],
          [101, `block every group until ${until} (exception 2)`, 'gina', 'forgot to renew'],
          [100, 'withdraw exception 1 (allow group 12)', 'gina', 'paid'],
        ],
      );
    });
  });

  it('drops one at its end', async () => {
    const env = await timeSkippingEnv();
    const now = await env.currentTimeMs();
    const story = async (handle: WorkflowHandle, { acts }: Asked): Promise<void> => {
      await except(handle, { until: now + 4 * dayMs });
      await except(handle, { until: now + 9 * dayMs });
      await untilKept(acts, 2);
      await env.sleep(4 * dayMs + minuteMs);
      await eventually('the first is dropped', async () => String(await idsHeldBy(handle)) === '2');
    };
    await ofControl(env, story);
  });

  it('refuses what makes no sense, and then holds what it held', async () => {
    const env = await timeSkippingEnv();
    const now = await env.currentTimeMs();
    await ofControl(env, async (handle, { wakes }) => {
      await except(handle);
      await except(handle, { kind: 'block', memberId: 101, groupId: null });
      const wrong: [Partial<Record<keyof ExceptionWish, unknown>>, RegExp][] = [
        [{ kind: 'block' }, /it contradicts exception 1: member 100 is allowed group 12 /],
        [{ kind: 'block', groupId: null }, /it contradicts exception 1/],
        [{ memberId: 101 }, /it contradicts exception 2: member 101 is blocked from every group /],
        [{ until: now - 1 }, /the end, .*Z, is past/],
        [{ until: 1e300 }, /until must be a time in ms before the year 2100/],
        [{ until: '2096-01-01' }, /until must be a time in ms/],
        [{ kind: 'toString' }, /kind must be one of allow, block/],
        [{ memberId: '100' }, /memberId must be a whole number above zero/],
        [{ groupId: null }, /name the group that is allowed/],
        [{ groupId: 1.5 }, /groupId must be a whole number above zero/],
        [{ by: ' ' }, /say who gives the order/],
        [{ by: 'g'.repeat(101) }, /may have 100 characters/],
        [{ reason: ' ' }, /say why \(reason\)/],
        [{ reason: undefined }, /say why \(reason\)/],
        [{ reason: 'r'.repeat(201) }, /the reason may have 200 characters/],
        [{ reason: 'a\nb' }, /the reason must be one line/],
        [{ reason: 'ask mia@example.org' }, /the reason must hold no e-mail/],
      ];
      for (const [over, says] of wrong)
        assert.match(await refusal(except(handle, over as Partial<ExceptionWish>)), says);
      assert.match(await refusal(withdraw(handle, 3)), /there is no exception 3, or it has ended/);
      assert.deepEqual(await idsHeldBy(handle), [1, 2]);
      assert.deepEqual(wakes, ['wake 100', 'wake 101']);
    });
  });

  it('takes what contradicts nothing: another group, another member, after an end, after a withdrawal', async () => {
    const env = await timeSkippingEnv();
    const now = await env.currentTimeMs();
    await ofControl(env, async (handle, { acts }) => {
      await except(handle, { until: now + minuteMs });
      await except(handle, { kind: 'block', groupId: 13 });
      await except(handle, { kind: 'block', memberId: 101 });
      await untilKept(acts, 3);
      await env.sleep(2 * minuteMs);
      await except(handle, { kind: 'block' });
      await withdraw(handle, 4);
      await except(handle);
      assert.deepEqual(await idsHeldBy(handle), [2, 3, 5]);
    });
  });

  it('holds at most 500', async () => {
    const env = await timeSkippingEnv();
    const now = await env.currentTimeMs();
    const one = { ...wish(), from: now };
    const exceptions = Array.from({ length: 500 }, (_, i): Exception => ({ ...one, id: i + 1 }));
    const full = { ...firstOrders('live', now), exceptions, nextExceptionId: 501 };
    const story = async (handle: WorkflowHandle): Promise<void> => {
      assert.match(await refusal(except(handle)), /there are 500 exceptions already/);
      await withdraw(handle, 7);
      assert.equal((await except(handle)).id, 501);
    };
    await ofControl(env, story, full);
  });
});

describe('the workflow control, about stops', () => {
  it('knows since when writes may be made again', async () => {
    await ofControl(await timeSkippingEnv(), async (handle, { acts }) => {
      const order = { by: 'gina', why: '' };
      const stopped = await handle.executeUpdate(pauseUpdate, { args: [{ level: 'all', ...order }] });
      assert.equal(mayWriteSince(stopped), stopped.mode.since);
      await handle.executeUpdate(resumeUpdate, { args: [order] });
      const { resumedAt, ...kept } = await ordersOf(handle);
      assert.ok(resumedAt !== null && resumedAt >= (stopped.stop?.since ?? Infinity));
      assert.equal(mayWriteSince({ resumedAt, ...kept }), resumedAt);
      await untilKept(acts, 2);
    });
  });
});
