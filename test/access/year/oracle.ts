/**
 * The rules once more, written from their description and in the simplest form that says yes or no at one instant.
 * It shares no code with access/, so that the two can only agree by both being right (or both misreading the page).
 */
import { dayOf, instantOf, minuteMs } from './clock.js';
import type { Facts, PaperContract, PaperPass } from './life.js';

/** `may`: a plan's pass has just expired, and a key that is there is held for the renewal. */
export type Answer = 'must' | 'may' | 'mustNot';

const graceMs = 15 * minuteMs;

/** Which groups each pass type opens: one at Rome, one at New York, one at both, and one that nobody mapped. */
const opens: Record<number, readonly number[]> = { 30: [12], 31: [22], 32: [12, 22], 33: [] };
export const allGroups = [12, 22] as const;

/** Whether the person must, may or must not hold a key to the group at `t`, by the records as they are then. */
export function answerOf(facts: Facts, groupId: number, t: number): Answer {
  const { member, loan } = facts;
  if (facts.deleted || !member.active || member.archived) return 'mustNot';
  const answers = facts.passes
    .filter((pass) => opens[pass.typeId]?.includes(groupId))
    .map((pass) => answerOfPass(pass, facts.contracts, facts.cutOffMinute, t));
  if (loan !== null && loan.payerActive) {
    answers.push(
      ...loan.passes
        .filter((pass) => opens[pass.typeId]?.includes(groupId))
        .map((pass) => answerOfPass(pass, [], facts.cutOffMinute, t)),
    );
  }
  if (answers.includes('must')) return 'must';
  return answers.includes('may') ? 'may' : 'mustNot';
}

function answerOfPass(pass: PaperPass, contracts: PaperContract[], cutOffMinute: number, t: number): Answer {
  const useEnds = endOfUse(pass, cutOffMinute);
  const expires = endOfExpiry(pass, cutOffMinute);
  const ends = Math.min(useEnds, expires);
  const { from } = pass;
  if (from === null) return t < ends ? 'must' : 'mustNot';
  const running = contracts
    .filter((one) => ('planId' in from ? one.planId === from.planId : one.id === from.contractId))
    .filter((one) => runs(one, t));
  if (running.length === 0) return 'mustNot';
  if (t < ends) return 'must';
  const renews = ends === expires && running.some((one) => runs(one, ends));
  return renews && t < ends + graceMs ? 'may' : 'mustNot';
}

/** A day pass buys the location's day: one that was used counts until that day's end. */
function endOfUse(pass: PaperPass, cutOffMinute: number): number {
  const usedUp = pass.used || (pass.usesLeft !== null && pass.usesLeft <= 0);
  if (!usedUp) return Infinity;
  if (pass.usedAt === null) return -Infinity;
  return instantOf(pass.place, dayOf(pass.place, pass.usedAt, cutOffMinute) + 1, cutOffMinute);
}

/** A date without a time is a local midnight, and that day counts in full. */
function endOfExpiry(pass: PaperPass, cutOffMinute: number): number {
  if (pass.expiresAt === null) return Infinity;
  const day = dayOf(pass.place, pass.expiresAt);
  const dateOnly = instantOf(pass.place, day) === pass.expiresAt;
  return dateOnly ? instantOf(pass.place, day + 1, cutOffMinute) : pass.expiresAt;
}

function runs(contract: PaperContract, t: number): boolean {
  const paused = contract.pauses.some(
    (pause) => pause.from <= t && (pause.until === null || t < pause.until),
  );
  return contract.startsAt <= t && (contract.cancelledAt === null || t < contract.cancelledAt) && !paused;
}
