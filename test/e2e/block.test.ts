/** `latchkey block` while everything but Temporal is down: a stolen phone opens no door. */
import assert from 'node:assert/strict';
import { latchkeyWith, linesOf, type Ran } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const far = inMs(30 * 86_400_000);

describe('latchkey block, in an outage', () => {
  let space: RunningSpace;
  const ids: Record<string, number> = {};
  before(async () => {
    space = await startSpace(({ nexudus, ids: city }) => {
      for (const name of ['ann', 'ben', 'cid', 'dan', 'eve']) {
        const Email = `${name}@example.com`;
        const CoworkerId = nexudus.space.addCoworker({ Email, InvoicingBusinessId: city.rome }).Id;
        nexudus.space.addPass({ CoworkerId, TimePassId: city.passTypes.romeDay, BusinessId: city.rome });
        ids[name] = CoworkerId;
      }
    });
    await eventually('all keys', () => space.kisi.org.assignments().length === 5);
    await eventually('the rules in force', async () => /Rules in force/.test((await run('status')).stdout));
  });
  after(() => space.stop());
  afterEach(() => {
    space.nexudus.faults.clear();
    space.kisi.faults.clear();
  });

  const keysOf = (name: string): number[] => space.kisi.org.keysOf(`${name}@example.com`);
  const run = (...args: string[]): Promise<Ran> => latchkeyWith(space.env, ...args);
  const block = (name: string, ...more: string[]): Promise<Ran> =>
    run('block', String(ids[name]), '--until', far, '--reason', 'a stolen phone', '--by', 'gina', ...more);
  const nexudusDown = (): void => {
    space.nexudus.faults.add({ match: '.*', kind: 'timeout' });
  };
  const readsDown = (): void => {
    space.kisi.faults.add({ match: '.*', method: 'GET', kind: 'status', status: 503 });
  };

  it('takes the key while Nexudus does not answer', async () => {
    nexudusDown();
    const { code, stdout, stderr } = await block('ann');
    assert.deepEqual([code, keysOf('ann')], [0, []], stderr);
    assert.match(
      stdout,
      /is blocked from every group .*\nCarried out: every blocked key that Latchkey gave is gone\.\n$/,
    );
  });

  it('takes the key while Kisi’s reads fail, by the number of its group', async () => {
    readsDown();
    const group = String(space.ids.groups.romeDay);
    const { code, stdout, stderr } = await block('ben', '--group', group);
    assert.equal(code, 0, stderr);
    await eventually('no key', () => keysOf('ben').length === 0);
    // On a busy machine the member may answer later than an order waits for it.
    assert.match(stdout + stderr, /Carried out|the member has not answered yet/);
    assert.match(stderr, new RegExp(`Kisi did not confirm that group ${group} exists: `));
  });

  it('takes the key while both are down, the settings are not whole, and an end is typed as a date', async () => {
    nexudusDown();
    readsDown();
    const args = ['--until', '2036-06-01', '--reason', 'a stolen phone'];
    const env = { ...space.env, NEXUDUS_EMAIL: '', NEXUDUS_PASSWORD: '', KISI_API_KEY: '' };
    const { code, stdout, stderr } = await latchkeyWith(env, 'block', String(ids['cid']), ...args);
    assert.deepEqual([code, keysOf('cid')], [0, []], stderr);
    assert.match(stdout, /until Sun 1 Jun 2036 24:00, Rome/);
    assert.match(stderr, /--until is taken in the time zone Europe\/Rome/);
  });

  it('says that it holds and is not carried out yet where Kisi takes no write, and does it when Kisi does', async () => {
    nexudusDown();
    space.kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
    const { code, stdout, stderr } = await block('dan');
    assert.deepEqual([code, keysOf('dan').length], [1, 1], stderr);
    assert.match(stdout, /is blocked from every group/);
    assert.match(
      linesOf(stderr).at(-1) ?? '',
      /A block is not carried out yet: .*Kisi.*Latchkey tries again by itself/,
    );
    await eventually('status tells it', async () => {
      const { stdout: told } = await run('status');
      return (
        /with a block that is not carried out yet: 1;/.test(told) &&
        /- Latchkey has not carried out the blocks of 1 members/.test(told)
      );
    });
    space.kisi.faults.clear();
    await eventually('no key', () => keysOf('dan').length === 0);
  });

  it('waits for who has stopped writing, says so, and is carried out when that is taken back', async () => {
    nexudusDown();
    const unset = { ...space.env, NEXUDUS_EMAIL: '', NEXUDUS_PASSWORD: '', KISI_API_KEY: '' };
    assert.equal((await latchkeyWith(unset, 'pause', 'writes', '--by', 'ada')).code, 0);
    const { code, stderr } = await block('eve');
    assert.deepEqual([code, keysOf('eve').length], [1, 1], stderr);
    assert.match(linesOf(stderr).at(-1) ?? '', /not carried out yet: Writing to Kisi is stopped by ada/);
    assert.match((await latchkeyWith(unset, 'exceptions')).stdout, /a stolen phone/);
    assert.equal((await latchkeyWith(unset, 'resume')).code, 0);
    await eventually('no key', () => keysOf('eve').length === 0);
  });

  it('gives no key back while Nexudus is down, and does so when it is back', async () => {
    nexudusDown();
    assert.equal((await run('withdraw', '1')).code, 0);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.deepEqual(keysOf('ann'), []);
    space.nexudus.faults.clear();
    await eventually('the key', () => keysOf('ann').length === 1, 60_000);
  });

  it('tells a mistyped id where Nexudus answers, and takes it with a warning where it does not', async () => {
    const args = ['block', '999999', '--until', far, '--reason', 'a test'];
    // On a busy machine Nexudus may not answer in the two seconds that an order waits for it.
    await eventually('it is refused', async () => {
      const { code, stdout, stderr } = await run(...args);
      return code === 2 && stdout === '' && /Nexudus has no coworker with this id/.test(stderr);
    });
    nexudusDown();
    const { code, stderr } = await run(...args);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /Nexudus did not confirm that coworker 999999 exists, and Latchkey does not know this member/,
    );
  });
});
