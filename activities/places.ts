import { ApplicationFailure, log } from '@temporalio/activity';
import type { KeyWish, KeyWritten } from '../access/ledger.js';
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
import type { GrantResult } from '../messages/to-activities.js';
import { finalFailure } from './failures.js';
import { inTurns } from './in-turns.js';

/** A key that was given or moved, before it is on record. */
export type Made = Omit<KeyWritten, 'version'>;

/** What came of a grant or a move, before it is on record. */
export type Outcome = Exclude<GrantResult, KeyWritten> | Made;

/** What is on record of a place before a write to it. */
export interface Before {
  /** Null: nothing. */
  owned: OwnedKey | null;
  /** Writes to it that may be carried out yet. */
  unanswered: readonly UnansweredWrite[];
}

/** A key that is to be taken away, or given up, and the end that it has, or is given back. */
type Ending = Place & Pick<LedgerKey, 'keyId' | 'validUntil'>;

/**
 * Principle 12: the database says whose a key is. Each write to Kisi has the owner of its key on record before and after, and
 * writes to one place come one after another. Keep one of this class for the process that writes to Kisi.
 */
export class Places {
  private readonly inTurn = inTurns();

  constructor(private readonly ownership: Ownership) {}

  /** Gives or moves a key. It is this member's from now on, whoever owned it before. */
  take(
    memberId: number | null,
    wish: KeyWish,
    write: (before: Before) => Promise<Outcome>,
  ): Promise<GrantResult> {
    if (memberId === null) throw new Error('only a member’s workflow gives keys');
    return this.inTurn(placeName(wish), () => this.takeNow(memberId, wish, write));
  }

  /**
   * Takes a key away, or gives it up. Where it is another member's by now nothing is written. `asker`: the member who asks; null:
   * another workflow does. Throws a final failure where a member asks, and the key is not on record as Latchkey's own.
   */
  end(
    asker: number | null,
    key: Ending,
    does: 'giveBack' | 'remove',
    write: () => Promise<void>,
  ): Promise<void> {
    return this.inTurn(placeName(key), () => this.endNow(asker, key, does, write));
  }

  private async takeNow(
    memberId: number,
    wish: KeyWish,
    write: (before: Before) => Promise<Outcome>,
  ): Promise<GrantResult> {
    const outcome = await this.putAsOwn(memberId, wish, write);
    if (outcome.outcome === 'userGone') {
      await this.ownership.userGone(wish.userId);
      return outcome;
    }
    const { keyId, validUntil, was, higherRole } = outcome;
    const byHand = outcome.outcome === 'byHand';
    const handUntil = was ?? wish.handUntil;
    const known = { keyId, validUntil, byHand, handUntil, uncertain: false };
    const key = { ...wish, ...known, ...(byHand ? { higherRole } : {}) };
    return { ...outcome, version: await this.ownership.own(memberId, key) };
  }

  /** Has the key on record before it is made: after a lost answer, or with the workflow gone, it is known whose it may be. */
  private async putAsOwn(
    memberId: number,
    wish: KeyWish,
    write: (before: Before) => Promise<Outcome>,
  ): Promise<Outcome> {
    const { userId, groupId } = wish;
    const owned = await this.ownership.at(wish);
    const unanswered = await this.ownership.unanswered({ place: wish });
    const claimed = await this.ownership.own(memberId, { ...wish, uncertain: true });
    const sent = { userId, groupId, memberId, does: 'put', key: wish } as const;
    try {
      return await this.untilAnswered(sent, () => write({ owned, unanswered }));
    } catch (error) {
      if (!isUnmade(error)) throw error;
      if (owned === null) await this.ownership.release(wish, memberId);
      else await this.ownership.put([again(owned, claimed + 1)]);
      throw error;
    }
  }

  private async endNow(
    asker: number | null,
    place: Ending,
    does: 'giveBack' | 'remove',
    write: () => Promise<void>,
  ): Promise<void> {
    const { userId, groupId, keyId, validUntil } = place;
    const owned = await this.ownership.at(place);
    if (owned !== null && owned.key !== null && owned.memberId !== asker) {
      log.info(
        `The key of Kisi user ${userId} to group ${groupId} stays: it is member ${owned.memberId}'s by now.`,
      );
      return;
    }
    if (asker !== null && !mayEnd(owned, place)) return;
    const key = owned?.key ?? null;
    if (owned === null || key === null || keyId === null) await write();
    else {
      const sent = { userId, groupId, memberId: owned.memberId, does, key: { ...key, keyId, validUntil } };
      await this.untilAnswered(sent, write);
    }
    await this.ownership.release(place, asker);
  }

  /** Makes a write that is on record until its answer is known: without one it may be carried out yet, however late. */
  private async untilAnswered<T>(sent: WriteSent, write: () => Promise<T>): Promise<T> {
    const isFirst = await this.ownership.sending(sent);
    try {
      const answer = await write();
      // An id that is gone cannot be taken away once more.
      if (isFirst || sent.does === 'remove') await this.ownership.answered(sent);
      return answer;
    } catch (error) {
      if (isFirst && isAnswered(error)) await this.ownership.answered(sent);
      throw error;
    }
  }
}

/**
 * Whether a member may take the key away: it is on record as its own. What a workflow says of its keys is a claim, which
 * anybody can have typed in Temporal's UI. False: it was taken away before.
 */
function mayEnd(owned: OwnedKey | null, { userId, groupId }: Place): boolean {
  if (owned !== null && owned.key === null) return false;
  if (owned?.key?.byHand === false) return true;
  throw finalFailure(
    'AuditLog',
    `The key of Kisi user ${userId} to group ${groupId} stays: it is not on record as Latchkey's own ` +
      '(any more). If it is to go, take it away in Kisi.',
  );
}

/** The record as it was, under a newer version. */
function again(owned: OwnedKey, version: number): OwnedKey {
  return { ...owned, version, key: owned.key && { ...owned.key, version } };
}

/** Whether Kisi surely did nothing of a write that failed with this error. */
function isUnmade(error: unknown): boolean {
  if (isKisiError(error, 'throttled')) return true;
  if (error instanceof ApplicationFailure && error.type === 'Stopped') {
    const [detail] = (error.details ?? []) as [{ mayBeDone?: boolean }?];
    return detail?.mayBeDone === false;
  }
  return isKisiError(error) && error.isUnsent;
}

/** Whether every request so far has its answer. They are sent one after another: a read that fails came after answers. */
function isAnswered(error: unknown): boolean {
  if (isUnmade(error)) return true;
  if (isKisiError(error)) return error.method === 'GET' || !isKisiError(error, 'unavailable', 'malformed');
  return error instanceof ApplicationFailure && error.nonRetryable === true && error.type !== 'Stopped';
}
