import assert from 'node:assert/strict';
import type { Kysely } from 'kysely';
import type { DeskConfig } from '../../../config/desk.js';
import { openDatabase } from '../../../database/database.js';
import type { Tables } from '../../../database/tables.js';
import { endWhereRolesChanged } from '../../../desk/sign-in/changed-roles.js';
import { Sessions } from '../../../desk/sign-in/sessions.js';

const hourMs = 3_600_000;
const service = {
  issuer: 'https://sso.example.com',
  clientId: 'latchkey',
  clientSecret: 's',
  roleClaim: 'roles',
};
const before: Pick<DeskConfig, 'openId' | 'people'> = {
  openId: service,
  people: { 'ada@example.com': 'operator', 'f3a1-77': 'desk' },
};

describe('roles that the configuration changes', () => {
  let db: Kysely<Tables>;
  let sessions: Sessions;
  beforeEach(async () => {
    db = await openDatabase(':memory:');
    sessions = new Sessions(db, { idleLimitMs: hourMs, sessionLimitMs: hourMs }, Date.now);
    await sessions.begin({ name: 'Ada', role: 'operator', account: 'f3a1@sso.example.com' });
    const { token } = await sessions.invite({ name: 'Mia', role: 'desk' });
    await sessions.useLink(token);
  });
  afterEach(() => db.destroy());

  const signedIn = async (): Promise<string[]> => (await sessions.list()).map(({ name }) => name).sort();
  const start = (config: Pick<DeskConfig, 'openId' | 'people'>): Promise<number> =>
    endWhereRolesChanged(db, sessions, config, Date.now);

  it('end nothing at a first start, and at one with the same roles in another order', async () => {
    assert.equal(await start(before), 0);
    const people = Object.fromEntries(Object.entries(before.people).reverse());
    assert.equal(await start({ ...before, people }), 0);
    assert.deepEqual(await signedIn(), ['Ada', 'Mia']);
  });

  const changes = [
    ['somebody has another role', { ...before, people: { ...before.people, 'ada@example.com': 'viewer' } }],
    ['somebody has none any more', { ...before, people: { 'f3a1-77': 'desk' } }],
    ['the service is another', { ...before, openId: { ...service, issuer: 'https://other.example.com' } }],
    ['the claim is another', { ...before, openId: { ...service, roleClaim: null } }],
    ['there is no service any more', { ...before, openId: null }],
  ] as const;
  for (const [what, after] of changes)
    it(`have everybody of the service sign in again, and nobody else: ${what}`, async () => {
      await start(before);
      assert.equal(await start(after), 1);
      assert.deepEqual(await signedIn(), ['Mia']);
      await sessions.begin({ name: 'Ada', role: 'viewer', account: 'f3a1@sso.example.com' });
      assert.equal(await start(after), 0);
      assert.deepEqual(await signedIn(), ['Ada', 'Mia']);
    });

  it('are kept without anybody’s e-mail', async () => {
    await start(before);
    const rows = await db.selectFrom('kept').selectAll().execute();
    assert.doesNotMatch(JSON.stringify(rows), /example\.com|ada/);
  });
});
