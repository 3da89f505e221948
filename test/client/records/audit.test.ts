import assert from 'node:assert/strict';
import { openDatabase } from '../../../database/database.js';
import { createAuditLog } from '../../../database/audit-log.js';
import { note } from '../../database/records.js';
import { timeWords } from '../../../space/times.js';
import { latchkeyWith, scratch, type Ran } from '../cli.js';

describe('latchkey audit --verify', () => {
  const folder = scratch();
  const path = `${folder.path}/latchkey.db`;
  after(folder.remove);

  // As a worker needs them; nobody is asked anything.
  const settings = {
    LATCHKEY_DATABASE_URL: `file:${path}`,
    NEXUDUS_EMAIL: 'admin@example.com',
    NEXUDUS_PASSWORD: 'secret',
    KISI_API_KEY: 'key',
  };
  const verify = (...more: string[]): Promise<Ran> => latchkeyWith(settings, 'audit', '--verify', ...more);

  it('tells how many records there are and where they end; an end that was told stays', async () => {
    const auditLog = createAuditLog(await openDatabase(path));
    for (const [i, key] of ['a', 'b', 'c'].entries())
      await auditLog.note(note({ key, at: Date.UTC(2026, 10, 25, i) }));
    const { hash } = await auditLog.head();
    const first = await verify();
    assert.equal(
      first.stdout,
      'The audit log is as Latchkey wrote it: 3 records, ' +
        `from ${timeWords('2026-11-25T00:00Z', null)} to ${timeWords('2026-11-25T02:00Z', null)}.\n` +
        `It ends at 3:${hash}. Keep that elsewhere, and give it to --head later.\n`,
    );
    await auditLog.note(note({ key: 'd' }));
    await auditLog.close();
    const second = await verify('--head', `3:${hash}`);
    assert.deepEqual([second.code, second.stderr], [0, '']);
    const other = await verify('--head', `3:${'0'.repeat(64)}`);
    assert.deepEqual([other.code, other.stdout], [1, '']);
    assert.match(other.stderr, /entry 3 is another one than was told before/);
    const shorter = await verify('--head', `5:${hash}`);
    assert.match(shorter.stderr, /the audit log ends at entry 4, but entry 5 was told/);
    for (const head of ['3', `x:${hash}`, `3:${hash}0`, hash, ''])
      assert.equal((await verify('--head', head)).code, 2);
  });

  it('names the first record that does not fit, and ends with 1', async () => {
    const db = await openDatabase(path);
    await db
      .updateTable('audit_log')
      .set({ done_by: 'somebody else' })
      .where('key', 'in', ['b', 'c'])
      .execute();
    await db.destroy();
    const { code, stdout, stderr } = await verify();
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(
      stderr,
      'latchkey: the audit log is not as Latchkey wrote it: record b (entry 2) was changed\n',
    );
  });
});
