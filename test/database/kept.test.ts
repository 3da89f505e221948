import assert from 'node:assert/strict';
import { createKept } from '../../database/kept.js';
import { openDatabase } from '../../database/database.js';
import { onEachEngine } from './engines.js';

onEachEngine('kept values', (bench) => {
  it('are found again under their name by another connection, and only the last of them', async () => {
    const first = await openDatabase(bench.url());
    const kept = createKept(first);
    assert.equal(await kept.read('orders'), null);
    await kept.write('orders', { mode: 'live' }, 1000);
    await kept.write('told', ['a'], 1);
    await first.destroy();
    const second = await openDatabase(bench.url());
    assert.deepEqual(await createKept(second).read('orders'), { at: 1000, value: { mode: 'live' } });
    await createKept(second).write('orders', { mode: 'canary' }, 1001);
    assert.deepEqual(await createKept(second).read('orders'), { at: 1001, value: { mode: 'canary' } });
    await second.destroy();
  });
});
