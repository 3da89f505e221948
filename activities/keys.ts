import { ApplicationFailure } from '@temporalio/activity';
import type { Instant } from '../access/types.js';
import type { KisiClient } from '../kisi/client.js';
import { createConflicts } from '../kisi/conflicts.js';
import type { Directory } from '../kisi/directory.js';
import { KisiError } from '../kisi/errors.js';
import { sameEnd } from '../kisi/ends.js';
import {
  giveBackKey,
  grantKey,
  keyNow,
  keysNow,
  missingOf,
  moveKey,
  removeKey,
  type Moves,
} from '../kisi/keys.js';
import { findUser, makeUser } from '../kisi/make-user.js';
import { keyRole, type KisiKey } from '../kisi/records.js';
import { isBy } from '../access/ownership.js';
import type { Ownership } from '../database/ownership.js';
import type { AuditRecord } from '../database/audit-records.js';
import type { KeyActivities, KeyWish } from '../messages/to-activities.js';
import { emailDigestOf } from './email-digest.js';
import { nowhere, type Gate } from './gate.js';
import type { People, Person } from './people.js';
import { takeBack } from './late.js';
import { createPlaces, type Before, type Outcome } from './places.js';
import {
  endIn,
  idIn,
  runningMember,
  type Recorder,
  type Replacing,
  type Sight,
  type Written,
} from './recorder.js';
import { remote } from './remote.js';

export interface KeyDeps {
  kisi: KisiClient;
  directory: Directory;
  moves: Moves;
  people: People;
  gate: Gate;
  recorder: Recorder;
  ownership: Pick<
    Ownership,
    | 'at'
    | 'own'
    | 'put'
    | 'release'
    | 'noteUser'
    | 'userOf'
    | 'userGone'
    | 'sending'
    | 'answered'
    | 'unanswered'
    | 'looked'
  >;
  /** Whether Latchkey alone acts as the Kisi user of the API key, so that whatever that user made is Latchkey's. */
  isApiUserOurs: boolean;
}

/** Writes to Kisi, two HTTP calls each at most on the ordinary way, so that a more urgent one is never long behind another. */
export function createKeyActivities(deps: KeyDeps): KeyActivities {
  const { kisi, directory, moves, people, gate, recorder, ownership } = deps;
  const places = createPlaces(ownership);
  const conflicts = createConflicts(() => performance.now());
  let apiUserId: number | null = null;

  async function personOf(memberId: number): Promise<Person> {
    const person = await people.find(memberId);
    if (person !== null && person.email !== '') return person;
    const message = `Coworker ${memberId} has no e-mail in Nexudus (any more), so no Kisi user can be found or made.`;
    throw ApplicationFailure.create({ type: 'Nexudus', message, nonRetryable: true });
  }

  async function searchedFor(email: string, how: 'filter' | 'search'): Promise<number | null> {
    const user = await kisi.findUserByEmail(email, how);
    if (user !== null) directory.note(user);
    return user && user.id;
  }

  /** Tells apart what a 404 of a grant means: the person is gone, or the group. */
  async function granting(
    { userId, groupId }: KeyWish,
    grant: () => Promise<Written<Outcome>>,
  ): Promise<Written<Outcome>> {
    try {
      return await conflicts.watch(`key ${userId} ${groupId}`, grant);
    } catch (error) {
      if (!(error instanceof KisiError) || error.kind !== 'notFound') throw error;
      if ((await missingOf(kisi, { userId, groupId })) === 'user') {
        directory.forget(userId);
        const answer = `user ${userId} is gone`;
        return { result: { outcome: 'userGone' }, done: 'never', after: null, answer };
      }
      const message = `Kisi group ${groupId} does not exist (any more): correct the mapping (latchkey.yaml or the pass type's KisiGroupId).`;
      throw ApplicationFailure.create({ type: 'Configuration', message, nonRetryable: true });
    }
  }

  /** How a key is before it is given or moved. */
  async function sightOf(
    wish: KeyWish,
    keyId: number | null,
    outcome: 'adopted' | 'moved',
    before: Before,
  ): Promise<Sight<Outcome>> {
    const key = await keyNow(kisi, keyId, wish);
    const isSo = key !== null && sameEnd(key.validUntil, wish.validUntil) && !isDoomed(key.id, before);
    const result = isSo && { outcome, keyId: key.id, validUntil: wish.validUntil, was: null };
    return { ...sightOfKey(key), isSo: result ? { result } : null };
  }

  /**
   * Whether the key that is there already is Latchkey's: by the end that a write with a lost answer gave it, by the record,
   * or by who made it, where that says so. Latchkey gives no role but the one that opens doors.
   */
  async function isOurs(
    there: KisiKey,
    triedUntil: Instant | null,
    { owned, unanswered }: Before,
  ): Promise<boolean> {
    if (there.roleId !== keyRole) return false;
    if (triedUntil !== null && sameEnd(there.validUntil, triedUntil)) return true;
    const { validUntil } = there;
    if (validUntil !== 'unreadable' && unanswered.some((write) => isBy(write, { ...there, validUntil })))
      return true;
    const key = owned?.key ?? null;
    if (key !== null && !key.byHand) {
      if (key.keyId === there.id) return true;
      if (key.keyId === null && sameEnd(key.validUntil, there.validUntil)) return true;
    }
    if (!deps.isApiUserOurs || there.createdById === null) return false;
    return there.createdById === (await ownUserId());
  }

  async function ownUserId(): Promise<number> {
    return (apiUserId ??= (await kisi.currentUser()).id);
  }

  /** Whether a removal of just this key may be carried out yet: it would shut the door on whoever is to keep it. */
  const isDoomed = (keyId: number, { unanswered }: Before): boolean =>
    unanswered.some(({ does, key }) => does === 'remove' && key.keyId === keyId);

  /** Kisi, with each replacement of a key kept in the audit log as two writes. */
  const notingReplaced = (replacing: Replacing): KisiClient => ({
    ...kisi,
    replaceKey: (id, key, signal) => replacing(id, (onTaken) => kisi.replaceKey(id, key, signal, onTaken)),
  });

  async function give(
    noting: KisiClient,
    wish: KeyWish,
    triedUntil: Instant | null,
    before: Before,
  ): Promise<Outcome> {
    const { key, how, was, inTheWay, higherRole } = await grantKey(noting, wish);
    if (inTheWay === null || !(await isOurs(inTheWay, triedUntil, before)))
      return {
        ...{ outcome: how, keyId: key.id, validUntil: key.validUntil, was },
        ...(higherRole === null ? {} : { higherRole }),
      };
    // An end that Latchkey gave it is not given back; one that a person had given it before is.
    const handUntil = before.owned?.key?.handUntil ?? null;
    const anew = isDoomed(key.id, before);
    if (how !== 'byHand' && !anew)
      return { outcome: how, keyId: key.id, validUntil: key.validUntil, was: handUntil };
    const moved = await moveKey(noting, key.id, wish, { moves, again: false, anew });
    return { outcome: 'moved', keyId: moved.key.id, validUntil: moved.key.validUntil, was: handUntil };
  }

  /** Has the record know whose Kisi user this is, before a key is made for it. */
  async function noteUser(userId: number): Promise<void> {
    const memberId = runningMember();
    if (memberId === null) return;
    const known = await ownership.userOf(memberId);
    if (known?.id === userId) return;
    const { email } = await personOf(memberId);
    await ownership.noteUser(memberId, { id: userId, emailDigest: emailDigestOf(email) });
  }

  /** Of a user's keys those that writes of the running member's made whose answers were lost, and that are on record now. */
  async function takeBackOwn(keys: readonly KisiKey[]): Promise<ReadonlySet<number>> {
    const memberId = runningMember();
    const writes = memberId === null ? [] : await ownership.unanswered({ memberId });
    if (memberId === null || writes.length === 0) return new Set();
    const taken = await takeBack(ownership, keys, writes, ownUserId);
    await ownership.looked(memberId);
    return new Set(taken.map(({ keyId }) => keyId));
  }

  return remote<KeyActivities>({
    async findKisiUser(memberId, how, about) {
      // It reads only, but to no purpose where no key may be given.
      await gate.admit('grant', about);
      const { email } = await personOf(memberId);
      // Of whom is searched for in the second way the directory had nothing to tell.
      const known = how === 'filter' ? await directory.find(email) : null;
      if (known === 'nobody') return known;
      const userId = known ?? (await searchedFor(email, how));
      if (userId === null) return null;
      // Now that there is one, none will be made, and no write would come to tell.
      await recorder.settle(null, { keyId: null, shows: () => true });
      return userId;
    },
    async createKisiUser(memberId, note) {
      await gate.admit('grant', note);
      const person = await personOf(memberId);
      return recorder.write(note, {
        what: 'createUser',
        groupId: null,
        before: null,
        after: null,
        async look() {
          const user = await findUser(kisi, person.email);
          if (user !== null) directory.note(user);
          return { keyId: null, before: null, shows: () => user !== null, isSo: user && { result: user.id } };
        },
        async make(again) {
          const { user, created } = await conflicts.watch(`user ${memberId} ${person.email}`, () =>
            makeUser(kisi, person, again),
          );
          directory.note(user);
          const userId = user.id;
          return {
            result: userId,
            done: created ? 'now' : 'before',
            after: { userId },
            answer: created ? `user ${userId} made, and mailed by Kisi` : `user ${userId} was there`,
          };
        },
      });
    },
    async createKey(wish, triedUntil, note) {
      await gate.admit('grant', note);
      await noteUser(wish.userId);
      const { groupId, validUntil } = wish;
      return places.take(wish, (before) =>
        recorder.write<Outcome>(note, {
          what: 'grant',
          groupId,
          before: null,
          after: { validUntil },
          look: () => sightOf(wish, null, 'adopted', before),
          make: (_, replacing) =>
            granting(wish, async () => {
              const result = await give(notingReplaced(replacing), wish, triedUntil, before);
              if (result.outcome === 'userGone')
                throw new Error('a grant tells by a 404 that a user is gone');
              const { outcome, keyId } = result;
              return {
                result,
                done: outcome === 'byHand' ? 'never' : outcome === 'adopted' ? 'before' : 'now',
                after: { keyId, validUntil: result.validUntil },
                answer: `${outcome} key ${keyId}`,
                // One that was there served already, even where its end was too early.
                ...(outcome === 'extended' || outcome === 'moved' ? {} : { awaited: 'grant' }),
              };
            }),
        }),
      );
    },
    async moveKey(keyId, wish, was, note) {
      const { groupId, validUntil } = wish;
      await gate.admit(was === null || validUntil < was ? 'revoke' : 'grant', note);
      return places.take(wish, (before) =>
        recorder.write<Outcome>(note, {
          what: 'move',
          groupId,
          before: { keyId, validUntil: was },
          after: { validUntil },
          look: () => sightOf(wish, keyId, 'moved', before),
          make: (again, replacing) =>
            granting(wish, async () => {
              const anew = isDoomed(keyId, before);
              const noting = notingReplaced(replacing);
              const { key, how, was: handUntil } = await moveKey(noting, keyId, wish, { moves, again, anew });
              return {
                result: { outcome: how, keyId: key.id, validUntil: key.validUntil, was: handUntil },
                done: 'now',
                after: { keyId: key.id, validUntil: key.validUntil },
                answer:
                  how === 'moved' && key.id !== keyId
                    ? `gave key ${key.id} in place of key ${keyId}`
                    : `${how} key ${key.id}`,
              };
            }),
        }),
      );
    },
    async giveBackKey(keyId, wish, was, note) {
      await gate.admit('revoke', note);
      const { groupId, validUntil } = wish;
      await places.end({ ...wish, keyId }, 'giveBack', () =>
        recorder.write<undefined>(note, {
          what: 'giveBack',
          groupId,
          before: { keyId, validUntil: was },
          after: { validUntil },
          async look() {
            const key = await keyNow(kisi, keyId, wish);
            const isSo = key !== null && sameEnd(key.validUntil, validUntil);
            return { ...sightOfKey(key), isSo: isSo ? { result: undefined } : null };
          },
          async make(_, replacing) {
            const id = await giveBackKey(notingReplaced(replacing), keyId, wish);
            return { result: undefined, done: 'now', after: { keyId: id, validUntil }, answer: 'given back' };
          },
        }),
      );
    },
    async removeKey(key, note) {
      await gate.admit('revoke', note);
      const { keyId, groupId, validUntil } = key;
      await places.end(key, 'remove', () =>
        recorder.write<undefined>(note, {
          what: 'revoke',
          groupId,
          before: { keyId, validUntil },
          after: null,
          async look() {
            const there = await keyNow(kisi, keyId, key);
            return { ...sightOfKey(there), isSo: there === null ? { result: undefined } : null };
          },
          async make() {
            // The ledger is what is believed where a person has ordered it and Kisi cannot be read.
            const answer = await removeKey(kisi, { ...key, evenUnseen: note.isOrdered === true });
            const wasThere = answer === 'deleted';
            return {
              result: undefined,
              done: wasThere ? 'now' : 'before',
              after: null,
              answer: wasThere ? 'deleted' : 'already gone',
              awaited: 'revoke',
            };
          },
        }),
      );
    },
    async inspectKeys(userId, knownIds = []) {
      await gate.admit('read', nowhere);
      const keys = await keysNow(kisi, userId, knownIds);
      if (keys === null) {
        directory.forget(userId);
        await ownership.userGone(userId);
        return null;
      }
      await recorder.settleSeen((write) => sightAmong(keys, knownIds, write));
      const late = await takeBackOwn(keys);
      return keys
        .filter((key) => key.roleId === keyRole)
        .map(({ id, groupId, validUntil }) => ({
          ...{ keyId: id, groupId, validUntil },
          ...(late.has(id) ? { isLate: true } : {}),
        }));
    },
  });
}

/**
 * What all keys of a person tell of an earlier write. A key that the list lacks was looked up if its id is among `knownIds`. Null:
 * these keys do not tell, and the next write will.
 */
function sightAmong(
  keys: readonly KisiKey[],
  knownIds: readonly number[],
  write: AuditRecord,
): Omit<Sight<unknown>, 'isSo'> | null {
  const key = keys.find(({ groupId, roleId }) => groupId === write.groupId && roleId === keyRole) ?? null;
  const sight = sightOfKey(key);
  const keyId = idIn(write.before);
  const isSurelyGone = key === null && keyId !== null && knownIds.includes(keyId);
  return isSurelyGone || (key !== null && sight.shows(write)) ? sight : null;
}

/** By how a key is now: whether an earlier write to it was done. */
function sightOfKey(key: KisiKey | null): Omit<Sight<unknown>, 'isSo'> {
  return {
    keyId: key && key.id,
    before: key && { keyId: key.id, validUntil: key.validUntil },
    shows: ({ what, before, after }) => {
      if (what === 'revoke') {
        const keyId = idIn(before);
        // A person holds one key to a group: where there is another one, this one is gone.
        return key === null || (keyId !== null && key.id !== keyId);
      }
      return key !== null && sameEnd(key.validUntil, endIn(after));
    },
  };
}
