/** The desk beside a worker, in a process of its own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { latchkeyDone, scratch } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { killableSpace, type KillableSpace } from '../support/killable.js';
import { fieldIn, Visitor } from '../support/visitor.js';
import { startWorkerProcess, type LogLine, type WorkerProcess } from '../support/worker-process.js';
import { newPort } from '../support/ports.js';

describe('a worker with LATCHKEY_DESK_PORT', function () {
  this.timeout(300_000);
  const folder = scratch();
  let space: KillableSpace;
  let worker: WorkerProcess;
  let env: Record<string, string>;

  before(async () => {
    space = await killableSpace('5s');
    const port = await newPort();
    env = { ...space.env, LATCHKEY_DESK_PORT: String(port), LATCHKEY_DESK_URL: `http://127.0.0.1:${port}` };
  });
  afterEach(async () => {
    assert.equal(await worker.stop(), 0);
  });
  after(async () => {
    await space.close();
    folder.remove();
  });

  const logged = (msg: RegExp): LogLine | undefined => worker.log().find((line) => msg.test(line.msg));

  it('serves the desk to a person with a link from a command, until a command ends the session', async () => {
    worker = startWorkerProcess(folder.path, env);
    await eventually('the desk is served', () => logged(/^the desk is served$/) !== undefined);
    const url = env['LATCHKEY_DESK_URL'] ?? '';
    const link = await latchkeyDone(env, 'desk', 'invite', 'Mia', '--role', 'desk', '--json');
    const { url: address, id } = JSON.parse(link) as { url: string; id: string };
    const visitor = new Visitor(url);
    const page = await visitor.get(new URL(address).pathname);
    const token = address.split('/').at(-1) ?? '';
    await visitor.post('/link', { token, _csrf: fieldIn(page.text, '_csrf') });
    assert.match((await visitor.get('/')).text, /Mia, desk/);
    await latchkeyDone(env, 'desk', 'end', id);
    assert.equal((await visitor.get('/')).status, 303);
    assert.ok(!worker.stderr().includes(token) && !worker.stderr().includes('Mia'));
  });

  it('works on where the desk cannot be served, and says so loudly', async () => {
    const other = createServer().listen(Number(env['LATCHKEY_DESK_PORT']), '127.0.0.1');
    await once(other, 'listening');
    worker = startWorkerProcess(folder.path, env);
    await eventually('it says so', () => logged(/^the desk is not served/) !== undefined);
    const said = logged(/^the desk is not served/);
    assert.equal(said?.level, 'error');
    assert.match(String(said['why']), /port \d+ is taken: set LATCHKEY_DESK_PORT/);
    await eventually('it leads', async () => (await worker.readiness())?.isLeader === true);
    other.close();
  });
});
