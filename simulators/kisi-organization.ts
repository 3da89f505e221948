/**
 * A Kisi organization in memory: its records, and what people do to them in Kisi's own web interface.
 * Records carry Kisi's field names; instants in them are ISO 8601 texts in UTC.
 */
import { KisiLoginBook } from './kisi-login-book.js';
import { Table } from './kisi-table.js';

export type MetadataValue = string | number | boolean | null;

export interface KisiUser {
  id: number;
  name: string;
  email: string;
  metadata: Record<string, MetadataValue>;
  image: string | null;
  password_flow_enabled: boolean;
  /** False: suspended everywhere in the organization. */
  access_enabled: boolean;
  last_accessed_at: string | null;
  notes: string | null;
  confirmed: boolean;
  /** False: a managed user, who gets no mail from Kisi. Never returned over HTTP. */
  send_emails: boolean;
  created_at: string;
  updated_at: string;
}

export interface KisiGroup {
  id: number;
  name: string;
  description: string | null;
  /** False: members hold the group but cannot open its doors with the app. */
  login_enabled: boolean;
  geofence_restriction_enabled: boolean;
  primary_device_restriction_enabled: boolean;
  managed_device_restriction_enabled: boolean;
  reader_restriction_enabled: boolean;
  time_restriction_enabled: boolean;
  tap_to_access_restriction_enabled: boolean;
  time_restriction_time_zone: string | null;
  /** Null: the group spans the organization. */
  place_id: number | null;
  lock_ids: number[];
  created_at: string;
  updated_at: string;
}

export interface KisiPlace {
  id: number;
  name: string;
  /** IANA name. */
  time_zone: string;
  created_at: string;
}

/** A door. */
export interface KisiLock {
  id: number;
  name: string;
  place_id: number;
  created_at: string;
}

export type AppliesToType = 'Organization' | 'Place' | 'Group';

/** A role of a user in a group, a place or the organization. Teams and guests are not modelled. */
export interface KisiAssignment {
  id: number;
  role_id: string;
  notify: boolean;
  applies_to_type: AppliesToType;
  applies_to_id: number;
  user_id: number;
  valid_from: string | null;
  valid_until: string | null;
  created_at: string;
  updated_at: string;
}

/** Something that happened to a record, as Kisi's event webhooks tell it. */
export interface KisiChange {
  /** Kisi's name of it: 'role_assignment.destroy'. */
  type: `${'user' | 'group' | 'role_assignment'}.${'create' | 'update' | 'destroy'}`;
  object: { type: 'User' | 'Group' | 'RoleAssignment'; id: number; name: string | null };
}

const objectTypes = { user: 'User', group: 'Group', role_assignment: 'RoleAssignment' } as const;

type New<Row> = Omit<Row, 'id' | 'created_at' | 'updated_at'>;

/** Where an assignment stands at an instant: before its validity, within it, or after it. */
export type Validity = 'early' | 'valid' | 'over';

const administrators = ['organization_owner', 'organization_administrator'];

export class KisiOrganization {
  readonly id = 4711;
  readonly name = 'Example Coworking';
  readonly domain = 'example-coworking';
  readonly places: Table<KisiPlace>;
  readonly locks: Table<KisiLock>;
  /** Everyone, the owner of the API key included. */
  readonly people: Table<KisiUser>;
  readonly groups: Table<KisiGroup>;
  /** Every role, the key owner's included. */
  readonly roles: Table<KisiAssignment>;
  /** The person who made the API key; the key acts as this person. */
  readonly ownerId: number;
  /** Told of every change. Roles that go with a user or a group are not told of one by one: whether Kisi does is not known. */
  onChange: (change: KisiChange) => void = () => undefined;
  /** The logins of everyone: the API keys of the owner, and the phones of those who signed in to the app. */
  readonly logins: KisiLoginBook;

  /** An organization with nobody in it but the owner of the API key. `now`: epoch ms. */
  constructor(
    apiKey: string,
    readonly now: () => number,
  ) {
    this.places = new Table(301, now);
    this.locks = new Table(7001, now);
    this.people = new Table(100_001, now);
    this.groups = new Table(2001, now);
    this.roles = new Table(5_000_001, now);
    this.ownerId = this.addUser({ email: 'owner@coworking.example', name: 'Olive Owner' }).id;
    this.addRole({ role_id: 'organization_owner', applies_to_type: 'Organization', applies_to_id: this.id });
    this.logins = new KisiLoginBook(now);
    this.logins.addApiKey(this.ownerId, apiKey);
  }

  /** Tells of a change to a record. */
  tell(
    kind: keyof typeof objectTypes,
    does: 'create' | 'update' | 'destroy',
    row: { id: number; name?: string },
  ): void {
    const { id, name = null } = row;
    this.onChange({ type: `${kind}.${does}`, object: { type: objectTypes[kind], id, name } });
  }

  /** The instant of now as Kisi writes it. */
  timestamp(): string {
    return new Date(this.now()).toISOString();
  }

  /** Everyone but the owner of the API key. */
  users(): KisiUser[] {
    return this.people.all().filter(({ id }) => id !== this.ownerId);
  }

  /** Every role in a group, whether valid now or not. */
  assignments(): KisiAssignment[] {
    return this.roles.all().filter(({ applies_to_type }) => applies_to_type === 'Group');
  }

  /**
   * The ids of the groups in which the users of an e-mail (any case) hold a role that is valid now, ascending.
   * A suspended user keeps them; whether a door opens is asked with `POST /locks/{id}/unlock`.
   */
  keysOf(email: string): number[] {
    const wanted = email.trim().toLowerCase();
    const ids = new Set(this.people.all().flatMap((u) => (u.email.toLowerCase() === wanted ? [u.id] : [])));
    const held = this.assignments().filter((a) => ids.has(a.user_id) && this.validity(a) === 'valid');
    return [...new Set(held.map((a) => a.applies_to_id))].sort((a, b) => a - b);
  }

  /** Where an assignment stands now: valid from `valid_from` on and until just before `valid_until`. */
  validity(assignment: KisiAssignment): Validity {
    const { valid_from, valid_until } = assignment;
    if (valid_from !== null && this.now() < Date.parse(valid_from)) return 'early';
    if (valid_until !== null && this.now() >= Date.parse(valid_until)) return 'over';
    return 'valid';
  }

  /** Adds a place. `time_zone`: IANA name. */
  addPlace(place: { name: string; time_zone?: string }): KisiPlace {
    const { name, time_zone = 'Europe/Berlin' } = place;
    return this.places.put({ id: this.places.takeId(), name, time_zone, created_at: this.timestamp() });
  }

  /** Adds a group with doors: those of `lock_ids`, else `locks_count` (1) new ones, at its place or the first. */
  addGroup(group: Partial<New<KisiGroup>> & { name: string; locks_count?: number }): KisiGroup {
    const { locks_count = 1, lock_ids, ...fields } = group;
    const doors = lock_ids ?? this.#addLocks(group.name, locks_count, group.place_id ?? null);
    const at = this.timestamp();
    const made = this.groups.put({
      description: null,
      login_enabled: true,
      geofence_restriction_enabled: false,
      primary_device_restriction_enabled: false,
      managed_device_restriction_enabled: false,
      reader_restriction_enabled: false,
      time_restriction_enabled: false,
      tap_to_access_restriction_enabled: false,
      time_restriction_time_zone: null,
      place_id: null,
      ...fields,
      lock_ids: doors,
      id: this.groups.takeId(),
      created_at: at,
      updated_at: at,
    });
    this.tell('group', 'create', made);
    return made;
  }

  /** Adds a user, without a mail. Takes any e-mail, one that is already there too. */
  addUser(user: Partial<New<KisiUser>> & { email: string }): KisiUser {
    const at = this.timestamp();
    const made = this.people.put({
      name: '',
      metadata: {},
      image: null,
      password_flow_enabled: true,
      access_enabled: true,
      last_accessed_at: null,
      notes: null,
      confirmed: false,
      send_emails: true,
      ...user,
      id: this.people.takeId(),
      created_at: at,
      updated_at: at,
    });
    this.tell('user', 'create', made);
    return made;
  }

  /** Adds a role to a user (to the key's owner by default), without a mail and without looking for a duplicate. */
  addRole(
    role: Partial<New<KisiAssignment>> &
      Pick<KisiAssignment, 'role_id' | 'applies_to_type' | 'applies_to_id'>,
  ): KisiAssignment {
    const at = this.timestamp();
    const made = this.roles.put({
      notify: false,
      user_id: this.ownerId,
      valid_from: null,
      valid_until: null,
      ...role,
      id: this.roles.takeId(),
      created_at: at,
      updated_at: at,
    });
    this.tell('role_assignment', 'create', made);
    return made;
  }

  /** Someone gives a user a group in the web interface, without a mail. `validUntil`: epoch ms. */
  grantByHand(grant: { userId: number; groupId: number; validUntil?: number }): KisiAssignment {
    const { userId, groupId, validUntil } = grant;
    return this.addRole({
      role_id: 'group_basic',
      applies_to_type: 'Group',
      applies_to_id: groupId,
      user_id: userId,
      valid_until: validUntil === undefined ? null : new Date(validUntil).toISOString(),
    });
  }

  /** Removes a role. False: there was none. */
  removeAssignment(id: number): boolean {
    if (!this.roles.remove(id)) return false;
    this.tell('role_assignment', 'destroy', { id });
    return true;
  }

  /** Replaces a role. */
  changeAssignment(role: KisiAssignment): KisiAssignment {
    const changed = this.roles.put({ ...role, updated_at: this.timestamp() });
    this.tell('role_assignment', 'update', changed);
    return changed;
  }

  /** Replaces a user. */
  changeUser(user: KisiUser): void {
    this.tell('user', 'update', this.people.put({ ...user, updated_at: this.timestamp() }));
  }

  /** Suspends a user or lets them in again. Throws when there is no such user. */
  setAccessEnabled(userId: number, enabled: boolean): void {
    const user = this.people.get(userId);
    if (!user) throw new Error(`No Kisi user ${userId}.`);
    this.changeUser({ ...user, access_enabled: enabled });
  }

  /** Deletes a user with all their roles. False: there was none. */
  deleteUser(id: number): boolean {
    this.#removeRoles((role) => role.user_id === id);
    if (!this.people.remove(id)) return false;
    this.tell('user', 'destroy', { id });
    return true;
  }

  /** Renames a group. Throws when there is no such group. */
  renameGroup(id: number, name: string): void {
    const group = this.groups.get(id);
    if (!group) throw new Error(`No Kisi group ${id}.`);
    this.changeGroup({ ...group, name });
  }

  /** Replaces a group. */
  changeGroup(group: KisiGroup): void {
    this.tell('group', 'update', this.groups.put({ ...group, updated_at: this.timestamp() }));
  }

  /** Deletes a group with all roles in it. False: there was none. */
  deleteGroup(id: number): boolean {
    this.#removeRoles((role) => role.applies_to_type === 'Group' && role.applies_to_id === id);
    if (!this.groups.remove(id)) return false;
    this.tell('group', 'destroy', { id });
    return true;
  }

  /** The key's owner loses the administrator's role: the key is still known, but may do nothing. */
  demoteKeyOwner(): void {
    this.#removeRoles((role) => role.user_id === this.ownerId && administrators.includes(role.role_id));
  }

  /** A user signs in to the app. Returns the secret of the new login, good for opening doors. */
  signIn(userId: number): string {
    return this.logins.addDevice(userId);
  }

  /** The owner deletes the API key that there is, and makes another. */
  replaceApiKey(secret: string): void {
    this.logins.removeAllOf(this.ownerId);
    this.logins.addApiKey(this.ownerId, secret);
  }

  /** The user behind the secret of a login; undefined when the secret or its user is gone. */
  userOf(secret: string): KisiUser | undefined {
    return this.people.get(this.logins.use(secret)?.user_id ?? -1);
  }

  /** True for someone who may administer the organization. */
  isAdministrator(userId: number): boolean {
    return this.roles.all().some((role) => role.user_id === userId && administrators.includes(role.role_id));
  }

  #addLocks(groupName: string, count: number, placeId: number | null): number[] {
    return Array.from({ length: count }, (_, index) => {
      const place_id = placeId ?? this.places.all()[0]?.id ?? this.addPlace({ name: 'Main house' }).id;
      const name = `${groupName} door ${index + 1}`;
      return this.locks.put({ id: this.locks.takeId(), name, place_id, created_at: this.timestamp() }).id;
    });
  }

  #removeRoles(which: (role: KisiAssignment) => boolean): void {
    for (const role of this.roles.all().filter(which)) this.roles.remove(role.id);
  }
}
