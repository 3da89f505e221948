/** How Kisi shows its records: the fields of its published contract, deprecated ones included. */
import type {
  KisiAssignment,
  KisiGroup,
  KisiLock,
  KisiOrganization,
  KisiPlace,
  KisiUser,
} from './kisi-organization.js';

/** A user. `send_emails` is never shown, so that nobody can tell a managed user from another. */
export function userBody(org: KisiOrganization, user: KisiUser): object {
  return {
    id: user.id,
    resource_type: 'User',
    name: user.name,
    email: user.email,
    created_at: user.created_at,
    updated_at: user.updated_at,
    metadata: user.metadata,
    image: user.image,
    password_flow_enabled: user.password_flow_enabled,
    access_enabled: user.access_enabled,
    last_accessed_at: user.last_accessed_at,
    notes: user.notes,
    confirmed: user.confirmed,
    otp_required_for_login: false,
    scim_access_enabled: true,
    organization_id: org.id,
    groups_count: org.assignments().filter((role) => role.user_id === user.id).length,
  };
}

/** The user behind the key, who is shown otherwise than in the list. */
export function currentUserBody(org: KisiOrganization, user: KisiUser): object {
  return {
    id: user.id,
    resource_type: 'User',
    name: user.name,
    email: user.email,
    image: user.image,
    locale: 'en',
    otp_required_for_login: false,
    organization_id: org.id,
    organization: { id: org.id, resource_type: 'Organization', name: org.name, domain: org.domain },
    created_at: user.created_at,
    updated_at: user.updated_at,
    notes: user.notes,
  };
}

/** The organization of the key. */
export function organizationBody(org: KisiOrganization): object {
  return { id: org.id, resource_type: 'Organization', name: org.name, domain: org.domain };
}

/** A group. `place` is absent when the group spans the organization. */
export function groupBody(org: KisiOrganization, group: KisiGroup): object {
  const { lock_ids, ...shown } = group;
  const members = org.assignments().filter((role) => role.applies_to_id === group.id).length;
  const place = group.place_id === null ? undefined : org.places.get(group.place_id);
  return {
    ...shown,
    resource_type: 'Group',
    geofence_restriction_radius: 100,
    users_count: members,
    members_count: members,
    locks_count: lock_ids.length,
    elevator_stops_count: 0,
    ...(place && { place: reference('Place', place) }),
  };
}

/** A role assignment; the group and the validity only where it applies to a group. */
export function assignmentBody(org: KisiOrganization, role: KisiAssignment): object {
  const scope = role.applies_to_type.toLowerCase();
  const target = targetOf(org, role);
  const user = org.people.get(role.user_id);
  const assignee = user && { ...reference('User', user), email: user.email };
  return {
    id: role.id,
    resource_type: 'RoleAssignment',
    created_at: role.created_at,
    updated_at: role.updated_at,
    role_id: role.role_id,
    notify: role.notify,
    applies_to_type: role.applies_to_type,
    applies_to_id: role.applies_to_id,
    applies_to: target,
    assignee_type: 'User',
    assignee_id: role.user_id,
    assignee,
    created_by_type: 'User',
    created_by_id: org.ownerId,
    user_id: role.user_id,
    user: assignee,
    assignee_team_id: null,
    guest_id: null,
    issued_by_id: org.ownerId,
    type: scope,
    scope,
    [`${scope}_id`]: role.applies_to_id,
    [scope]: target,
    ...(scope === 'group' && { valid_from: role.valid_from, valid_until: role.valid_until }),
  };
}

/** A place. */
export function placeBody(org: KisiOrganization, place: KisiPlace): object {
  return {
    ...place,
    resource_type: 'Place',
    description: null,
    address: '1 Example Street',
    latitude: null,
    longitude: null,
    image: null,
    tz_time_zone: place.time_zone,
    locks_count: org.locks.all().filter((lock) => lock.place_id === place.id).length,
    integrations_count: 0,
    locked_down: false,
    locked_down_since: null,
    occupancy_rate: null,
    organization_id: org.id,
    organization: reference('Organization', org),
    updated_at: place.created_at,
    members_count: 0,
  };
}

/** A door. */
export function lockBody(org: KisiOrganization, lock: KisiLock): object {
  const place = org.places.get(lock.place_id);
  return {
    ...lock,
    resource_type: 'Lock',
    description: null,
    configured: true,
    online: true,
    open: false,
    unlocked: false,
    locked_down: false,
    locked_down_since: null,
    on_scheduled_unlock: false,
    order_id: null,
    geofence_restriction_enabled: false,
    geofence_restriction_radius: 100,
    reader_restriction_enabled: false,
    time_restriction_enabled: false,
    ...(place && { place: reference('Place', place) }),
    floor_id: null,
    updated_at: lock.created_at,
  };
}

/** That a group opens a door. */
export function groupLockBody(org: KisiOrganization, group: KisiGroup, lock: KisiLock): object {
  const place = org.places.get(lock.place_id);
  return {
    id: group.id * 1_000_000 + lock.id,
    group_id: group.id,
    group: { id: group.id, name: group.name },
    lock_id: lock.id,
    lock: { id: lock.id, name: lock.name, description: null },
    place_id: lock.place_id,
    ...(place && { place: { id: place.id, name: place.name } }),
    created_at: group.created_at,
    updated_at: group.updated_at,
  };
}

/** The roles that can be given. Ids other than those of groups were only reported, not documented. */
export const roles = [
  { id: 'group_basic', applies_to: 'Group', name: 'Basic' },
  { id: 'group_manager', applies_to: 'Group', name: 'Manager' },
  { id: 'place_owner', applies_to: 'Place', name: 'Owner' },
  { id: 'organization_administrator', applies_to: 'Organization', name: 'Administrator' },
  { id: 'organization_owner', applies_to: 'Organization', name: 'Owner' },
] as const;

/** A role as `GET /roles` shows it. */
export function roleBody(role: (typeof roles)[number]): object {
  const permissions = { unlock: true, manage_users: role.id !== 'group_basic' };
  return {
    ...role,
    resource_type: 'Role',
    description: null,
    custom: false,
    permissions,
    custom_role_id: null,
  };
}

function targetOf(org: KisiOrganization, role: KisiAssignment): object {
  if (role.applies_to_type === 'Organization')
    return { ...reference('Organization', org), domain: org.domain };
  const table = role.applies_to_type === 'Place' ? org.places : org.groups;
  return reference(
    role.applies_to_type,
    table.get(role.applies_to_id) ?? { id: role.applies_to_id, name: '' },
  );
}

function reference(type: string, row: { id: number; name: string }): object {
  return { id: row.id, resource_type: type, name: row.name };
}
