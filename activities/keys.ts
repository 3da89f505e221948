import type { Instant } from '../access/types.js';
import type { KisiClient } from '../kisi/client.js';
import { createConflicts, type Conflicts } from '../kisi/conflicts.js';
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
import { keyRole, type KisiKey } from '../kisi/records.js';
import type { KeyInKisi, KeyWish } from '../access/ledger.js';
import { isBy } from '../access/ownership.js';
import type { Ownership } from '../database/ownership.js';
import type {
  GrantResult,
  KeyActivities,
  KeyEnd,
  KeyToRemove,
  WriteNote,
} from '../messages/to-activities.js';
import { runningMember } from './asker.js';
import { finalFailure } from './failures.js';
import { nowhere } from './gate.js';
import { KisiUsers, type KisiUserDeps } from './kisi-users.js';
import { takeBack } from './late.js';
import { Places, type Before, type Made, type Outcome } from './places.js';
import type { Noted, Replacing, Sight, Written } from './recorder.js';
import { remote } from './remote.js';
import { sightAmong, sightOfKey } from './sights.js';

export interface KeyDeps extends KisiUserDeps {
  moves: Moves;
  ownership: Ownership;
  /** Whether Latchkey alone acts as the Kisi user of the API key, so that whatever that user made is Latchkey's. */
  isApiUserOurs: boolean;
}

/** Writes to Kisi, two HTTP calls each at most on the ordinary way, so that a more urgent one is never long behind another. */
export function createKeyActivities(deps: KeyDeps): KeyActivities {
  const conflicts = createConflicts(() => performance.now());
  const users = new KisiUsers(deps, conflicts);
  const keys = new Keys(deps, conflicts, users);
  return remote<KeyActivities>({
    findKisiUser: (...args) => users.find(...args),
    createKisiUser: (...args) => users.create(...args),
    createKey: (...args) => keys.create(...args),
    moveKey: (...args) => keys.move(...args),
    giveBackKey: (...args) => keys.giveBack(...args),
    removeKey: (...args) => keys.remove(...args),
    inspectKeys: (...args) => keys.inspect(...args),
  });
}

/** What `KeyActivities` says of keys. */
class Keys {
  private readonly places: Places;
  private apiUserId: number | null = null;

  constructor(
    private readonly deps: KeyDeps,
    private readonly conflicts: Conflicts,
    private readonly users: KisiUsers,
  ) {
    this.places = new Places(deps.ownership);
  }

  async create(wish: KeyWish, triedUntil: Instant | null, note: WriteNote): Promise<GrantResult> {
    const asker = runningMember();
    const noted = { memberId: asker, ...note };
    const { groupId, validUntil } = wish;
    await this.deps.gate.admit('grant', noted);
    await this.users.noteOnRecord(asker, wish.userId);
    return this.places.take(asker, wish, (before) =>
      this.deps.recorder.write<Outcome>(noted, {
        what: 'grant',
        groupId,
        before: null,
        after: { validUntil },
        look: () => this.sightOf(wish, null, 'adopted', before),
        make: (_, replacing) => this.watched(wish, () => this.grant(wish, triedUntil, before, replacing)),
      }),
    );
  }

  async move(keyId: number, wish: KeyWish, was: Instant | null, note: WriteNote): Promise<GrantResult> {
    const asker = runningMember();
    const noted = { memberId: asker, ...note };
    const { groupId, validUntil } = wish;
    await this.deps.gate.admit(was === null || validUntil < was ? 'revoke' : 'grant', noted);
    return this.places.take(asker, wish, (before) =>
      this.deps.recorder.write<Outcome>(noted, {
        what: 'move',
        groupId,
        before: { keyId, validUntil: was },
        after: { validUntil },
        look: () => this.sightOf(wish, keyId, 'moved', before),
        make: (again, replacing) =>
          this.watched(wish, () => this.moveEnd(keyId, wish, { again, before, replacing })),
      }),
    );
  }

  async giveBack(keyId: number, wish: KeyEnd, was: Instant | null, note: WriteNote): Promise<void> {
    const asker = runningMember();
    const noted = { memberId: asker, ...note };
    const { groupId, validUntil } = wish;
    await this.deps.gate.admit('revoke', noted);
    await this.places.end(asker, { ...wish, keyId }, 'giveBack', () =>
      this.deps.recorder.write<undefined>(noted, {
        what: 'giveBack',
        groupId,
        before: { keyId, validUntil: was },
        after: { validUntil },
        look: async () => {
          const key = await keyNow(this.deps.kisi, keyId, wish);
          const isSo = key !== null && sameEnd(key.validUntil, validUntil);
          return { ...sightOfKey(key), isSo: isSo ? { result: undefined } : null };
        },
        make: async (_, replacing) => {
          const id = await giveBackKey(this.noting(replacing), keyId, wish);
          return { result: undefined, done: 'now', after: { keyId: id, validUntil }, answer: 'given back' };
        },
      }),
    );
  }

  async remove(key: KeyToRemove, note: WriteNote): Promise<void> {
    const asker = runningMember();
    const noted = { memberId: asker, ...note };
    const { keyId, groupId, validUntil } = key;
    await this.deps.gate.admit('revoke', noted);
    await this.places.end(asker, key, 'remove', () =>
      this.deps.recorder.write<undefined>(noted, {
        what: 'revoke',
        groupId,
        before: { keyId, validUntil },
        after: null,
        look: async () => {
          const there = await keyNow(this.deps.kisi, keyId, key);
          return { ...sightOfKey(there), isSo: there === null ? { result: undefined } : null };
        },
        make: () => this.takeAway(key, noted),
      }),
    );
  }

  async inspect(userId: number, knownIds: readonly number[] = []): Promise<KeyInKisi[] | null> {
    const { gate, kisi, directory, ownership, recorder } = this.deps;
    const asker = runningMember();
    await gate.admit('read', nowhere);
    const keys = await keysNow(kisi, userId, knownIds);
    if (keys === null) {
      directory.forget(userId);
      await ownership.userGone(userId);
      return null;
    }
    await recorder.settleSeen(asker, (write) => sightAmong(keys, knownIds, write));
    const late = await this.takeBackOwn(asker, keys);
    return keys
      .filter((key) => key.roleId === keyRole)
      .map(({ id, groupId, validUntil }) => ({
        ...{ keyId: id, groupId, validUntil },
        ...(late.has(id) ? { isLate: true } : {}),
      }));
  }

  private async grant(
    wish: KeyWish,
    triedUntil: Instant | null,
    before: Before,
    replacing: Replacing,
  ): Promise<Written<Outcome>> {
    const result = await this.give(this.noting(replacing), wish, triedUntil, before);
    const { outcome, keyId, validUntil } = result;
    return {
      result,
      done: outcome === 'byHand' ? 'never' : outcome === 'adopted' ? 'before' : 'now',
      after: { keyId, validUntil },
      answer: `${outcome} key ${keyId}`,
      // One that was there served already, even where its end was too early.
      ...(outcome === 'extended' || outcome === 'moved' ? {} : { awaited: 'grant' }),
    };
  }

  private async give(
    kisi: KisiClient,
    wish: KeyWish,
    triedUntil: Instant | null,
    before: Before,
  ): Promise<Made> {
    const { key, how, was, inTheWay, higherRole } = await grantKey(kisi, wish);
    if (inTheWay === null || !(await this.isOurs(inTheWay, triedUntil, before)))
      return {
        ...{ outcome: how, keyId: key.id, validUntil: key.validUntil, was },
        ...(higherRole === null ? {} : { higherRole }),
      };
    // An end that Latchkey gave it is not given back; one that a person had given it before is.
    const handUntil = before.owned?.key?.handUntil ?? null;
    const anew = isDoomed(key.id, before);
    if (how !== 'byHand' && !anew)
      return { outcome: how, keyId: key.id, validUntil: key.validUntil, was: handUntil };
    const moved = await moveKey(kisi, key.id, wish, { moves: this.deps.moves, again: false, anew });
    return { outcome: 'moved', keyId: moved.key.id, validUntil: moved.key.validUntil, was: handUntil };
  }

  private async moveEnd(
    keyId: number,
    wish: KeyWish,
    { again, before, replacing }: { again: boolean; before: Before; replacing: Replacing },
  ): Promise<Written<Outcome>> {
    const { moves } = this.deps;
    const anew = isDoomed(keyId, before);
    const { key, how, was } = await moveKey(this.noting(replacing), keyId, wish, { moves, again, anew });
    const isAnother = how === 'moved' && key.id !== keyId;
    return {
      result: { outcome: how, keyId: key.id, validUntil: key.validUntil, was },
      done: 'now',
      after: { keyId: key.id, validUntil: key.validUntil },
      answer: isAnother ? `gave key ${key.id} in place of key ${keyId}` : `${how} key ${key.id}`,
    };
  }

  private async takeAway(key: KeyToRemove, { isOrdered = false }: Noted): Promise<Written<undefined>> {
    // Where a person has ordered the removal and Kisi cannot be read, the ledger is believed.
    const answer = await removeKey(this.deps.kisi, { ...key, evenUnseen: isOrdered });
    const wasThere = answer === 'deleted';
    return {
      result: undefined,
      done: wasThere ? 'now' : 'before',
      after: null,
      answer: wasThere ? 'deleted' : 'already gone',
      awaited: 'revoke',
    };
  }

  /** Tells apart what a 404 of a grant means: the person is gone, or the group. */
  private async watched(
    { userId, groupId }: KeyWish,
    grant: () => Promise<Written<Outcome>>,
  ): Promise<Written<Outcome>> {
    try {
      return await this.conflicts.watch(`key ${userId} ${groupId}`, grant);
    } catch (error) {
      if (!(error instanceof KisiError) || error.kind !== 'notFound') throw error;
      if ((await missingOf(this.deps.kisi, { userId, groupId })) === 'user') {
        this.deps.directory.forget(userId);
        const answer = `user ${userId} is gone`;
        return { result: { outcome: 'userGone' }, done: 'never', after: null, answer };
      }
      const message = `Kisi group ${groupId} does not exist (any more): correct the mapping (latchkey.yaml or the pass type's KisiGroupId).`;
      throw finalFailure('Configuration', message);
    }
  }

  /** How a key is before it is given or moved. */
  private async sightOf(
    wish: KeyWish,
    keyId: number | null,
    outcome: 'adopted' | 'moved',
    before: Before,
  ): Promise<Sight<Outcome>> {
    const key = await keyNow(this.deps.kisi, keyId, wish);
    const isSo = key !== null && sameEnd(key.validUntil, wish.validUntil) && !isDoomed(key.id, before);
    const result = isSo && { outcome, keyId: key.id, validUntil: wish.validUntil, was: null };
    return { ...sightOfKey(key), isSo: result ? { result } : null };
  }

  /**
   * Whether the key that is there already is Latchkey's: by the end that a write with a lost answer gave it, by the record,
   * or by who made it, where that says so. Latchkey gives no role but the one that opens doors.
   */
  private async isOurs(
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
    if (!this.deps.isApiUserOurs || there.createdById === null) return false;
    return there.createdById === (await this.ownUserId());
  }

  private async ownUserId(): Promise<number> {
    return (this.apiUserId ??= (await this.deps.kisi.currentUser()).id);
  }

  /** Kisi, with each replacement of a key kept in the audit log as two writes. */
  private noting(replacing: Replacing): KisiClient {
    const { kisi } = this.deps;
    return {
      ...kisi,
      replaceKey: (id, key, signal) => replacing(id, (onTaken) => kisi.replaceKey(id, key, signal, onTaken)),
    };
  }

  /** Puts keys of a user on record again that the member's writes with lost answers made. Answers their ids. */
  private async takeBackOwn(memberId: number | null, keys: readonly KisiKey[]): Promise<ReadonlySet<number>> {
    const { ownership } = this.deps;
    const writes = memberId === null ? [] : await ownership.unanswered({ memberId });
    if (memberId === null || writes.length === 0) return new Set();
    const taken = await takeBack(ownership, keys, writes, () => this.ownUserId());
    await ownership.looked(memberId);
    return new Set(taken.map(({ keyId }) => keyId));
  }
}

/** Whether a removal of just this key may be carried out yet: it would shut the door on whoever is to keep it. */
function isDoomed(keyId: number, { unanswered }: Before): boolean {
  return unanswered.some(({ does, key }) => does === 'remove' && key.keyId === keyId);
}
