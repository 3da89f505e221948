import assert from 'node:assert/strict';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { MemberView } from '../../messages/to-member.js';
import { pass, profile } from '../support/builders.js';
import { Clockwork, settled, until } from '../support/clockwork.js';
import { startTimeSkippingEnv } from '../support/timeSkipping.js';

const day = 24 * 60 * 60_000;

describe('the member workflow, over months', () => {
  let env: TestWorkflowEnvironment;
  before(async () => {
    env = await startTimeSkippingEnv();
  });
  after(() => env.teardown());
  const story = (tell: (world: Clockwork) => Promise<void>): Promise<void> => Clockwork.run(env, tell);

  it('turns its history over, and keeps every key', () =>
    story(async (world) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      await world.env.sleep(35 * day);
      await until(world, handle, (view) => view.state === 'access');
      const { runId } = await handle.describe();
      assert.notEqual(runId, (handle as { firstExecutionRunId?: string }).firstExecutionRunId);
      assert.equal(world.keys.length, 1);
      assert.equal(world.log.filter((line) => line === 'grant 12').length, 1);
    }));

  it('completes after 90 days without anything', () =>
    story(async (world) => {
      world.profiles.set(100, profile());
      const handle = await world.start(100);
      await until(world, handle, settled);
      await world.env.sleep(91 * day);
      assert.equal(((await handle.result()) as MemberView).state, 'noAccess');
    }));
});
