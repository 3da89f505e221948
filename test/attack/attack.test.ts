/**
 * A space under attack, by strangers, networks, clocks and colleagues. After each attack somebody buys a pass and has the key
 * within 5 s, and nothing is wrong or lost. `npm run attack` (`ATTACKS=each`) has a machine of its own: a run of all tests shares
 * its two cores with others, and leaves this out.
 */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.js';
import { attacks } from './attacks.js';
import { startAttackedSpace, type AttackedSpace } from './space.js';

/** How soon after a purchase the key is promised. */
const soonMs = 5_000;

if (process.env['ATTACKS'] === 'each')
  describe('under attack', function () {
    this.timeout(180_000);
    let space: AttackedSpace;
    before(async () => {
      space = await startAttackedSpace();
      space.buys();
      await eventually('the first key', () => space.wrongs().length === 0);
    });
    after(() => space.close());

    /** Somebody's key could not be given while a wire was cut, and may be tried again only a while later. */
    const allIsRight = (): Promise<void> =>
      eventually(
        'all is right',
        () => space.wrongs().length === 0,
        120_000,
        50,
        () => Promise.resolve(space.wrongs()),
      );

    for (const { name, run } of attacks) {
      it(name, async () => {
        await run(space);
        for (const wire of Object.values(space.wires)) wire.meddle = null;
        const { email } = space.buys();
        const boughtAt = Date.now();
        await eventually(
          'the key of a purchase',
          () => space.kisi.org.keysOf(email).length === 1,
          soonMs,
          20,
        );
        console.log(`        a key ${Date.now() - boughtAt} ms after its purchase`);
        await allIsRight();
        assert.deepEqual(await failingWorkflows(), []);
        for (const process of [space.worker, space.listener])
          assert.deepEqual(
            process.log().filter(({ level }) => level === 'error' || level === 'fatal'),
            [],
          );
      });
    }

    /** The workflows whose code throws, again and again. */
    async function failingWorkflows(): Promise<string[]> {
      const failing: string[] = [];
      const all = space.client.workflow.list({ query: "ExecutionStatus = 'Running'" });
      for await (const { workflowId } of all) {
        const { raw } = await space.client.workflow.getHandle(workflowId).describe();
        if ((raw.pendingWorkflowTask?.attempt ?? 0) > 1) failing.push(workflowId);
      }
      return failing;
    }
  });
