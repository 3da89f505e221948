import assert from 'node:assert/strict';
import { createKept } from '../../database/kept.js';
import { openDatabase } from '../../database/database.js';
import { installationSecret } from '../../database/secret.js';
import { onEachEngine } from './engines.js';

onEachEngine('the secret of an installation', (bench) => {
  it('is 32 bytes, and the same for whoever asks, ten at once too', async () => {
    const databases = [];
    for (let i = 0; i < 10; i++) databases.push(await openDatabase(bench.url()));
    const secrets = await Promise.all(databases.map(installationSecret));
    assert.equal(secrets[0]!.length, 32);
    assert.equal(new Set(secrets.map((one) => one.toString('hex'))).size, 1);
    assert.deepEqual(await installationSecret(databases[3]!), secrets[0]);
    for (const db of databases) await db.destroy();
  });

  it('is not made anew by a process that looked before another made it', async () => {
    const db = await openDatabase(bench.url());
    const made = await installationSecret(db);
    let looks = 0;
    const late = db.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: ({ result }) => Promise.resolve(looks++ === 0 ? { ...result, rows: [] } : result),
    });
    assert.deepEqual(await installationSecret(late), made);
    assert.deepEqual(await installationSecret(db), made);
    await db.destroy();
  });

  it('is refused where it was cut short, emptied or is something else, and never made anew then', async () => {
    const db = await openDatabase(bench.url());
    const kept = createKept(db);
    for (const value of ['', 'AAAA', null, {}, 42]) {
      await kept.write('installation-secret', value, 1);
      await assert.rejects(installationSecret(db), /is damaged: put the row installation-secret/);
      assert.deepEqual(await kept.read('installation-secret'), { at: 1, value });
    }
    await db.destroy();
  });
});

describe('the secrets of two installations', () => {
  it('differ', async () => {
    const [one, other] = [await openDatabase(':memory:'), await openDatabase(':memory:')];
    assert.notDeepEqual(await installationSecret(one), await installationSecret(other));
    await one.destroy();
    await other.destroy();
  });
});
