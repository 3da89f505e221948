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
  /** On a busy machine the member may answer later than an order waits for it. */
  const isUnanswered = ({ code, stderr }: Ran): boolean =>
    code === 0 && /the member has not answered yet/.test(stderr);
  async function isCarriedOut(name: string, ran: Ran): Promise<void> {
    assert.equal(ran.code, 0, ran.stderr);
    assert.ok(
      isUnanswered(ran) ||
        /\nCarried out: every blocked key that Latchkey gave is gone\.\n$/.test(ran.stdout),
      ran.stdout + ran.stderr,
    );
    if (isUnanswered(ran)) await eventually('no key', () => keysOf(name).length === 0);
    assert.deepEqual(keysOf(name), []);
  }
  async function isNotYet(name: string, ran: Ran, why: RegExp): Promise<void> {
    assert.equal(keysOf(name).length, 1);
    assert.match(ran.stdout, /is blocked from every group/);
    if (!isUnanswered(ran)) {
      assert.equal(ran.code, 1);
      assert.match(linesOf(ran.stderr).at(-1) ?? '', why);
    }
    await eventually('the member says so', async () =>
      why.test(`not carried out yet: ${(await space.view(ids[name] ?? 0))?.blocks?.waitsFor ?? ''}`),
    );
  }
  const nexudusDown = (): void => {
    space.nexudus.faults.add({ match: '.*', kind: 'timeout' });
  };
  const readsDown = (): void => {
    space.kisi.faults.add({ match: '.*', method: 'GET', kind: 'status', status: 503 });
  };

  it('takes the key while Nexudus does not answer', async () => {
    nexudusDown();
    const ran = await block('ann');
    assert.match(ran.stdout, /is blocked from every group /);
    await isCarriedOut('ann', ran);
  });

  it('takes the key while Kisi’s reads fail, by the number of its group', async () => {
    readsDown();
    const group = String(space.ids.groups.romeDay);
    const ran = await block('ben', '--group', group);
    await isCarriedOut('ben', ran);
    assert.match(ran.stderr, new RegExp(`Kisi did not confirm that group ${group} exists: `));
  });

  it('takes the key while both are down, the settings are not whole, and an end is typed as a date', async () => {
    nexudusDown();
    readsDown();
    const args = ['--until', '2036-06-01', '--reason', 'a stolen phone'];
    const env = { ...space.env, NEXUDUS_EMAIL: '', NEXUDUS_PASSWORD: '', KISI_API_KEY: '' };
    const ran = await latchkeyWith(env, 'block', String(ids['cid']), ...args);
    await isCarriedOut('cid', ran);
    assert.match(ran.stdout, /until Sun 1 Jun 2036 24:00, Rome/);
    assert.match(ran.stderr, /--until is taken in the time zone Europe\/Rome/);
  });

  it('says that it holds but is not carried out yet while Kisi takes no write, and is carried out once Kisi does', async () => {
    nexudusDown();
    space.kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
    await isNotYet('dan', await block('dan'), /not carried out yet: .*Kisi/);
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

  it('waits while somebody has stopped writing, says who, and is carried out once writing goes on', async () => {
    nexudusDown();
    const unset = { ...space.env, NEXUDUS_EMAIL: '', NEXUDUS_PASSWORD: '', KISI_API_KEY: '' };
    assert.equal((await latchkeyWith(unset, 'pause', 'writes', '--by', 'ada')).code, 0);
    await isNotYet('eve', await block('eve'), /not carried out yet: Writing to Kisi is stopped by ada/);
    assert.match((await latchkeyWith(unset, 'exceptions')).stdout, /a stolen phone/);
    assert.equal((await latchkeyWith(unset, 'resume')).code, 0);
    await eventually('no key', () => keysOf('eve').length === 0);
  });

  it('gives no key back while Nexudus is down, and does so when it is back', async () => {
    space.nexudus.faults.add({ match: '.*', kind: 'status', status: 503 });
    assert.equal((await run('withdraw', '1')).code, 0);
    await eventually('she waits for Nexudus', async () =>
      /^Nexudus/.test((await space.view(ids['ann'] ?? 0))?.waitingFor?.what ?? ''),
    );
    assert.deepEqual(keysOf('ann'), []);
    space.nexudus.faults.clear();
    await eventually('the key', () => keysOf('ann').length === 1);
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
