import type { PlanLine, PlannedMember } from '../messages/to-plan.js';
import {
  givenBackUntil,
  groupOf,
  planSteps,
  stillFrozen,
  writes,
  type KeptKey,
  type LedgerKey,
  type WritingStep,
} from '../access/plan.js';
import type { Entitlement, Instant } from '../access/types.js';
import type { Assessment } from '../messages/to-activities.js';
import { howGranted } from '../kisi/keys.js';
import type { KisiKey } from '../kisi/records.js';
import type { Holdings } from '../messages/to-member.js';

/** A key as Kisi has it. */
export type KisiSideKey = Pick<KisiKey, 'groupId' | 'roleId' | 'validUntil'> &
  Partial<Pick<KisiKey, 'createdById'>>;

/** What Kisi holds of one person. */
export interface KisiSide {
  /** Null: Kisi does not know the person. */
  userId: number | null;
  keys: readonly KisiSideKey[];
  /** A role of the person that is more than to open doors; left out, or null: there is none. */
  higherRole?: string | null;
}

/** What Latchkey would do for one person, and what it costs. */
export interface Preview extends PlannedMember {
  /** Keys that are kept although a read speaks against them, and why. */
  kept: KeptKey[];
  /** True: Kisi does not know the person; a user is made, and Kisi mails the invitation. */
  newUser: boolean;
  /** Requests to Kisi: the lines', and the one that makes the user. */
  requests: number;
}

/** What would become of each key of these. */
export function linesOf(people: readonly Preview[]): PlanLine[] {
  return people.flatMap(({ changes }) => changes.map(({ line }) => line));
}

/** Everything that a preview of one person stands on. */
export interface PreviewFacts {
  memberId: number;
  holdings: Pick<Holdings, 'ledger' | 'kisiUser' | 'frozen' | 'withheldAtOnce'>;
  assessment: Assessment;
  kisi: KisiSide;
  now: Instant;
}

/** A look whether the key is what it is believed to be, and the write. */
const changeRequests = 2;
/** Requests to move a key that a person gave: its new end is read back too. */
const handMoveRequests = changeRequests + 1;

/**
 * What the member's workflow would write to Kisi at its next look, by the same plan (`planSteps`) that it follows.
 * Counts requests as they are once it is known who Kisi's users are and how it moves keys: without retries and searches.
 */
export function previewOf({ memberId, holdings, assessment, kisi, now }: PreviewFacts): Preview {
  const { ledger, kisiUser } = holdings;
  const { keys, rules } = assessment;
  const holds = [...assessment.holds, ...(holdings.withheldAtOnce ?? [])];
  const frozen = stillFrozen(holdings.frozen, rules, now);
  // Digests differ too where the installation has another secret: it is still the same user.
  const isKnown =
    kisiUser !== null && (kisiUser.emailDigest === assessment.emailDigest || kisiUser.id === kisi.userId);
  const steps = planSteps(ledger, keys, holds, isKnown ? kisiUser.id : null, frozen);
  const changes = steps.filter(writes).map((step) => ({
    line: { memberId, ...lineOf(step, kisi, assessment, now) },
    step,
    had: ledger.find(({ groupId }) => groupId === groupOf(step)) ?? null,
  }));
  const grants = steps.some((step) => step.kind === 'grant');
  const newUser = grants && !isKnown && kisi.userId === null;
  return {
    memberId,
    locationId: assessment.locationId,
    emailDigest: assessment.emailDigest,
    changes,
    kept: [...holds, ...frozen].map(({ groupId, why }) => ({ groupId, why })),
    newUser,
    requests: changes.reduce((sum, { line }) => sum + line.requests, newUser ? 1 : 0),
  };
}

function lineOf(
  step: WritingStep,
  kisi: KisiSide,
  assessment: Assessment,
  now: Instant,
): Omit<PlanLine, 'memberId'> {
  switch (step.kind) {
    case 'grant':
      return grantLine(step.wish, kisi);
    case 'move':
      return moveLine(step.key, step.wish);
    case 'revoke':
      return endLine(step.key, assessment, now);
  }
}

function grantLine(wish: Entitlement, { keys }: KisiSide): Omit<PlanLine, 'memberId'> {
  const { groupId, until, because } = wish;
  const after = wish.kisiEnd.set;
  const there = keys.find((key) => key.groupId === groupId);
  const before = there === undefined || there.validUntil === 'unreadable' ? null : there.validUntil;
  const line = { groupId, until, why: because, had: there !== undefined, before };
  if (there === undefined) return { ...line, does: 'grant', after, requests: 1 };
  const how = howGranted(there, { validUntil: after });
  // Kisi refuses a second key, and then the first is found.
  if (how !== 'extended') return { ...line, does: 'adopt', after: before, requests: 2 };
  return { ...line, does: 'grant', after, requests: 2 + handMoveRequests };
}

function moveLine(key: LedgerKey, wish: Entitlement): Omit<PlanLine, 'memberId'> {
  const { groupId, until, because } = wish;
  return {
    groupId,
    does: 'move',
    before: key.validUntil,
    had: true,
    after: wish.kisiEnd.set,
    until,
    why: because,
    requests: changeRequests,
  };
}

function endLine(key: LedgerKey, { losses }: Assessment, now: Instant): Omit<PlanLine, 'memberId'> {
  const { groupId } = key;
  const handUntil = givenBackUntil(key, now);
  // A key of an earlier Kisi user is no loss: the new one has it.
  const why = losses.find((loss) => loss.groupId === groupId)?.why ?? 'the e-mail is another one now';
  const line = { groupId, before: key.validUntil, had: true, until: null, why };
  return handUntil === null
    ? { ...line, does: 'revoke', after: null, requests: changeRequests }
    : { ...line, does: 'giveBack', after: handUntil, requests: handMoveRequests };
}
