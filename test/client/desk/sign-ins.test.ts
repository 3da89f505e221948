/** `latchkey desk invite`, `sessions` and `end`. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createAuditLog } from '../../../database/audit-log.js';
import { openDatabase } from '../../../database/database.js';
import { linkMs, Sessions } from '../../../desk/sign-in/sessions.js';
import { accountHere } from '../../../space/order.js';
import { latchkeyDone, latchkeyWith, scratch } from '../cli.js';

const limits = { idleLimitMs: 43_200_000, sessionLimitMs: 604_800_000 };

describe('latchkey desk', () => {
  const folder = scratch();
  const databaseUrl = `file:${join(folder.path, 'latchkey.db')}`;
  const env = {
    ...{ NEXUDUS_TOKEN: 't', KISI_API_KEY: 'k', TEMPORAL_ADDRESS: '127.0.0.1:9', LATCHKEY_CONFIG: '' },
    LATCHKEY_DATABASE_URL: databaseUrl,
  };
  const withUrl = { ...env, LATCHKEY_DESK_URL: 'https://desk.example.com/' };
  after(folder.remove);

  async function withSessions<T>(job: (sessions: Sessions) => Promise<T>): Promise<T> {
    const db = await openDatabase(databaseUrl);
    try {
      return await job(new Sessions(db, limits, Date.now));
    } finally {
      await db.destroy();
    }
  }

  it('invite makes no database', async () => {
    const { code, stderr } = await latchkeyWith(env, 'desk', 'invite', 'Mia');
    assert.deepEqual([code, /start `latchkey worker` first/.test(stderr)], [2, true], stderr);
    await withSessions(() => Promise.resolve());
  });

  it('invite prints a link to the desk that signs that person in, once', async () => {
    const said = await latchkeyDone(withUrl, 'desk', 'invite', ' Mia ', '--role', 'desk');
    assert.match(
      said,
      /^Mia signs in as desk by this link, once, until .+:\nhttps:\/\/desk\.example\.com\/link\/[\w-]{43}\n$/,
    );
    const token = said.trim().split('/').at(-1) ?? '';
    const used = await withSessions((sessions) => sessions.useLink(token));
    assert.deepEqual([used?.session.name, used?.session.role], ['Mia', 'desk']);
    assert.equal(await withSessions((sessions) => sessions.useLink(token)), null);
  });

  it('invite gives the role viewer where none is named, and a link to this machine where nothing says where the desk is', async () => {
    const { stdout, stderr } = await latchkeyWith(
      { ...env, LATCHKEY_DESK_PORT: '8123' },
      'desk',
      'invite',
      'Gina',
      '--json',
    );
    const link = JSON.parse(stdout) as { id: string; role: string; url: string; until: string };
    assert.equal(link.role, 'viewer');
    assert.match(link.url, /^http:\/\/127\.0\.0\.1:8123\/link\//);
    assert.ok(Date.parse(link.until) <= Date.now() + linkMs);
    assert.match(stderr, /without LATCHKEY_DESK_URL/);
    assert.ok(!stderr.includes(link.url));
  });

  it('invite refuses what is no name, no role, and a port that nobody knows', async () => {
    for (const name of ['', ' ', 'nobody', 'mia@example.com', 'a\nb', '\u202eaiM', 'M'.repeat(101)]) {
      const { code, stdout, stderr } = await latchkeyWith(withUrl, 'desk', 'invite', name);
      assert.deepEqual([code, stdout], [2, ''], name);
      assert.match(stderr, /NAME must be a name/);
    }
    assert.equal((await latchkeyWith(withUrl, 'desk', 'invite', 'Mia', '--role', 'owner')).code, 2);
    assert.equal((await latchkeyWith(withUrl, 'desk', 'invite', 'Mia', '--by', 'nobody')).code, 2);
    const { code, stderr } = await latchkeyWith({ ...env, LATCHKEY_DESK_PORT: '0' }, 'desk', 'invite', 'Mia');
    assert.deepEqual([code, /set LATCHKEY_DESK_URL/.test(stderr)], [2, true]);
  });

  it('sessions lists who is signed in, and links, without a secret', async () => {
    const { session, token } = await withSessions((sessions) =>
      sessions.begin({ name: 'Ada', role: 'operator', account: 'f3a1@sso.example.com' }),
    );
    const { link, token: linkToken } = await withSessions((sessions) =>
      sessions.invite({ name: 'Eve', role: 'desk' }),
    );
    const said = await latchkeyDone(env, 'desk', 'sessions');
    assert.match(
      said,
      new RegExp(
        `${session.id} +Ada +operator +f3a1@sso\\.example\\.com +\\w{3} \\d+ \\w{3} \\d\\d:\\d\\d, UTC`,
      ),
    );
    assert.match(said, new RegExp(`Links that nobody has used:\n[^]*${link.id} +Eve +desk`));
    const json = await latchkeyDone(env, 'desk', 'sessions', '--json');
    const { sessions } = JSON.parse(json) as { sessions: { id: string; beganAt: string }[] };
    assert.match(sessions.find(({ id }) => id === session.id)?.beganAt ?? '', /Z$/);
    for (const secret of [token, linkToken]) assert.ok(!said.includes(secret) && !json.includes(secret));
  });

  it('end ends a session and takes a link back, and says where there is none', async () => {
    const { session, token } = await withSessions((sessions) =>
      sessions.begin({ name: 'Ada', role: 'operator', account: 'f3a1@sso.example.com' }),
    );
    assert.equal(await latchkeyDone(env, 'desk', 'end', session.id), `Session ${session.id} is ended.\n`);
    assert.equal(await withSessions((sessions) => sessions.find(token, false)), null);
    const { link, token: linkToken } = await withSessions((sessions) =>
      sessions.invite({ name: 'Eve', role: 'desk' }),
    );
    await latchkeyDone(env, 'desk', 'end', link.id);
    assert.equal(await withSessions((sessions) => sessions.link(linkToken)), null);
    assert.equal((await latchkeyWith(env, 'desk', 'end', session.id)).code, 1);
    assert.equal((await latchkeyWith(env, 'desk', 'end', 'x')).code, 2);
  });

  it('keeps in the audit log who made a link for somebody, and who ended what', async () => {
    await latchkeyDone(
      withUrl,
      'desk',
      'invite',
      'Zoë',
      '--role',
      'desk',
      '--by',
      'Gina',
      '--why',
      'her first day',
    );
    const [link] = await withSessions((sessions) => sessions.links());
    const id = link?.id ?? '';
    await latchkeyDone(env, 'desk', 'end', id, '--by', 'Gina', '--why', 'a wrong name');
    const auditLog = createAuditLog(await openDatabase(databaseUrl));
    const found = [];
    for await (const { what, by, cause } of auditLog.all({}))
      if (what.includes(id)) found.push([what, by, cause]);
    await auditLog.close();
    const by = `Gina (${accountHere()})`;
    assert.deepEqual(found, [
      [`invite Zoë to the desk as desk, link ${id}`, by, 'her first day'],
      [`end session ${id} of the desk`, by, 'a wrong name'],
    ]);
  });
});
