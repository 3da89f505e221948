import { canonical } from '../access/canonical.js';
import { sameEnd } from '../access/drift.js';
import { withDropped, withKey } from '../access/ledger.js';
import type { LedgerKey, WritingStep } from '../access/plan.js';
import { iso, type Entitlement } from '../access/types.js';
import type { MemberState } from '../messages/to-member.js';
import {
  beforeOf,
  keyOfPart,
  type ChangeDone,
  type PartDone,
  type KeyBefore,
  type PlanPart,
  type PlannedChange,
} from '../messages/to-plan.js';
import type { Circumstances, KeyWriter } from './key-writer.js';
import { Problem } from './retries.js';

/**
 * Does a member's part of a plan, change by change, each only where the ledger is as the plan found it (or, to undo it,
 * left it), and leaves the groups alone afterwards. A change that cannot be done keeps no other from being done.
 */
export async function runPart(
  part: PlanPart,
  state: MemberState,
  writer: KeyWriter,
): Promise<Omit<PartDone, 'key'>> {
  const { what, freezeUntil, planId, by } = part;
  const done: ChangeDone[] = [];
  const before: KeyBefore[] = [];
  if (what.does === 'apply') {
    for (const change of what.changes) {
      const one = await applyOne(change, part, state, writer);
      done.push(one);
      before.push(...beforeOf(change, one));
    }
  } else {
    for (const key of what.keys) done.push(await undoIfKnown(key, part, state, writer));
  }
  const verb = what.does === 'apply' ? 'applied' : 'undone';
  const groupIds = done.map(({ groupId }) => groupId);
  state.frozen = [
    ...state.frozen.filter(({ groupId }) => !groupIds.includes(groupId)),
    ...groupIds.map((groupId) => ({
      groupId,
      until: freezeUntil,
      why: `plan ${planId} was ${verb} by ${by}, so nothing else is done there until ${iso(freezeUntil)}`,
      endsWithRules: what.does === 'apply' ? what.rules : null,
    })),
  ];
  return { changes: done, before };
}

async function applyOne(
  { line, step, had }: PlannedChange,
  part: PlanPart,
  state: MemberState,
  writer: KeyWriter,
): Promise<ChangeDone> {
  const { groupId } = line;
  const has = keyTo(groupId, state);
  const isOther = (key: LedgerKey | null): boolean => toCompare(key) !== toCompare(has);
  if (isOther(had) || ('key' in step && isOther(step.key))) {
    return { groupId, done: false, why: 'its key is another one since the plan was made' };
  }
  // What the plan says of a key is only a claim, so the ledger's key is the one that is written to.
  const own = 'key' in step && has !== null ? { ...step, key: has } : step;
  return attempt(groupId, () => writer.apply(own, circumstancesOf(part, groupId, line.why)));
}

/** Anybody can claim how a key was before. The claim is believed where this member remembers the same. */
async function undoIfKnown(
  key: KeyBefore,
  part: PlanPart,
  state: MemberState,
  writer: KeyWriter,
): Promise<ChangeDone> {
  const applied = state.partsDone.find((one) => one.key === keyOfPart('apply', part.planId));
  const known = applied?.before.find(({ groupId }) => groupId === key.groupId);
  if (known !== undefined && canonical(withoutVersion(known)) === canonical(withoutVersion(key)))
    return undoOne(known, part, state, writer);
  return { groupId: key.groupId, done: false, why: 'this member does not remember that the plan did it' };
}

function withoutVersion({ key, ...rest }: KeyBefore): object {
  return { ...rest, key: key && { ...key, version: 0 } };
}

/** Restores a key as it was before, whatever happened in between. */
async function undoOne(
  { groupId, key: before, wasThere }: KeyBefore,
  part: PlanPart,
  state: MemberState,
  writer: KeyWriter,
): Promise<ChangeDone> {
  const has = keyTo(groupId, state);
  const circumstances = circumstancesOf(part, groupId, `plan ${part.planId} is undone`);
  if (
    before === null &&
    wasThere !== null &&
    has?.byHand === false &&
    !sameEnd(has.validUntil, wasThere.validUntil)
  ) {
    return {
      groupId,
      done: false,
      why: 'the end of the key that was there was moved since, so it stays Latchkey’s',
    };
  }
  const step = undoStep(before, has);
  if (step === null || (before === null && wasThere !== null)) {
    restore(groupId, before, has, state);
    return { groupId, done: true, why: null };
  }
  const endedAt = before?.validUntil ?? Infinity;
  if (endedAt <= Date.now()) {
    return { groupId, done: false, why: `the key that it had ended by itself at ${iso(endedAt)}` };
  }
  if (before !== null && before.userId !== state.kisiUser?.id) {
    return { groupId, done: false, why: 'its key was of another Kisi user than the member has now' };
  }
  const result = await attempt(groupId, () => writer.apply(step, circumstances));
  if (result.done) restore(groupId, before, keyTo(groupId, state), state);
  return result;
}

/** The step from the key that is there to the key before; null: nothing needs to be written. */
function undoStep(before: LedgerKey | null, has: LedgerKey | null): WritingStep | null {
  if (before === null) return has === null || has.byHand ? null : { kind: 'revoke', key: has };
  if (before.byHand) return null;
  const wish = wishFor(before);
  if (wish === null) return null;
  if (has === null) return { kind: 'grant', wish };
  return has.validUntil === before.validUntil && !has.uncertain ? null : { kind: 'move', key: has, wish };
}

/** The wish for just this key. Null: the key has no end, so it is not Latchkey's. */
function wishFor({ groupId, until, because, standsOn, validUntil }: LedgerKey): Entitlement | null {
  if (validUntil === null) return null;
  const kisiEnd = { set: validUntil, atLeast: validUntil, atMost: validUntil, renewLeadMs: 0 };
  return { groupId, until, awaitingRenewal: false, because, standsOn, kisiEnd };
}

/** The ledger as it was before, with what is known of the key by now. */
function restore(groupId: number, before: LedgerKey | null, has: LedgerKey | null, state: MemberState): void {
  const version = has?.version ?? before?.version ?? 0;
  // A person may have given a key by hand since.
  const byHand = before?.byHand === true || has?.byHand === true;
  const keyId = has?.keyId ?? before?.keyId ?? null;
  if (before !== null) Object.assign(state, withKey(state, { ...before, keyId, version, byHand }));
  for (const key of state.ledger.filter((one) => one.groupId === groupId))
    if (key.userId !== before?.userId) Object.assign(state, withDropped(state, key));
}

/** A key without its version, which only counts the writes to its place. */
function toCompare(key: LedgerKey | null): string {
  return canonical(key && { ...key, version: 0 });
}

function keyTo(groupId: number, { ledger }: MemberState): LedgerKey | null {
  return ledger.find((key) => key.groupId === groupId) ?? null;
}

function circumstancesOf({ emailDigest, locationId }: PlanPart, groupId: number, why: string): Circumstances {
  return { emailDigest, locationId, losses: [{ groupId, cause: 'mapping', why }] };
}

async function attempt(groupId: number, write: () => Promise<boolean>): Promise<ChangeDone> {
  try {
    const done = await write();
    return { groupId, done, why: done ? null : 'something else fell due before it could be done' };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { groupId, done: false, why: error.message };
  }
}
