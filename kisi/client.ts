/**
 * Kisi over HTTP: one method for each thing that is asked of it, one request for each method unless it says
 * otherwise. It never retries: who calls decides that. Facts come from Kisi's OpenAPI document unless noted.
 */
import { KisiError, isKisiError, malformed, type KisiCall } from './errors.js';
import {
  createSend,
  givenUp,
  read,
  type KisiClientOptions,
  type KisiRequest,
  type Query,
  type Send,
} from './http.js';
import { pages, readAll, type Page } from './lists.js';
import {
  asKey,
  assignmentRecord,
  currentUserRecord,
  groupRecord,
  keyRole,
  likeEmail,
  normalEmail,
  userRecord,
  type Assignment,
  type KisiCurrentUser,
  type KisiGroup,
  type KisiKey,
  type KisiUser,
} from './records.js';

export type { KisiClientOptions } from './http.js';

/** A key as it is asked for. Times in ms since the epoch; null: no limit. */
export interface NewKey {
  userId: number;
  groupId: number;
  /** Not sent when left out. */
  validFrom?: number | null;
  validUntil: number | null;
}

/**
 * A key that is to be changed or taken away, and what it is believed to be: a right of role group_basic of just this person to
 * just this group. By an id alone anybody's right could be meant: one that a person has made a higher role of, or given to
 * somebody else, since. Whatever is not just this is left alone: `blocked`, before anything is sent.
 */
export interface KnownKey {
  id: number;
  userId: number;
  groupId: number;
  /** True: where Kisi's reads are down it is taken away unseen, since a person ordered it and Latchkey made it itself. */
  evenUnseen?: boolean;
}

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
  /** The same page by page: whoever wants no more ends it. */
  usersByPage(signal?: AbortSignal): AsyncGenerator<Page<KisiUser>>;
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
  /** All rights that a person holds, of every role, be they to groups, places or the organization. */
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
  /** The ids of users whose e-mails are like this one (`likeEmail`) and are another, by the loose search. One request a page. */
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
   * Takes a key away, once a look by the id shows that this is the key that it is believed to be (`KnownKey`): two requests.
   * `alreadyGone` by Kisi's 404, which is one witness (see `removeKey` in keys.ts).
   */
  deleteKey(key: KnownKey, signal?: AbortSignal): Promise<'deleted' | 'alreadyGone'>;
  /**
   * Takes a key away, as `deleteKey` does, and gives another, with nothing between the last two of three requests: a person
   * holds one role in a group, so the door is shut until the last is done. `onTaken` is told as soon as the first key is
   * away, and whether it was there. Fails as `createKey` does.
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

  const assignmentsOf = async (query: Query, obeys: (row: Assignment) => boolean, signal?: AbortSignal) => {
    const rows = await readAll(send, 'role_assignments', assignmentRecord, query, signal);
    if (!rows.every(obeys)) {
      throw malformed(
        { method: 'GET', path: '/role_assignments' },
        'rows that the filter should have kept out',
      );
    }
    return rows;
  };

  const assignmentsOfUser = ({ userId }: { userId: number }, signal?: AbortSignal): Promise<Assignment[]> =>
    assignmentsOf(
      { assignee_type: 'User', assignee_id: userId },
      (row) => row.assigneeType === 'User' && row.assigneeId === userId,
      signal,
    );

  const assignmentsOfGroup = (groupId: number, signal?: AbortSignal): Promise<Assignment[]> =>
    assignmentsOf(
      { applies_to_type: 'Group', applies_to_id: groupId },
      (row) => row.appliesToType === 'Group' && row.appliesToId === groupId,
      signal,
    );

  const postOf = ({ userId, groupId, validFrom, validUntil }: NewKey, turns: number): KisiRequest => {
    const call: KisiCall = { method: 'POST', path: '/role_assignments' };
    const role_assignment = {
      applies_to_type: 'Group',
      applies_to_id: groupId,
      assignee_type: 'User',
      assignee_id: userId,
      role_id: keyRole,
      ...(validFrom === undefined ? {} : { valid_from: isoTime(call, validFrom) }),
      valid_until: isoTime(call, validUntil),
      notify: false,
    };
    return { ...call, body: { role_assignment }, turns };
  };

  const postKey = async (
    request: KisiRequest,
    { userId, groupId }: NewKey,
    signal?: AbortSignal,
  ): Promise<KisiKey> => {
    const key = asKey(await read(send, request, assignmentRecord, signal));
    if (key?.userId !== userId || key.groupId !== groupId || key.roleId !== keyRole) {
      throw malformed(request, 'the key that came back is not the one that was asked for');
    }
    return key;
  };

  /** Kisi answers 204 without a body: a page in its place is a gateway's, and nothing was changed. */
  const change = async (request: KisiRequest, signal?: AbortSignal): Promise<true> => {
    const { body } = await send(request, signal);
    if (!/^\s*([{["].*)?$/s.test(body)) throw malformed(request, 'a page that is not from Kisi');
    return true;
  };

  /**
   * Looks before a write. Throws `blocked` where the id names another right than this key, `notFound` where it names none;
   * given up meanwhile, the write was surely not sent.
   */
  const checkIsIt = async (write: KisiCall, known: KnownKey, signal?: AbortSignal): Promise<void> => {
    const request: KisiRequest = { method: 'GET', path: '/role_assignments/{id}', id: known.id };
    try {
      const there = await read(send, request, assignmentRecord, signal);
      if (!isJust(known, there)) throw anotherRight(request, known, there);
    } catch (error) {
      if (!isKisiError(error)) throw givenUp(write);
      if (known.evenUnseen !== true || error.kind !== 'unavailable') throw error;
    }
  };

  const dropKey = async (
    key: KnownKey,
    turns: number,
    signal?: AbortSignal,
  ): Promise<'deleted' | 'alreadyGone'> => {
    const request: KisiRequest = { method: 'DELETE', path: '/role_assignments/{id}', id: key.id, turns };
    const dropped = checkIsIt(request, key, signal).then(() => change(request, signal));
    return (await orNull(dropped)) ? 'deleted' : 'alreadyGone';
  };

  const client: KisiClient = {
    async currentUser(signal) {
      return read(send, { method: 'GET', path: '/user' }, currentUserRecord, signal);
    },

    async organizationRole(of, signal) {
      const roles = await assignmentsOfUser(of, signal);
      return roles.find(({ appliesToType }) => appliesToType === 'Organization')?.roleId ?? null;
    },

    async listGroups(signal) {
      return readAll(send, 'groups', groupRecord, {}, signal);
    },

    async getGroup(id, signal) {
      return read(send, { method: 'GET', path: '/groups/{id}', id }, groupRecord, signal);
    },

    async findUserByEmail(email, how, signal) {
      const wanted = normalEmail(email);
      if (wanted === '') return null;
      const query = how === 'filter' ? { email: wanted } : { query: wanted };
      return findUser(send, query, wanted, signal);
    },

    async getUser(id, signal) {
      const request: KisiRequest = { method: 'GET', path: '/users/{id}', id };
      const user = await orNull(read(send, request, userRecord, signal));
      if (user !== null) return user;
      const listed = await readAll(send, 'users', userRecord, { ids: id }, signal);
      // Where the filter is not heeded, the list is of all users, and tells just as well.
      if (listed.some((row) => row.id === id))
        throw malformed(request, 'a 404 of a user whom the list of users shows', 404);
      return null;
    },

    async listUsers(signal) {
      return readAll(send, 'users', userRecord, {}, signal);
    },

    usersByPage: (signal) => pages(send, 'users', userRecord, {}, signal),

    async createUser({ email, name }, signal) {
      const user = {
        email: normalEmail(email),
        ...(name === '' ? {} : { name }),
        send_emails: true,
        confirm: true,
        access_enabled: true,
      };
      return read(send, { method: 'POST', path: '/users', body: { user } }, userRecord, signal);
    },

    createKey: async (key, signal) => postKey(postOf(key, 1), key, signal),

    async getKey(id, signal) {
      const request: KisiRequest = { method: 'GET', path: '/role_assignments/{id}', id };
      const assignment = await orNull(read(send, request, assignmentRecord, signal));
      if (!assignment) return null;
      const key = asKey(assignment);
      if (key?.id !== id)
        throw malformed(request, 'another role assignment came back than the key asked for');
      return key;
    },

    listRightsOf: assignmentsOfUser,

    listKeysOf: async (whose, signal) => keysIn(await assignmentsOfUser(whose, signal)),

    listKeysOfGroup: async ({ groupId }, signal) => keysIn(await assignmentsOfGroup(groupId, signal)),

    listAllKeys: async (signal) => keysIn(await client.listAllRights(signal)),

    async listAllRights(signal) {
      try {
        return await assignmentsOf({}, () => true, signal);
      } catch (error) {
        if (!isKisiError(error, 'tooLong')) throw error;
      }
      const rights: Assignment[] = [];
      for (const { id } of await client.listGroups(signal))
        rights.push(...(await assignmentsOfGroup(id, signal)));
      return rights;
    },

    async findUsersLike(email, signal) {
      const wanted = normalEmail(email);
      if (wanted === '') return [];
      const users = await readAll(send, 'users', userRecord, { query: wanted }, signal);
      return users
        .filter((user) => user.email !== wanted && likeEmail(user.email) === likeEmail(wanted))
        .map(({ id }) => id);
    },

    async findKey({ userId, groupId }, signal) {
      const keys = await client.listKeysOf({ userId }, signal);
      return keys.find((key) => key.groupId === groupId && key.roleId === keyRole) ?? null;
    },

    async patchKey(key, { validUntil }, signal) {
      const call: KisiCall = { method: 'PATCH', path: '/role_assignments/{id}' };
      const role_assignment = { valid_until: isoTime(call, validUntil), notify: false };
      await checkIsIt(call, key, signal);
      await change({ ...call, id: key.id, body: { role_assignment } }, signal);
    },

    deleteKey: (key, signal) => dropKey(key, 1, signal),

    async replaceKey(id, key, signal, onTaken) {
      // Made before the first is sent: what must not be sent leaves the key where it is.
      const request = postOf(key, 0);
      const dropped = await dropKey({ ...key, id }, 2, signal);
      onTaken?.(dropped === 'deleted');
      return postKey(request, key, signal);
    },
  };
  return client;
}

/** Whether a right is the key that is believed to be there, and no other in anything. */
function isJust({ id, userId, groupId }: KnownKey, right: Assignment): boolean {
  const key = asKey(right);
  return key?.id === id && key.userId === userId && key.groupId === groupId && key.roleId === keyRole;
}

function anotherRight(call: KisiCall, { id, userId, groupId }: KnownKey, right: Assignment): KisiError {
  const { roleId, assigneeType, assigneeId, appliesToType, appliesToId } = right;
  const role = /^\w{1,40}$/.test(roleId) ? roleId : 'a role without a plain name';
  const what = `${role} of ${wordOf(assigneeType)} ${assigneeId} in ${wordOf(appliesToType)} ${appliesToId ?? ''}`;
  const detail = `right ${id} was the key of user ${userId} to group ${groupId}, and is ${right.id === id ? '' : `right ${right.id}, `}${what} now; it was not touched. Look at it in Kisi: where it is not meant, take it away there. Then \`latchkey resync\` of the member has Latchkey look at the keys afresh`;
  return new KisiError(call, { kind: 'blocked', status: 200, detail, isUnsent: true });
}

const wordOf = (type: string): string => (/^[A-Z][a-z]{1,20}$/.test(type) ? type.toLowerCase() : 'something');

const keysIn = (rows: readonly Assignment[]): KisiKey[] => rows.map(asKey).filter((key) => key !== null);

/** `sawRows` tells a filter that found others from one that found nobody. */
async function findUser(send: Send, query: Query, email: string, signal?: AbortSignal) {
  for await (const { rows } of pages(send, 'users', userRecord, query, signal)) {
    const user = rows.find((row) => row.email === email);
    if (user) return user;
  }
  return null;
}

/** The answer, or null when Kisi says that there is no such record. */
async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isKisiError(error, 'notFound')) return null;
    throw error;
  }
}

/**
 * An instant as Kisi writes them, with a year of four digits. Throws `invalid` for one that cannot be written so: to send
 * it would be a defect of ours.
 */
function isoTime(call: KisiCall, at: number | null): string | null {
  if (at === null) return null;
  const date = new Date(at);
  const text = Number.isNaN(date.getTime()) ? 'no instant' : date.toISOString();
  if (/^\d{4}-/.test(text)) return text;
  const detail = `it was not sent, since its time (${text}) is not one that Kisi can take; that is a defect of Latchkey, please report it`;
  throw new KisiError(call, { kind: 'invalid', detail, isUnsent: true });
}
