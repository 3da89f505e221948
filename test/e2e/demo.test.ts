import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Client, Connection } from '@temporalio/client';
import { memberWorkflowType } from '../../messages/to-member.js';
import { latchkey } from '../client/cli.js';
import { eventually, patienceMs } from '../support/eventually.js';

/** Runs the demo until `atLine`, which gets each line and the process id, stops it; answers its exit code and what it told. */
async function runDemo(
  atLine: (line: string, stop: () => void, pid: number) => void,
): Promise<{ code: number | null; tale: string }> {
  const demo = spawn(process.execPath, ['client/latchkey.js', 'demo'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told: string[] = [];
  createInterface({ input: demo.stdout }).on('line', (line) => {
    told.push(line);
    atLine(line, () => demo.kill('SIGINT'), demo.pid ?? 0);
  });
  const tooLong = setTimeout(() => demo.kill('SIGKILL'), 2 * patienceMs);
  const [code] = (await once(demo, 'exit')) as [number | null];
  clearTimeout(tooLong);
  return { code, tale: told.join('\n') };
}

describe('latchkey demo', function () {
  this.timeout(300_000);
  it('tells of a first key, and ends with its Temporal server when it is asked to amid its tour', async () => {
    let children: string[] = [];
    const { code, tale } = await runDemo((line, stop, pid) => {
      if (!line.startsWith('2. ')) return;
      children = execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
        .trim()
        .split('\n');
      stop();
    });
    assert.equal(code, 0, tale);
    assert.match(
      tale.split('\n').find((line) => line.startsWith('  ')) ?? '',
      /^ {2}Desk +http:\/\/127\.0\.0\.1:\d+ /,
    );
    assert.match(tale, /✓ her key to/);
    assert.doesNotMatch(tale, /✗|✓ his key/);
    assert.ok(children.length > 0, 'it has a server');
    await eventually('its server is gone', () => children.every((pid) => !existsSync(`/proc/${pid}`)));
  });

  it('is a place to play for commands that are typed beside it', async () => {
    const beside = (...args: string[]): ReturnType<typeof latchkey> =>
      latchkey(['--demo', ...args], process.cwd());
    async function say(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await beside(...args);
      assert.deepEqual([code, stderr], [0, ''], args.join(' '));
      return stdout;
    }
    /** The task queues of all members. */
    async function queues(): Promise<string[]> {
      const { env } = JSON.parse(readFileSync('.latchkey/demo.json', 'utf8')) as {
        env: Record<string, string>;
      };
      const connection = await Connection.connect({ address: env['TEMPORAL_ADDRESS'] ?? '' });
      const found = new Set<string>();
      const query = `WorkflowType = '${memberWorkflowType}'`;
      for await (const { taskQueue } of new Client({ connection }).workflow.list({ query }))
        found.add(taskQueue);
      await connection.close();
      return [...found];
    }
    async function playing(): Promise<void> {
      assert.deepEqual(await queues(), ['latchkey-demo'], 'no worker of a real space serves them');
      // Before the tour goes on to other plans.
      assert.match(await say('members'), /Trastevere, Rome –\s+Office Membership/);
      await say('play', 'buy', 'frank');
      assert.match(await say('explain', 'frank'), /Holds group .*Trastevere, Rome – Day Pass/);
      await say('play', 'use', 'frank');
      assert.match(await say('explain', 'frank'), /does not count because of uses/);
    }
    let played: Promise<void> | undefined;
    const { code, tale } = await runDemo((line, stop) => {
      if (line.startsWith('2. ')) played = playing().finally(stop);
    });
    await played;
    assert.equal(code, 0, tale);
    assert.ok(!existsSync('.latchkey/demo.json'));
    const { stderr } = await beside('members');
    assert.match(stderr, /^latchkey: no demo runs in this folder: .*\n$/);
  });
});
