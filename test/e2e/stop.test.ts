/** What a person stops stays stopped, everywhere and through restarts, and catches up when it goes on. */
import assert from 'node:assert/strict';
import type { Service } from '../../worker/service.js';
import { memberWorkflowId, stateQuery } from '../../messages/to-member.js';
import { latchkeyDone, latchkeyWith } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../support/space.js';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('stop levels', () => {
  let space: RunningSpace;
  let worker: Service;
  const ids: Record<string, number> = {};
  const passes: Record<string, number> = {};
  before(async () => {
    space = await startSpace();
    worker = space.service;
    for (const name of ['ann', 'ben', 'cid']) joins(name);
    for (const name of ['ann', 'ben', 'cid']) await eventually('a key', () => keysOf(name) === 1);
  });
  after(async () => {
    await space.stop();
  });

  const keysOf = (name: string): number => space.kisi.org.keysOf(`${name}@example.com`).length;

  function joins(name: string): void {
    const { nexudus, ids: city } = space;
    const Email = `${name}@example.com`;
    const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: city.rome });
    const pass = { CoworkerId: Id, TimePassId: city.passTypes.romeDay, BusinessId: city.rome };
    passes[name] = nexudus.space.addPass(pass).Id;
    ids[name] = Id;
  }

  /** Passes are read in every poll, coworkers less often. */
  const expires = (name: string): void => {
    space.nexudus.space.update('coworkertimepasses', passes[name] ?? 0, {
      ExpireDate: '2021-01-01T00:00:00Z',
    });
  };

  const order = (...args: string[]): Promise<string> => latchkeyDone(space.env, ...args);

  /** What the member's workflow waits for; null: nothing. */
  async function waitsFor(name: string): Promise<string | null> {
    const handle = worker.client.workflow.getHandle(memberWorkflowId(ids[name] ?? 0));
    const view = await handle.query(stateQuery).catch(() => null);
    return view?.waitingFor?.what ?? null;
  }

  async function waits(name: string, what: RegExp): Promise<void> {
    await eventually(`${name} waits`, async () => what.test((await waitsFor(name)) ?? ''));
  }

  const writes = (): number => space.kisi.requests.list().filter(({ method }) => method !== 'GET').length;

  it('`pause revokes` takes no key away, gives keys as ever, and `resume` catches up', async () => {
    const said = await order('pause', 'revokes', '--by', 'Mia', '--why', 'the import looks odd');
    assert.match(
      said,
      /^Stopped \(revokes\): no key is taken away; .* By Mia \(\S+@\S+\) since .*: the import looks odd\.$/m,
    );
    expires('ann');
    joins('dan');
    await eventually('the key of one who joins', () => keysOf('dan') === 1);
    await waits('ann', /^Taking keys away is stopped by Mia since .* \(the import looks odd\)\.$/);
    assert.equal(keysOf('ann'), 1);
    assert.match(await order('status'), /^Stopped \(revokes\): .* By Mia/m);
    assert.match(await order('resume'), /^Nothing is stopped\.$/m);
    await eventually('no key', () => keysOf('ann') === 0);
    await eventually('nothing to wait for', async () => (await waitsFor('ann')) === null);
  });

  it('`pause writes` writes nothing, not even after a restart of the worker', async () => {
    await order('pause', 'writes');
    const before = writes();
    expires('ben');
    joins('eve');
    await waits('ben', /^Writing to Kisi is stopped by /);
    await waits('eve', /^Writing to Kisi is stopped by /);
    await worker.stop();
    worker = await space.startWorker(hurried());
    await order('resync', '--all');
    await waits('eve', /^Writing to Kisi is stopped by /);
    assert.deepEqual([writes(), keysOf('ben'), keysOf('eve')], [before, 1, 0]);
    await order('resume');
    await eventually('no key', () => keysOf('ben') === 0);
    await eventually('a key', () => keysOf('eve') === 1);
    assert.equal(space.kisi.mails.filter(({ to }) => to === 'eve@example.com').length, 1);
  });

  it('`pause all` asks neither API, and what came meanwhile is noticed afterwards', async () => {
    await order('pause', 'all');
    await eventually('polls rest', async () => /^Last poll \(paused\)/m.test(await order('status')));
    await eventually('no poll any more', async () => {
      const before = space.nexudus.requests.count();
      await wait(2_500);
      return space.nexudus.requests.count() === before;
    });
    const before = [space.nexudus.requests.count(), space.kisi.requests.count()];
    expires('cid');
    joins('fay');
    await order('resync', '--all');
    await waits('cid', /^Everything is stopped by /);
    assert.deepEqual([space.nexudus.requests.count(), space.kisi.requests.count()], before);
    await order('resume');
    await eventually('no key', () => keysOf('cid') === 0);
    await eventually('a key', () => keysOf('fay') === 1);
  });

  it('refuses what is no level, in one line', async () => {
    const { code, stdout, stderr } = await latchkeyWith(space.env, 'pause', 'doors');
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /Allowed choices are revokes, writes, all/);
  });
});
