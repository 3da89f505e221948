import { KisiError, isKisiError, malformed, type KisiCall } from './errors.js';
import { givenUp, orNull, read, type KisiRequest, type Query, type Send } from './http.js';
import { readAll } from './lists.js';
import { asKey, assignmentRecord, keyRole, type Assignment, type KisiKey } from './records.js';

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
 * just this group. An id alone could mean another right by now: a person may have made it a higher role, or given it to
 * somebody else. A right that is not just this key is left alone: `blocked`, before anything is sent.
 */
export interface KnownKey {
  id: number;
  userId: number;
  groupId: number;
  /** True: where Kisi's reads are down it is taken away unseen, since a person ordered it and Latchkey made it itself. */
  evenUnseen?: boolean;
}

type Dropped = 'deleted' | 'alreadyGone';

/** What Kisi calls role assignments, for the client (client.ts says what each method does). */
export class Rights {
  constructor(private readonly send: Send) {}

  /** All rights that a person holds. */
  listOfUser(userId: number, signal?: AbortSignal): Promise<Assignment[]> {
    const query = { assignee_type: 'User', assignee_id: userId };
    return this.list(query, (row) => row.assigneeType === 'User' && row.assigneeId === userId, signal);
  }

  /** All rights to a group, those of teams and guests too. */
  listOfGroup(groupId: number, signal?: AbortSignal): Promise<Assignment[]> {
    const query = { applies_to_type: 'Group', applies_to_id: groupId };
    return this.list(query, (row) => row.appliesToType === 'Group' && row.appliesToId === groupId, signal);
  }

  /** All rights; those to groups alone, group by group, where there are more than one list shows. */
  async listAll(listGroups: () => Promise<{ id: number }[]>, signal?: AbortSignal): Promise<Assignment[]> {
    try {
      return await this.list({}, () => true, signal);
    } catch (error) {
      if (!isKisiError(error, 'tooLong')) throw error;
    }
    const rights: Assignment[] = [];
    for (const { id } of await listGroups()) rights.push(...(await this.listOfGroup(id, signal)));
    return rights;
  }

  async createKey(key: NewKey, signal?: AbortSignal): Promise<KisiKey> {
    return this.post(postOf(key, 1), key, signal);
  }

  async getKey(id: number, signal?: AbortSignal): Promise<KisiKey | null> {
    const request = getOf(id);
    const assignment = await orNull(read(this.send, request, assignmentRecord, signal));
    if (!assignment) return null;
    const key = asKey(assignment);
    if (key?.id !== id) throw malformed(request, 'another role assignment came back than the key asked for');
    return key;
  }

  async patchKey(
    key: KnownKey,
    { validUntil }: { validUntil: number | null },
    signal?: AbortSignal,
  ): Promise<void> {
    const call: KisiCall = { method: 'PATCH', path: '/role_assignments/{id}' };
    const role_assignment = { valid_until: isoTime(call, validUntil), notify: false };
    await this.checkIsIt(call, key, signal);
    await this.change({ ...call, id: key.id, body: { role_assignment } }, signal);
  }

  async notifyOfKey(key: KnownKey, signal?: AbortSignal): Promise<void> {
    const call: KisiCall = { method: 'PATCH', path: '/role_assignments/{id}' };
    await this.checkIsIt(call, key, signal);
    await this.change({ ...call, id: key.id, body: { role_assignment: { notify: true } } }, signal);
  }

  /** `turns`: 2 where another request follows at once. */
  async deleteKey(key: KnownKey, signal?: AbortSignal, turns = 1): Promise<Dropped> {
    const request: KisiRequest = { method: 'DELETE', path: '/role_assignments/{id}', id: key.id, turns };
    const dropped = this.checkIsIt(request, key, signal).then(() => this.change(request, signal));
    return (await orNull(dropped)) ? 'deleted' : 'alreadyGone';
  }

  async replaceKey(
    id: number,
    key: NewKey,
    signal?: AbortSignal,
    onTaken?: (wasThere: boolean) => void,
  ): Promise<KisiKey> {
    // Made before the first request is sent: where this one must not be sent, the key stays where it is.
    const request = postOf(key, 0);
    const dropped = await this.deleteKey({ ...key, id }, signal, 2);
    onTaken?.(dropped === 'deleted');
    return this.post(request, key, signal);
  }

  private async list(
    query: Query,
    obeys: (row: Assignment) => boolean,
    signal?: AbortSignal,
  ): Promise<Assignment[]> {
    const rows = await readAll(this.send, 'role_assignments', assignmentRecord, query, signal);
    if (rows.every(obeys)) return rows;
    const call: KisiCall = { method: 'GET', path: '/role_assignments' };
    throw malformed(call, 'rows that the filter should have kept out');
  }

  private async post(
    request: KisiRequest,
    { userId, groupId }: NewKey,
    signal?: AbortSignal,
  ): Promise<KisiKey> {
    const key = asKey(await read(this.send, request, assignmentRecord, signal));
    const isTheirs = key?.userId === userId && key.groupId === groupId;
    if (isTheirs && key.roleId === keyRole) return key;
    // A role that we did not ask for was there before.
    if (isTheirs) throw new KisiError(request, { kind: 'conflict', status: 200 });
    throw malformed(request, 'the key that came back is not the one that was asked for');
  }

  /**
   * Looks before a write. Throws `blocked` where the id names another right than this key, `notFound` where it names none;
   * given up meanwhile, the write was surely not sent.
   */
  private async checkIsIt(write: KisiCall, known: KnownKey, signal?: AbortSignal): Promise<void> {
    const request = getOf(known.id);
    try {
      const there = await read(this.send, request, assignmentRecord, signal);
      if (!isJust(known, there)) throw anotherRight(request, known, there);
    } catch (error) {
      if (!isKisiError(error)) throw givenUp(write);
      if (known.evenUnseen !== true || error.kind !== 'unavailable') throw error;
    }
  }

  /** Kisi answers 204 without a body: a page in its place is a gateway's, and nothing was changed. */
  private async change(request: KisiRequest, signal?: AbortSignal): Promise<true> {
    const { body } = await this.send(request, signal);
    if (!/^\s*([{["].*)?$/s.test(body)) throw malformed(request, 'a page that is not from Kisi');
    return true;
  }
}

const getOf = (id: number): KisiRequest => ({ method: 'GET', path: '/role_assignments/{id}', id });

function postOf({ userId, groupId, validFrom, validUntil }: NewKey, turns: number): KisiRequest {
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
