// The server that Latchkey starts itself: a real one, started, shared, stopped, started again on the same data.
import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { findTemporalCli } from '../../temporal-server/binaries.js';
import {
  lockFolder,
  launcherOn,
  removeStale,
  findEmbeddedTemporal,
} from '../../temporal-server/embedded-lock.js';
import { startEmbeddedTemporal, type EmbeddedTemporal } from '../../temporal-server/embedded.js';
import { nextFreePort } from '../../lib/ports.js';
import { bornOf } from '../../lib/processes.js';
import { eventually } from '../support/eventually.js';
import { stubbornly } from '../support/folders.js';

describe('the embedded Temporal server', () => {
  let folder: string;
  let env: Record<string, string | undefined>;
  const running: EmbeddedTemporal[] = [];

  before(async () => {
    env = { ...process.env, TEMPORAL_CLI_PATH: (await findTemporalCli()).path };
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-embedded-'));
  });
  afterEach(async () => {
    // The owner last: a server that still shares with it would start it again.
    const last = running.splice(0).toSorted((one, other) => Number(one.owned) - Number(other.owned));
    for (const server of last) await server.stop();
    await rm(folder, stubbornly);
  });

  async function start(options: Parameters<typeof startEmbeddedTemporal>[0] = {}): Promise<EmbeddedTemporal> {
    const server = await startEmbeddedTemporal({ cacheDir: folder, env, ...options });
    running.push(server);
    return server;
  }

  async function ask<T>(server: { address: string }, question: (client: Client) => Promise<T>): Promise<T> {
    const connection = await Connection.connect({ address: server.address });
    try {
      return await question(new Client({ connection }));
    } finally {
      await connection.close();
    }
  }

  function customAttributes(server: EmbeddedTemporal): Promise<string[]> {
    return ask(server, async ({ connection }) => {
      const { customAttributes: found } = await connection.operatorService.listSearchAttributes({
        namespace: 'default',
      });
      return Object.keys(found).filter((name) => name.startsWith('Test'));
    });
  }

  it('keeps its data from one start to the next, and adds what a later version needs', async () => {
    const first = await start({ searchAttributes: { TestState: 'Keyword' } });
    assert.equal(first.owned, true);
    assert.equal(first.uiUrl, null);
    await ask(first, (client) =>
      client.workflow.start('member', { taskQueue: 'nobody', workflowId: 'member-1' }),
    );
    await first.stop();
    assert.equal(await findEmbeddedTemporal(folder), null);

    const second = await start({ searchAttributes: { TestState: 'Keyword', TestAt: 'Datetime' } });
    const status = await ask(second, (client) => client.workflow.getHandle('member-1').describe());
    assert.equal(status.status.name, 'RUNNING');
    assert.deepEqual((await customAttributes(second)).sort(), ['TestAt', 'TestState']);
  });

  it('refuses a search attribute that exists with another type', async () => {
    await start({ searchAttributes: { TestState: 'Keyword' } });
    await assert.rejects(
      startEmbeddedTemporal({ cacheDir: folder, env, searchAttributes: { TestState: 'Int' } }),
      /TestState exists in namespace default, but not as Int/,
    );
  });

  it('is found by a second launcher on the same folder, which leaves it running', async () => {
    const [first, second] = await Promise.all([start(), start()]);
    assert.equal(first.address, second.address);
    assert.deepEqual([first.owned, second.owned].sort(), [false, true]);
    await (first.owned ? second : first).stop();
    assert.deepEqual(await findEmbeddedTemporal(folder), { address: first.address, uiUrl: null });
  });

  it('takes the next free ports beside another folder', async () => {
    const other = await mkdtemp(join(tmpdir(), 'latchkey-embedded-'));
    try {
      const [here, there] = [await start(), await startEmbeddedTemporal({ cacheDir: other, env })];
      await there.stop();
      assert.notEqual(here.address, there.address);
    } finally {
      await rm(other, stubbornly);
    }
  });

  it('outlives a launcher that was killed, and the next one adopts and ends it', async () => {
    const owner = await launcher();
    owner.kill('SIGKILL');
    await once(owner, 'exit');

    const adopted = await start();
    assert.deepEqual([adopted.address, adopted.owned], [owner.address, true]);
    await adopted.stop();
    assert.equal(await findEmbeddedTemporal(folder), null);
  });

  it('starts although the folder still names a server that is gone', async () => {
    const gone = { address: '127.0.0.1:1', uiUrl: null, uiTarget: null, serverPid: process.pid };
    const file = join(folder, 'temporal-server.json');
    // Our process id was that of another process, before the machine or the container was started anew.
    const stale = { launcherPid: process.pid, launcherBorn: 'before', server: gone };
    await writeFile(file, JSON.stringify(stale));
    const claim = await lockFolder(folder, Date.now());
    assert.equal(claim.running, null);
    await claim.release();
    for (const left of ['not JSON', '', JSON.stringify({ ...stale, server: null })]) {
      await writeFile(file, left);
      await (await lockFolder(folder, Date.now())).release();
    }
    assert.deepEqual(await readdir(folder), []);
  });

  it('waits for a launcher that is still at it, and names the process that it waited for', async () => {
    const claim = await lockFolder(folder, Date.now());
    await assert.rejects(lockFolder(folder, Date.now() - 1), new RegExp(`end process ${process.pid}`));
    await claim.release();
  });

  it('runs in memory without touching the folder of others', async () => {
    const first = await start({ dbFile: null });
    const second = await start({ dbFile: null });
    assert.notEqual(first.address, second.address);
    assert.equal(await findEmbeddedTemporal(folder), null);
    assert.ok(!(await readdir(folder)).some((name) => name.includes('.db')), 'no database');
  });

  it('says the last words of a server that does not come up', async () => {
    // An accepted connection that nobody reads would keep this process alive.
    const blocker = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    assert.ok(typeof address === 'object' && address !== null);
    const attempt = startEmbeddedTemporal({ cacheDir: folder, env, port: address.port });
    await assert.rejects(attempt, /the Temporal server ended \(exit 1: .*address already in use/);
    blocker.close();
    assert.ok(!(await readdir(folder)).includes('temporal-server.json'), 'the folder is free again');
  });

  /** The process of the server that the folder names. */
  async function serverPid(): Promise<number> {
    const entry = JSON.parse(await readFile(join(folder, 'temporal-server.json'), 'utf8')) as {
      server: { serverPid: number };
    };
    return entry.server.serverPid;
  }

  /** A process of its own that uses the folder; resolves once it does. */
  async function launcher(): Promise<ChildProcess & { address: string }> {
    const script = `
      import { startEmbeddedTemporal } from ${JSON.stringify(resolve('temporal-server/embedded.ts'))};
      const server = await startEmbeddedTemporal({
        cacheDir: ${JSON.stringify(folder)}, lookEveryMs: 50, log: (line) => console.error(line),
      });
      console.log(server.address);
      process.once('SIGTERM', () => server.stop().then(() => process.exit(0)));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env,
      stdio: ['ignore', 'pipe', process.env['TEST_LOG'] === undefined ? 'ignore' : 'inherit'],
    });
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    return Object.assign(child, { address: printed.toString().trim() });
  }

  const untilBack = (server: EmbeddedTemporal, before: number): Promise<void> =>
    eventually(
      'another server at the same address',
      async () =>
        server.problem() === null &&
        (await findEmbeddedTemporal(folder))?.address === server.address &&
        (await serverPid()) !== before,
    );

  const statusOf = (server: EmbeddedTemporal, workflowId: string): Promise<string> =>
    ask(server, async (client) => (await client.workflow.getHandle(workflowId).describe()).status.name);

  it('starts a server again that was killed, at the same address with the same data, and says so', async () => {
    const lines: string[] = [];
    const server = await start({ log: (line, level) => lines.push(`${level ?? 'info'} ${line}`) });
    await ask(server, (client) =>
      client.workflow.start('member', { taskQueue: 'nobody', workflowId: 'member-1' }),
    );
    for (let time = 1; time <= 2; time++) {
      const before = await serverPid();
      process.kill(before, 'SIGKILL');
      await eventually('word of it', () => server.problem() !== null);
      assert.match(server.problem() ?? '', /^the Temporal server ended \(exit SIGKILL.*started again in/);
      await untilBack(server, before);
      assert.equal(await statusOf(server, 'member-1'), 'RUNNING');
    }
    assert.deepEqual(
      lines.filter((line) => line.startsWith('warn')).map((line) => line.replace(/(: .*)?\); /, '); ')),
      [
        'warn the Temporal server ended (exit SIGKILL); it is started again in 0.5 s',
        `warn the Temporal server is back at ${server.address}`,
        'warn the Temporal server ended (exit SIGKILL); it is started again in 1 s',
        `warn the Temporal server is back at ${server.address}`,
      ],
    );
    await server.stop();
    assert.deepEqual([await findEmbeddedTemporal(folder), await launcherOn(folder)], [null, null]);
  });

  it('keeps a timer that passes while the server is dead', async () => {
    const server = await start();
    await ask(server, (client) =>
      client.workflow.start('member', { taskQueue: 'nobody', workflowId: 'later', startDelay: '1500ms' }),
    );
    const before = await serverPid();
    process.kill(before, 'SIGKILL');
    await untilBack(server, before);
    await eventually('the workflow task that the timer brings', () =>
      ask(server, async (client) => {
        const { events } = await client.workflow.getHandle('later').fetchHistory();
        return events?.some((event) => event.workflowTaskScheduledEventAttributes) === true;
      }),
    );
  });

  it('says that a server in memory is gone, whose data is lost, and starts none in its place', async () => {
    const lines: string[] = [];
    const server = await start({ dbFile: null, log: (line) => lines.push(line) });
    const children = await promisify(execFile)('pgrep', ['-P', String(process.pid), '-f', 'start-dev']);
    process.kill(Number(children.stdout.trim().split('\n').at(-1)), 'SIGKILL');
    await assert.rejects(server.lost, /the Temporal server ended \(exit SIGKILL/);
    assert.match(lines.join(), /ended \(exit SIGKILL/);
  });

  it('gives up waiting to start it again when it is to stop', async () => {
    const server = await start();
    for (let time = 1; time <= 3; time++) {
      const before = await serverPid();
      process.kill(before, 'SIGKILL');
      await eventually('word of it', () => server.problem() !== null);
      if (time < 3) await untilBack(server, before);
    }
    await server.stop();
    assert.deepEqual(await readdir(folder).then((all) => all.filter((name) => name.endsWith('.json'))), []);
  });

  it('is waited for by others while its owner starts it again', async () => {
    const owner = await launcher();
    const sharer = await start({ lookEveryMs: 50 });
    assert.deepEqual([sharer.address, sharer.owned], [owner.address, false]);
    const before = await serverPid();
    process.kill(before, 'SIGKILL');
    const [third] = await Promise.all([start({ lookEveryMs: 50 }), untilBack(sharer, before)]);
    assert.deepEqual([third.address, third.owned, sharer.owned], [owner.address, false, false]);
    assert.equal(await launcherOn(folder), owner.pid);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    // Somebody must own it, or nobody would end it.
    assert.equal((await start()).owned, true);
  });

  it('is started by one of those who share it when its owner is gone too, and by one only', async () => {
    const owner = await launcher();
    const sharers = [
      await start({ lookEveryMs: 50 }),
      await start({ lookEveryMs: 50 }),
      await start({ lookEveryMs: 50 }),
    ];
    const first = sharers[0];
    assert.ok(first);
    await ask(first, (client) =>
      client.workflow.start('member', { taskQueue: 'nobody', workflowId: 'member-1' }),
    );
    const before = await serverPid();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    process.kill(before, 'SIGKILL');
    await eventually('an owner', () => sharers.some(({ owned }) => owned));
    await untilBack(first, before);
    await eventually('all of them to share it', () => sharers.every((one) => one.problem() === null));
    assert.equal(sharers.filter(({ owned }) => owned).length, 1);
    assert.equal(await statusOf(first, 'member-1'), 'RUNNING');
  });

  it('goes on with one of those who share it when its owner ends it', async () => {
    const owner = await launcher();
    const sharer = await start({ lookEveryMs: 50 });
    const before = await serverPid();
    owner.kill('SIGTERM');
    await once(owner, 'exit');
    await eventually('an owner', () => sharer.owned);
    await untilBack(sharer, before);
  });

  it('is taken over whole by whoever adopts it, who starts it again too', async () => {
    const owner = await launcher();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const adopted = await start();
    const before = await serverPid();
    assert.deepEqual([adopted.address, adopted.owned], [owner.address, true]);
    process.kill(before, 'SIGKILL');
    await eventually('word of it', () => adopted.problem() !== null);
    await untilBack(adopted, before);
  });

  it('is not given to others while the launcher that the folder names runs', async () => {
    const entry = { launcherPid: process.pid, launcherBorn: await bornOf(process.pid), server: null };
    const file = join(folder, 'temporal-server.json');
    await writeFile(file, JSON.stringify(entry));
    assert.equal(await launcherOn(folder), process.pid);
    await assert.rejects(lockFolder(folder, Date.now() - 1), new RegExp(`end process ${process.pid}`));
    await writeFile(file, JSON.stringify({ ...entry, launcherBorn: 'another time' }));
    assert.equal(await launcherOn(folder), null);
  });

  it('is left to a launcher that took the folder after another had read the file', async () => {
    const file = join(folder, 'temporal-server.json');
    await writeFile(file, 'of the launcher that was faster');
    await removeStale(file, 'as it was read before');
    assert.equal(await readFile(file, 'utf8'), 'of the launcher that was faster');
    await removeStale(file, 'of the launcher that was faster');
    await removeStale(file, null);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is claimed by one of a hundred who find a stale file at once', async () => {
    const stale = { launcherPid: 1, launcherBorn: 'before', server: null };
    await writeFile(join(folder, 'temporal-server.json'), JSON.stringify(stale));
    const claims = await Promise.allSettled(
      Array.from({ length: 100 }, () => lockFolder(folder, Date.now() - 1)),
    );
    assert.equal(claims.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('leaves no process behind', async () => {
    const server = await start();
    const pid = String(await serverPid());
    await promisify(execFile)('kill', ['-0', pid]);
    await server.stop();
    await server.stop();
    await assert.rejects(promisify(execFile)('kill', ['-0', pid]));
  });
});

describe('nextFreePort', () => {
  it('passes over a port that is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    assert.ok(typeof address === 'object' && address !== null);
    assert.ok((await nextFreePort(address.port)) > address.port);
    blocker.close();
  });
});
