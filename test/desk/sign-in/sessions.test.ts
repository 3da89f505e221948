import assert from 'node:assert/strict';
import type { Kysely } from 'kysely';
import { openDatabase } from '../../../database/database.js';
import type { Tables } from '../../../database/tables.js';
import { linkMs, Sessions } from '../../../desk/sign-in/sessions.js';

const hourMs = 3_600_000;
const limits = { idleLimitMs: 12 * hourMs, sessionLimitMs: 168 * hourMs };
const mia = { name: 'Mia', role: 'desk' } as const;
const ada = { name: 'Ada', role: 'operator', account: 'f3a1@sso.example.com' } as const;

describe('sessions of the desk', () => {
  let db: Kysely<Tables>;
  let sessions: Sessions;
  let now = 0;
  beforeEach(async () => {
    now = Date.UTC(2026, 10, 29);
    db = await openDatabase(':memory:');
    sessions = new Sessions(db, limits, () => now);
  });
  afterEach(() => db.destroy());

  const isIn = async (token: string): Promise<boolean> => (await sessions.find(token, false)) !== null;

  it('begin by a link, once, however often it was looked at', async () => {
    const { token, link } = await sessions.invite(mia);
    for (let looks = 0; looks < 3; looks++)
      assert.deepEqual(await sessions.link(token), { id: link.id, ...mia, until: now + linkMs });
    const all = await Promise.all([1, 2, 3, 4].map(() => sessions.useLink(token)));
    const [used, ...others] = all.flatMap((one) => one ?? []);
    assert.deepEqual(others, []);
    assert.ok(used);
    assert.equal(used.session.account, `link-${link.id}@desk`);
    assert.deepEqual(await sessions.find(used.token, false), used.session);
    assert.deepEqual([await sessions.link(token), await sessions.useLink(token)], [null, null]);
  });

  it('begin by no link that is older than 15 minutes', async () => {
    const { token } = await sessions.invite(mia);
    now += linkMs - 1;
    assert.ok(await sessions.link(token));
    now += 1;
    assert.deepEqual([await sessions.link(token), await sessions.useLink(token)], [null, null]);
  });

  it('end where nobody opens a page, and in any case after a while', async () => {
    const idle = await sessions.begin(ada);
    const busy = await sessions.begin(ada);
    for (let hours = 0; hours < 167; hours++) {
      now += hourMs;
      assert.ok(await sessions.find(busy.token, true), `${hours + 1} hours`);
      assert.equal(await isIn(idle.token), hours + 1 < 12, `${hours + 1} hours`);
    }
    now += hourMs;
    assert.equal(await sessions.find(busy.token, true), null);
  });

  it('are not kept up by a script that keeps a page up to date', async () => {
    const { token } = await sessions.begin(ada);
    for (let hours = 0; hours < 11; hours++) {
      now += hourMs;
      assert.ok(await sessions.find(token, false));
    }
    now += hourMs;
    assert.equal(await sessions.find(token, true), null);
  });

  it('are listed while they last, and ended by their ids', async () => {
    const { session, token } = await sessions.begin(ada);
    const { link } = await sessions.invite(mia);
    assert.deepEqual(await sessions.list(), [session]);
    assert.deepEqual(await sessions.links(), [link]);
    assert.equal(await sessions.end('00000000'), false);
    assert.equal(await sessions.end(session.id), true);
    assert.equal(await sessions.end(link.id), true);
    assert.deepEqual([await isIn(token), await sessions.list(), await sessions.links()], [false, [], []]);
  });

  it('are gone from the database once they are over', async () => {
    await sessions.begin(ada);
    await sessions.invite(mia);
    now += limits.idleLimitMs;
    await sessions.begin({ ...ada, name: 'Eve' });
    const rows = await db.selectFrom('desk_session').select('name').execute();
    assert.deepEqual(rows, [{ name: 'Eve' }]);
    assert.deepEqual(await db.selectFrom('desk_link').select('name').execute(), []);
  });

  it('cannot be stolen from the database, which holds no secret', async () => {
    const { token: linkToken } = await sessions.invite(mia);
    const { token, session } = await sessions.begin(ada);
    const rows = [
      ...(await db.selectFrom('desk_link').selectAll().execute()),
      ...(await db.selectFrom('desk_session').selectAll().execute()),
    ];
    const kept = JSON.stringify(rows);
    assert.ok(!kept.includes(token) && !kept.includes(linkToken));
    for (const stolen of [...rows.map(({ digest }) => digest), session.id]) {
      assert.equal(await isIn(stolen), false);
      assert.equal(await sessions.link(stolen), null);
    }
  });

  it('end where their role does not exist', async () => {
    const { token } = await sessions.begin(ada);
    await db.updateTable('desk_session').set({ role: 'owner' }).execute();
    assert.equal(await isIn(token), false);
  });
});
