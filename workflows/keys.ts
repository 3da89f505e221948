import { uuid4, type ActivityOptions } from '@temporalio/workflow';
import { sameEnd } from '../access/drift.js';
import { givenBackUntil, type LedgerKey, type Step } from '../access/plan.js';
import { iso, type Entitlement, type Instant } from '../access/types.js';
import type { Assessment, GrantResult, KeyActivities, WriteNote } from '../messages/to-activities.js';
import { dropKey, putKey, removeKey } from './ledger.js';
import { kisiBatchTaskQueue, kisiTaskQueue, type MemberState } from '../messages/to-member.js';
import {
  isHeld,
  retryingActivities,
  persist,
  type Overtaking,
  type Patient,
  type Problem,
} from './retries.js';

/** How a member's workflow writes keys: one Kisi call an activity, the ledger brought up to date after each. */
export interface KeyWriter {
  /** Does one step; true: done, false: the plan it belongs to is out of date. Throws a final Problem. */
  apply(step: Step, circumstances: Circumstances): Promise<boolean>;
  /** Brings the ledger in line with what Kisi holds of it. False: overtaken, or a key is on record that the ledger lacks. */
  inspect(): Promise<boolean>;
}

/** What a write needs to know beside the step itself. */
export type Circumstances = Pick<Assessment, 'emailDigest' | 'locationId' | 'losses' | 'due'>;

/** Who has keys written: the rules, or a person by a plan or an order. */
export interface Author {
  by: string;
  planId: string | null;
  /** Nobody waits for just this member: what somebody waits for goes first. */
  isBatch: boolean;
  /** A person ordered it, and it goes before all else. */
  isOrdered?: boolean;
}

export const byTheRules: Omit<Author, 'isBatch'> = { by: 'rules', planId: null };

/**
 * Priorities in Kisi's queue: of what a person ordered, of an end of access, of what somebody waits for, of what has time
 * (worker/turns.ts lets others go first), and the last there is.
 */
const orderedKey = 1;
const endKey = 2;
const awaitedKey = 3;
const unhurriedKey = 4;
const lastKey = 5;

/** An end that is moved goes before others where either end comes so soon. */
const soonMs = 3 * 60 * 60_000;

function isSoon(...ends: (Instant | null)[]): boolean {
  return ends.some((end) => end !== null && end < Date.now() + soonMs);
}

/** Kisi allows 5 requests a second; a wait of 15 s between tries lets a thousand waiting members come back gently. */
function kisiActivities(taskQueue: string): Patient<KeyActivities> {
  const options = { taskQueue: kisiTaskQueue(taskQueue), startToCloseTimeout: '2m', heartbeatTimeout: '15s' };
  return retryingActivities<KeyActivities>(options, 15_000);
}

/** A writer over the given state. `changes` collects what was done, in plain words. */
export function keyWriter(
  state: MemberState,
  changes: string[],
  onWaiting: (problem: Problem) => void,
  overtaking: Overtaking,
  author: Author,
): KeyWriter {
  const { quick, patient } = kisiActivities(state.taskQueue);

  /** One Kisi call, labelled for the UI. An end of access goes before everything else, what is one of many last. */
  function call<K extends keyof KeyActivities>(
    name: K,
    args: Parameters<KeyActivities[K]>,
    summary: string,
    priorityKey = awaitedKey,
    canWait = false,
  ): Promise<{ value: Awaited<ReturnType<KeyActivities[K]>> } | null> {
    const options = { summary, ...placeInLine(priorityKey, canWait) };
    type Args = Parameters<KeyActivities[K]>;
    type Answer = Awaited<ReturnType<KeyActivities[K]>>;
    type Call = { executeWithOptions(o: typeof options, a: Args): Promise<Answer> };
    const run = (set: unknown): Promise<Answer> =>
      (set as Record<K, Call>)[name].executeWithOptions(options, args);
    return persist(
      () => run(quick),
      () => run(patient),
      onWaiting,
      // Thousands may wait before it in line.
      canWait && !author.isBatch ? { ...overtaking, isOvertakenAtOnce: overtaking.isOvertaken } : overtaking,
    );
  }

  /** What can wait does so in a queue of its own, since what runs cannot be overtaken. */
  function placeInLine(
    priorityKey: number,
    canWait: boolean,
  ): Pick<ActivityOptions, 'priority' | 'taskQueue'> {
    if (author.isOrdered === true) return { priority: { priorityKey: orderedKey } };
    const isOneOfMany = author.isBatch && priorityKey !== endKey;
    if (!isOneOfMany && !canWait) return { priority: { priorityKey } };
    const place = author.isBatch ? Math.min(priorityKey + 1, lastKey) : priorityKey;
    return { priority: { priorityKey: place }, taskQueue: kisiBatchTaskQueue(state.taskQueue) };
  }

  /** Who writes, and why: one note for all tries of a change. */
  function noteOf(cause: string, locationId: number | null, since: Instant | null = null): WriteNote {
    const { by, planId, isOrdered = false } = author;
    return { id: uuid4(), cause, locationId, by, planId, since, ...(isOrdered ? { isOrdered } : {}) };
  }

  async function userFor(digest: string, locationId: number | null): Promise<number | null> {
    if (state.kisiUser?.emailDigest === digest) return state.kisiUser.id;
    const id = state.memberId;
    const about = { locationId, planId: author.planId };
    const found = await call('findKisiUser', [id, 'filter', about], 'find the Kisi user');
    if (found === null) return null;
    const searched =
      found.value === null
        ? await call('findKisiUser', [id, 'search', about], 'search for the Kisi user')
        : found;
    if (searched === null) return null;
    const { value } = searched;
    const made = value === null || value === 'nobody' ? await makeUser(locationId) : { value };
    if (made === null) return null;
    state.kisiUser = { id: made.value, emailDigest: digest };
    return made.value;
  }

  async function makeUser(locationId: number | null): Promise<{ value: number } | null> {
    const note = noteOf('the first key of the member', locationId);
    return call('createKisiUser', [state.memberId, note], 'make the Kisi user (sends the invitation)');
  }

  const replace = (key: LedgerKey): void => {
    putKey(state, key);
  };
  const forget = (key: LedgerKey): void => {
    dropKey(state, key);
  };

  /** Notes a write before it is made; where an order held it back unmade, what was known before holds again. */
  async function noting<T>(
    entry: LedgerKey,
    before: LedgerKey | undefined,
    write: () => Promise<T>,
  ): Promise<T> {
    replace(entry);
    try {
      return await write();
    } catch (error) {
      const isUnmade = isHeld(error) && !error.mayBeDone && state.ledger.includes(entry);
      if (isUnmade) removeKey(state, entry);
      if (isUnmade && before !== undefined) replace(before);
      throw error;
    }
  }

  /**
   * The key of a grant whose answer was lost, as it was made, if it was; any other as it is. One must be known before the
   * next is asked for: of two ends that may be ours, only the last would be remembered. Null: overtaken.
   */
  async function found(key: LedgerKey): Promise<LedgerKey | null> {
    const { keyId, userId, groupId, validUntil } = key;
    if (keyId !== null) return key;
    const answer = await call('inspectKeys', [userId], `look whether group ${groupId} was granted`);
    if (answer === null) return null;
    const made = answer.value?.find(
      (one) =>
        one.groupId === groupId && one.validUntil !== 'unreadable' && sameEnd(one.validUntil, validUntil),
    );
    if (made === undefined) return key;
    const known = { ...key, keyId: made.keyId };
    replace(known);
    return known;
  }

  async function grant(wish: Entitlement, circumstances: Circumstances): Promise<boolean> {
    const { emailDigest, locationId } = circumstances;
    if (emailDigest === null) return true;
    const userId = await userFor(emailDigest, locationId);
    if (userId === null) return false;
    const { groupId } = wish;
    const tried = state.ledger.find((k) => k.groupId === groupId && k.userId === userId);
    const known = tried === undefined ? undefined : await found(tried);
    if (known === null) return false;
    if (known !== undefined && known !== tried) return move(known, wish, circumstances);
    const validUntil = wish.kisiEnd.set;
    const triedUntil = known !== undefined && !known.byHand ? known.validUntil : null;
    const takesOver = wish.takesOver === true;
    const handUntil = known?.byHand === true ? known.validUntil : (known?.handUntil ?? null);
    const entry: LedgerKey = {
      groupId,
      userId,
      keyId: null,
      validUntil,
      byHand: false,
      // Noted before the write: after a lost answer it cannot be told any more.
      handUntil,
      uncertain: false,
      version: known?.version ?? 0,
      ...pick(wish),
    };
    const note = noteOf(wish.because, locationId, dueSince(groupId, circumstances));
    const answer = await noting(entry, known, () =>
      call(
        'createKey',
        [{ ...entry, validUntil }, triedUntil, note],
        `grant group ${groupId} until ${iso(validUntil)}`,
      ),
    );
    if (answer === null) return false;
    return granted(answer.value, entry, takesOver);
  }

  async function move(key: LedgerKey, wish: Entitlement, circumstances: Circumstances): Promise<boolean> {
    const { keyId, groupId } = key;
    if (keyId === null) return grant(wish, circumstances);
    const validUntil = wish.kisiEnd.set;
    const entry = { ...key, ...pick(wish), validUntil, uncertain: true };
    const note = noteOf(wish.because, circumstances.locationId);
    const isTimely = !isSoon(key.validUntil, validUntil);
    const answer = await noting(entry, key, () =>
      call(
        'moveKey',
        [keyId, { ...entry, validUntil }, key.validUntil, unsureOf(key, note)],
        `move the end of group ${groupId} to ${iso(validUntil)}`,
        isTimely ? unhurriedKey : awaitedKey,
        isTimely,
      ),
    );
    if (answer === null) return false;
    return granted(answer.value, entry);
  }

  function forgetUser(userId: number): void {
    for (const key of state.ledger.filter((one) => one.userId === userId)) removeKey(state, key);
    state.kisiUser = null;
  }

  /** Notes what came of a grant or a move; false: the Kisi user is gone, and with it every key. */
  function granted(result: GrantResult, entry: LedgerKey, takesOver = false): boolean {
    const { groupId, userId } = entry;
    if (result.outcome === 'userGone') {
      // All keys went with the user, so what is left of this plan is not all there is to do.
      forgetUser(userId);
      changes.push('the Kisi user was deleted by hand; making it anew');
      return false;
    }
    const { outcome, keyId, validUntil, was, version, higherRole } = result;
    const byHand = outcome === 'byHand';
    const isTakenOver = takesOver && higherRole === undefined;
    replace({
      ...entry,
      keyId,
      validUntil,
      byHand,
      handUntil: was ?? entry.handUntil,
      uncertain: false,
      version,
      higherRole: byHand ? higherRole : undefined,
      ...(isTakenOver ? ours : {}),
    });
    if (byHand && isTakenOver) {
      // It may have another end than ours have.
      changes.push(`group ${groupId}: took over the key that was there`);
      return false;
    }
    if (byHand && higherRole !== undefined && takesOver)
      changes.push(
        `group ${groupId}: the key that was there is left alone, since the person is ${higherRole}`,
      );
    else if (byHand) changes.push(`group ${groupId}: a key given by hand serves`);
    else if (outcome === 'moved')
      changes.push(`moved the end of group ${groupId} to ${iso(validUntil ?? 0)}`);
    else changes.push(`granted group ${groupId} (${outcome})`);
    return true;
  }

  async function revoke(tried: LedgerKey, circumstances: Circumstances): Promise<boolean> {
    const { losses, locationId } = circumstances;
    const key = await found(tried);
    if (key === null) return false;
    const { keyId, userId, groupId, validUntil } = key;
    const handUntil = givenBackUntil(key, Date.now());
    // A key of an earlier Kisi user is no loss: the new one has it.
    const loss = losses.find((one) => one.groupId === groupId);
    const why = loss?.why ?? 'the e-mail is another one now';
    const note = noteOf(why, locationId, loss === undefined ? null : dueSince(groupId, circumstances));
    if (keyId !== null && handUntil !== null) return giveBack(key, keyId, handUntil, note);
    const done = await noting({ ...key, uncertain: true }, key, () =>
      call('removeKey', [{ keyId, userId, groupId, validUntil }, note], `revoke group ${groupId}`, endKey),
    );
    if (done === null) return false;
    removeKey(state, key);
    changes.push(`revoked group ${groupId}`);
    return true;
  }

  /** A key that a person had given until later than now: it gets that end back. */
  async function giveBack(
    key: LedgerKey,
    keyId: number,
    handUntil: Instant,
    note: WriteNote,
  ): Promise<boolean> {
    const { userId, groupId } = key;
    const done = await noting({ ...key, uncertain: true }, key, () =>
      call(
        'giveBackKey',
        [keyId, { userId, groupId, validUntil: handUntil }, key.validUntil, unsureOf(key, note)],
        `give group ${groupId} back as it was given by hand, until ${iso(handUntil)}`,
        endKey,
      ),
    );
    if (done === null) return false;
    removeKey(state, key);
    changes.push(`gave group ${groupId} back as it was given by hand, until ${iso(handUntil)}`);
    return true;
  }

  function note(key: LedgerKey, wish: Entitlement): boolean {
    replace({ ...key, ...pick(wish) });
    return true;
  }

  async function apply(step: Step, circumstances: Circumstances): Promise<boolean> {
    switch (step.kind) {
      case 'revoke':
        return revoke(step.key, circumstances);
      case 'grant':
        return grant(step.wish, circumstances);
      case 'move':
        return move(step.key, step.wish, circumstances);
      case 'note':
        return note(step.key, step.wish);
      case 'forget':
        forget(step.key);
        return true;
    }
  }

  async function inspect(): Promise<boolean> {
    if (state.kisiUser === null) return true;
    const { id } = state.kisiUser;
    const begunAt = Date.now();
    const known = state.ledger.flatMap((key) => (key.userId === id && key.keyId !== null ? [key.keyId] : []));
    const answer = await call('inspectKeys', [id, known], 'compare with Kisi', unhurriedKey);
    if (answer === null) return false;
    const found = answer.value;
    state.comparedAt = begunAt;
    if (found === null) {
      forgetUser(id);
      changes.push('the Kisi user is gone');
      return true;
    }
    for (const key of state.ledger.filter(({ userId, keyId }) => userId === id && keyId !== null)) {
      const real = found.find((row) => row.groupId === key.groupId);
      // By an end that cannot be read nothing can be told: it is the same key by its id, or another's.
      if (real?.validUntil === 'unreadable' && real.keyId === key.keyId) continue;
      if (real === undefined || real.validUntil === 'unreadable') {
        forget(key);
        changes.push(`group ${key.groupId}: the key was gone from Kisi`);
        continue;
      }
      const isFrozen = state.frozen.some(({ groupId }) => groupId === key.groupId);
      const isSame = sameEnd(key.validUntil, real.validUntil);
      // An end that somebody else set is moved back, even where it would do.
      const uncertain = !key.byHand && !isFrozen && !isSame;
      // Kisi may store it less exactly than it was asked for.
      replace({
        ...key,
        // It may be another by now.
        higherRole: undefined,
        keyId: real.keyId,
        validUntil: isSame ? key.validUntil : real.validUntil,
        uncertain,
      });
    }
    const late = found.filter(({ isLate }) => isLate === true);
    for (const { groupId } of late)
      changes.push(`group ${groupId}: a write whose answer was lost was carried out late`);
    return late.length === 0;
  }

  return { apply, inspect };
}

/** A write before may have been made without an answer: then it shows only by a look whether there is anything left to do. */
function unsureOf({ uncertain }: LedgerKey, note: WriteNote): WriteNote {
  return uncertain ? { ...note, unsure: true } : note;
}

function dueSince(groupId: number, { due = [] }: Circumstances): Instant | null {
  return due.find((one) => one.groupId === groupId)?.since ?? null;
}

/** Of a key that Latchkey may take away. */
const ours = { byHand: false, handUntil: null } as const;

function pick(wish: Entitlement): Pick<LedgerKey, 'until' | 'because' | 'standsOn'> {
  return { until: wish.until, because: wish.because, standsOn: wish.standsOn };
}
