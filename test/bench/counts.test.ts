import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

describe('the benches', () => {
  it('count what they should, in their small version', async function () {
    this.timeout(300_000);
    const run = promisify(execFile)(process.execPath, ['--import=tsx', 'bench/run.ts', '--counts']);
    const { stdout } = await run.catch((error: unknown) => {
      throw new Error(`a count misses its goal:\n${String((error as { stdout?: string }).stdout)}`);
    });
    for (const what of [
      'first key',
      'revoke',
      'renewal that goes on',
      'a poll with nothing new',
      'by signal',
    ])
      assert.ok(stdout.includes(what), what);
  });
});
