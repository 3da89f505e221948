// The server that Latchkey starts itself: a real one, started, shared, stopped, started again on the same data.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { findTemporalCli } from '../../worker/binaries.js';
import { claimFolder } from '../../worker/embedded-claim.js';
import { findEmbeddedTemporal, startEmbeddedTemporal, type EmbeddedTemporal } from '../../worker/embedded.js';
import { untilGone } from '../../worker/embedded-ready.js';
import { nextFreePort } from '../../worker/ports.js';

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
    for (const server of running.splice(0)) await server.stop();
    await rm(folder, { recursive: true });
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
    assert.equal((await fetch(first.uiUrl)).status, 200);
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
    assert.deepEqual(await findEmbeddedTemporal(folder), { address: first.address, uiUrl: first.uiUrl });
  });

  it('takes the next free ports beside another folder', async () => {
    const other = await mkdtemp(join(tmpdir(), 'latchkey-embedded-'));
    try {
      const [here, there] = [await start(), await startEmbeddedTemporal({ cacheDir: other, env })];
      await there.stop();
      assert.notEqual(here.address, there.address);
      assert.notEqual(here.uiUrl, there.uiUrl);
    } finally {
      await rm(other, { recursive: true });
    }
  });

  it('outlives a launcher that was killed, and the next one adopts and ends it', async () => {
    const script = `
      import { startEmbeddedTemporal } from ${JSON.stringify(resolve('worker/embedded.ts'))};
      const server = await startEmbeddedTemporal({ cacheDir: ${JSON.stringify(folder)} });
      console.log(server.address);
      setInterval(() => {}, 1000);`;
    const launcher = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [printed] = (await once(launcher.stdout, 'data')) as [Buffer];
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');

    const adopted = await start();
    assert.deepEqual([adopted.address, adopted.owned], [printed.toString().trim(), true]);
    await adopted.stop();
    assert.equal(await findEmbeddedTemporal(folder), null);
  });

  it('starts although the folder still names a server that is gone', async () => {
    const gone = { address: '127.0.0.1:1', uiUrl: 'http://127.0.0.1:2', serverPid: process.pid };
    const file = join(folder, 'temporal-server.json');
    await writeFile(file, JSON.stringify({ launcherPid: process.pid, server: gone }));
    const claim = await claimFolder(folder, Date.now());
    assert.equal(claim.running, null);
    await claim.release();
    for (const left of ['not JSON', JSON.stringify({ launcherPid: process.pid, server: null })]) {
      await writeFile(file, left);
      await (await claimFolder(folder, Date.now())).release();
    }
    assert.deepEqual(await readdir(folder), []);
  });

  it('waits for a launcher that is still at it, and says whom it waited for', async () => {
    const claim = await claimFolder(folder, Date.now());
    await assert.rejects(claimFolder(folder, Date.now() - 1), new RegExp(`end process ${process.pid}`));
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
    await assert.rejects(attempt, /the Temporal server ended \(exit 1\): .*address already in use/);
    blocker.close();
    assert.ok(!(await readdir(folder)).includes('temporal-server.json'), 'the folder is free again');
  });

  it('reports a server that dies later', async () => {
    const lines: string[] = [];
    const told = new Promise<void>((resolve) => {
      void start({
        log: (line) => {
          lines.push(line);
          resolve();
        },
      }).then(async () => {
        const entry = JSON.parse(await readFile(join(folder, 'temporal-server.json'), 'utf8')) as {
          server: { serverPid: number };
        };
        process.kill(entry.server.serverPid, 'SIGKILL');
      });
    });
    await told;
    assert.match(lines[0] ?? '', /the Temporal server ended \(exit SIGKILL\)/);
  });

  it('tells who shares the server when it is gone, and nobody whose work has ended', async () => {
    const server = await start();
    const over = new AbortController();
    const ended = untilGone(server.address, over.signal, 20);
    over.abort();
    const gone = untilGone(server.address, new AbortController().signal, 20);
    await server.stop();
    await assert.rejects(gone, /is gone: start again/);
    const first = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100, 'silent'))]);
    assert.equal(first, 'silent');
  });

  it('leaves no process behind', async () => {
    const server = await start();
    const entry = JSON.parse(await readFile(join(folder, 'temporal-server.json'), 'utf8')) as {
      server: { serverPid: number };
    };
    const pid = String(entry.server.serverPid);
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
