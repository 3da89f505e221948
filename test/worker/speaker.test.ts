import assert from 'node:assert/strict';
import type { Service } from '../../worker/service.js';
import { eventually, startSpace, type RunningSpace } from '../support/space.js';

/** Whether the process speaks to the APIs, as its health endpoint says. */
async function speaks({ healthPort }: Service): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`);
  return ((await answer.json()) as { speaksToApis: boolean }).speaksToApis;
}

describe('the process that speaks to the APIs', () => {
  let space: RunningSpace;
  let second: Service;
  before(async () => {
    space = await startSpace(() => undefined, {}, 'published');
    await eventually('a speaker', () => speaks(space.service));
    second = await space.startWorker();
  });
  after(() => space.stop());

  async function joins(name: string): Promise<void> {
    const { nexudus, kisi, ids } = space;
    const Email = `${name}@example.com`;
    const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    await eventually('the key', () => kisi.org.keysOf(Email).length === 1);
  }

  it('is one of two', async () => {
    await joins('ann');
    assert.deepEqual([await speaks(space.service), await speaks(second)], [true, false]);
  });

  it('is the other one as soon as the first has stopped', async () => {
    await space.service.stop();
    await eventually('the other speaks', () => speaks(second));
    await joins('bob');
  });
});
