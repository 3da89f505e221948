/**
 * Giving, moving and taking away a key so that each can be repeated at any point: a lost answer, a crash between two
 * requests or a second run of the same job ends in the same state. Kisi has no idempotency key, so each of these
 * reads what is there instead.
 */
import { wasThereBefore } from './answered-key.js';
import type { KisiClient } from './client.js';
import { endText, reaches, sameEnd } from './ends.js';
import { KisiError, isKisiError, malformed } from './errors.js';
import { asKey, higherRoleOf, keyRole, rightTo, type KisiEnd, type KisiKey } from './records.js';

/** For a grant that met nothing in its way. */
const nothing = { inTheWay: null, higherRole: null } as const;

/** A key that should be there. `validUntil` in ms since the epoch; null: no end. */
export interface KeyWish {
  userId: number;
  groupId: number;
  validUntil: number | null;
}

/**
 * - `created`: there was none
 * - `adopted`: it was there as wished, as after a lost answer
 * - `extended`: it was there with an earlier end, `was`, which was moved
 * - `byHand`: a person gave a key that reaches at least as far; it was left alone and is not ours to take away
 */
export type HowGranted = 'created' | 'adopted' | 'extended' | 'byHand';

/** What is known of PATCH, which Kisi describes wrongly: one for each process, shared by all who move keys. */
export interface Moves {
  /** A key was read back with the end that was asked for, so that the next answer is believed without reading. */
  areHeeded: boolean;
  /** It is known that PATCH moves no end, so that it is not tried. Left out, or false: it is tried. */
  areIgnored?: boolean;
}

/**
 * A key that is there now, and how it came. `was`: the earlier end of a key that was extended, else null. `inTheWay`: the key
 * that was there before, as it was; null: there was none.
 */
export interface Granted {
  key: { id: number; validUntil: number | null };
  how: HowGranted;
  was: number | null;
  inTheWay: KisiKey | null;
  /** A role of the person in Kisi that may do more than open doors, as read where a key was in the way; null: none was seen. */
  higherRole: string | null;
}

/**
 * What comes of a grant where the person holds this key to the group already. `refused`: it is a higher role that ends
 * too early, or its end cannot be read, so that it is nobody's to move.
 */
export function howGranted(
  key: Pick<KisiKey, 'roleId' | 'validUntil'>,
  wish: Pick<KeyWish, 'validUntil'>,
): Exclude<HowGranted, 'created'> | 'refused' {
  if (key.roleId === keyRole && sameEnd(key.validUntil, wish.validUntil)) return 'adopted';
  if (key.validUntil === 'unreadable') return 'refused';
  if (reaches(key.validUntil, wish.validUntil)) return 'byHand';
  return key.roleId === keyRole ? 'extended' : 'refused';
}

/**
 * Gives a key, or finds that there is one. When the person holds a role in the group already, Kisi answers 409 (seen in the
 * field), 422 (documented), or with that role: after each of these the person's keys are read. Throws the first error again
 * when nothing is in the way (a conflict then says that a hidden right may be); `blocked` when a higher role that ends too
 * early is in the way; `notFound` when the person or the group is gone. The key that is answered has the end that was asked
 * for, where Kisi stores it less exactly.
 */
export async function grantKey(client: KisiClient, wish: KeyWish, signal?: AbortSignal): Promise<Granted> {
  try {
    const key = await withEnd(client, await client.createKey(wish, signal), wish, signal);
    return { key, how: 'created', was: null, ...nothing };
  } catch (error) {
    if (!isKisiError(error, 'conflict', 'invalid')) throw error;
    const rights = await client.listRightsOf(wish, signal);
    const higherRole = higherRoleOf(rights);
    const key = rightTo(
      wish.groupId,
      rights.map(asKey).filter((one) => one !== null),
    );
    if (!key) throw nothingInTheWay(error, wish);
    const { id, validUntil } = key;
    const how = howGranted(key, wish);
    if (how === 'refused' || validUntil === 'unreadable') throw blockedBy(error, key, wish);
    const found = { inTheWay: key, higherRole };
    if (how === 'adopted') return { key: { id, validUntil: wish.validUntil }, how, was: null, ...found };
    if (how !== 'extended') return { key: { id, validUntil }, how, was: null, ...found };
    const moved = await tryMove(client, key.id, wish, signal);
    const extended = typeof moved === 'object' ? moved : await replace(client, key.id, wish, signal);
    return { key: extended, how: 'extended', was: validUntil, ...found };
  }
}

/**
 * Which of the two is gone, the user or the group, where a grant met a 404. `malformed` when both are there, so that the 404
 * was wrong. Two requests, or three.
 */
export async function missingOf(
  client: KisiClient,
  { userId, groupId }: Pick<KeyWish, 'userId' | 'groupId'>,
  signal?: AbortSignal,
): Promise<'user' | 'group'> {
  if ((await client.getUser(userId, signal)) === null) return 'user';
  try {
    await client.getGroup(groupId, signal);
  } catch (error) {
    if (isKisiError(error, 'notFound')) return 'group';
    throw error;
  }
  throw malformed(
    { method: 'POST', path: '/role_assignments' },
    'a 404 although both the user and the group are there',
    404,
  );
}

/**
 * Moves the end of a key that is ours. It asks Kisi, and reads the key back unless `moves` knows better. `again`: the answer to
 * an earlier try was lost, so the key is read back all the same. Where Kisi did not heed the wish, the key is taken away and a
 * new one given (with another id, without a mail). A key that is gone is given anew by the rules of grantKey. `anew`: the key
 * is replaced in any case, since a DELETE of this id may be carried out yet. Throws as grantKey does.
 */
export async function moveKey(
  client: KisiClient,
  keyId: number,
  wish: KeyWish,
  { moves, again, anew = false }: { moves: Moves; again: boolean; anew?: boolean },
  signal?: AbortSignal,
): Promise<Omit<Granted, 'how'> & { how: 'moved' | HowGranted }> {
  if (anew) return { key: await replace(client, keyId, wish, signal), how: 'moved', was: null, ...nothing };
  const isBelieved = moves.areHeeded && !again;
  const way = moves.areIgnored === true ? hasMoved : isBelieved ? askToMove : tryMove;
  const moved = await way(client, keyId, wish, signal);
  if (moved === 'gone') {
    const granted = await grantKey(client, wish, signal);
    // Not gone after all: the key is still ours.
    return granted.key.id === keyId ? { ...granted, how: 'moved', was: null } : granted;
  }
  if (moves.areIgnored !== true) moves.areHeeded = moved !== 'notMoved';
  const key = moved === 'notMoved' ? await replace(client, keyId, wish, signal) : moved;
  return { key, how: 'moved', was: null, ...nothing };
}

/**
 * Gives a key that was extended back the end that a person had given it. A key that is gone stays gone. Answers the key's id
 * afterwards.
 */
export async function giveBackKey(
  client: KisiClient,
  keyId: number,
  wish: KeyWish,
  signal?: AbortSignal,
): Promise<number> {
  if ((await tryMove(client, keyId, wish, signal)) !== 'notMoved') return keyId;
  return (await replace(client, keyId, wish, signal)).id;
}

/**
 * Takes a key away. Without an id (a grant whose answer was lost), or when the id is gone (a key that was given anew and
 * whose answer was lost), it looks for the person's key to the group and takes that only when it ends at `validUntil`,
 * the end that was last asked for: any other was given by a person. That the id is gone is believed once a look by it and
 * the person's list say so too, see `keyNow`; `malformed` while either shows it.
 */
export async function removeKey(
  client: KisiClient,
  { keyId, ...wish }: KeyWish & { keyId: number | null; evenUnseen?: boolean },
  signal?: AbortSignal,
): Promise<'deleted' | 'alreadyGone'> {
  if (keyId !== null && (await client.deleteKey({ ...wish, id: keyId }, signal)) === 'deleted')
    return 'deleted';
  const key =
    keyId === null
      ? await client.findKey(wish, signal)
      : await unlessThere(client, keyId, wish, 'DELETE', signal);
  if (!key || !sameEnd(key.validUntil, wish.validUntil)) return 'alreadyGone';
  return removeKey(client, { ...wish, keyId: key.id }, signal);
}

/** The key that took the place of one that Kisi answered with a 404, or null; `malformed` when that one is there. */
async function unlessThere(
  client: KisiClient,
  keyId: number,
  whose: { userId: number; groupId: number },
  method: 'DELETE' | 'PATCH',
  signal?: AbortSignal,
): Promise<KisiKey | null> {
  const key = await keyNow(client, keyId, whose, signal);
  if (key?.id !== keyId) return key;
  throw malformed({ method, path: '/role_assignments/{id}' }, 'a 404 of a key that is there', 404);
}

/**
 * The person's key to the group as it is now, read by its id, since lists may lag; null: there is none. `keyId`: the id
 * that it had, null where that is not known. A loss needs two witnesses: `malformed` when the id is gone but the person's list
 * shows it.
 */
export async function keyNow(
  client: KisiClient,
  keyId: number | null,
  whose: { userId: number; groupId: number },
  signal?: AbortSignal,
): Promise<KisiKey | null> {
  const known = keyId === null ? null : await client.getKey(keyId, signal);
  if (known) return known;
  const found = await client.findKey(whose, signal);
  if (found !== null && found.id === keyId)
    throw malformed({ method: 'GET', path: '/role_assignments/{id}' }, 'a 404 of a key that is listed', 404);
  return found && client.getKey(found.id, signal);
}

/**
 * All rights to groups that a person holds; null: the person is gone (see `getUser`). Those of `knownIds` that the list lacks
 * are looked up by their ids: the list may be short, and may hide keys that have ended, which are in the way of a new key all
 * the same.
 */
export async function keysNow(
  client: KisiClient,
  userId: number,
  knownIds: readonly number[],
  signal?: AbortSignal,
): Promise<KisiKey[] | null> {
  const keys = await client.listKeysOf({ userId }, signal);
  if (keys.length === 0 && (await client.getUser(userId, signal)) === null) return null;
  const listed = new Set(keys.map(({ id }) => id));
  for (const id of knownIds.filter((one) => !listed.has(one))) {
    const key = await client.getKey(id, signal);
    if (key?.userId === userId) keys.push(key);
  }
  return keys;
}

/** The error for a 409 where lists show no right: they lag, or hide it. */
function nothingInTheWay(error: KisiError, { userId, groupId }: KeyWish): KisiError {
  if (error.kind !== 'conflict') return error;
  const detail = `it says that user ${userId} holds a right to group ${groupId} already, but lists none: it may be one that has ended; take it away in Kisi`;
  return new KisiError(error, { kind: 'conflict', status: error.status, code: error.code, detail });
}

/** A person holds one right to a group, and one that another hand gave is not ours to move or take away. */
function blockedBy(error: KisiError, key: KisiKey, { userId, groupId, validUntil }: KeyWish): KisiError {
  const { status, code } = error;
  const ends = key.validUntil === 'unreadable' ? null : endText(key.validUntil);
  const detail =
    ends === null
      ? `user ${userId} holds right ${key.id} to group ${groupId}, ${key.roleId}, whose end cannot be read: set its end anew or take it away in Kisi, which takes no key beside it`
      : `user ${userId} is ${key.roleId} of group ${groupId}, and that right ends before the pass does (${ends}, not ${endText(validUntil)}): move its end or take it away in Kisi, which takes no key beside it`;
  return new KisiError(error, { kind: 'blocked', status, code, detail });
}

type Moved = Granted['key'] | 'gone' | 'notMoved';

/** PATCH, then read back: Kisi's own description of the PATCH is defective. */
async function tryMove(
  client: KisiClient,
  keyId: number,
  wish: KeyWish,
  signal?: AbortSignal,
): Promise<Moved> {
  const asked = await askToMove(client, keyId, wish, signal);
  return typeof asked === 'object' ? hasMoved(client, keyId, wish, signal) : asked;
}

/**
 * Whether the key has the end by now, is gone, or is there to be replaced. Throws `malformed` where it shows no end and no other
 * key does either: what cannot be seen is no reason to take a key away, since the next one would show none too.
 */
async function hasMoved(
  client: KisiClient,
  keyId: number,
  wish: KeyWish,
  signal?: AbortSignal,
): Promise<Moved> {
  const key = await client.getKey(keyId, signal);
  if (key === null) {
    await unlessThere(client, keyId, wish, 'PATCH', signal);
    return 'gone';
  }
  if (sameEnd(key.validUntil, wish.validUntil)) return { id: keyId, validUntil: wish.validUntil };
  const isShown =
    key.validUntil !== null || (await client.listAllKeys(signal)).some((one) => one.validUntil !== null);
  if (isShown) return 'notMoved';
  throw malformed({ method: 'GET', path: '/role_assignments' }, 'no key shows an end (valid_until)');
}

/** PATCH; Kisi's answer is believed. */
async function askToMove(
  client: KisiClient,
  keyId: number,
  wish: KeyWish,
  signal?: AbortSignal,
): Promise<Moved> {
  const { validUntil } = wish;
  try {
    await client.patchKey({ ...wish, id: keyId }, { validUntil }, signal);
    return { id: keyId, validUntil };
  } catch (error) {
    if (isKisiError(error, 'notFound')) {
      await unlessThere(client, keyId, wish, 'PATCH', signal);
      return 'gone';
    }
    // Whether this call takes another end at all is not certain: a refusal of it is no refusal of the wish.
    if (isKisiError(error, 'invalid', 'conflict')) return 'notMoved';
    throw error;
  }
}

async function replace(
  client: KisiClient,
  keyId: number,
  wish: KeyWish,
  signal?: AbortSignal,
): Promise<Granted['key']> {
  return withEnd(client, await client.replaceKey(keyId, wish, signal), wish, signal);
}

/**
 * A key without the end that was asked for would outlive this service, and later look as if a person gave it. It would not get
 * that end the next time either, so `blocked`. An end that Kisi writes so that it cannot be read counts as the one that was
 * asked for.
 */
async function withEnd(
  client: KisiClient,
  created: KisiKey,
  wish: KeyWish,
  signal?: AbortSignal,
): Promise<Granted['key']> {
  const { validUntil } = wish;
  const asAsked = { id: created.id, validUntil };
  const isAsAsked = (end: KisiEnd): boolean => end === 'unreadable' || sameEnd(end, validUntil);
  if (isAsAsked(created.validUntil)) return asAsked;
  const key = await client.getKey(created.id, signal);
  if (key && isAsAsked(key.validUntil)) return asAsked;
  const call = { method: 'POST', path: '/role_assignments' } as const;
  if (await wasThereBefore(client, created, signal))
    throw new KisiError(call, { kind: 'conflict', status: 200 });
  await client.deleteKey({ ...wish, id: created.id }, signal);
  throw new KisiError(call, {
    kind: 'blocked',
    status: 200,
    isUndone: true,
    detail: `the key to group ${wish.groupId} of user ${wish.userId} did not get the end that was asked for (${endText(validUntil)}) but another (${endText((key ?? created).validUntil)}), and was taken away again; ask Kisi's support`,
  });
}
