import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, ScheduleOverlapPolicy } from '@temporalio/client';
import { createWakeActivities, createWaker } from '../../activities/wake.js';
import { ensureSchedules } from '../../worker/schedules.js';
import { reconciliationScheduleId, pollScheduleId } from '../../messages/to-member.js';
import { eventually } from '../support/eventually.js';
import { newTemporal } from '../support/dev-server.js';

describe('polls and reconciliations, paused and let go on by an order', () => {
  let client: Client;
  before(async () => {
    const { address, namespace } = await newTemporal();
    client = new Client({ connection: await Connection.connect({ address }), namespace });
    await ensureSchedules(client, {
      taskQueue: 'nobody',
      pollIntervalMs: 60_000,
      reconciliationIntervalMs: 60_000,
    });
  });
  after(() => client.connection.close());

  const ids = [pollScheduleId, reconciliationScheduleId];
  const arePaused = (): Promise<boolean[]> =>
    Promise.all(ids.map(async (id) => (await client.schedule.getHandle(id).describe()).state.paused));
  /** As long as `job` lasts, webhooks have both run, as fast as Temporal takes it. */
  async function amidTriggers(job: () => Promise<void>): Promise<void> {
    let isOver = false;
    const trigger = async (id: string): Promise<void> => {
      while (!isOver) {
        await client.schedule.getHandle(id).trigger(ScheduleOverlapPolicy.SKIP);
        await sleep(10);
      }
    };
    const triggers = ids.map(trigger);
    await job().finally(() => (isOver = true));
    await Promise.all(triggers);
  }

  it('take the order also while webhooks have them run', async () => {
    const waker = createWakeActivities(client, createWaker(client, 'nobody'));
    for (const allowed of [false, true, false, true, false, true]) {
      // An order that Temporal did not take is tried again, as an activity is.
      await amidTriggers(() =>
        eventually('the order is taken', () =>
          waker.letPoll(allowed).then(
            () => true,
            () => false,
          ),
        ),
      );
      assert.deepEqual(await arePaused(), [!allowed, !allowed]);
    }
  });
});
