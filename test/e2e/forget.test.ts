/**
 * How a member is forgotten: not while keys are held; afterwards the member is gone from all of Latchkey's stores, and new if
 * they come back.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { latchkeyWith, linesOf, type Ran } from '../client/cli.js';
import { memberWorkflowId } from '../../messages/to-member.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

describe('latchkey forget', () => {
  let space: RunningSpace;
  let ada: number;
  let bob: number;
  let passId: number;
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-forget-'));
  const home = process.cwd();

  before(async () => {
    space = await startSpace();
    const { nexudus, ids } = space;
    const joined = (name: string): number =>
      nexudus.space.addCoworker({ Email: `${name}@example.com`, InvoicingBusinessId: ids.rome }).Id;
    [ada, bob] = [joined('ada'), joined('bob')];
    const passOf = (CoworkerId: number): number =>
      nexudus.space.addPass({ CoworkerId, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome }).Id;
    passId = passOf(ada);
    passOf(bob);
    for (const name of ['ada', 'bob'])
      await eventually(`the key of ${name}`, () => space.kisi.org.keysOf(`${name}@example.com`).length === 1);
    process.chdir(folder);
  });
  after(async () => {
    process.chdir(home);
    await space.stop();
    rmSync(folder, { recursive: true });
  });

  const run = (...args: string[]): Promise<Ran> => latchkeyWith(space.env, ...args);
  const forget = (...more: string[]): Promise<Ran> =>
    run('forget', String(ada), '--by', 'Mia', '--why', 'a letter', ...more);

  async function auditRecordsAbout(memberId: number): Promise<string[]> {
    const { stdout } = await run('audit', '--format', 'jsonl');
    return linesOf(stdout).filter((line) => line.includes(String(memberId)));
  }

  it('takes nothing out while the member holds keys or an order names them, and says what to do', async () => {
    const held = await forget('--yes');
    assert.equal(held.code, 2);
    assert.match(
      held.stderr,
      /member \d+ still has keys from Latchkey \(groups \d+.*\).*End or delete their passes and contracts/,
    );

    space.nexudus.space.update('coworkertimepasses', passId, { ExpireDate: '2021-01-01T00:00:00Z' });
    await eventually('no key', () => space.kisi.org.keysOf('ada@example.com').length === 0);
    await eventually('she is at rest', async () => (await space.view(ada))?.state === 'noAccess');
    const block = ['block', String(ada), '--until', '2099-01-01', '--reason', 'a lost phone', '--by', 'Mia'];
    assert.equal((await run(...block)).code, 0);
    const named = await forget('--yes');
    assert.equal(named.code, 2);
    assert.match(named.stderr, /an order names member \d+: `latchkey withdraw 1` first/);
    assert.equal((await run('withdraw', '1', '--by', 'Mia')).code, 0);
    await eventually('both orders on record', async () => (await auditRecordsAbout(ada)).length >= 5);
  });

  it('asks, unless it is told not to', async () => {
    const { code, stderr } = await forget();
    assert.equal(code, 2);
    assert.match(stderr, /about member \d+ there is: \d+ records/);
    assert.match(stderr, /does not come back: give --yes/);
    assert.ok((await auditRecordsAbout(ada)).length > 0);
  });

  it('leaves nothing of the member in the audit log, the database, Temporal and plans, and the audit log verifies', async () => {
    for (const id of [ada, bob])
      assert.equal((await run('plan', String(id), '--out', `plan-${id}.json`)).code, 0);
    writeFileSync('other.json', '{}');
    const { code, stdout, stderr } = await forget('--yes');
    assert.deepEqual([code, stderr.includes(`plan-${ada}.json`)], [0, true], stderr);
    assert.match(stdout, /is forgotten\. Removed:\n {2}- [1-9]\d* records of the audit log/);
    assert.match(stdout, /What stays, and where to remove it:\n/);

    assert.deepEqual(await auditRecordsAbout(ada), []);
    const verified = await run('audit', '--verify');
    assert.equal(verified.code, 0, verified.stderr);
    assert.match(verified.stdout, /`latchkey forget` removed \d+ more/);
    assert.deepEqual(
      [`plan-${ada}.json`, `plan-${bob}.json`, 'other.json'].map((path) => existsSync(path)),
      [false, true, true],
    );
    const query = `WorkflowId = '${memberWorkflowId(ada)}'`;
    const { client } = space.service;
    await eventually('no run of hers', async () => (await client.workflow.count(query)).count === 0);
    // Temporal takes a run out of its lists, and drops what it knows of the run, one after the other.
    await eventually('nothing of her', () =>
      client.workflow
        .getHandle(memberWorkflowId(ada))
        .describe()
        .then(
          () => false,
          (error: unknown) => /not found/i.test(String(error)),
        ),
    );
    assert.equal((await space.view(bob))?.state, 'access');
    assert.equal(space.kisi.org.keysOf('bob@example.com').length, 1);
    assert.match(readFileSync(`plan-${bob}.json`, 'utf8'), new RegExp(`${bob}`));
  });

  it('finds nothing of a member who was never there', async () => {
    const { code, stderr } = await run('forget', '424242', '--yes', '--by', 'Mia');
    assert.deepEqual([code, /there is: 0 records/.test(stderr)], [0, true], stderr);
    for (const id of ['ada@example.com', 'ada', '0', '1; drop'])
      assert.equal((await run('forget', id, '--yes', '--by', 'Mia')).code, 2);
  });

  it('looks after members anew when they come back', async () => {
    const { nexudus, ids } = space;
    nexudus.space.addPass({ CoworkerId: ada, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    await eventually('her new key', () => space.kisi.org.keysOf('ada@example.com').length === 1);
    await eventually('it is on record', async () => (await auditRecordsAbout(ada)).length > 0);
  });
});
