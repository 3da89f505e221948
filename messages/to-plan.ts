import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { LedgerKey, WritingStep } from '../access/plan.js';
import type { Instant } from '../access/types.js';
import type { Giver } from './to-control.js';

/** What would become of one key. */
export interface PlanLine {
  memberId: number;
  groupId: number;
  /**
   * `grant`: a key is given, since there is none, or one that ends too early. `adopt`: one that is there serves. `move`: its
   * own end moves. `giveBack`: it goes on until the end that a person gave it. `revoke`: it is taken away.
   */
  does: 'grant' | 'adopt' | 'move' | 'giveBack' | 'revoke';
  /** The key's own end in Kisi before; null: none, and `had` says whether there is a key. */
  before: Instant | null;
  had: boolean;
  /** The key's own end in Kisi after; null: none, or no key (`revoke`). */
  after: Instant | null;
  /** End of access by the rules; null: no end known, or no access. */
  until: Instant | null;
  why: string;
  /** Requests to Kisi that it takes. */
  requests: number;
}

/** A line with all that it takes to do it. */
export interface PlannedChange {
  line: PlanLine;
  step: WritingStep;
  /** What the ledger holds of that group before it. */
  had: LedgerKey | null;
}

/** The messages to the workflow of a plan that is applied, and from there to the members' workflows. */
export const planWorkflowType = 'plan';

/** The workflow id of a plan. */
export function planWorkflowId(planId: string): string {
  return `plan-${planId}`;
}

/** What a plan changes for one person. */
export interface PlannedMember {
  memberId: number;
  locationId: number | null;
  emailDigest: string | null;
  changes: PlannedChange[];
}

/** A plan that is applied. Its members follow in parts (`addMembers`): one message has no room for all. */
export interface PlanOrder extends Giver {
  planId: string;
  /** Digest of the rules that it was made by. */
  rules: string;
  memberCount: number;
  /** For how long it can be undone. */
  undoWindowMs: number;
}

/** What became of one change. */
export interface ChangeDone {
  groupId: number;
  done: boolean;
  /** Why it was not done. */
  why: string | null;
}

/** What a member keeps of a part: by `partKey`, and how its keys were before, which only this tells for sure. */
export interface PartDone {
  key: string;
  changes: ChangeDone[];
  before: KeyBefore[];
}

/** How far a plan is. */
export interface PlanReport {
  stage: 'collecting' | 'applying' | 'applied' | 'undoing' | 'undone';
  /** What became of each member so far, in this stage or in the last one. */
  members: { memberId: number; changes: ChangeDone[] }[];
  memberCount: number;
  /** Until when it can be undone; null: not applied yet. */
  undoUntil: Instant | null;
}

export const addMembersUpdate = defineUpdate<undefined, [PlannedMember[]]>('addMembers');

/** Restores the keys as they were. It is answered at once; `planReport` says how far the undoing is. */
export const undoUpdate = defineUpdate<undefined, [Giver]>('undo');

export const planReportQuery = defineQuery<PlanReport>('planReport');

/** What a member's workflow is told to do for a plan. */
export interface PlanPart {
  planId: string;
  by: string;
  locationId: number | null;
  emailDigest: string | null;
  /** Until when the groups concerned are left alone afterwards. */
  freezeUntil: Instant;
  what:
    | {
        does: 'apply';
        changes: PlannedChange[];
        /** Digest of the rules that make the freeze needless. */
        rules: string;
      }
    | { does: 'undo'; keys: KeyBefore[] };
}

/** How a key was before a plan was applied. */
export interface KeyBefore {
  groupId: number;
  /** What the ledger held; null: nothing. */
  key: LedgerKey | null;
  /** The key in Kisi that was not in the ledger; null: none. */
  wasThere: { validUntil: Instant | null } | null;
}

/** What is to be restored of a change; none where it was not done. */
export function beforeOf({ line, had }: PlannedChange, done: ChangeDone | undefined): KeyBefore[] {
  if (done?.done !== true) return [];
  return [
    { groupId: line.groupId, key: had, wasThere: line.does === 'adopt' ? { validUntil: line.before } : null },
  ];
}

/** Tells one part from another. */
export function partKey({
  planId,
  what,
}: Pick<PlanPart, 'planId'> & { what: Pick<PlanPart['what'], 'does'> }): string {
  return `${what.does} ${planId}`;
}

/** Has a member's workflow do its part of a plan. Sent again it answers the same. */
export const planPartUpdate = defineUpdate<ChangeDone[], [PlanPart]>('planPart');
