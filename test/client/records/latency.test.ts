/** `latchkey latency`, on an audit log as the worker keeps it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openDatabase } from '../../../database/database.js';
import { createAuditLog } from '../../../database/audit-log.js';
import { write } from '../../database/records.js';
import { latchkeyDone, latchkeyWith, linesOf, scratch } from '../cli.js';

const hourMs = 3_600_000;

describe('latchkey latency', () => {
  const folder = scratch();
  const now = Date.now();
  const env = {
    NEXUDUS_BASE_URL: 'http://127.0.0.1:9',
    NEXUDUS_TOKEN: 'token',
    KISI_API_KEY: 'key',
    LATCHKEY_DATABASE_URL: `file:${join(folder.path, 'latchkey.db')}`,
  };

  before(async () => {
    const auditLog = createAuditLog(await openDatabase(env.LATCHKEY_DATABASE_URL));
    const keep = async (what: 'grant' | 'revoke', agoMs: number, tookMs: number, locationId = 1) => {
      const key = `${what} ${agoMs} ${tookMs}`;
      const until = now - agoMs;
      await auditLog.begin(write({ key, what, at: until, locationId }));
      const waited = { since: until - tookMs, until };
      await auditLog.finish(key, { state: 'done', after: null, answer: '201', waited });
    };
    await keep('grant', hourMs, 4_000);
    await keep('grant', 2 * hourMs, 12_345, 2);
    await keep('revoke', hourMs, 2_000);
    await keep('grant', 30 * hourMs, 300_000);
    await auditLog.begin(write({ key: 'nobody waited', at: now - hourMs }));
    await auditLog.close();
  });
  after(() => {
    folder.remove();
  });

  it('tells of the last day in all and by location, and that the objective holds', async () => {
    const [head, ...rows] = linesOf(await latchkeyDone(env, 'latency', '--check'));
    assert.match(head ?? '', /^what +location +count +p50 +p95 +p99 +within 60 s$/);
    assert.deepEqual(
      rows.slice(0, -1).map((row) => row.split(/ {2,}/).slice(0, 5).join('|')),
      [
        'purchase to key|all|2|4 s|12.3 s',
        'purchase to key|1|1|4 s|4 s',
        'purchase to key|2|1|12.3 s|12.3 s',
        'end to no key|all|1|2 s|2 s',
        'end to no key|1|1|2 s|2 s',
      ],
    );
    assert.match(
      rows.at(-1) ?? '',
      /the objective holds \(95 % within 60 s\): purchase to key 100 %, end to no key 100 %\.$/,
    );
  });

  it('says that the objective does not hold, and fails only where that is asked', async () => {
    const all = ['latency', '--since', '3d'];
    assert.match(
      await latchkeyDone(env, ...all),
      /does not hold \(95 % within 60 s\): purchase to key 66\.6 %/,
    );
    const { code, stderr } = await latchkeyWith(env, ...all, '--check');
    assert.equal(code, 1);
    assert.match(stderr, /the objective does not hold/);
  });

  it('answers programs', async () => {
    const answer = JSON.parse(await latchkeyDone(env, 'latency', '--since', '90m', '--json')) as {
      rows: unknown[];
    };
    assert.deepEqual(answer, {
      ...answer,
      objective: { withinMs: 60_000, share: 0.95, holds: true },
    });
    const row = { what: 'purchase to key', location: 1, count: 1, p50Ms: 4_000, p95Ms: 4_000, p99Ms: 4_000 };
    assert.deepEqual(answer.rows[1], { ...row, within: 1 });
  });

  it('says so where nobody waited, which fails nothing', async () => {
    assert.match(await latchkeyDone(env, 'latency', '--since', '1m', '--check'), /no key was given or taken/);
    const { objective } = JSON.parse(await latchkeyDone(env, 'latency', '--since', '1m', '--json')) as {
      objective: { holds: unknown };
    };
    assert.equal(objective.holds, null);
  });

  it('refuses a time that is none, and an audit log that is not there', async () => {
    const wrong = await latchkeyWith(env, 'latency', '--since', 'lately');
    assert.deepEqual([wrong.code, linesOf(wrong.stderr).length], [2, 1]);
    const nowhere = { ...env, LATCHKEY_DATABASE_URL: `file:${join(folder.path, 'none.db')}` };
    const missing = await latchkeyWith(nowhere, 'latency');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /there is no audit log/);
  });
});
