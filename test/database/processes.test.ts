import assert from 'node:assert/strict';
import { onEachEngine } from './engines.js';
import { startWriter } from './processes.js';
import { keysIn, noon, write } from './records.js';

onEachEngine('the audit log among processes', (bench) => {
  it('is set up once where many open it at once', async () => {
    const auditLogs = await Promise.all(Array.from({ length: 8 }, () => bench.open()));
    await Promise.all(auditLogs.map((auditLog, i) => auditLog.begin(write({ key: String(i) }))));
    assert.deepEqual(await keysIn(auditLogs[0]!), ['0', '1', '2', '3', '4', '5', '6', '7']);
  });

  it('is set up and written by several processes at once', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const writers = names.map((name) => startWriter(bench.url(), name, 50));
    const said: string[] = [];
    for (const { ended } of writers) {
      const { keys, code, errors } = await ended;
      assert.deepEqual([code, errors, keys.length], [0, '', 50]);
      said.push(...keys);
    }
    assert.deepEqual((await keysIn(await bench.open())).sort(), said.sort());
  });

  it('is read while another process writes, and shows nothing half done', async () => {
    const auditLog = await bench.open();
    const writer = startWriter(bench.url(), 'w', 400);
    for (let seen = 0; seen < 400;) {
      await writer.said(seen + 1);
      const keys = await keysIn(auditLog);
      assert.ok(keys.length > seen, `${keys.length} records where ${seen} were seen before`);
      // The writer goes on in order, so whatever was read is a beginning of all.
      assert.deepEqual(
        keys,
        Array.from({ length: keys.length }, (_, i) => `w-${i}`),
      );
      seen = keys.length;
    }
    assert.equal((await writer.ended).code, 0);
  });

  it('goes on writing while another process reads and prunes', async () => {
    const auditLog = await bench.open();
    const writer = startWriter(bench.url(), 'w', 400);
    await writer.said(1);
    const deleted = await auditLog.prune(noon + 100);
    await writer.said(200);
    const deletedLater = await auditLog.prune(noon + 200);
    const { keys, code, errors } = await writer.ended;
    assert.deepEqual([code, errors, keys.length], [0, '', 400]);
    assert.equal((await keysIn(auditLog)).length, 400 - deleted - deletedLater);
  });

  it('loses nothing that the writer was told is kept, when the writer is killed', async () => {
    for (const [round, enough] of [1, 30, 170].entries()) {
      const writer = startWriter(bench.url(), `round${round}`, 1_000_000);
      await writer.said(enough);
      writer.kill();
      const { keys, signal } = await writer.ended;
      assert.equal(signal, 'SIGKILL');
      const auditLog = await bench.open();
      const held = new Set(await keysIn(auditLog));
      assert.deepEqual(
        keys.filter((key) => !held.has(key)),
        [],
      );
      assert.ok(keys.length >= enough);
      const begun = await auditLog.begunFor(7, 12);
      // One more may be kept than was said, and no other.
      const [more, ...others] = begun
        .filter(({ key }) => key.startsWith(`round${round}-`))
        .slice(keys.length);
      assert.ok(more === undefined || more.key === `round${round}-${keys.length}`);
      assert.deepEqual(others, []);
    }
  });
});
