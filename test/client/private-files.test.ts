// Whatever Latchkey makes is for its owner alone, and what was open to others before is not any more.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { planFileOf, writePlanFile } from '../../client/rules/plan-file.js';
import { startEmbeddedTemporal } from '../../temporal-server/embedded.js';
import { latchkey, scratch } from './cli.js';

describe('files that Latchkey makes', () => {
  const folder = scratch();
  after(folder.remove);

  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  function open(name: string, mode = 0o644): string {
    const path = join(folder.path, name);
    writeFileSync(path, 'something');
    chmodSync(path, mode);
    return path;
  }

  it('are their owner’s alone by the umask of every command and its children', async () => {
    const hook = open('umask.cjs');
    writeFileSync(hook, "process.on('exit', () => console.log(process.umask().toString(8)));");
    const before = process.umask(0o022);
    try {
      const { stdout } = await latchkey(['--version'], folder.path, { NODE_OPTIONS: `--require=${hook}` });
      assert.match(stdout, /^77$/m);
    } finally {
      process.umask(before);
    }
  });

  it('are their owner’s alone, such as a plan, also over a file that others could read', () => {
    const path = open('plan.json');
    const plan = { at: 0, people: [] } as unknown as Parameters<typeof planFileOf>[0];
    writePlanFile(
      path,
      planFileOf(plan, { rules: {} } as Parameters<typeof planFileOf>[1], Buffer.alloc(32)),
    );
    assert.equal(modeOf(path), '600');
  });

  it('are their owner’s alone, such as the folder of the Temporal server, however it was found', async () => {
    const cacheDir = join(folder.path, 'cache');
    mkdirSync(join(cacheDir, 'bin'), { recursive: true });
    chmodSync(cacheDir, 0o755);
    const files = ['temporal.db', 'temporal.log', 'latchkey.db'].map((name) =>
      open(join('cache', name), 0o664),
    );
    const told: string[] = [];
    const starting = startEmbeddedTemporal({
      ...{ cacheDir, log: (line) => told.push(line) },
      // Nothing is started: the look at the folder comes first.
      env: { TEMPORAL_CLI_PATH: join(folder.path, 'nothing') },
    });
    await assert.rejects(starting);
    assert.deepEqual(files.map(modeOf), ['600', '600', '600']);
    assert.equal(modeOf(cacheDir), '700');
    assert.equal(
      told[0],
      `other users could read the folder, latchkey.db, temporal.db, temporal.log in ${cacheDir} until now`,
    );
  });
});
