import assert from 'node:assert/strict';
import { keyHealthOf, problemsOf, type ApiLogin, type KeySigns } from '../../access/kisi-key.js';

const now = Date.UTC(2026, 10, 29, 12);
const dayMs = 24 * 3_600_000;
const userId = 7;

const login = (over: Partial<ApiLogin> = {}): ApiLogin => ({
  ...{ id: 1, expires: false, createdAt: now - 90 * dayMs, lastUsedAt: now - 1_000 },
  ...over,
});
const healthOf = (signs: Partial<KeySigns>, before = null as ReturnType<typeof keyHealthOf> | null) =>
  keyHealthOf({ logins: [login()], role: 'organization_owner', ...signs }, userId, before, now);

describe('the API key of Kisi', () => {
  it('needs nobody where it lasts, is used and its user is an owner', () => {
    const health = healthOf({});
    assert.deepEqual(problemsOf(health), []);
    assert.deepEqual([health.keyCount, health.expires, health.mayManage], [1, false, true]);
  });

  it('is told where it ends by itself, if every key that was just used does', () => {
    const old = login({ id: 2, expires: false, lastUsedAt: now - 5 * dayMs });
    assert.deepEqual(problemsOf(healthOf({ logins: [login({ expires: true }), old] })), ['expires']);
    const twin = login({ id: 3, expires: true });
    assert.equal(healthOf({ logins: [login(), twin] }).expires, null);
  });

  it('that nobody has used for sixty days is told by its id, and so is one that never was', () => {
    const logins = [
      login(),
      login({ id: 2, lastUsedAt: now - 59 * dayMs }),
      login({ id: 3, lastUsedAt: now - 60 * dayMs }),
      login({ id: 4, lastUsedAt: null }),
      login({ id: 5, lastUsedAt: null, createdAt: null }),
    ];
    const health = healthOf({ logins });
    assert.deepEqual(
      health.unused.map(({ id }) => id),
      [3, 4],
    );
    assert.deepEqual(problemsOf(health), ['unused']);
  });

  it('is one of too many from the eighth on', () => {
    const keys = (count: number) => Array.from({ length: count }, (_, id) => login({ id }));
    assert.deepEqual(problemsOf(healthOf({ logins: keys(7) })), []);
    assert.deepEqual(problemsOf(healthOf({ logins: keys(8) })), ['many']);
  });

  it('has lost its role where it may not read roles, has a lower one, or shows none any more', () => {
    for (const role of ['refused', 'organization_observer', 'organization_user_manager'])
      assert.deepEqual(problemsOf(healthOf({ role })), ['role'], role);
    assert.equal(healthOf({ role: 'organization_administrator' }).mayManage, true);
    const lost = healthOf({ role: null }, healthOf({}));
    assert.deepEqual(problemsOf(lost), ['role']);
    assert.deepEqual(problemsOf(healthOf({ role: null }, lost)), ['role']);
  });

  it('raises no alarm by what Kisi does not tell', () => {
    const unknown = healthOf({ logins: null, role: null });
    assert.deepEqual(problemsOf(unknown), []);
    assert.deepEqual([unknown.keyCount, unknown.expires, unknown.mayManage], [null, null, null]);
    // The key of another user tells nothing of this one.
    const other = keyHealthOf({ logins: null, role: 'organization_owner' }, 8, null, now);
    assert.equal(healthOf({ role: null }, other).mayManage, null);
  });
});
