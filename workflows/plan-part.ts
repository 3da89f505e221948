import { canonical } from '../access/canonical.js';
import { sameEnd } from '../access/drift.js';
import { withDropped, withKey } from '../access/ledger.js';
import type { LedgerKey, WritingStep } from '../access/plan.js';
import { iso, type Entitlement } from '../access/types.js';
import type { MemberState } from '../messages/to-member.js';
import {
  beforeOf,
  partKey,
  type ChangeDone,
  type PartDone,
  type KeyBefore,
  type PlanPart,
  type PlannedChange,
} from '../messages/to-plan.js';
import type { KeyWriter } from './key-writer.js';
import { Problem } from './retries.js';

/**
 * A member's part of a plan. Each change is done only where the ledger is as the plan found it (or, to undo it, left it), and
 * a change that cannot be done keeps no other from being done.
 */
export class PlanPartRun {
  constructor(
    private readonly part: PlanPart,
    private readonly state: MemberState,
    private readonly writer: KeyWriter,
  ) {}

  /** Does the part, change by change, and leaves the groups alone afterwards. */
  async run(): Promise<PartDone> {
    const { what } = this.part;
    const changes: ChangeDone[] = [];
    const before: KeyBefore[] = [];
    if (what.does === 'apply') {
      for (const change of what.changes) {
        const done = await this.apply(change);
        changes.push(done);
        before.push(...beforeOf(change, done));
      }
    } else {
      for (const key of what.keys) changes.push(await this.undoIfKnown(key));
    }
    this.freeze(changes.map(({ groupId }) => groupId));
    return { key: partKey(this.part), changes, before };
  }

  private freeze(groupIds: readonly number[]): void {
    const { what, freezeUntil: until, planId, by } = this.part;
    const isApplied = what.does === 'apply';
    const why = `plan ${planId} was ${isApplied ? 'applied' : 'undone'} by ${by}, so nothing else is done there until ${iso(until)}`;
    const endsWithRules = isApplied ? what.rules : null;
    this.state.frozen = [
      ...this.state.frozen.filter(({ groupId }) => !groupIds.includes(groupId)),
      ...groupIds.map((groupId) => ({ groupId, until, why, endsWithRules })),
    ];
  }

  private async apply({ line, step, had }: PlannedChange): Promise<ChangeDone> {
    const { groupId, why } = line;
    const has = this.keyTo(groupId);
    const isOther = (key: LedgerKey | null): boolean => toCompare(key) !== toCompare(has);
    if (isOther(had) || ('key' in step && isOther(step.key)))
      return notDone(groupId, 'its key is another one since the plan was made');
    // What the plan says of a key is only a claim, so the ledger's key is the one that is written to.
    return this.write(groupId, 'key' in step && has !== null ? { ...step, key: has } : step, why);
  }

  /** Anybody can claim how a key was before. The claim is believed where this member remembers the same. */
  private async undoIfKnown(key: KeyBefore): Promise<ChangeDone> {
    const { groupId } = key;
    const partId = partKey({ planId: this.part.planId, what: { does: 'apply' } });
    const applied = this.state.partsDone.find((one) => one.key === partId);
    const known = applied?.before.find((one) => one.groupId === groupId);
    if (known !== undefined && canonical(withoutVersion(known)) === canonical(withoutVersion(key)))
      return this.undo(known);
    return notDone(groupId, 'this member does not remember that the plan did it');
  }

  /** Restores a key as it was before, whatever happened in between. */
  private async undo({ groupId, key: before, wasThere }: KeyBefore): Promise<ChangeDone> {
    const has = this.keyTo(groupId);
    const wasAdopted = before === null && wasThere !== null;
    if (wasAdopted && has?.byHand === false && !sameEnd(has.validUntil, wasThere.validUntil))
      return notDone(groupId, 'the end of the key that was there was moved since, so it stays Latchkey’s');
    const step = undoStep(before, has);
    if (step === null || wasAdopted) {
      this.restore(groupId, before, has);
      return { groupId, done: true, why: null };
    }
    const endedAt = before?.validUntil ?? Infinity;
    if (endedAt <= Date.now())
      return notDone(groupId, `the key that it had ended by itself at ${iso(endedAt)}`);
    if (before !== null && before.userId !== this.state.kisiUser?.id)
      return notDone(groupId, 'its key was of another Kisi user than the member has now');
    const result = await this.write(groupId, step, `plan ${this.part.planId} is undone`);
    if (result.done) this.restore(groupId, before, this.keyTo(groupId));
    return result;
  }

  /** The ledger as it was before, with what is known of the key by now. */
  private restore(groupId: number, before: LedgerKey | null, has: LedgerKey | null): void {
    const { state } = this;
    if (before !== null) {
      const { keyId, version } = has ?? before;
      // A person may have given a key by hand since.
      const byHand = before.byHand || has?.byHand === true;
      Object.assign(state, withKey(state, { ...before, keyId: keyId ?? before.keyId, version, byHand }));
    }
    for (const key of state.ledger.filter((one) => one.groupId === groupId))
      if (key.userId !== before?.userId) Object.assign(state, withDropped(state, key));
  }

  private async write(groupId: number, step: WritingStep, why: string): Promise<ChangeDone> {
    const { emailDigest, locationId } = this.part;
    const losses = [{ groupId, cause: 'mapping' as const, why }];
    try {
      const done = await this.writer.apply(step, { emailDigest, locationId, losses });
      return { groupId, done, why: done ? null : 'something else fell due before it could be done' };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return notDone(groupId, error.message);
    }
  }

  private keyTo(groupId: number): LedgerKey | null {
    return this.state.ledger.find((key) => key.groupId === groupId) ?? null;
  }
}

function notDone(groupId: number, why: string): ChangeDone {
  return { groupId, done: false, why };
}

function withoutVersion({ key, ...rest }: KeyBefore): object {
  return { ...rest, key: key && { ...key, version: 0 } };
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

/** A key without its version, which only counts the writes to its place. */
function toCompare(key: LedgerKey | null): string {
  return canonical(key && { ...key, version: 0 });
}
