/** A tape of what a worker asks in a process of its own, made as an operator makes one. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { latchkey, scratch, type Ran } from '../client/cli.js';
import { killableSpace, type KillableSpace } from '../support/killable.js';
import { eventually } from '../support/eventually.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

describe('latchkey tape --for', function () {
  this.timeout(300_000);
  const folder = scratch();
  const tape = join(folder.path, 'worker.tape');
  let space: KillableSpace;
  let worker: WorkerProcess;
  let memberId: number;

  before(async () => {
    space = await killableSpace('3s');
    space.nexudus.switches.rateLimits = null;
    space.kisi.switches.rateLimit = null;
    const { nexudus, ids } = space;
    const person = { FullName: 'Ada Lovelace', Email: 'ada@example.com', InvoicingBusinessId: ids.rome };
    memberId = nexudus.space.addCoworker(person).Id;
    nexudus.space.addPass({ CoworkerId: memberId, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    worker = startWorkerProcess(folder.path, space.env);
    await eventually('her key', () => space.kisi.org.keysOf('ada@example.com').length === 1);
    const order = ['allow', String(memberId), '--group', String(ids.groups.romeOffice), '--until', '2h'];
    const { code, stderr } = await run(...order, '--reason', 'She lost her phone', '--by', 'Gina Rossi');
    assert.equal(code, 0, stderr);
  });
  after(async () => {
    await worker.stop();
    await space.close();
    folder.remove();
  });

  const run = (...args: string[]): Promise<Ran> => latchkey(args, folder.path, space.env);

  it('has what the worker asked, and answers what is asked of it', async () => {
    const { code, stderr } = await run('tape', '--for', '10s', '--out', tape);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /`latchkey tape play \S+ explain ID` and `latchkey tape play \S+ plan` and `latchkey tape play \S+ verify` answer/,
    );
    const lines = gunzipSync(readFileSync(tape)).toString('utf8').split('\n');
    const ofWorker = lines.filter((line) => line.includes('"by":"worker"'));
    assert.ok(
      ofWorker.some((line) => line.includes('from_CoworkerTimePass_UpdatedOn')),
      `${ofWorker.length} requests of the worker, and no poll among them`,
    );
    const live = await run('explain', String(memberId));
    const played = await latchkey(['tape', 'play', tape, 'explain', String(memberId)], folder.path);
    assert.equal(played.code, 0, played.stderr);
    const held = (ran: Ran): string[] =>
      ran.stdout.split('\n').filter((line) => /^Holds|counts until/.test(line));
    const withoutWhy = (text: string): string => text.replace(/allowed by .*/, '');
    assert.deepEqual(held(played).map(withoutWhy), held(live).map(withoutWhy));
    assert.equal((await latchkey(['tape', 'play', tape, 'plan'], folder.path)).code, 0);
    const verified = await latchkey(['tape', 'play', tape, 'verify'], folder.path);
    assert.equal(verified.code, 0, verified.stderr);
    assert.match(verified.stdout, /^ {2}holds {4}The pages of a list add up to its total\.$/m);
    for (const one of ['ada', 'lovelace', 'gina', 'rossi', 'phone', 'kisi-test-key', 'nexudus-password'])
      assert.doesNotMatch(lines.join('\n'), new RegExp(`\\b${one}`, 'i'));
  });

  it('leaves nothing behind once the worker has stopped, and goes on without one', async () => {
    assert.equal(await worker.stop(), 0);
    assert.deepEqual(readdirSync(join(folder.path, '.latchkey')), []);
    const { code, stderr } = await run('tape', '--for', '1h', '--out', tape);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /no worker runs in this folder, so there is nothing to wait for/);
  });
});
