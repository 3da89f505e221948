import assert from 'node:assert/strict';
import { loginRecord } from '../../kisi/logins.js';
import * as kisiRecords from '../../kisi/records.js';
import type { CollectionName } from '../../nexudus/records.js';
import { collections } from '../../nexudus/schemas.js';
import { kisiFields, nexudusFields, type Fields } from '../../tape/fields.js';

/** The names of the fields that a schema reads, whatever is made of them afterwards. */
function fieldsOf(schema: unknown): string[] {
  const { shape, in: inner, def, innerType } = Object(schema) as Record<string, unknown>;
  if (typeof shape === 'object' && shape !== null) return Object.keys(shape).sort();
  const next = inner ?? innerType ?? def;
  assert.ok(next !== undefined, 'a schema of a kind that this test does not know');
  return fieldsOf(next);
}

const namesOf = (fields: Fields): string[] => Object.keys(fields).sort();

describe('the fields that are on a tape', () => {
  for (const [name, { schema }] of Object.entries(collections))
    it(`are those that are read of ${name} in Nexudus`, () => {
      assert.deepEqual(namesOf(nexudusFields[name as CollectionName]), fieldsOf(schema));
    });

  const records: Record<keyof typeof kisiFields, unknown[]> = {
    user: [kisiRecords.currentUserRecord],
    groups: [kisiRecords.groupRecord],
    group_locks: [kisiRecords.doorOfGroupRecord],
    users: [kisiRecords.userRecord, kisiRecords.inviteeRecord],
    role_assignments: [kisiRecords.assignmentRecord],
    logins: [loginRecord],
  };
  for (const [name, schemas] of Object.entries(records))
    it(`are those that are read of ${name} in Kisi`, () => {
      const read = [...new Set(schemas.flatMap(fieldsOf))].sort();
      assert.deepEqual(namesOf(kisiFields[name as keyof typeof kisiFields]), read);
    });
});
