/** The three questions of whoever stands at a door, in order: the rule, Kisi, the phone or the door. Pure. */
import type { DoorRestriction } from '../kisi/records.js';
import { secondWords, timeWords, withLocalTimes } from '../space/times.js';
import { personWords } from './person-words.js';
import type { HitchKind } from './reason-words.js';
import type { LastLook } from './last-look.js';
import { endsEarly, isAsked, isRefused, type GroupStanding, type Standing } from './standing.js';
import { reasonOf, type Advice, type Reason } from './why-not.js';

/** One question, its answer, and for each reason what to tell the member and what to do. */
export interface Question {
  title: string;
  isWell: boolean | null;
  answer: string;
  reasons: Advice[];
  /** What nobody but a person can look at; empty: nothing. */
  checks: readonly string[];
}

const say = personWords.questions;
const mostReasons = 6;

/** All three questions; for another time than now only the first, since nobody knows what Kisi will hold then. */
export function questionsOf(standing: Standing): Question[] {
  const rule = ruleQuestion(standing);
  return standing.asOf === null ? [rule, kisiQuestion(standing), doorQuestion(standing)] : [rule];
}

function ruleQuestion(standing: Standing): Question {
  const { records, areRulesKnown, verdicts, groups } = standing;
  const base = { title: say.rule, checks: [] };
  if (records === 'gone') {
    const answer = personWords.verdict.gone(standing.memberId);
    return { ...base, isWell: false, answer, reasons: [] };
  }
  if (standing.lastLook !== null)
    return { ...base, ...ruleLastLook(standing.lastLook, standing), reasons: [] };
  if (records === 'unread' || !areRulesKnown)
    return { ...base, isWell: null, answer: say.unknown, reasons: [] };
  const due = groups.filter(({ isDue }) => isDue === true);
  const failing = verdicts.filter((verdict) => {
    const isServed = verdict.groupIds.some((id) => due.some(({ groupId }) => groupId === id));
    return !verdict.counts && !isServed;
  });
  const all = failing.map((verdict) => reasonOf(verdict, standing));
  const reasons = newestFirst(all).slice(0, mostReasons);
  const names = due.map(({ name }) => name).join(', ');
  const answer = due.length === 0 ? say.ruleNo : `${say.yes} ${names}.`;
  return { ...base, isWell: due.length > 0, answer, reasons: due.length > 0 ? blocks(reasons) : reasons };
}

/** What the rules gave when Latchkey last looked. */
function ruleLastLook(
  { at, why }: LastLook,
  { groups, zone }: Standing,
): Pick<Question, 'isWell' | 'answer'> {
  const due = groups.filter(({ isDue }) => isDue === true).map(({ name }) => name);
  const answer = due.length > 0 ? `${say.yes} ${due.join(', ')}.` : `${say.ruleNo} ${why}.`;
  return {
    isWell: due.length > 0,
    answer: say.asShown(secondWords(at, zone), withLocalTimes(answer, zone)),
  };
}

/** Where the rules give a group, old passes for other groups do not matter; an order does. */
const blocks = (reasons: Reason[]): Reason[] => reasons.filter(({ kind }) => kind === 'blocked');

/** Several passes that failed alike are one reason. */
function newestFirst(reasons: readonly Reason[]): Reason[] {
  const sorted = reasons.toSorted((one, other) => (other.at ?? 0) - (one.at ?? 0));
  return sorted.filter((one, index) => sorted.findIndex(({ kind }) => kind === one.kind) === index);
}

function kisiQuestion(standing: Standing): Question {
  const { groups, inKisi } = standing;
  const base = { title: say.kisi, checks: [] };
  const hitches = [...workflowHitches(standing), ...groups.flatMap((group) => groupHitches(group, standing))];
  if (inKisi === null) return { ...base, isWell: null, answer: unread(standing), reasons: hitches };
  const isNot = groups.some(
    (group) => isLacking(group) || endsEarly(group) || (group.isDue === false && group.heldBy === 'latchkey'),
  );
  const isAny = groups.some(({ isDue }) => isDue === true);
  const answer = isNot ? say.kisiNo : isAny ? say.kisiYes : say.kisiNone;
  return { ...base, isWell: !isNot, answer, reasons: hitches };
}

function workflowHitches({ watched, zone, groups }: Standing): Advice[] {
  if (watched === null) return [];
  const { row } = watched;
  const isDue = groups.some((group) => group.isDue === true);
  if (row === null) return isDue ? [hitch('notLookedAt')] : [];
  if (row.closed !== null) return [hitch('closed', withLocalTimes(row.closed, zone))];
  if (row.view === null) return [hitch('noWorker')];
  const { waitingFor, state } = row.view;
  if (waitingFor === null) return state === 'new' && isDue ? [hitch('notLookedAt')] : [];
  const what = `${withLocalTimes(waitingFor.what, zone)} (${timeWords(waitingFor.since, zone)})`;
  const kind = row.problem === 'Stopped' ? 'stopped' : isRefused(waitingFor.what) ? 'refused' : 'waiting';
  if (row.problem === 'DoubtfulRead') return [hitch('doubt', what)];
  const isKeyThere = groups.some(isOpen) && !groups.some(isLacking);
  return [{ ...hitch(kind, what), ...(isKeyThere ? { tell: say.keyStays } : {}) }];
}

const isLacking = ({ isDue, heldBy }: GroupStanding): boolean => isDue === true && heldBy === 'nobody';

const isOpen = ({ heldBy }: GroupStanding): boolean => heldBy === 'latchkey' || heldBy === 'other';

function groupHitches(group: GroupStanding, standing: Standing): Advice[] {
  const { isDue, heldBy, name } = group;
  // The hitches of the workflow tell already why the key is not there.
  if (isLacking(group)) return workflowHitches(standing).length > 0 ? [] : [hitch('missing', name)];
  if (isDue === false && heldBy === 'latchkey') return [hitch('leaving', name)];
  return [
    ...(endsEarly(group) ? [hitch('endsEarly', name)] : []),
    ...(heldBy === 'other' ? [hitch('byHand', name)] : []),
  ];
}

/** Why nothing is said of Kisi. */
const unread = (standing: Standing): string => (isAsked(standing, 'Kisi') ? say.asked('Kisi') : say.unknown);

function doorQuestion(standing: Standing): Question {
  const { groups, inKisi, invitation, zone } = standing;
  const base = { title: say.door, checks: say.check };
  const withInvitation = (answer: string): string =>
    invitation === null ? answer : `${answer} ${invitation.evidence}`;
  const held = groups.filter(
    ({ isDue, heldBy }) => isDue === true || heldBy === 'latchkey' || heldBy === 'other',
  );
  const reasons = [
    ...(inKisi?.isSuspended === true ? [hitch('suspendedInKisi', String(inKisi.userId ?? ''))] : []),
    ...(invitation?.isAccepted === false
      ? [
          hitch(
            'notAccepted',
            invitation.invitedAt === null ? '' : ` of ${timeWords(invitation.invitedAt, zone)}`,
          ),
        ]
      : []),
    ...held.flatMap(doorHitches),
  ];
  if (inKisi !== null && held.length === 0) {
    return { ...base, isWell: null, answer: say.doorNoKey, reasons, checks: [] };
  }
  if (inKisi === null && reasons.length === 0)
    return { ...base, isWell: null, answer: unread(standing), reasons };
  const isWell = reasons.length === 0;
  return { ...base, isWell, answer: withInvitation(isWell ? say.doorClear : say.doorLook), reasons };
}

function doorHitches({ door, name }: GroupStanding): Advice[] {
  if (door === null) return [];
  return [
    ...(door.loginEnabled === false ? [hitch('noAppAccess', name)] : []),
    ...(door.locksCount === 0 ? [hitch('noDoors', name)] : []),
    ...(door.restrictions ?? []).map((restriction: DoorRestriction) => hitch(restriction, name)),
  ];
}

function hitch(kind: HitchKind, detail = ''): Advice {
  const { short, tell, todo } = personWords.hitches[kind];
  return { short: short(detail), tell, todo };
}
