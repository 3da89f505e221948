import { ApplicationFailure, log } from '@temporalio/activity';
import {
  placeName,
  type OwnedKey,
  type Place,
  type UnansweredWrite,
  type WriteSent,
} from '../access/ownership.js';
import type { LedgerKey } from '../access/plan.js';
import { isKisiError } from '../kisi/errors.js';
import type { Ownership } from '../database/ownership.js';
import type { FailureType, GrantResult, KeyWish } from '../messages/to-activities.js';
import { inTurns } from './in-turns.js';
import { runningMember } from './recorder.js';

type Given = Extract<GrantResult, { keyId: number }>;

/** What came of a grant or a move, before it is on record. */
export type Outcome = Exclude<GrantResult, Given> | Omit<Given, 'version'>;

/** What is on record of a place before a write to it. */
export interface Before {
  /** Null: nothing. */
  owned: OwnedKey | null;
  /** Writes to it that may be carried out yet. */
  unanswered: readonly UnansweredWrite[];
}

/** Writes to Kisi with whose each key is on record before and after; those to one place come one after another. */
export interface Places {
  /** Gives or moves a key: it is the running member's from now on, whoever it was before. */
  take(wish: KeyWish, write: (before: Before) => Promise<Outcome>): Promise<GrantResult>;
  /**
   * Takes a key away, or gives it up. Where it is another member's by now nothing is written. `keyId`: null: not known.
   * `validUntil`: the end that it has, or is given back. Throws a final failure where a member's workflow asks for it, and the
   * key is not on record as Latchkey's own.
   */
  end(
    key: Place & Pick<LedgerKey, 'keyId' | 'validUntil'>,
    does: 'giveBack' | 'remove',
    write: () => Promise<void>,
  ): Promise<void>;
}

/** Principle 12: whose a key is stands in the database. Keep one for the process that writes to Kisi. */
export function createPlaces(
  ownership: Pick<
    Ownership,
    'at' | 'own' | 'put' | 'release' | 'userGone' | 'sending' | 'answered' | 'unanswered'
  >,
): Places {
  const inTurn = inTurns();

  /** Makes a write that is on record until its answer is known: without one it may be carried out yet, however late. */
  async function untilAnswered<T>(sent: WriteSent, write: () => Promise<T>): Promise<T> {
    const isFirst = await ownership.sending(sent);
    try {
      const answer = await write();
      // An id that is gone cannot be taken away once more.
      if (isFirst || sent.does === 'remove') await ownership.answered(sent);
      return answer;
    } catch (error) {
      if (isFirst && isAnswered(error)) await ownership.answered(sent);
      throw error;
    }
  }

  async function takeNow(wish: KeyWish, write: (before: Before) => Promise<Outcome>): Promise<GrantResult> {
    const memberId = runningMember();
    if (memberId === null) throw new Error('only a member’s workflow gives keys');
    const { userId, groupId } = wish;
    const before = await ownership.at(wish);
    const unanswered = await ownership.unanswered({ place: wish });
    // On record before it is made: after a lost answer, or with the workflow gone, it is known whose it may be.
    const claimed = await ownership.own(memberId, { ...wish, uncertain: true });
    const sent = { userId, groupId, memberId, does: 'put', key: wish } as const;
    const outcome = await untilAnswered(sent, () => write({ owned: before, unanswered })).catch(
      async (error: unknown) => {
        if (!isUnmade(error)) throw error;
        if (before === null) await ownership.release(wish, memberId);
        else await ownership.put([again(before, claimed + 1)]);
        throw error;
      },
    );
    if (outcome.outcome === 'userGone') {
      await ownership.userGone(wish.userId);
      return outcome;
    }
    const { keyId, validUntil, was, higherRole } = outcome;
    const byHand = outcome.outcome === 'byHand';
    const handUntil = was ?? wish.handUntil;
    const known = { keyId, validUntil, byHand, handUntil, uncertain: false };
    const key = { ...wish, ...known, ...(byHand ? { higherRole } : {}) };
    return { ...outcome, version: await ownership.own(memberId, key) };
  }

  async function endNow(...[place, does, write]: Parameters<Places['end']>): Promise<void> {
    const { userId, groupId, keyId, validUntil } = place;
    const memberId = runningMember();
    const owned = await ownership.at(place);
    if (owned !== null && owned.key !== null && owned.memberId !== memberId) {
      log.info(
        `The key of Kisi user ${place.userId} to group ${place.groupId} stays: it is member ${owned.memberId}'s by now.`,
      );
      return;
    }
    if (memberId !== null && !mayEnd(owned, place)) return;
    const key = owned?.key ?? null;
    if (owned === null || key === null || keyId === null) await write();
    else {
      const sent = { userId, groupId, memberId: owned.memberId, does, key: { ...key, keyId, validUntil } };
      await untilAnswered(sent, write);
    }
    await ownership.release(place, memberId);
  }

  /**
   * Whether a member may take the key away: it is on record as its own. What a workflow says of its keys is a claim, which
   * anybody can have typed in Temporal's UI. False: it was taken away before.
   */
  function mayEnd(owned: OwnedKey | null, { userId, groupId }: Place): boolean {
    if (owned !== null && owned.key === null) return false;
    if (owned?.key?.byHand === false) return true;
    throw ApplicationFailure.create({
      type: 'AuditLog' satisfies FailureType,
      message:
        `The key of Kisi user ${userId} to group ${groupId} stays: it is not on record as Latchkey's own ` +
        '(any more). If it is to go, take it away in Kisi.',
      nonRetryable: true,
    });
  }

  return {
    take: (wish, write) => inTurn(placeName(wish), () => takeNow(wish, write)),
    end: (key, ...rest) => inTurn(placeName(key), () => endNow(key, ...rest)),
  };
}

/** The same as before, as the newest word on it. */
function again(owned: OwnedKey, version: number): OwnedKey {
  return { ...owned, version, key: owned.key && { ...owned.key, version } };
}

/** Whether Kisi surely did nothing of it. */
function isUnmade(error: unknown): boolean {
  if (isKisiError(error, 'throttled')) return true;
  if (error instanceof ApplicationFailure && error.type === 'Stopped') {
    const [detail] = (error.details ?? []) as [{ mayBeDone?: boolean }?];
    return detail?.mayBeDone === false;
  }
  return isKisiError(error) && error.isUnsent;
}

/** Whether nothing that was sent is without an answer. What is sent is sent one after another: a read that fails came after answers. */
function isAnswered(error: unknown): boolean {
  if (isUnmade(error)) return true;
  if (isKisiError(error)) return error.method === 'GET' || !isKisiError(error, 'unavailable', 'malformed');
  return error instanceof ApplicationFailure && error.nonRetryable === true && error.type !== 'Stopped';
}
