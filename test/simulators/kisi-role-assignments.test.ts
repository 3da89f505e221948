import assert from 'node:assert/strict';
import type { KisiGroup, KisiUser } from '../../simulators/kisi.js';
import { hoursOn, Kisi } from './kisi-ask.js';

const hourMs = 3_600_000;

describe('Kisi simulator: role assignments', () => {
  const kisi = new Kisi();
  let ada: KisiUser;
  let studio: KisiGroup;
  beforeEach(async () => {
    await kisi.start();
    ada = kisi.org.addUser({ email: 'ada@example.com', name: 'Ada' });
    studio = kisi.org.addGroup({ name: 'Studio' });
  });
  afterEach(() => kisi.stop());

  const grant = (fields: object = {}) => {
    const to = {
      applies_to_type: 'Group',
      applies_to_id: studio.id,
      assignee_type: 'User',
      assignee_id: ada.id,
    };
    return kisi.ask('POST', '/role_assignments', {
      role_assignment: { ...to, role_id: 'group_basic', ...fields },
    });
  };
  const old = (role_assignment: object) => kisi.ask('POST', '/role_assignments', { role_assignment });
  const patch = (id: number, role_assignment: object) =>
    kisi.ask('PATCH', `/role_assignments/${id}`, { role_assignment });
  const untilOf = (id: number) => kisi.org.roles.get(id)?.valid_until;

  it('take the new form and answer both in the new and the deprecated fields', async () => {
    const { status, body } = await grant({ valid_until: hoursOn(1) });
    assert.equal(status, 200);
    const { assignee_id, user_id, applies_to_id, group_id, scope, valid_from, valid_until } = body as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      { assignee_id, user_id, applies_to_id, group_id, scope, valid_from, valid_until },
      {
        assignee_id: ada.id,
        user_id: ada.id,
        applies_to_id: studio.id,
        group_id: studio.id,
        scope: 'group',
        valid_from: null,
        valid_until: hoursOn(1),
      },
    );
  });

  it('take the old form', async () => {
    assert.equal((await old({ user_id: ada.id, group_id: studio.id, role_id: 'group_basic' })).status, 200);
    assert.deepEqual(kisi.org.keysOf('ada@example.com'), [studio.id]);
  });

  it('write instants in UTC, whatever zone they came in', async () => {
    const { body } = await grant({ valid_until: '2026-11-20T12:00:00+01:00' });
    assert.equal((body as { valid_until: string }).valid_until, hoursOn(1));
  });

  it('name the field that is missing or wrong', async () => {
    const wrong: [object, string][] = [
      [{ role_id: undefined }, 'role_id'],
      [{ role_id: 'basic' }, 'role_id'],
      [{ role_id: 'place_owner' }, 'role_id'],
      [{ assignee_id: undefined }, 'assignee_id'],
      [{ assignee_type: undefined, assignee_id: undefined }, 'assignee_type'],
      [{ applies_to_id: undefined }, 'applies_to_id'],
      [{ applies_to_type: 'Door' }, 'applies_to_type'],
      [{ valid_until: 'tomorrow' }, 'valid_until'],
      [{ notify: 'no' }, 'notify'],
    ];
    for (const [fields, field] of wrong) {
      const { status, body } = await grant(fields);
      assert.equal(status, 422, field);
      assert.deepEqual(Object.keys((body as { errors: object }).errors), [field]);
    }
    assert.deepEqual(kisi.org.assignments(), []);
  });

  it('have a validity only for groups', async () => {
    const organization = { applies_to_type: 'Organization', applies_to_id: kisi.org.id };
    const role = { ...organization, role_id: 'organization_administrator' };
    assert.equal((await grant({ ...role, valid_until: hoursOn(1) })).status, 422);
    assert.equal((await grant(role)).status, 200);
  });

  it('answer 404 when the user or the group is gone', async () => {
    assert.equal((await grant({ assignee_id: 1 })).status, 404);
    assert.equal((await grant({ applies_to_id: 1 })).status, 404);
    assert.equal((await grant({ assignee_type: 'Team' })).status, 404);
  });

  it('are one per user and group: a second is a 409, or a 422 by switch', async () => {
    await grant();
    const again = await grant({ role_id: 'group_manager' });
    assert.equal(again.status, 409);
    assert.deepEqual(again.body, { code: '000409', error: 'The record already exists' });
    kisi.simulator.switches.duplicateGrantStatus = 422;
    assert.equal((await grant()).status, 422);
    const loft = kisi.org.addGroup({ name: 'Loft' });
    assert.equal((await grant({ applies_to_id: loft.id })).status, 200);
    assert.equal(kisi.org.assignments().length, 2);
  });

  it('stay when they are over, in lists and in the way; by switch they do not', async () => {
    const { id } = kisi.org.grantByHand({
      userId: ada.id,
      groupId: studio.id,
      validUntil: Date.parse(hoursOn(1)),
    });
    kisi.pass(2 * hourMs);
    assert.deepEqual(kisi.org.keysOf('ada@example.com'), []);
    assert.deepEqual(await kisi.ids(`/role_assignments?group_id=${studio.id}`), [id]);
    assert.equal((await grant()).status, 409);
    kisi.simulator.switches.listsExpired = false;
    assert.deepEqual(await kisi.ids(`/role_assignments?group_id=${studio.id}`), []);
    kisi.simulator.switches.hiddenStillCount = true;
    assert.equal((await grant()).status, 409);
    kisi.simulator.switches.hiddenStillCount = false;
    assert.equal((await grant()).status, 200);
  });

  it('round their ends by switch, their begins never', async () => {
    for (const [how, until] of [
      ['down', '2026-11-20T11:15:00.000Z'],
      ['nearest', '2026-11-20T11:16:00.000Z'],
      ['up', '2026-11-20T11:16:00.000Z'],
    ] as const) {
      kisi.simulator.switches.endRounding = { toMs: 60_000, how };
      const { body } = await grant({
        valid_from: '2026-11-20T11:10:30Z',
        valid_until: '2026-11-20T11:15:30Z',
      });
      const { id, valid_from, valid_until } = body as Record<string, unknown>;
      assert.deepEqual([valid_from, valid_until], ['2026-11-20T11:10:30.000Z', until]);
      await patch(Number(id), { valid_until: '2026-11-20T12:00:01Z' });
      assert.equal(untilOf(Number(id)), `2026-11-20T12:0${how === 'up' ? 1 : 0}:00.000Z`);
      kisi.org.removeAssignment(Number(id));
    }
  });

  it('move their validity by PATCH; by switch the 204 is a lie', async () => {
    const { id } = kisi.org.grantByHand({ userId: ada.id, groupId: studio.id });
    assert.equal((await patch(id, { valid_until: hoursOn(1) })).status, 204);
    assert.equal(untilOf(id), hoursOn(1));
    kisi.simulator.switches.patchMovesValidity = false;
    assert.equal((await patch(id, { valid_until: hoursOn(2), role_id: 'group_manager' })).status, 204);
    assert.equal(untilOf(id), hoursOn(1));
    assert.equal(kisi.org.roles.get(id)?.role_id, 'group_manager');
  });

  it('keep by PATCH what it does not name', async () => {
    const { id } = kisi.org.grantByHand({
      userId: ada.id,
      groupId: studio.id,
      validUntil: Date.parse(hoursOn(1)),
    });
    await patch(id, { notify: false });
    assert.equal(untilOf(id), hoursOn(1));
    assert.equal((await patch(id, { valid_until: 'never' })).status, 422);
    assert.equal((await patch(id, { role_id: 'nobody' })).status, 422);
  });

  it('are deleted once', async () => {
    const { id } = kisi.org.grantByHand({ userId: ada.id, groupId: studio.id });
    assert.equal((await kisi.ask('DELETE', `/role_assignments/${id}`)).status, 204);
    assert.equal((await kisi.ask('DELETE', `/role_assignments/${id}`)).status, 404);
    assert.equal((await kisi.ask('GET', `/role_assignments/${id}`)).status, 404);
  });

  it('mail the user at creation and at change when notify says so, and by default', async () => {
    const { body } = await grant({ notify: false });
    const { id } = body as { id: number };
    assert.deepEqual(kisi.mails, []);
    await patch(id, { valid_until: hoursOn(1) });
    assert.deepEqual(kisi.mails, []);
    await patch(id, { notify: true });
    assert.deepEqual(kisi.mails, ['grant ada@example.com']);
    await patch(id, { valid_until: hoursOn(2) });
    assert.equal(kisi.mails.length, 2, 'notify stays on the assignment');
    const loft = kisi.org.addGroup({ name: 'Loft' });
    await grant({ applies_to_id: loft.id });
    assert.equal(kisi.mails.length, 3);
    kisi.simulator.switches.notifyDefault = false;
    await grant({ applies_to_id: kisi.org.addGroup({ name: 'Attic' }).id });
    assert.equal(kisi.mails.length, 3);
  });

  it('never mail a managed user', async () => {
    const managed = kisi.org.addUser({ email: 'ben@example.com', send_emails: false });
    await grant({ assignee_id: managed.id, notify: true });
    assert.deepEqual(kisi.mails, []);
  });

  it('are filtered by assignee, target, role, scope, and the deprecated ids', async () => {
    const ben = kisi.org.addUser({ email: 'ben@example.com', name: 'Ben' });
    const loft = kisi.org.addGroup({ name: 'Loft' });
    const adas = kisi.org.grantByHand({ userId: ada.id, groupId: studio.id }).id;
    const bens = kisi.org.grantByHand({ userId: ben.id, groupId: loft.id }).id;
    const list = (query: string) => kisi.ids(`/role_assignments?${query}`);
    assert.deepEqual(await list(`assignee_type=User&assignee_id=${ada.id}`), [adas]);
    assert.deepEqual(await list(`applies_to_type=Group&applies_to_id=${loft.id}`), [bens]);
    assert.deepEqual(await list(`user_id=${ada.id}`), [adas]);
    assert.deepEqual(await list(`user_id=${ada.id}&group_id=${loft.id}`), []);
    assert.deepEqual(await list('role_id=group_basic'), [adas, bens]);
    assert.deepEqual(await list('scope=group'), [adas, bens]);
    assert.equal((await list('user_id=me')).length, 1);
    assert.deepEqual(await list('query=BEN'), [bens]);
    assert.deepEqual(await list('scope=group&sort=-user.name'), [bens, adas]);
  });

  it('want the two halves of a filter together', async () => {
    for (const half of ['assignee_id=1', 'assignee_type=User', 'applies_to_id=1', 'applies_to_type=Group']) {
      assert.equal((await kisi.ask('GET', `/role_assignments?${half}`)).status, 400, half);
    }
  });

  it('are valid from valid_from on and until just before valid_until', async () => {
    await grant({ valid_from: hoursOn(1), valid_until: hoursOn(2) });
    const keys = () => kisi.org.keysOf('ADA@example.com');
    assert.deepEqual(keys(), []);
    kisi.pass(hourMs);
    assert.deepEqual(keys(), [studio.id]);
    kisi.pass(hourMs - 1);
    assert.deepEqual(keys(), [studio.id]);
    kisi.pass(1);
    assert.deepEqual(keys(), []);
  });
});
