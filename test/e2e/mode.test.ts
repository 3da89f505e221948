/** A space that only observes, then writes for a few, then for all. */
import assert from 'node:assert/strict';
import { latchkeyDone, latchkeyWith, linesOf } from '../client/cli.js';
import { eventually, startSpace, type RunningSpace } from '../support/space.js';

describe('modes', () => {
  let space: RunningSpace;
  const ids: Record<string, number> = {};
  before(async () => {
    space = await startSpace(
      ({ nexudus, ids: city }) => {
        joins('ann', city.rome, city.passTypes.romeDay);
        joins('ben', city.newYork, city.passTypes.newYorkOffice);
        joins('cid', city.newYork, city.passTypes.newYorkOffice);

        function joins(name: string, location: number, passType: number): void {
          const Email = `${name}@example.com`;
          const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: location });
          nexudus.space.addPass({ CoworkerId: Id, TimePassId: passType, BusinessId: location });
          ids[name] = Id;
        }
      },
      { LATCHKEY_INITIAL_MODE: 'observe' },
    );
  });
  after(async () => {
    await space.stop();
  });

  const keysOf = (name: string): number => space.kisi.org.keysOf(`${name}@example.com`).length;
  const waits = async (name: string): Promise<string | undefined> =>
    (await space.view(ids[name] ?? 0))?.waitingFor?.what;
  const writes = (): number => space.kisi.requests.list().filter(({ method }) => method !== 'GET').length;

  const order = (...args: string[]): Promise<string> => latchkeyDone(space.env, ...args);

  it('`observe` runs everything and writes nothing; the plan shows what would be done', async () => {
    for (const name of ['ann', 'ben', 'cid']) {
      await eventually(`${name} waits`, async () =>
        /^Latchkey only observes: mode observe /.test((await waits(name)) ?? ''),
      );
    }
    assert.match(await order('plan'), /of 3 members: 3 would gain keys, 0 would lose keys/);
    assert.equal(writes(), 0);
  });

  it('`canary` writes for some members and locations', async () => {
    const few = ['--member', String(ids['cid']), '--location', String(space.ids.rome)];
    assert.match(
      await order('mode', 'canary', ...few, '--by', 'Mia'),
      /^Mode canary \(location \d+, member \d+\)/,
    );
    await eventually('ann has a key', () => keysOf('ann') === 1);
    await eventually('cid has a key', () => keysOf('cid') === 1);
    await eventually('ben waits', async () => /^Latchkey only observes/.test((await waits('ben')) ?? ''));
    assert.equal(keysOf('ben'), 0);
  });

  it('`live` writes for all, and catches up', async () => {
    assert.match(await order('mode', 'live'), /^Mode live: the keys of all are written to Kisi/);
    await eventually('ben has a key', () => keysOf('ben') === 1);
    await eventually('nothing waits', async () => (await waits('ben')) === undefined);
    assert.match(await order('plan'), /nothing would change for 3 members/);
    assert.equal(space.kisi.mails.length, 3);
  });

  for (const args of [['canary'], ['live', '--member', '1'], ['canary', '--member', 'ann'], ['wild']]) {
    it(`refuses in one line with exit code 2: mode ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await latchkeyWith(space.env, 'mode', ...args);
      assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
      assert.match(await order('status'), /^Mode live/);
    });
  }
});
