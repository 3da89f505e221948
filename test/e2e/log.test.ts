/** What a worker's log says of keys, orders and starts, and what it does not say. */
import assert from 'node:assert/strict';
import { latchkeyDone, scratch } from '../client/cli.js';
import { killableSpace, type KillableSpace } from '../support/killable.js';
import { eventually } from '../support/eventually.js';
import { startWorkerProcess, type LogLine, type WorkerProcess } from '../support/worker-process.js';

describe('the log', function () {
  this.timeout(300_000);
  const folder = scratch();
  let space: KillableSpace;
  let worker: WorkerProcess;
  let env: Record<string, string>;
  const members: number[] = [];

  before(async () => {
    space = await killableSpace('5s');
    // Orders and polls so close together would use up the requests of a minute.
    space.nexudus.switches.rateLimits = null;
    space.kisi.switches.rateLimit = null;
    env = { ...space.env, LATCHKEY_INITIAL_MODE: 'observe' };
    for (const name of ['ann', 'bob', 'cleo']) members.push(buys(name));
  });
  after(async () => {
    await worker.stop();
    await space.close();
    folder.remove();
  });

  function buys(name: string): number {
    const { nexudus, ids } = space;
    const Email = `${name}@example.com`;
    const { Id } = nexudus.space.addCoworker({ FullName: name, Email, InvoicingBusinessId: ids.rome });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    return Id;
  }

  const about = (msg: RegExp): LogLine[] => worker.log().filter((line) => msg.test(line.msg));
  const order = (...args: string[]): Promise<string> => latchkeyDone(env, ...args, '--by', 'jo');
  const isLeading = async (): Promise<boolean> => (await worker.readiness())?.isLeader === true;

  /** Nothing is wrong: no line of a failure, and no stack. */
  function assertCalm(): void {
    const loud = worker.log().filter(({ level }) => level !== 'info');
    assert.deepEqual(
      loud.map(({ level, msg }) => [level, msg]),
      [
        [
          'warn',
          'mode observe: nothing is written to Kisi; see `latchkey report`, then `latchkey mode live`',
        ],
      ],
    );
    assert.doesNotMatch(worker.stderr(), /"stack"|taskToken|Activity failed|Worker state changed/);
    assert.doesNotMatch(worker.stderr(), /@example|redacted|"(ann|bob|cleo)"/);
  }

  it('has one line for a start, and none for what an order holds back', async () => {
    worker = startWorkerProcess(folder.path, env);
    await eventually('it leads', isLeading);
    await eventually('all members are held', async () => {
      const held = space.client.workflow.list({ query: `AccessProblem = 'Stopped'` });
      const all: string[] = [];
      for await (const { workflowId } of held) all.push(workflowId);
      return all.length === members.length;
    });
    const [start, ...others] = about(/^latchkey is running$/);
    assert.deepEqual(others, []);
    assert.match(String(start?.['version']), /^\d+\.\d+\.\d+$/);
    assert.match(String(start?.['rules']), /^[0-9a-f]{16}$/);
    assert.equal(start?.['mode'], 'observe');
    assertCalm();
  });

  it('has one line for each order, and for each key given: to which member and group, until when and why', async () => {
    await order('mode', 'live', '--yes', '--why', 'all is well');
    await eventually('all keys', () => space.kisi.org.assignments().length === members.length);
    await eventually('all lines', () => about(/^gave a key$/).length >= members.length);
    const given = about(/^gave a key$/);
    assert.deepEqual(given.map((line) => line['memberId']).sort(), [...members].sort());
    for (const line of given) {
      assert.equal(line.level, 'info');
      assert.equal(line['groupId'], space.ids.groups.romeDay);
      assert.match(String(line['until']), /^\d{4}-\d\d-\d\dT/);
      assert.match(String(line['why']), /pass \d+/);
    }
    assert.equal(about(/^made a Kisi user/).length, members.length);
    await eventually('the line of the order', () => about(/^order: /).length > 0);
    assert.deepEqual(
      about(/^order: /).map(({ msg, by, why }) => [msg, by, why]),
      [['order: mode live', 'jo', 'all is well']],
    );
  });

  it('has one for a key taken away, and for an exception', async () => {
    const [ann = 0] = members;
    space.nexudus.space.suspend(ann);
    await eventually('the line', () => about(/^took a key away$/).length === 1);
    const [taken] = about(/^took a key away$/);
    assert.deepEqual([taken?.['memberId'], taken?.['groupId']], [ann, space.ids.groups.romeDay]);
    await order('block', String(members[1]), '--until', '2099-01-01', '--reason', 'lost the card');
    await eventually('the key is gone', () => about(/^took a key away$/).length === 2);
    await eventually('the line of the order', () => about(/^order: /).length === 2);
    const [, block] = about(/^order: /);
    assert.match(String(block?.msg), /^order: block every group until 2099/);
    assert.equal(block?.['memberId'], members[1]);
    assert.equal(about(/^gave a key$/).length, members.length);
    assertCalm();
  });
});
