import { uuid4, type ActivityInterfaceFor } from '@temporalio/workflow';
import {
  explained,
  granted,
  inspected,
  keyAt,
  recovered,
  toGrant,
  toMove,
  toRevoke,
  withDropped,
  withKey,
  withoutKey,
  withoutUser,
  type KeyWritten,
} from '../access/ledger.js';
import { givenBackUntil, type LedgerKey, type Step } from '../access/plan.js';
import { iso, type Entitlement, type Instant } from '../access/types.js';
import type { Assessment, GrantResult, KeyActivities, WriteNote } from '../messages/to-activities.js';
import type { MemberState } from '../messages/to-member.js';
import { endKey, kisiActivities, unhurriedKey, type Call, type Urgency } from './kisi-queue.js';
import { isStopped, persist, type Overtaking, type Problem } from './retries.js';

/** What a write needs to know beside the step itself. */
export type Circumstances = Pick<Assessment, 'emailDigest' | 'locationId' | 'losses' | 'due'>;

/** Who has keys written: the rules, or a person by a plan or an order. */
export interface Author extends Urgency {
  by: string;
  planId: string | null;
}

/** Who has keys written, who is told, and what may come first. */
export interface Writing {
  author: Author;
  /** What was done, in plain words; added to. */
  changes: string[];
  onWaiting: (problem: Problem) => void;
  overtaking: Overtaking;
}

/** A move goes before others where the old or the new end comes within this time. */
const soonMs = 3 * 60 * 60_000;

/** Writes a member's keys: each Kisi call is one activity, and the ledger is brought up to date after each. */
export class KeyWriter {
  constructor(
    private readonly state: MemberState,
    private readonly writing: Writing,
  ) {}

  /** Does one step. False: the plan it belongs to is out of date. Throws a final Problem. */
  async apply(step: Step, circumstances: Circumstances): Promise<boolean> {
    switch (step.kind) {
      case 'revoke':
        return this.revoke(step.key, circumstances);
      case 'grant':
        return this.grant(step.wish, circumstances);
      case 'move':
        return this.move(step.key, step.wish, circumstances);
      case 'note':
        this.put(explained(step.key, step.wish));
        return true;
      case 'forget':
        Object.assign(this.state, withDropped(this.state, step.key));
        return true;
    }
  }

  /** Brings the ledger in line with Kisi. False: it was overtaken, or a key is on record that the ledger lacks. */
  async inspect(): Promise<boolean> {
    const { state } = this;
    if (state.kisiUser === null) return true;
    const { id } = state.kisiUser;
    const begunAt = Date.now();
    const known = state.ledger.flatMap((key) => (key.userId === id && key.keyId !== null ? [key.keyId] : []));
    const answer = await this.call({ summary: 'compare with Kisi', priorityKey: unhurriedKey }, (kisi) =>
      kisi.inspectKeys(id, known),
    );
    if (answer === null) return false;
    state.comparedAt = begunAt;
    const found = answer.value;
    if (found === null) {
      this.forgetUser(id);
      this.tell('the Kisi user is gone');
      return true;
    }
    const { goneGroupIds, ...ledger } = inspected(state, id, found, state.frozen);
    Object.assign(state, ledger);
    for (const groupId of goneGroupIds) this.tell(`group ${groupId}: the key was gone from Kisi`);
    const late = found.filter(({ isLate }) => isLate === true);
    for (const { groupId } of late)
      this.tell(`group ${groupId}: a write whose answer was lost was carried out late`);
    return late.length === 0;
  }

  private async grant(wish: Entitlement, circumstances: Circumstances): Promise<boolean> {
    const { emailDigest, locationId } = circumstances;
    if (emailDigest === null) return true;
    const userId = await this.ensureUser(emailDigest, locationId);
    if (userId === null) return false;
    const { groupId } = wish;
    const tried = keyAt(this.state.ledger, { userId, groupId });
    const known = tried && (await this.recover(tried));
    if (known === null) return false;
    if (known !== tried && known !== undefined) return this.move(known, wish, circumstances);
    const entry = toGrant(wish, userId, known);
    const triedUntil = known !== undefined && !known.byHand ? known.validUntil : null;
    const note = this.createNote(wish.because, locationId, dueSince(groupId, circumstances));
    const summary = `grant group ${groupId} until ${iso(entry.validUntil)}`;
    const answer = await this.noteAndWrite(entry, known, () =>
      this.call({ summary }, (kisi) => kisi.createKey(entry, triedUntil, note)),
    );
    return answer !== null && this.conclude(answer.value, entry, wish.takesOver === true);
  }

  private async move(key: LedgerKey, wish: Entitlement, circumstances: Circumstances): Promise<boolean> {
    const { keyId, groupId } = key;
    if (keyId === null) return this.grant(wish, circumstances);
    const entry = toMove(key, wish);
    const note = unsureOf(key, this.createNote(wish.because, circumstances.locationId));
    const summary = `move the end of group ${groupId} to ${iso(entry.validUntil)}`;
    const canWait = !isSoon(key.validUntil, entry.validUntil);
    const call = canWait ? { summary, canWait, priorityKey: unhurriedKey } : { summary };
    const answer = await this.noteAndWrite(entry, key, () =>
      this.call(call, (kisi) => kisi.moveKey(keyId, entry, key.validUntil, note)),
    );
    return answer !== null && this.conclude(answer.value, entry);
  }

  private async revoke(tried: LedgerKey, circumstances: Circumstances): Promise<boolean> {
    const { losses, locationId } = circumstances;
    const key = await this.recover(tried);
    if (key === null) return false;
    const { keyId, userId, groupId, validUntil } = key;
    const handUntil = givenBackUntil(key, Date.now());
    // A key of an earlier Kisi user is no loss: the new user has it.
    const loss = losses.find((one) => one.groupId === groupId);
    const why = loss?.why ?? 'the e-mail is another one now';
    const note = this.createNote(
      why,
      locationId,
      loss === undefined ? null : dueSince(groupId, circumstances),
    );
    if (keyId !== null && handUntil !== null) return this.giveBack(key, keyId, handUntil, note);
    const summary = `revoke group ${groupId}`;
    const place = { keyId, userId, groupId, validUntil };
    return this.takeOut(key, summary, `revoked group ${groupId}`, (kisi) => kisi.removeKey(place, note));
  }

  /** Gives a key back the end that a person had given it, and that is still to come. */
  private giveBack(key: LedgerKey, keyId: number, handUntil: Instant, note: WriteNote): Promise<boolean> {
    const { userId, groupId } = key;
    const end = { userId, groupId, validUntil: handUntil };
    const words = `group ${groupId} back as it was given by hand, until ${iso(handUntil)}`;
    return this.takeOut(key, `give ${words}`, `gave ${words}`, (kisi) =>
      kisi.giveBackKey(keyId, end, key.validUntil, unsureOf(key, note)),
    );
  }

  /** Takes a key out of the ledger by a write to Kisi. */
  private async takeOut(
    key: LedgerKey,
    summary: string,
    change: string,
    write: KisiJob<void>,
  ): Promise<boolean> {
    const call = { summary, priorityKey: endKey };
    const done = await this.noteAndWrite(toRevoke(key), key, () => this.call(call, write));
    if (done === null) return false;
    Object.assign(this.state, withoutKey(this.state, key));
    this.tell(change);
    return true;
  }

  /** The Kisi user with the member's e-mail, made where there is none. Null: overtaken. */
  private async ensureUser(digest: string, locationId: number | null): Promise<number | null> {
    if (this.state.kisiUser?.emailDigest === digest) return this.state.kisiUser.id;
    const found = await this.findUser('filter', locationId);
    const searched = found?.value === null ? await this.findUser('search', locationId) : found;
    if (searched === null) return null;
    const { value } = searched;
    const made = value === null || value === 'nobody' ? await this.makeUser(locationId) : { value };
    if (made === null) return null;
    this.state.kisiUser = { id: made.value, emailDigest: digest };
    return made.value;
  }

  private findUser(
    how: 'filter' | 'search',
    locationId: number | null,
  ): Promise<{ value: number | 'nobody' | null } | null> {
    const about = { locationId, planId: this.writing.author.planId };
    const summary = how === 'filter' ? 'find the Kisi user' : 'search for the Kisi user';
    return this.call({ summary }, (kisi) => kisi.findKisiUser(this.state.memberId, how, about));
  }

  private makeUser(locationId: number | null): Promise<{ value: number } | null> {
    const note = this.createNote('the first key of the member', locationId);
    const summary = 'make the Kisi user (sends the invitation)';
    return this.call({ summary }, (kisi) => kisi.createKisiUser(this.state.memberId, note));
  }

  /**
   * The key of a grant whose answer was lost, as it was made, if it was; any other key as it is. It must be known before the
   * next grant: of two ends that may be ours the ledger would remember only the last. Null: overtaken.
   */
  private async recover(key: LedgerKey): Promise<LedgerKey | null> {
    const { keyId, userId, groupId } = key;
    if (keyId !== null) return key;
    const summary = `look whether group ${groupId} was granted`;
    const answer = await this.call({ summary }, (kisi) => kisi.inspectKeys(userId));
    if (answer === null) return null;
    const made = recovered(key, answer.value ?? []);
    if (made !== undefined) this.put(made);
    return made ?? key;
  }

  /** Notes a write before it is made. Where an order stopped it before that, what was known before holds again. */
  private async noteAndWrite<T>(
    entry: LedgerKey,
    before: LedgerKey | undefined,
    write: () => Promise<T>,
  ): Promise<T> {
    this.put(entry);
    try {
      return await write();
    } catch (error) {
      const isUnmade = isStopped(error) && !error.mayBeDone && this.state.ledger.includes(entry);
      if (isUnmade) Object.assign(this.state, withoutKey(this.state, entry));
      if (isUnmade && before !== undefined) this.put(before);
      throw error;
    }
  }

  /** Notes the answer to a grant or a move. False: the rest of the plan is out of date. */
  private conclude(result: GrantResult, entry: LedgerKey, takesOver = false): boolean {
    if (result.outcome === 'userGone') {
      // All keys went with the user, so the plan lacks what they need now.
      this.forgetUser(entry.userId);
      this.tell('the Kisi user was deleted by hand; making it anew');
      return false;
    }
    const key = granted(entry, result, takesOver);
    this.put(key);
    this.tell(grantWords(result, key, takesOver));
    // A key that was taken over may have another end than the rules want.
    return result.outcome !== 'byHand' || key.byHand;
  }

  private forgetUser(userId: number): void {
    Object.assign(this.state, withoutUser(this.state, userId));
    this.state.kisiUser = null;
  }

  private put(key: LedgerKey): void {
    Object.assign(this.state, withKey(this.state, key));
  }

  private tell(change: string): void {
    this.writing.changes.push(change);
  }

  /** Who writes, and why: one note for all tries of a change. */
  private createNote(cause: string, locationId: number | null, since: Instant | null = null): WriteNote {
    const { by, planId, isOrdered = false } = this.writing.author;
    return { id: uuid4(), cause, locationId, by, planId, since, ...(isOrdered ? { isOrdered } : {}) };
  }

  private call<T>(call: Call, job: KisiJob<T>): Promise<{ value: T } | null> {
    const { author, overtaking, onWaiting } = this.writing;
    const kisi = kisiActivities(author, call);
    // Thousands may wait before it in line.
    if (call.canWait !== true || author.isBatch) return persist(kisi, job, onWaiting, overtaking);
    return persist(kisi, job, onWaiting, { ...overtaking, isOvertakenAtOnce: overtaking.isOvertaken });
  }
}

type KisiJob<T> = (kisi: ActivityInterfaceFor<KeyActivities>) => Promise<T>;

function grantWords({ outcome, higherRole }: KeyWritten, key: LedgerKey, takesOver: boolean): string {
  const { groupId, byHand, validUntil } = key;
  if (outcome === 'moved') return `moved the end of group ${groupId} to ${iso(validUntil ?? 0)}`;
  if (outcome !== 'byHand') return `granted group ${groupId} (${outcome})`;
  if (!byHand) return `group ${groupId}: took over the key that was there`;
  if (takesOver && higherRole !== undefined)
    return `group ${groupId}: the key that was there is left alone, since the person is ${higherRole}`;
  return `group ${groupId}: a key given by hand serves`;
}

/** Where the answer of the write before was lost, only a look shows whether anything is left to do. */
function unsureOf({ uncertain }: LedgerKey, note: WriteNote): WriteNote {
  return uncertain ? { ...note, unsure: true } : note;
}

function dueSince(groupId: number, { due = [] }: Circumstances): Instant | null {
  return due.find((one) => one.groupId === groupId)?.since ?? null;
}

function isSoon(...ends: (Instant | null)[]): boolean {
  return ends.some((end) => end !== null && end < Date.now() + soonMs);
}
