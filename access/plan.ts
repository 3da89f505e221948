import type { Entitlement, Instant, NextChange, StandsOn } from './types.js';

/** A key that Latchkey made or adopted, as last known. The ledger is the list of these. */
export interface LedgerKey {
  groupId: number;
  /** The Kisi user that holds it. */
  userId: number;
  /** The Kisi role assignment; null while a write's answer was lost and it may or may not exist. */
  keyId: number | null;
  /** The key's own end in Kisi; null only for a byHand key without one. */
  validUntil: Instant | null;
  /** Given by hand before Latchkey came: it serves, and is never taken away. */
  byHand: boolean;
  /**
   * The higher role that the person had in Kisi at the last look: because of it a byHand key is not taken over. Left out: there
   * is none, or nobody looked.
   */
  higherRole?: string | undefined;
  /** The end that a person gave the key before we moved it on: the key gets that back, and stays. Null: it is all ours. */
  handUntil: Instant | null;
  /** True while the answer of a write to it was lost: it may have another end than `validUntil`, or be gone. */
  uncertain: boolean;
  /** How many writes were made to this place in Kisi, as the record counts them (access/ownership.ts). */
  version: number;
  /** End of access by the rules; null: no end known. */
  until: Instant | null;
  because: string;
  standsOn: StandsOn[];
}

/** A key that is kept for now, neither taken away nor shortened, because what speaks against it may be a bad read. */
export interface KeptKey {
  groupId: number;
  why: string;
  /** True: it is one of too many at once, and a person may say what becomes of it. */
  byGuard?: boolean;
}

/** A group in which nothing is written for a person, and nothing taken away, for a while. */
export interface Freeze {
  groupId: number;
  until: Instant;
  why: string;
  /** Digest of the rules that end the freeze as soon as the person is judged by them; null: only `until` ends it. */
  endsWithRules: string | null;
}

/** Those freezes that still hold. `rules`: digest of the rules by which the person was judged. */
export function stillFrozen(frozen: readonly Freeze[], rules: string, now: Instant): Freeze[] {
  return frozen.filter(({ until, endsWithRules }) => until > now && endsWithRules !== rules);
}

/** One difference between what the rules want and the ledger: one Kisi write, or none (`note`, `forget`). */
export type Step =
  | { kind: 'revoke'; key: LedgerKey }
  | { kind: 'grant'; wish: Entitlement }
  | { kind: 'move'; key: LedgerKey; wish: Entitlement }
  | { kind: 'note'; key: LedgerKey; wish: Entitlement }
  | { kind: 'forget'; key: LedgerKey };

/** The steps that write to Kisi. */
export type WritingStep = Exclude<Step, { kind: 'note' | 'forget' }>;

/** Whether a step writes to Kisi. */
export function writes(step: Step): step is WritingStep {
  return step.kind !== 'note' && step.kind !== 'forget';
}

/**
 * What to write to Kisi so that the ledger becomes what the rules want. Ends first, then new keys, then validity.
 * A kept key is left as it is; a byHand key is never revoked; access that only waits for a renewal is never begun; in a frozen group
 * nothing is done.
 * `userId`: the person's Kisi user now (null: none yet); a key on another user belongs to an earlier e-mail.
 */
export function planSteps(
  ledger: readonly LedgerKey[],
  wishes: readonly Entitlement[],
  kept: readonly KeptKey[],
  userId: number | null,
  frozen: readonly Freeze[] = [],
): Step[] {
  const keptGroups = new Set(kept.map(({ groupId }) => groupId));
  const ends: Step[] = [];
  const begins: Step[] = [];
  const moves: Step[] = [];
  const leaves: Step[] = [];
  for (const key of ledger) {
    const wish = wishes.find((w) => w.groupId === key.groupId);
    if (wish !== undefined && key.userId === userId) continue;
    if (keptGroups.has(key.groupId)) continue;
    // A new Kisi user gets no key yet for access that only waits. And whether there is one shows only when a key is given.
    if (wish?.awaitingRenewal === true) continue;
    if (key.byHand) ends.push({ kind: 'forget', key });
    else (wish === undefined ? ends : leaves).push({ kind: 'revoke', key });
  }
  for (const wish of wishes) {
    const key = ledger.find((k) => k.groupId === wish.groupId && k.userId === userId);
    if (key === undefined || key.keyId === null) {
      if (key !== undefined || !wish.awaitingRenewal) begins.push({ kind: 'grant', wish });
    } else if (key.uncertain && !(keptGroups.has(key.groupId) && mayShorten(key, wish))) {
      moves.push({ kind: 'move', key, wish });
    } else if (key.byHand && wish.takesOver === true && key.higherRole === undefined) {
      // Whether it may be taken over shows in Kisi only.
      begins.push({ kind: 'grant', wish });
    } else if (fits(key, wish)) {
      if (key.because !== wish.because || key.until !== wish.until) moves.push({ kind: 'note', key, wish });
    } else if (key.byHand) {
      if (endsTooSoon(key.validUntil, wish)) begins.push({ kind: 'grant', wish });
      else moves.push({ kind: 'note', key, wish });
    } else if (endsTooSoon(key.validUntil, wish) || !keptGroups.has(key.groupId)) {
      moves.push({ kind: 'move', key, wish });
    }
  }
  const steps = [...ends, ...begins, ...moves, ...leaves];
  return steps.filter((step) => frozen.every(({ groupId }) => groupId !== groupOf(step)));
}

/** The group whose key a step is about. */
export function groupOf(step: Step): number {
  return step.kind === 'grant' ? step.wish.groupId : step.key.groupId;
}

/**
 * Until when a key that is no longer wanted goes on, since a person had given it until then: it gets that end back.
 * Null: it is taken away.
 */
export function givenBackUntil({ keyId, handUntil }: LedgerKey, now: Instant): Instant | null {
  return keyId !== null && handUntil !== null && handUntil > now ? handUntil : null;
}

function endsTooSoon(validUntil: Instant | null, wish: Entitlement): boolean {
  return validUntil !== null && validUntil < wish.kisiEnd.atLeast;
}

/** Whether a move would shorten a key, by the end that the ledger knows. */
function mayShorten({ validUntil }: LedgerKey, wish: Entitlement): boolean {
  return validUntil === null || validUntil > wish.kisiEnd.set;
}

/** Kisi may keep whole seconds only. */
function fits({ validUntil, byHand }: LedgerKey, wish: Entitlement): boolean {
  // Principle 6: a key of ours has an end.
  if (validUntil === null) return byHand && wish.kisiEnd.atMost === null;
  if (endsTooSoon(validUntil, wish)) return false;
  return wish.kisiEnd.atMost === null || validUntil <= wish.kisiEnd.atMost;
}

/**
 * The next instant at which the member's workflow must look again: a change of access, a key whose own end must be moved
 * on, or the end of a freeze. Null: nothing is due.
 */
export function nextWake(
  next: NextChange | null,
  ledger: readonly LedgerKey[],
  wishes: readonly Entitlement[],
  frozen: readonly Freeze[] = [],
): NextChange | null {
  let first = next;
  for (const { groupId, until } of frozen) {
    if (first === null || until < first.at)
      first = { at: until, what: `group ${groupId} is no longer frozen` };
  }
  for (const key of ledger) {
    if (frozen.some(({ groupId }) => groupId === key.groupId)) continue;
    const wish = wishes.find((w) => w.groupId === key.groupId);
    if (wish === undefined || wish.kisiEnd.atMost !== null || key.validUntil === null) continue;
    const at = key.validUntil - wish.kisiEnd.renewLeadMs;
    if (first === null || at < first.at)
      first = { at, what: `the key to group ${key.groupId} is renewed ahead in Kisi` };
  }
  return first;
}

/** How long until the next look for a change that is past by this clock, at the least and at the most. */
const soonestWakeMs = 2_000;
const latestWakeMs = 30_000;

/**
 * When to look again for a change at `at`, by the clock that says `now`. The decision may have gone by another clock: `judged`
 * says when it came by this clock (`at`) and by that one (`by`). The look comes as long after the decision as the change does,
 * at the latest. Where the change is past by this clock, it does not come at once: by the other clock the change is to come.
 */
export function wakeAt(at: Instant, judged: { at: Instant; by: Instant }, now: Instant): Instant {
  const leftMs = Math.max(soonestWakeMs, at - judged.by - (now - judged.at));
  return at > now ? Math.min(at, now + leftMs) : now + Math.min(leftMs, latestWakeMs);
}
