import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

describe('latchkey demo', () => {
  it('tells of a first key, and ends when it is asked to amid its tour, and its Temporal server too', async () => {
    const demo = spawn(process.execPath, ['client/latchkey.js', 'demo'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const told: string[] = [];
    createInterface({ input: demo.stdout }).on('line', (line) => {
      told.push(line);
      if (line.startsWith('2. ')) demo.kill('SIGINT');
    });
    const tooLong = setTimeout(() => demo.kill('SIGKILL'), 50_000);
    const [code] = (await once(demo, 'exit')) as [number | null];
    clearTimeout(tooLong);
    const tale = told.join('\n');
    assert.equal(code, 0, tale);
    assert.match(tale, /✓ her key to/);
    assert.doesNotMatch(tale, /✗|✓ his key/);
    const ui = /Temporal UI +(\S+)/.exec(tale)?.[1] ?? '';
    await assert.rejects(fetch(ui), `${ui} still answers`);
  });
});
