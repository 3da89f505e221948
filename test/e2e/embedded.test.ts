/** A worker whose own Temporal server is killed: it is started again, and all goes on where it was. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { buildTwoCities, environmentOf, type TwoCities } from '../../simulators/two-cities.js';
import { findTemporalCli } from '../../temporal-server/binaries.js';
import { latchkey, scratch } from '../client/cli.js';
import { ended } from '../support/killable.js';
import { eventually } from '../support/eventually.js';
import { newPort } from '../support/ports.js';

describe('a worker with a Temporal server of its own', () => {
  let nexudus: NexudusSimulator;
  let kisi: KisiSimulator;
  let ids: TwoCities;
  let env: Record<string, string>;
  let worker: ChildProcess;
  let told = '';
  const folder = scratch();
  const serverFile = join(folder.path, '.latchkey', 'temporal-server.json');
  /** As long as this file is there, no server starts. */
  const holding = join(folder.path, 'holding');

  before(async () => {
    nexudus = await startNexudusSimulator();
    kisi = await startKisiSimulator();
    ids = buildTwoCities(nexudus, kisi);
    // A worker that starts again knows nothing of the requests of the one before.
    nexudus.switches.rateLimits = null;
    kisi.switches.rateLimit = null;
    env = {
      ...environmentOf(nexudus, kisi),
      TEMPORAL_CLI_PATH: writeHeldCli(resolve((await findTemporalCli()).path)),
      LATCHKEY_HEALTH_PORT: String(await newPort()),
      LATCHKEY_DESK_PORT: String(await newPort()),
      LATCHKEY_POLL_INTERVAL: '2s',
      LATCHKEY_INITIAL_MODE: 'live',
    };
    worker = started();
    await eventually('readiness', async () => (await readiness()).status === 200);
  });
  after(async () => {
    if (worker.exitCode === null) assert.equal(await ended(worker, 'SIGTERM'), 0);
    await nexudus.stop();
    await kisi.stop();
    folder.remove();
  });

  /** An executable that starts the server only once `holding` is gone. */
  function writeHeldCli(cli: string): string {
    const path = join(folder.path, 'held-temporal');
    const lines = ['#!/bin/sh', `while [ -e '${holding}' ]; do sleep 0.1; done`, `exec '${cli}' "$@"`, ''];
    writeFileSync(path, lines.join('\n'), { mode: 0o755 });
    return path;
  }

  function started(more: Record<string, string> = {}): ChildProcess {
    const child = spawn(process.execPath, [resolve('client/latchkey.js'), 'worker'], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], HOME: folder.path, ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        told += text;
        if (process.env['TEST_LOG'] !== undefined) process.stderr.write(text);
      });
    return child;
  }

  async function readiness(): Promise<{ status: number; body: string }> {
    const answer = await fetch(`http://127.0.0.1:${env['LATCHKEY_HEALTH_PORT'] ?? ''}/readyz`).catch(
      () => null,
    );
    return { status: answer?.status ?? 0, body: (await answer?.text()) ?? '' };
  }

  /** The server's process, as the folder names it. */
  function serverPid(): number {
    return (JSON.parse(readFileSync(serverFile, 'utf8')) as { server: { serverPid: number } }).server
      .serverPid;
  }

  /** Whether the folder names a server yet: a worker that starts one has the folder before that. */
  const hasServer = (): boolean =>
    existsSync(serverFile) && !readFileSync(serverFile, 'utf8').includes('"server":null');
  const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

  /** Answers the id of the pass. */
  function buys(name: string): number {
    const { Id } = nexudus.space.addCoworker({ Email: `${name}@example.com`, InvoicingBusinessId: ids.rome });
    const pass = { CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome };
    return nexudus.space.addPass(pass).Id;
  }
  const keysOf = (name: string): number => kisi.org.keysOf(`${name}@example.com`).length;

  it('goes on after the server was killed: an end of access, a member who came meanwhile, and commands', async () => {
    const pass = buys('ada');
    await eventually('a key', () => keysOf('ada') === 1);
    const endInKisi = (): string | null | undefined => kisi.org.assignments()[0]?.valid_until;
    const farEnd = endInKisi();
    const endsAt = Math.ceil(Date.now() / 1_000) * 1_000 + 12_000;
    nexudus.space.update('coworkertimepasses', pass, { ExpireDate: new Date(endsAt).toISOString() });
    await eventually('its new end, or none', () => endInKisi() !== farEnd);
    const before = serverPid();
    writeFileSync(holding, '');
    process.kill(before, 'SIGKILL');
    await eventually('word of it', async () =>
      (await readiness()).body.includes('the Temporal server ended'),
    );
    rmSync(holding);
    buys('ben');
    const { code, stderr } = await latchkey(['status'], folder.path, env);
    assert.equal(code, 0, stderr);
    assert.notEqual(serverPid(), before);
    await eventually('readiness', async () => (await readiness()).status === 200);
    await eventually('a key for who came meanwhile', () => keysOf('ben') === 1);
    await eventually('no key for who had it until then', () => keysOf('ada') === 0);
    // Nexudus tells its clock to the second only.
    assert.ok(Date.now() >= endsAt - 1_000, 'not before its time');
    assert.match(told, /the Temporal server ended \(exit SIGKILL.*it is started again in 0\.5 s/);
    assert.match(told, /the Temporal server is back at 127\.0\.0\.1:/);
    assert.equal(worker.exitCode, null);
  });

  it('serves the desk, whatever folder it is started in', async () => {
    const { status, headers } = await fetch(`http://127.0.0.1:${env['LATCHKEY_DESK_PORT'] ?? ''}/`);
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^text\/html/);
  });

  describe('that is started again', () => {
    before(async () => {
      assert.equal(await ended(worker, 'SIGTERM'), 0);
    });
    afterEach(() => {
      nexudus.faults.clear();
    });

    /** Starts a worker whose first look at Nexudus takes its time; answers once it has a server. */
    async function startedAmidCheck(more: Record<string, string> = {}): Promise<number> {
      nexudus.faults.add({ match: '/api/sys/businesses', kind: 'slow', delayMs: 5_000 });
      worker = started(more);
      await eventually('a server beside the first check', hasServer);
      return serverPid();
    }

    it('ends the server with itself where it is told to stop amid its first check', async () => {
      const pid = await startedAmidCheck();
      assert.equal(await ended(worker, 'SIGTERM'), 0);
      await eventually('no server', () => !isAlive(pid));
    });

    it('ends the server where the configuration is wrong', async () => {
      const config = join(folder.path, 'wrong.yaml');
      writeFileSync(config, 'mapping: [{ location: Nowhere, passType: Day pass, groups: 1 }]\n');
      const pid = await startedAmidCheck({ LATCHKEY_CONFIG: config });
      await eventually('no worker', () => worker.exitCode !== null);
      assert.equal(worker.exitCode, 2, told);
      assert.equal(isAlive(pid), false);
    });
  });
});
