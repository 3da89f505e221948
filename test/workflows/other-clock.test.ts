/** Temporal's timers go by one clock, and decisions by another. */
import assert from 'node:assert/strict';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pass, profile } from '../support/builders.js';
import { Clockwork, until } from '../support/clockwork.js';
import { startTimeSkippingEnv } from '../support/timeSkipping.js';

const second = 1_000;
const hour = 3_600 * second;

describe('the member workflow, where decisions go by another clock than Temporal’s', () => {
  let env: TestWorkflowEnvironment;
  before(async () => {
    env = await startTimeSkippingEnv();
  });
  after(() => env.teardown());

  for (const [offMs, mostLooks] of [
    [-1 * second, 6],
    [-30 * second, 8],
    [-2 * 60 * second, 12],
    [2 * 60 * second, 6],
    [6 * hour, 6],
  ] as const)
    it(`looks seldom, and ends the key, where that clock is ${offMs / second} s ahead`, () =>
      Clockwork.run(env, async (world) => {
        world.deciderOffMs = offMs;
        const ends = (await world.now()) + offMs + 24 * hour;
        world.profiles.set(100, profile({ passes: [pass({ expiresAt: ends })] }));
        const handle = await world.start(100);
        await until(world, handle, (view) => view.state === 'access');
        assert.equal(world.keys.length, 1);
        const before = world.looks;
        await world.env.sleep(24 * hour + 5 * 60 * second);
        await until(world, handle, (view) => view.state === 'noAccess');
        assert.deepEqual(world.keys, []);
        assert.ok(world.looks - before <= mostLooks, `${world.looks - before} looks`);
      }));

  it('writes what is to be written where the next change is past for Temporal', () =>
    Clockwork.run(env, async (world) => {
      world.deciderOffMs = -6 * hour;
      const ends = (await world.now()) - 2 * hour;
      world.profiles.set(100, profile({ passes: [pass({ expiresAt: ends })] }));
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      assert.equal(world.keys.length, 1);
    }));
});
