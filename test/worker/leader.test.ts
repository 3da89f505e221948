import type { InForce } from '../../messages/to-leader.js';
import assert from 'node:assert/strict';
import { readInForce } from '../../activities/in-force.js';
import { leaderWorkflowId } from '../../messages/to-member.js';
import { ensureLeader } from '../../worker/leader.js';
import type { Service } from '../../worker/service.js';
import { eventually } from '../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../support/space.js';

/** Whether the process is the leader, as its health endpoint says. */
async function leads({ healthPort }: Service): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`);
  return ((await answer.json()) as { isLeader: boolean }).isLeader;
}

describe('the leader', () => {
  let space: RunningSpace;
  let second: Service;
  before(async () => {
    space = await startSpace();
    await eventually('a leader', () => leads(space.service));
    second = await space.startWorker(hurried());
  });
  after(() => space.stop());

  const inForce = (): Promise<InForce | null> => readInForce(space.service.client);

  async function joins(name: string): Promise<void> {
    const { nexudus, kisi, ids } = space;
    const Email = `${name}@example.com`;
    const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    await eventually('the key', () => kisi.org.keysOf(Email).length === 1);
  }

  it('is one of two', async () => {
    await joins('ann');
    assert.deepEqual([await leads(space.service), await leads(second)], [true, false]);
  });

  let first: InForce | null = null;

  it('says by which rules it works, to be read without any worker', async () => {
    await eventually('its word', async () => (await inForce()) !== null);
    first = await inForce();
    assert.equal(first?.process.split('@')[0], String(process.pid));
    assert.match(first.version, /^\d+\.\d+\.\d+$/);
    assert.deepEqual(first.ground?.rules, { mapping: [], policies: space.config.file.policies });
    assert.ok(first.startedAt <= first.since);
  });

  it('is the other one as soon as the first has stopped, with its own word', async () => {
    await space.service.stop();
    await eventually('the other leads', () => leads(second));
    await joins('bob');
    const client = second.client;
    await eventually('its word', async () => {
      const now = await readInForce(client);
      return now !== null && now.startedAt !== first?.startedAt;
    });
  });

  it('leaves its word where the workflow is ended by hand, and says it again', async () => {
    const { client } = second;
    const before = await readInForce(client);
    const handle = client.workflow.getHandle(leaderWorkflowId);
    const { runId } = await handle.describe();
    await handle.terminate('the wrong button');
    assert.deepEqual(await readInForce(client), before);
    // As the worker does every 30 s.
    await ensureLeader(client, space.config.taskQueue);
    assert.notEqual((await handle.describe()).runId, runId);
    assert.deepEqual(await readInForce(client), before);
    await eventually('it leads again', () => leads(second));
    assert.equal((await readInForce(client))?.startedAt, before?.startedAt);
    await joins('cleo');
  });
});
