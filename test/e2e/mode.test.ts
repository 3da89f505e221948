/** A space that only observes, then writes for a few, then for all. */
import assert from 'node:assert/strict';
import { latchkeyDone, latchkeyWith, linesOf, withTerminal, type Ran } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

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

  const atTerminal = (typed: string | null, ...args: string[]): Promise<Ran> =>
    withTerminal(typed, () => latchkeyWith(space.env, ...args));
  const modeNow = async (): Promise<string> => (await order('status')).split(':')[0] ?? '';

  it('`observe` runs everything and writes nothing; the plan shows what would be done', async () => {
    for (const name of ['ann', 'ben', 'cid']) {
      await eventually(`${name} waits`, async () =>
        /^Latchkey only observes: mode observe /.test((await waits(name)) ?? ''),
      );
    }
    assert.match(await order('plan'), /of 3 members: 3 would gain keys, 0 would lose keys/);
    assert.equal(writes(), 0);
  });

  it('write nothing unasked where there is nobody to ask, and read nothing for it', async () => {
    const asked = space.kisi.requests.list().length;
    const few = ['--member', String(ids['cid'])];
    for (const args of [['live'], ['canary', ...few]]) {
      const { code, stdout, stderr } = await latchkeyWith(space.env, 'mode', ...args);
      assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
      assert.match(stderr, /writes keys to Kisi: give --yes, or order it at a terminal/);
    }
    assert.equal(await modeNow(), 'Mode observe');
    assert.equal(space.kisi.requests.list().length, asked);
  });

  it('tell at a terminal what is about to be written, and write it only after a yes', async () => {
    const { code, stdout, stderr } = await atTerminal('n', 'mode', 'live');
    assert.deepEqual([code, stdout], [1, ''], stderr);
    assert.match(
      stderr,
      /for 3 members: 3 keys given, 0 keys moved, 0 keys taken away, 3 invitations mailed by Kisi: 6 requests, at least 2 s\./,
    );
    assert.match(stderr, /nothing is ordered: the mode stays as it was\n$/);
    const few = ['--member', String(ids['cid']), '--location', String(space.ids.rome)];
    const canary = await atTerminal(null, 'mode', 'canary', ...few);
    assert.match(canary.stderr, /for 2 members: 2 keys given/);
    assert.equal(await modeNow(), 'Mode observe');
    assert.equal(writes(), 0);
  });

  it('ask also where nobody can tell what will be written, since an API is down, and do as answered', async () => {
    space.kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
    const few = ['--member', String(ids['cid'])];
    const no = await atTerminal('n', 'mode', 'canary', ...few);
    assert.match(no.stderr, /What it will do cannot be told now: Kisi /);
    assert.match(no.stderr, /Continue\? \[y\/N\]/);
    assert.deepEqual([no.code, await modeNow()], [1, 'Mode observe']);
    const yes = await atTerminal('Y', 'mode', 'canary', ...few);
    assert.deepEqual(
      [yes.code, yes.stdout.split(':')[0]],
      [0, `Mode canary (member ${ids['cid'] ?? 0})`],
      yes.stderr,
    );
    space.kisi.faults.clear();
    await order('mode', 'observe');
  });

  it('`canary` writes for some members and locations', async () => {
    const few = ['--member', String(ids['cid']), '--location', String(space.ids.rome)];
    assert.match(
      await order('mode', 'canary', ...few, '--by', 'Mia', '--yes'),
      /^Mode canary \(location \d+, member \d+\)/,
    );
    await eventually('ann has a key', () => keysOf('ann') === 1);
    await eventually('cid has a key', () => keysOf('cid') === 1);
    await eventually('ben waits', async () => /^Latchkey only observes/.test((await waits('ben')) ?? ''));
    assert.equal(keysOf('ben'), 0);
  });

  it('`live` writes for all, and catches up', async () => {
    assert.match(await order('mode', 'live', '--yes'), /^Mode live: the keys of all are written to Kisi/);
    await eventually('ben has a key', () => keysOf('ben') === 1);
    await eventually('nothing waits', async () => (await waits('ben')) === undefined);
    assert.match(await order('plan'), /nothing would change for 3 members/);
    assert.equal(space.kisi.mails.length, 3);
  });

  for (const args of [['canary'], ['live', '--member', '1'], ['canary', '--member', 'ann'], ['wild']]) {
    it(`refuses in one line with exit code 2: mode ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await latchkeyWith(space.env, 'mode', ...args, '--yes');
      assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
      assert.match(await order('status'), /^Mode live/);
    });
  }
});
