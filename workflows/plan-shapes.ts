/** The shapes in which plans are taken from outside (shapes.ts). */
import type {
  KeyBefore,
  PlanPart,
  PlanLine,
  PlanOrder,
  PlannedChange,
  PlannedMember,
} from '../messages/to-plan.js';
import type { Freeze, LedgerKey, WritingStep } from '../access/plan.js';
import type { Entitlement, StandsOn } from '../access/types.js';
import {
  anyInstant,
  count,
  countUpTo,
  duration,
  fields,
  flag,
  giver,
  id,
  instant,
  listOf,
  Misshapen,
  oneOf,
  or,
  orNull,
  token,
  words,
  type Shape,
} from './shapes.js';

const dayMs = 24 * 60 * 60_000;
/** For how long a group may be left alone at most: an adoption lasts 90 days. */
export const longestFreezeMs = 100 * dayMs;
/** With room for what it takes to apply a plan. */
const longestUndoMs = 99 * dayMs;
/** More than one person can have a key to. */
const mostGroups = 200;
const mostRecords = 200;
/** More than a plan for everybody has. */
const mostMembers = 200_000;
/** What one message has room for. */
const mostMembersAMessage = 500;
const longestWords = 2_000;

const standsOn = fields<StandsOn>({
  passId: id,
  passTypeId: id,
  memberId: id,
  contractId: orNull(id),
  teamId: orNull(id),
});

const ledgerKey = fields<LedgerKey>({
  groupId: id,
  userId: id,
  keyId: orNull(id),
  validUntil: orNull(anyInstant),
  byHand: flag,
  higherRole: or(token, undefined),
  handUntil: orNull(anyInstant),
  uncertain: flag,
  version: count,
  until: orNull(instant),
  because: words(longestWords),
  standsOn: listOf(standsOn, mostRecords),
});

/** Without `takesOver`: only the rules say whether a key that is there becomes Latchkey's own. */
const wish = fields<Omit<Entitlement, 'takesOver'>>({
  groupId: id,
  until: orNull(instant),
  awaitingRenewal: flag,
  because: words(longestWords),
  standsOn: listOf(standsOn, mostRecords),
  kisiEnd: fields<Entitlement['kisiEnd']>({
    set: instant,
    atLeast: instant,
    atMost: orNull(instant),
    renewLeadMs: count,
  }),
});

const steps: { [K in WritingStep['kind']]: Shape<Extract<WritingStep, { kind: K }>> } = {
  grant: fields({ kind: oneOf(['grant']), wish }),
  move: fields({ kind: oneOf(['move']), key: ledgerKey, wish }),
  revoke: fields({ kind: oneOf(['revoke']), key: ledgerKey }),
};

const step: Shape<WritingStep> = (value, name) => {
  const { kind } = fields({ kind: oneOf(['grant', 'move', 'revoke']) })(value, name);
  return steps[kind](value, name);
};

const planLine = fields<PlanLine>({
  memberId: id,
  groupId: id,
  does: oneOf(['grant', 'adopt', 'move', 'giveBack', 'revoke']),
  before: orNull(anyInstant),
  had: flag,
  after: orNull(anyInstant),
  until: orNull(instant),
  why: words(longestWords),
  requests: count,
});

const changeFields = fields<PlannedChange>({ line: planLine, step, had: orNull(ledgerKey) });

/** A change names one group throughout, so that what is shown is what is done. */
const change: Shape<PlannedChange> = (value, name) => {
  const taken = changeFields(value, name);
  const { groupId } = taken.line;
  const groups = [
    ...('wish' in taken.step ? [taken.step.wish.groupId] : []),
    ...('key' in taken.step ? [taken.step.key.groupId] : []),
    taken.had?.groupId ?? groupId,
  ];
  if (groups.every((one) => one === groupId)) return taken;
  throw new Misshapen(`${name} must be about one group`);
};

const keyBefore = fields<KeyBefore>({
  groupId: id,
  key: orNull(ledgerKey),
  wasThere: orNull(fields({ validUntil: orNull(anyInstant) })),
});

const parts: { [K in PlanPart['what']['does']]: Shape<Extract<PlanPart['what'], { does: K }>> } = {
  apply: fields({ does: oneOf(['apply']), changes: listOf(change, mostGroups), rules: words(200) }),
  undo: fields({ does: oneOf(['undo']), keys: listOf(keyBefore, mostGroups) }),
};

/** What a member is to do for a plan. */
export const partShape = fields<PlanPart>({
  planId: token,
  by: giver.by,
  locationId: orNull(id),
  emailDigest: orNull(token),
  freezeUntil: instant,
  what: (value, name) => {
    const { does } = fields({ does: oneOf(['apply', 'undo']) })(value, name);
    return parts[does](value, name);
  },
});

/** A group that is left alone for a while. */
export const freezeShape = fields<Freeze>({
  groupId: id,
  until: instant,
  why: words(longestWords),
  endsWithRules: orNull(words(200)),
});

export const planOrderShape = fields<PlanOrder>({
  planId: token,
  ...giver,
  rules: words(200),
  memberCount: countUpTo(mostMembers),
  undoWindowMs: duration(1, longestUndoMs),
});

const plannedMember = fields<PlannedMember>({
  memberId: id,
  locationId: orNull(id),
  emailDigest: orNull(token),
  changes: listOf(change, mostGroups),
});

/** Members of a plan, as they are handed over in parts. */
export const plannedMembersShape = listOf(plannedMember, mostMembersAMessage);
