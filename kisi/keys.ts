/**
 * Giving, moving and taking away a key so that each can be repeated at any point: a lost answer, a crash between two
 * requests or a second run of the same job ends in the same state. Kisi has no idempotency key, so each of these
 * reads what is there instead.
 */
import type { KisiClient } from './client.js';
import { isKisiError, malformed } from './errors.js';
import { keyRole } from './records.js';
import type { KisiKey, KisiUser } from './records.js';

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
 * - `foreign`: a person gave a key that reaches at least as far; it was left alone and is not ours to take away
 */
export type HowGranted = 'created' | 'adopted' | 'extended' | 'foreign';

/** What is known of PATCH, which Kisi describes wrongly: one for each process, shared by all who move keys. */
export interface Moves {
  /** A key was read back with the end that was asked for, so that the next answer is believed without reading. */
  areHeeded: boolean;
}

/**
 * A key that is there now, and how it came. `was`: the earlier end of one that was extended, else null. `inTheWay`: the one
 * that was there before, as it was; null: there was none.
 */
export interface Granted {
  key: Pick<KisiKey, 'id' | 'validUntil'>;
  how: HowGranted;
  was: number | null;
  inTheWay: KisiKey | null;
}

/** Whether two ends are the same to the second, which is as exact as Kisi may store them. */
export function sameEnd(one: number | null, other: number | null): boolean {
  if (one === null || other === null) return one === other;
  return Math.abs(one - other) < 1000;
}

/**
 * What comes of a grant where the person holds this key to the group already. `refused`: it is a higher role that ends
 * too early, which is nobody's to move.
 */
export function howGranted(
  key: Pick<KisiKey, 'roleId' | 'validUntil'>,
  wish: Pick<KeyWish, 'validUntil'>,
): Exclude<HowGranted, 'created'> | 'refused' {
  if (key.roleId === keyRole && sameEnd(key.validUntil, wish.validUntil)) return 'adopted';
  if (reaches(key, wish)) return 'foreign';
  return key.roleId === keyRole ? 'extended' : 'refused';
}

/**
 * Gives a key, or finds that there is one. Kisi answers 409 (seen in the field) or 422 (documented) when the person
 * holds a role in the group already, so after either the person's keys are read. Throws that first error again when
 * there is nothing in the way, or only a higher role that ends too early; `notFound` when the person or the group
 * is gone.
 */
export async function grantKey(client: KisiClient, wish: KeyWish, signal?: AbortSignal): Promise<Granted> {
  try {
    return { key: await createExactly(client, wish, signal), how: 'created', was: null, inTheWay: null };
  } catch (error) {
    if (!isKisiError(error, 'conflict', 'invalid')) throw error;
    const key = await keyInTheWay(client, wish, signal);
    if (!key) throw error;
    const how = howGranted(key, wish);
    if (how === 'refused') throw error;
    if (how !== 'extended') return { key, how, was: null, inTheWay: key };
    const moved = await tryMove(client, key.id, wish, signal);
    const extended = typeof moved === 'object' ? moved : await replace(client, key.id, wish, signal);
    return { key: extended, how: 'extended', was: key.validUntil, inTheWay: key };
  }
}

/**
 * Moves the end of a key that is ours: asks, reads back unless `moves` knows better (where `again`, an earlier try whose
 * answer was lost, all the same), and where Kisi did not heed it takes the key away and gives a new one (with another
 * id, without a mail). A key that is gone is given anew by the rules of grantKey. Errors as there.
 */
export async function moveKey(
  client: KisiClient,
  keyId: number,
  wish: KeyWish,
  { moves, again }: { moves: Moves; again: boolean },
  signal?: AbortSignal,
): Promise<Omit<Granted, 'how'> & { how: 'moved' | HowGranted }> {
  const isBelieved = moves.areHeeded && !again;
  const moved = await (isBelieved ? askToMove : tryMove)(client, keyId, wish, signal);
  if (moved === 'gone') return grantKey(client, wish, signal);
  moves.areHeeded = moved !== 'notMoved';
  const key = moved === 'notMoved' ? await replace(client, keyId, wish, signal) : moved;
  return { key, how: 'moved', was: null, inTheWay: null };
}

/** Gives a key that was moved on the end back that a person had given it. A key that is gone stays gone. */
export async function giveBackKey(
  client: KisiClient,
  keyId: number,
  wish: KeyWish,
  signal?: AbortSignal,
): Promise<void> {
  if ((await tryMove(client, keyId, wish, signal)) === 'notMoved') await replace(client, keyId, wish, signal);
}

/**
 * Takes a key away. Without an id (a grant whose answer was lost), or when the id is gone (a key that was given anew and
 * whose answer was lost), it looks for the person's key to the group and takes that only when it ends at `validUntil`,
 * the end that was last asked for: any other was given by a person.
 */
export async function removeKey(
  client: KisiClient,
  { keyId, ...wish }: KeyWish & { keyId: number | null },
  signal?: AbortSignal,
): Promise<'deleted' | 'alreadyGone'> {
  if (keyId !== null && (await client.deleteKey(keyId, signal)) === 'deleted') return 'deleted';
  const key = await client.findKey(wish, signal);
  if (!key || !sameEnd(key.validUntil, wish.validUntil)) return 'alreadyGone';
  return client.deleteKey(key.id, signal);
}

/**
 * The person's key to the group as it is now, read by its id, since lists may lag; null: there is none. `keyId`: the id
 * that it had, null where that is not known.
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
  return found && client.getKey(found.id, signal);
}

/**
 * Makes the Kisi user of a member; Kisi mails the invitation. `lookFirst` where an earlier try may have made it and its
 * answer was lost: Kisi may or may not refuse a second user with the same e-mail, and finds one by just the e-mail that it
 * was made with. A conflict or a 422 about the e-mail means that the user is there after all; it is thrown again when
 * neither way of searching finds it.
 */
export async function makeUser(
  client: KisiClient,
  person: { email: string; name: string },
  lookFirst: boolean,
  signal?: AbortSignal,
): Promise<{ user: KisiUser; created: boolean }> {
  const there = lookFirst ? await client.findUserByEmail(person.email, 'filter', signal) : null;
  if (there) return { user: there, created: false };
  try {
    return { user: await client.createUser(person, signal), created: true };
  } catch (error) {
    const taken =
      isKisiError(error, 'conflict', 'invalid') &&
      (error.kind === 'conflict' || error.fields.includes('email'));
    const other = taken ? await findUser(client, person.email, signal) : null;
    if (!other) throw error;
    return { user: other, created: false };
  }
}

/** The Kisi user with this e-mail, looked for in both ways; null: there is none. */
export async function findUser(
  client: KisiClient,
  email: string,
  signal?: AbortSignal,
): Promise<KisiUser | null> {
  return (
    (await client.findUserByEmail(email, 'filter', signal)) ??
    (await client.findUserByEmail(email, 'search', signal))
  );
}

/** The one role that a person holds in a group (Kisi allows one); group_basic first should there be more. */
async function keyInTheWay(client: KisiClient, { userId, groupId }: KeyWish, signal?: AbortSignal) {
  const keys = (await client.listKeysOf({ userId }, signal)).filter((key) => key.groupId === groupId);
  return keys.find((key) => key.roleId === keyRole) ?? keys[0] ?? null;
}

function reaches(key: Pick<KisiKey, 'validUntil'>, wish: Pick<KeyWish, 'validUntil'>): boolean {
  if (key.validUntil === null || sameEnd(key.validUntil, wish.validUntil)) return true;
  return wish.validUntil !== null && key.validUntil > wish.validUntil;
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
  if (typeof asked !== 'object') return asked;
  const key = await client.getKey(keyId, signal);
  if (!key) return 'gone';
  return sameEnd(key.validUntil, wish.validUntil) ? key : 'notMoved';
}

/** PATCH, and Kisi's word for it. */
async function askToMove(
  client: KisiClient,
  keyId: number,
  { validUntil }: KeyWish,
  signal?: AbortSignal,
): Promise<Moved> {
  try {
    await client.patchKey(keyId, { validUntil }, signal);
    return { id: keyId, validUntil };
  } catch (error) {
    if (isKisiError(error, 'notFound')) return 'gone';
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
): Promise<KisiKey> {
  return withEnd(client, await client.replaceKey(keyId, wish, signal), wish, signal);
}

async function createExactly(client: KisiClient, wish: KeyWish, signal?: AbortSignal): Promise<KisiKey> {
  return withEnd(client, await client.createKey(wish, signal), wish, signal);
}

/** A key without the end that was asked for would outlive this service, and later look as if a person gave it. */
async function withEnd(
  client: KisiClient,
  created: KisiKey,
  wish: KeyWish,
  signal?: AbortSignal,
): Promise<KisiKey> {
  if (sameEnd(created.validUntil, wish.validUntil)) return created;
  const key = await client.getKey(created.id, signal);
  if (key && sameEnd(key.validUntil, wish.validUntil)) return key;
  await client.deleteKey(created.id, signal);
  throw malformed(
    { method: 'POST', path: '/role_assignments' },
    'the key did not get the end that was asked for and was taken away again',
  );
}
