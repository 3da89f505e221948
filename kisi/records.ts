/**
 * Kisi's records as typed values. Only the fields that are used are read; unknown ones are let through unread,
 * because Kisi adds fields without notice. Names on the wire are those of Kisi's OpenAPI document.
 */
import { z } from 'zod';
import { normalEmail } from '../lib/emails.js';

/** The role that opens the doors of a group: the one that Latchkey gives. */
export const keyRole = 'group_basic';

/** Who the API key acts as, and in which organization. */
export interface KisiCurrentUser {
  id: number;
  organizationId: number | null;
  organizationName: string | null;
}

/** A set of doors. */
export interface KisiGroup {
  id: number;
  name: string;
  /** Null: a group of the whole organization. */
  placeId: number | null;
  /** False: people hold the group but cannot open with the app (unlock error f01337). Null: not said. */
  loginEnabled: boolean | null;
  /** 0: the group opens nothing. Null: not said. */
  locksCount: number | null;
  /** What else must be so for the app to open; left out: not said. */
  restrictions?: DoorRestriction[];
}

/** A door that a group opens. */
export interface KisiDoor {
  id: number;
  name: string;
}
const doorRestrictions = [
  'geofence',
  'reader',
  'primaryDevice',
  'managedDevice',
  'time',
  'tapToAccess',
] as const;
/** What a group may ask of whoever opens: to be near, to stand at the reader, a certain phone, a time of the day. */
export type DoorRestriction = (typeof doorRestrictions)[number];

/** A person in the organization. E-mail and name are personal data: never log them. */
export interface KisiUser {
  id: number;
  /** Trimmed and lower-cased; empty when the record has none. */
  email: string;
  name: string;
  /** False: suspended in the whole organization, by hand or by SCIM; keys stay but open nothing. */
  accessEnabled: boolean;
}

/** How far a person has come with Kisi's invitation, as far as the user's record tells. Times in ms since the epoch, UTC. */
export interface KisiInvitee {
  id: number;
  /** Null also where Kisi says something that cannot be read. */
  createdAt: number | null;
  /** Whether the account is confirmed, by the person or by whoever made it; null: not said. */
  confirmed: boolean | null;
  /** When the person last opened a door; `unknown`: not said, or it cannot be read. */
  lastUnlockAt: number | 'never' | 'unknown';
  /** False: suspended, so that Kisi lets nobody in and a mail would only confuse. */
  accessEnabled: boolean;
}

/**
 * When a right ends, in ms since the epoch, UTC; null: never. `unreadable`: Kisi says something that is no instant, or none
 * that can be written as Kisi writes them, so the right may end at any time. Such a right is nobody's to move or to take away
 * by its end.
 */
export type KisiEnd = number | null | 'unreadable';

/** A person's right to a group (a role assignment of a user on a group). Times in ms since the epoch, UTC. */
export interface KisiKey {
  id: number;
  userId: number;
  groupId: number;
  /** `group_basic` opens doors; `group_manager` and others are given by hand. */
  roleId: string;
  /** Null also where Kisi says something that cannot be read; so with `createdAt`. */
  validFrom: number | null;
  validUntil: KisiEnd;
  createdAt: number | null;
  /** The user or app that gave it; null when Kisi does not say. */
  createdById: number | null;
  /** Said where an app of Kisi's marketplace gave it, and no person did. */
  isByApp?: true;
}

/** Who holds what: any role assignment, also those that are no keys (of teams and guests, on places). */
export interface Assignment {
  id: number;
  assigneeType: string;
  assigneeId: number;
  appliesToType: string;
  appliesToId: number | null;
  roleId: string;
  /** Null also where Kisi says something that cannot be read; so with `createdAt`. */
  validFrom: number | null;
  validUntil: KisiEnd;
  createdAt: number | null;
  createdById: number | null;
  isByApp?: true;
}

/**
 * The first of these rights that may do more than open doors, such as `organization_owner` or `group_manager`; null: there is
 * none. Whoever holds one sees to the doors of others, and keeps the keys that a person gave. Kisi's plain roles end in
 * `_basic`.
 */
export function higherRoleOf(rights: readonly Pick<Assignment, 'roleId'>[]): string | null {
  const higher = rights.find(({ roleId }) => !/_basic$/.test(roleId));
  if (higher === undefined) return null;
  return /^\w{1,60}$/.test(higher.roleId) ? higher.roleId : 'a role without a plain name';
}

/** The one right that a person holds to a group (Kisi allows one); group_basic first should there be more. Null: none. */
export function rightTo(groupId: number, rights: readonly KisiKey[]): KisiKey | null {
  const inGroup = rights.filter((right) => right.groupId === groupId);
  return inGroup.find(({ roleId }) => roleId === keyRole) ?? inGroup[0] ?? null;
}

/**
 * What an e-mail has in common with those that a person may take for the same: letters of other forms or with accents, dots,
 * what is after a plus sign, spaces. A person with a like e-mail is not therefore the same person: the likeness is told, and
 * never acted on.
 */
export function likeEmail(email: string): string {
  const plain = email
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}\s]/gu, '')
    .toLowerCase();
  const at = plain.lastIndexOf('@');
  const local = plain.slice(0, Math.max(at, 0)).replace(/\+.*$/, '').replaceAll('.', '');
  return `${local}${plain.slice(Math.max(at, 0))}`;
}

/** The first instant that takes five digits for its year. */
const year10000 = Date.UTC(10_000, 0);
// An offset is required: a time without one would be read in the zone of this machine.
const instant = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .refine((at) => at < year10000);
// One right with a date that cannot be read must not hide all others.
const maybeInstant = instant.nullable().default(null).catch(null);
const end = instant
  .nullish()
  .transform((at): KisiEnd => at ?? null)
  .catch('unreadable');
const maybeNumber = z.number().nullable().default(null);
const maybeText = z.string().nullable().default(null);
const maybeTruth = z.boolean().nullable().default(null);
// The desk shows restrictions, and they decide nothing: no shape of one makes a group malformed.
const restriction = z.boolean().catch(false);
const id = z.int().positive();

export const currentUserRecord = z
  .object({
    id,
    organization_id: maybeNumber,
    organization: z.object({ id: maybeNumber, name: maybeText }).nullish(),
  })
  .transform((row): KisiCurrentUser => ({
    id: row.id,
    organizationId: row.organization_id ?? row.organization?.id ?? null,
    organizationName: row.organization?.name ?? null,
  }));

// In one line of characters that can be seen: a name with a line break in it would forge lines wherever it is shown, logs too.
const plainName = z
  .string()
  .transform((name) => name.replace(/\p{Bidi_Control}/gu, '').replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' '));

export const groupRecord = z
  .object({
    id,
    name: plainName,
    place_id: maybeNumber,
    login_enabled: maybeTruth,
    locks_count: maybeNumber,
    geofence_restriction_enabled: restriction,
    reader_restriction_enabled: restriction,
    primary_device_restriction_enabled: restriction,
    managed_device_restriction_enabled: restriction,
    time_restriction_enabled: restriction,
    tap_to_access_restriction_enabled: restriction,
  })
  .transform((row): KisiGroup => ({
    id: row.id,
    name: row.name,
    placeId: row.place_id,
    loginEnabled: row.login_enabled,
    locksCount: row.locks_count,
    restrictions: restrictionsOf({
      geofence: row.geofence_restriction_enabled,
      reader: row.reader_restriction_enabled,
      primaryDevice: row.primary_device_restriction_enabled,
      managedDevice: row.managed_device_restriction_enabled,
      time: row.time_restriction_enabled,
      tapToAccess: row.tap_to_access_restriction_enabled,
    }),
  }));

/** That a group opens a door: a record of its own (`/group_locks`). */
export const doorOfGroupRecord = z
  .object({ group_id: id, lock_id: id, lock: z.object({ name: plainName }).nullish() })
  .transform((row): KisiDoor & { groupId: number } => ({
    groupId: row.group_id,
    id: row.lock_id,
    name: row.lock?.name ?? '',
  }));
const isEnabled = (row: { access_enabled: boolean | null; scim_access_enabled: boolean | null }): boolean =>
  row.access_enabled !== false && row.scim_access_enabled !== false;
function restrictionsOf(enabled: Record<DoorRestriction, boolean>): DoorRestriction[] {
  return doorRestrictions.filter((restriction) => enabled[restriction]);
}

export const userRecord = z
  .object({
    id,
    email: maybeText,
    name: maybeText,
    access_enabled: maybeTruth,
    scim_access_enabled: maybeTruth,
  })
  .transform((row): KisiUser => ({
    id: row.id,
    email: normalEmail(row.email ?? ''),
    name: row.name ?? '',
    accessEnabled: isEnabled(row),
  }));

export const inviteeRecord = z
  .object({
    id,
    created_at: maybeInstant,
    confirmed: maybeTruth,
    last_accessed_at: instant
      .nullish()
      .transform((at): KisiInvitee['lastUnlockAt'] => (at === undefined ? 'unknown' : (at ?? 'never')))
      .catch('unknown'),
    access_enabled: maybeTruth,
    scim_access_enabled: maybeTruth,
  })
  .transform((row): KisiInvitee => ({
    id: row.id,
    createdAt: row.created_at,
    confirmed: row.confirmed,
    lastUnlockAt: row.last_accessed_at,
    accessEnabled: isEnabled(row),
  }));

/** A role assignment, in the new form or (where the new fields are missing) the deprecated one. */
export const assignmentRecord = z
  .object({
    id,
    role_id: z.string(),
    assignee_type: maybeText,
    assignee_id: maybeNumber,
    applies_to_type: maybeText,
    applies_to_id: maybeNumber,
    user_id: maybeNumber,
    group_id: maybeNumber,
    valid_from: maybeInstant,
    valid_until: end,
    created_at: maybeInstant,
    created_by_id: maybeNumber,
    // It is told at the desk, and decides nothing.
    created_by_type: maybeText.catch(null),
  })
  .transform((row, context): Assignment => {
    const assigneeId = row.assignee_id ?? row.user_id;
    const appliesToType = row.applies_to_type ?? (row.group_id === null ? null : 'Group');
    if (assigneeId === null || appliesToType === null) {
      const missing = assigneeId === null ? 'assignee_id' : 'applies_to_type';
      context.addIssue({ code: 'custom', message: 'missing', path: [missing] });
      return z.NEVER;
    }
    return {
      id: row.id,
      assigneeType: row.assignee_type ?? 'User',
      assigneeId,
      appliesToType,
      appliesToId: row.applies_to_id ?? row.group_id,
      roleId: row.role_id,
      validFrom: row.valid_from,
      validUntil: row.valid_until,
      createdAt: row.created_at,
      createdById: row.created_by_id,
      ...(row.created_by_type === 'MarketplaceInstallation' ? { isByApp: true } : {}),
    };
  });

/** The assignment as a key, or null when it is none: of a team or guest, or on a place or the organization. */
export function asKey(assignment: Assignment): KisiKey | null {
  const { assigneeType, assigneeId, appliesToType, appliesToId, ...rest } = assignment;
  if (assigneeType !== 'User' || appliesToType !== 'Group' || appliesToId === null) return null;
  return { ...rest, userId: assigneeId, groupId: appliesToId };
}
