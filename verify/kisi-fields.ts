import type { Wire } from './fields.js';

/** The records of Kisi that Latchkey reads. */
export type KisiRecordName = 'currentUser' | 'users' | 'groups' | 'roleAssignments';

/** The fields that Latchkey reads of each, as they come over the wire (kisi-openapi.yaml). */
export const kisiFields: Readonly<Record<KisiRecordName, Readonly<Record<string, Wire>>>> = {
  currentUser: { id: 'id', organization_id: 'id' },
  users: {
    id: 'id',
    email: 'text',
    name: 'text',
    access_enabled: 'flag',
    scim_access_enabled: 'flag',
  },
  groups: { id: 'id', name: 'text', place_id: 'id?', login_enabled: 'flag', locks_count: 'number' },
  roleAssignments: {
    id: 'id',
    role_id: 'text',
    assignee_type: 'text',
    assignee_id: 'id',
    applies_to_type: 'text',
    applies_to_id: 'id',
    valid_from: 'date?',
    valid_until: 'date?',
    created_at: 'date',
    created_by_id: 'id?',
    created_by_type: 'text?',
  },
};
