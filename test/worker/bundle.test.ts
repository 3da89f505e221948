import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keptBundle } from '../../worker/bundle.js';
import { scratch } from '../client/cli.js';

describe('the bundle of the workflows', () => {
  let folder: ReturnType<typeof scratch>;
  let made = 0;
  const make = () => Promise.resolve({ code: `bundle ${++made}` });
  beforeEach(() => {
    folder = scratch();
    made = 0;
  });
  afterEach(() => {
    chmodSync(folder.path, 0o700);
    folder.remove();
  });

  it('is made once for all starts on the same code, and anew where the code has changed', async () => {
    const cache = join(folder.path, 'cache');
    for (const [name, code] of [
      ['a', 'bundle 1'],
      ['a', 'bundle 1'],
      ['b', 'bundle 2'],
      ['a', 'bundle 3'],
    ] as const)
      assert.equal((await keptBundle(cache, name, make)).code, code);
    assert.deepEqual(readdirSync(cache), ['workflows-a.js']);
  });

  it('is made at each start where it cannot be kept', async () => {
    const cache = join(folder.path, 'workflows-a.js', 'no folder');
    chmodSync(folder.path, 0o500);
    if (process.getuid?.() === 0) {
      // The superuser may write anywhere, but makes no folder below a file.
      chmodSync(folder.path, 0o700);
      await keptBundle(folder.path, 'a', make);
    }
    const before = made;
    await keptBundle(cache, 'a', make);
    await keptBundle(cache, 'a', make);
    assert.equal(made, before + 2);
  });
});
