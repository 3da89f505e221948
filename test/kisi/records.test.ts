import assert from 'node:assert/strict';
import {
  asKey,
  assignmentRecord,
  currentUserRecord,
  groupRecord,
  higherRoleOf,
  likeEmail,
  userRecord,
} from '../../kisi/records.js';
import { normalEmail } from '../../lib/emails.js';
import { assignmentRow } from './stub.js';

const row = assignmentRow({ id: 1, userId: 2, groupId: 3, validUntil: '2026-12-01T00:00:00.000+01:00' });

describe('a Kisi record', () => {
  it('is a key with its times as instants', () => {
    assert.deepEqual(asKey(assignmentRecord.parse({ ...row, something_new: {} })), {
      id: 1,
      userId: 2,
      groupId: 3,
      roleId: 'group_basic',
      validFrom: null,
      validUntil: Date.UTC(2026, 10, 30, 23),
      createdAt: Date.UTC(2026, 0, 2, 3, 4, 5),
      createdById: 9,
    });
  });

  it('is the same key in the deprecated form', () => {
    const { assignee_id: user_id, applies_to_id: group_id, ...rest } = row;
    const old = { ...rest, assignee_type: undefined, applies_to_type: undefined, user_id, group_id };
    assert.deepEqual(assignmentRecord.parse(old), assignmentRecord.parse(row));
  });

  const noKeys: [string, object][] = [
    ['a team', { assignee_type: 'Team' }],
    ['a guest', { assignee_type: 'Guest' }],
    ['a place', { applies_to_type: 'Place' }],
    ['the organization', { applies_to_type: 'Organization' }],
  ];
  for (const [what, fields] of noKeys) {
    it(`is no key when it is of ${what}`, () => {
      assert.equal(asKey(assignmentRecord.parse({ ...row, ...fields })), null);
    });
  }

  const wrong: [string, object][] = [
    ['an id that is a text', { id: '1' }],
    ['nobody who holds it', { assignee_id: null }],
    ['nothing that it is for', { applies_to_type: null, applies_to_id: null }],
  ];
  for (const [what, fields] of wrong) {
    it(`is not read with ${what}`, () => {
      assert.equal(assignmentRecord.safeParse({ ...row, ...fields }).success, false);
    });
  }

  const unreadable: unknown[] = [
    '2026-12-01T00:00:00',
    'tomorrow',
    '',
    '2026-11-28 10:00:00 UTC',
    '+010000-01-01T00:00:00Z',
    '-000001-01-01T00:00:00Z',
    '9999-12-31T23:59:59-05:00',
    '2026-02-30T10:00:00Z',
    1_764_324_000,
    false,
    {},
  ];
  for (const date of unreadable) {
    it(`is a key all the same with an end that cannot be read: ${JSON.stringify(date)}`, () => {
      const key = asKey(assignmentRecord.parse({ ...row, valid_until: date }));
      assert.deepEqual([key?.id, key?.validUntil], [1, 'unreadable']);
      const other = asKey(assignmentRecord.parse({ ...row, valid_from: date, created_at: date }));
      assert.deepEqual([other?.validFrom, other?.createdAt], [null, null]);
      assert.equal(typeof other?.validUntil, 'number');
    });
  }

  it('is a key with the last end that can be written, or with none', () => {
    const endOf = (valid_until: unknown) =>
      asKey(assignmentRecord.parse({ ...row, valid_until }))?.validUntil;
    assert.equal(endOf('9999-12-31T23:59:59Z'), Date.UTC(9999, 11, 31, 23, 59, 59));
    assert.equal(endOf(null), null);
    assert.equal(endOf(undefined), null);
  });

  it('is a user with a comparable e-mail, suspended by hand or by SCIM', () => {
    const user = {
      id: 5,
      name: 'Ada',
      email: ' Ada@Example.com ',
      access_enabled: true,
      scim_access_enabled: true,
    };
    const expected = { id: 5, name: 'Ada', email: 'ada@example.com', accessEnabled: true };
    assert.deepEqual(userRecord.parse(user), expected);
    for (const suspended of [{ access_enabled: false }, { scim_access_enabled: false }]) {
      assert.equal(userRecord.parse({ ...user, ...suspended }).accessEnabled, false);
    }
  });

  it('is a group that says whether it can open anything', () => {
    const group = { id: 1, name: 'Doors', place_id: null, login_enabled: false, locks_count: 0 };
    const expected = {
      ...{ id: 1, name: 'Doors', placeId: null, loginEnabled: false, locksCount: 0 },
      restrictions: [],
    };
    assert.deepEqual(groupRecord.parse(group), expected);
    const restricted = { ...group, time_restriction_enabled: true, reader_restriction_enabled: 'odd' };
    assert.deepEqual(groupRecord.parse(restricted).restrictions, ['time']);
    assert.deepEqual(groupRecord.parse({ id: 1, name: 'Doors' }), {
      ...expected,
      loginEnabled: null,
      locksCount: null,
    });
  });

  it('is the owner of the API key with the organization', () => {
    const expected = { id: 1, organizationId: 7, organizationName: 'Space' };
    assert.deepEqual(currentUserRecord.parse({ id: 1, organization: { id: 7, name: 'Space' } }), expected);
    assert.deepEqual(currentUserRecord.parse({ id: 1 }), {
      id: 1,
      organizationId: null,
      organizationName: null,
    });
  });
});

describe('an e-mail in Kisi', () => {
  const others = [
    'ada.lovelace@example.com',
    'adalovelace+desk@example.com',
    'Áda.Lovelace@example.com',
    '𝐚da lovelace@example.com',
    'ada\u200blovelace@EXAMPLE.com',
  ];
  for (const other of others)
    it(`is like another, and not the same (${other})`, () => {
      assert.equal(likeEmail(other), likeEmail('adalovelace@example.com'));
      assert.notEqual(normalEmail(other), 'adalovelace@example.com');
    });
  it('is the same whatever the case of its Latin letters, and no Kelvin sign is a k', () => {
    assert.equal(normalEmail(' Kim@Example.COM '), 'kim@example.com');
    assert.notEqual(normalEmail('\u212aim@example.com'), 'kim@example.com');
    assert.equal(likeEmail('\u212aim@example.com'), 'kim@example.com');
    assert.notEqual(likeEmail('bob@example.com'), likeEmail('ada@example.com'));
    assert.deepEqual([likeEmail(''), likeEmail('ada')], ['', 'ada']);
  });
});

describe('a higher role in Kisi', () => {
  it('is any but those that only open doors', () => {
    const of = (...ids: string[]): string | null => higherRoleOf(ids.map((roleId) => ({ roleId })));
    assert.deepEqual([of(), of('group_basic', 'place_basic')], [null, null]);
    assert.equal(of('group_basic', 'place_owner'), 'place_owner');
    assert.equal(of('a\nline'), 'a role without a plain name');
  });
});
