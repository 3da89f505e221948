/**
 * Kisi over HTTP: one method for each thing that is asked of it, one request for each method unless it says otherwise. It never
 * retries: the caller decides that. Facts come from Kisi's OpenAPI document unless noted.
 */
import { z } from 'zod';
import { createSend, orNull, read, type KisiClientOptions } from './http.js';
import { pages, readAll, type Page } from './lists.js';
import { listLogins, type KisiLogin } from './logins.js';
import {
  asKey,
  currentUserRecord,
  doorOfGroupRecord,
  groupRecord,
  inviteeRecord,
  keyRole,
  userRecord,
  type Assignment,
  type KisiCurrentUser,
  type KisiDoor,
  type KisiGroup,
  type KisiInvitee,
  type KisiKey,
  type KisiUser,
} from './records.js';
import { Rights, type KnownKey, type NewKey } from './rights.js';
import { Users } from './users.js';

export type { KisiClientOptions } from './http.js';

/**
 * What can be asked of Kisi. Every method throws a KisiError, or the reason of `signal` once that is aborted.
 * List methods read all pages (lists.ts) and throw `malformed` when rows may be missing, or are not what was asked for.
 */
export interface KisiClient {
  /** Who the API key acts as: the cheap way to check a key. */
  currentUser(signal?: AbortSignal): Promise<KisiCurrentUser>;
  /** The role that a person has in the organization as a whole, such as `organization_owner`; null: none. One request a page. */
  organizationRole(of: { userId: number }, signal?: AbortSignal): Promise<string | null>;
  /** All groups of the organization. */
  listGroups(signal?: AbortSignal): Promise<KisiGroup[]>;
  /** One group; `notFound` when there is none. */
  getGroup(id: number, signal?: AbortSignal): Promise<KisiGroup>;
  /**
   * The doors that a group opens, 100 at most. Which fields `/group_locks` has is known only from what other programs read of
   * it: the doors are for show, and decide nothing. One request.
   */
  listDoorsOfGroup(where: { groupId: number }, signal?: AbortSignal): Promise<KisiDoor[]>;
  /**
   * The person with exactly this e-mail (trimmed, any case), or null. `filter` asks `?email=`, whose exactness and
   * case rule are not documented; `search` asks `?query=`, a loose search that must never be trusted for its first
   * row. Only both together show that there is nobody. One request a page.
   */
  findUserByEmail(email: string, how: 'filter' | 'search', signal?: AbortSignal): Promise<KisiUser | null>;
  /**
   * One person, or null when there is none: a loss needs two witnesses, since a new user is made, and mailed, for one who is
   * gone. So after a 404 the list of users is asked for the id too; `malformed` when it shows the person all the same.
   */
  getUser(id: number, signal?: AbortSignal): Promise<KisiUser | null>;
  /** Everybody in the organization. One request for each 100. */
  listUsers(signal?: AbortSignal): Promise<KisiUser[]>;
  /** The same page by page: a caller that wants no more may stop. */
  usersByPage(signal?: AbortSignal): AsyncGenerator<Page<KisiUser>>;
  /** How far everybody has come with the invitation, those who never opened a door first. One request for each 100. */
  inviteesByUnlock(signal?: AbortSignal): AsyncGenerator<Page<KisiInvitee>>;
  /** The same the other way round: who opened a door last comes first. */
  inviteesByLastUnlock(signal?: AbortSignal): AsyncGenerator<Page<KisiInvitee>>;
  /** The same of one person; null by Kisi's 404, which is one witness. */
  getInvitee(id: number, signal?: AbortSignal): Promise<KisiInvitee | null>;
  /**
   * The API keys and phones that a person is signed in with; `me`: those of the person behind the API key. Null: Kisi does not
   * tell (`listLogins`).
   */
  loginsOf(whose: { userId: number | 'me' }, signal?: AbortSignal): Promise<KisiLogin[] | null>;
  /**
   * Adds a person. `send_emails: true` makes a regular user, whom Kisi mails how to get the app and sign in: that is
   * the one mail a new member needs. `confirm: true`, as in both of Kisi's own samples: no link to click before the
   * keys work; signing in takes the mailbox anyway. Both explicit: Kisi documents no defaults. An empty name is not sent.
   */
  createUser(person: { email: string; name: string }, signal?: AbortSignal): Promise<KisiUser>;
  /**
   * Gives a person a group with role group_basic. `notify: false`: the mail about the account is enough, and a
   * renewed key must mail nobody. `conflict` or `invalid` when the person holds a role there already.
   */
  createKey(key: NewKey, signal?: AbortSignal): Promise<KisiKey>;
  /** One key, or null by Kisi's 404, which is one witness (see `keyNow`); `malformed` when the id is of a role assignment that is no key. */
  getKey(id: number, signal?: AbortSignal): Promise<KisiKey | null>;
  /** All rights that a person holds, of every role: to groups, places and the organization. */
  listRightsOf(whose: { userId: number }, signal?: AbortSignal): Promise<Assignment[]>;
  /** All rights to groups that a person holds, of every role. */
  listKeysOf(whose: { userId: number }, signal?: AbortSignal): Promise<KisiKey[]>;
  /** All rights to a group that persons hold (not teams, not guests), of every role. */
  listKeysOfGroup(where: { groupId: number }, signal?: AbortSignal): Promise<KisiKey[]>;
  /**
   * All rights to groups that persons hold, of every role. One request for each 250 role assignments of any kind; where
   * there are more than Kisi lets be read in one list (20,250), group by group.
   */
  listAllKeys(signal?: AbortSignal): Promise<KisiKey[]>;
  /** The same with rights to places and the organization; where it is read group by group, without these. */
  listAllRights(signal?: AbortSignal): Promise<Assignment[]>;
  /**
   * The ids of users whose e-mails are like this one (`likeEmail`) but not the same, by the loose search. One request a page.
   */
  findUsersLike(email: string, signal?: AbortSignal): Promise<number[]>;
  /** The person's group_basic key to the group, or null. Reads all keys of the person: one request a page. */
  findKey(which: { userId: number; groupId: number }, signal?: AbortSignal): Promise<KisiKey | null>;
  /**
   * Asks for another end, once a look by the id shows that this is the key that it is believed to be (`KnownKey`): two requests.
   * Kisi's description of this call is defective, so whether it heeds `valid_until` is not certain: read the key afterwards (see
   * moveKey). `notify: false`, since a mail may be sent on updates too. `notFound` when the key is gone.
   */
  patchKey(key: KnownKey, change: { validUntil: number | null }, signal?: AbortSignal): Promise<void>;
  /**
   * Has Kisi mail the person about a key once more, by an update that changes nothing else; two requests, as `patchKey`. Kisi
   * documents that an update may mail, and not that it does.
   */
  notifyOfKey(key: KnownKey, signal?: AbortSignal): Promise<void>;
  /**
   * Takes a key away, once a look by the id shows that this is the key that it is believed to be (`KnownKey`): two requests.
   * `alreadyGone` by Kisi's 404, which is one witness (see `removeKey` in keys.ts).
   */
  deleteKey(key: KnownKey, signal?: AbortSignal): Promise<'deleted' | 'alreadyGone'>;
  /**
   * Takes a key away, as `deleteKey` does, and gives another, with nothing between the last two of three requests: a person
   * holds one role in a group, so the door is shut until the last is done. `onTaken` is called as soon as the first key is
   * away, with whether it was there. Fails as `createKey` does.
   */
  replaceKey(
    id: number,
    key: NewKey,
    signal?: AbortSignal,
    onTaken?: (wasThere: boolean) => void,
  ): Promise<KisiKey>;
}

/** A client for one organization. Throws a TypeError when the base URL or the API key cannot be right. */
export function createKisiClient(options: KisiClientOptions): KisiClient {
  const send = createSend(options);
  const rights = new Rights(send);
  const users = new Users(send);
  const client: KisiClient = {
    currentUser: (signal) => read(send, { method: 'GET', path: '/user' }, currentUserRecord, signal),
    async organizationRole({ userId }, signal) {
      const held = await rights.listOfUser(userId, signal);
      return held.find(({ appliesToType }) => appliesToType === 'Organization')?.roleId ?? null;
    },
    listGroups: (signal) => readAll(send, 'groups', groupRecord, {}, signal),
    getGroup: (id, signal) => read(send, { method: 'GET', path: '/groups/{id}', id }, groupRecord, signal),
    async listDoorsOfGroup({ groupId }, signal) {
      const query = { group_id: groupId, limit: 100 };
      const doors = z.array(doorOfGroupRecord);
      const rows = await read(send, { method: 'GET', path: '/group_locks', query }, doors, signal);
      // Where Kisi does not heed the filter, doors of other groups come too.
      return rows.filter((row) => row.groupId === groupId).map(({ id, name }) => ({ id, name }));
    },
    findUserByEmail: (email, how, signal) => users.findByEmail(email, how, signal),
    getUser: (id, signal) => users.get(id, signal),
    listUsers: (signal) => readAll(send, 'users', userRecord, {}, signal),
    usersByPage: (signal) => pages(send, 'users', userRecord, {}, signal),
    inviteesByUnlock: (signal) => pages(send, 'users', inviteeRecord, { sort: 'unlock' }, signal),
    inviteesByLastUnlock: (signal) => pages(send, 'users', inviteeRecord, { sort: '-unlock' }, signal),
    getInvitee: (id, signal) =>
      orNull(read(send, { method: 'GET', path: '/users/{id}', id }, inviteeRecord, signal)),
    loginsOf: ({ userId }, signal) => listLogins(send, userId, signal),
    createUser: (person, signal) => users.create(person, signal),
    findUsersLike: (email, signal) => users.findLike(email, signal),
    createKey: (key, signal) => rights.createKey(key, signal),
    getKey: (id, signal) => rights.getKey(id, signal),
    listRightsOf: ({ userId }, signal) => rights.listOfUser(userId, signal),
    listKeysOf: async ({ userId }, signal) => keysIn(await rights.listOfUser(userId, signal)),
    listKeysOfGroup: async ({ groupId }, signal) => keysIn(await rights.listOfGroup(groupId, signal)),
    listAllKeys: async (signal) => keysIn(await client.listAllRights(signal)),
    listAllRights: (signal) => rights.listAll(() => client.listGroups(signal), signal),
    async findKey({ userId, groupId }, signal) {
      const keys = await client.listKeysOf({ userId }, signal);
      return keys.find((key) => key.groupId === groupId && key.roleId === keyRole) ?? null;
    },
    patchKey: (key, change, signal) => rights.patchKey(key, change, signal),
    notifyOfKey: (key, signal) => rights.notifyOfKey(key, signal),
    deleteKey: (key, signal) => rights.deleteKey(key, signal),
    replaceKey: (id, key, signal, onTaken) => rights.replaceKey(id, key, signal, onTaken),
  };
  return client;
}

const keysIn = (rows: readonly Assignment[]): KisiKey[] => rows.map(asKey).filter((key) => key !== null);
