/** One sentence that answers whether somebody can get in, and if not, why. Pure. */
import type { Instant } from '../access/types.js';
import { endWords, secondWords, timeWords, withLocalTimes } from '../space/times.js';
import { withGroupNames } from '../space/names.js';
import { personWords } from './person-words.js';
import { isAsked, isRefused, type GroupStanding, type Standing } from './standing.js';
import { mainReason } from './why-not.js';

/** What a verdict comes down to: shown by a word and a colour. */
export type Outcome = 'can' | 'cannot' | 'waiting' | 'unknown';

export interface Verdict {
  outcome: Outcome;
  sentence: string;
  /** What else there is to know, a sentence each. */
  notes: string[];
}

const say = personWords.verdict;
const mostNamed = 2;

/** Whether the person can get in. */
export function verdict(standing: Standing): Verdict {
  const { outcome, sentence } = standing.asOf === null ? now(standing) : then(standing);
  const notes = standing.asOf === null ? notesOf(standing, sentence) : [];
  return { outcome, sentence: dated(sentence, standing), notes };
}

/** A sentence about an earlier time says so before all else. */
function dated(sentence: string, { pending, zone }: Standing): string {
  return pending === null ? sentence : say.asShown(secondWords(pending.shownAsOf, zone), sentence);
}

type Answer = Pick<Verdict, 'outcome' | 'sentence'>;

function now(standing: Standing): Answer {
  const { name, inKisi, groups } = standing;
  const open = groups.filter(isOpen);
  const isDue = groups.some((group) => group.isDue === true);
  if (standing.records === 'gone') return gone(standing, open);
  if (inKisi?.isSuspended === true && (open.length > 0 || isDue))
    return { outcome: 'cannot', sentence: say.suspendedInKisi(name, String(inKisi.userId ?? '')) };
  if (open.length > 0) return canOpen(standing, open);
  if (isDue) return inKisi === null ? held(standing) : onTheWay(standing);
  return shutOut(standing);
}

/** Whether Kisi shows a right that opens the group now. */
const isOpen = ({ heldBy }: GroupStanding): boolean => heldBy === 'latchkey' || heldBy === 'other';

function gone({ memberId, zone }: Standing, open: readonly GroupStanding[]): Answer {
  return open.length === 0
    ? { outcome: 'cannot', sentence: say.gone(memberId) }
    : { outcome: 'waiting', sentence: say.goneWithKeys(memberId, openWords(open, zone)) };
}

function canOpen(standing: Standing, open: readonly GroupStanding[]): Answer {
  const { name, zone } = standing;
  const wanted = open.filter((group) => group.isDue !== false);
  const unwanted = open.filter((group) => group.isDue === false);
  if (wanted.length === 0 && unwanted.every(({ heldBy }) => heldBy === 'latchkey')) {
    const why = reasonWords(standing);
    return { outcome: 'waiting', sentence: say.leaving(name, openWords(unwanted, zone), why) };
  }
  const invited = invitedSentence(standing);
  if (invited !== null) return { outcome: 'waiting', sentence: invited };
  if (wanted.length === 0)
    return { outcome: 'can', sentence: say.canAlsoByHand(name, openWords(unwanted, zone)) };
  return { outcome: 'can', sentence: say.can(name, openWords(wanted, zone)) };
}

/** Null: the invitation is accepted, or nothing is known of it. */
function invitedSentence({ name, zone, invitation }: Standing): string | null {
  if (invitation?.isAccepted !== false) return null;
  const { invitedAt } = invitation;
  return say.invited(name, invitedAt === null ? '' : say.invitedAt(timeWords(invitedAt, zone)));
}

/** Kisi has not answered: what the member's workflow knows stands in. */
function held(standing: Standing): Answer {
  const groups = standing.groups.filter((group) => group.isDue === true && group.isInLedger);
  return groups.length === 0 ? onTheWay(standing) : believed(standing, openWords(groups, standing.zone));
}

/** What is asked of Kisi now may have another answer. */
function believed(standing: Standing, groups: string): Answer {
  const words = isAsked(standing, 'Kisi') ? say.canAsKnown : say.canAsFarAsKnown;
  return { outcome: 'can', sentence: words(standing.name, groups) };
}

/** The rules give a key that is not there. */
function onTheWay(standing: Standing): Answer {
  const { name, zone, watched, inKisi } = standing;
  const waiting = (sentence: string): Answer => ({ outcome: 'waiting', sentence });
  if (watched === null) return { outcome: 'unknown', sentence: say.unknown(name) };
  const { row } = watched;
  if (row === null) return waiting(say.notLookedAt(name));
  if (row.closed !== null) return waiting(say.closed(name));
  if (row.view === null) return waiting(say.noWorker(name));
  const { waitingFor, state, lastCheckedAt } = row.view;
  if (waitingFor !== null) {
    const what = told(waitingFor.what, standing);
    if (row.problem === 'Stopped') return waiting(say.stopped(name, what));
    if (isRefused(waitingFor.what)) return { outcome: 'cannot', sentence: say.refused(name, what) };
    const since = timeWords(waitingFor.since, zone);
    const { problem } = row;
    if (problem === 'Kisi' || problem === 'Nexudus') return waiting(say.waitingFor(name, problem, since));
    return waiting(say.waiting(name, since, what));
  }
  if (state === 'new' || lastCheckedAt === null) return waiting(say.notLookedAt(name));
  if (isAsked(standing, 'Kisi')) return waiting(say.due(name));
  if (inKisi === null) return { outcome: 'unknown', sentence: say.unknown(name) };
  return { outcome: 'cannot', sentence: say.missing(name) };
}

/** No key, and none that is known to be due. */
function shutOut(standing: Standing): Answer {
  const { name, records, areRulesKnown } = standing;
  if (records === 'there' && areRulesKnown) {
    return { outcome: 'cannot', sentence: say.cannot(name, ...whyAndNext(standing)) };
  }
  const view = standing.watched?.row?.view ?? null;
  if (view === null || view.state === 'new') return { outcome: 'unknown', sentence: say.unknown(name) };
  if (view.state === 'access') return believedOf(standing);
  return { outcome: 'cannot', sentence: say.byLatchkey(name, told(view.standing, standing)) };
}

/** The workflow shows keys, and nothing else is known. */
function believedOf(standing: Standing): Answer {
  const { name, groups, zone, inKisi } = standing;
  const held = groups.filter(({ isInLedger }) => isInLedger);
  if (inKisi !== null || held.length === 0) return { outcome: 'unknown', sentence: say.unknown(name) };
  return believed(standing, openWords(held, zone));
}

function then(standing: Standing): Answer {
  const { name, groups, zone, records, areRulesKnown } = standing;
  if (records !== 'there' || !areRulesKnown) return { outcome: 'unknown', sentence: say.thenUnknown };
  const due = groups.filter((group) => group.isDue === true);
  if (due.length > 0) return { outcome: 'can', sentence: say.then(name, openWords(due, zone)) };
  return { outcome: 'cannot', sentence: say.thenNot(name, ...whyAndNext(standing)) };
}

function whyAndNext(standing: Standing): [why: string, next: string] {
  const { nextKey, zone } = standing;
  return [reasonWords(standing), nextKey === null ? '' : say.nextComes(timeWords(nextKey.at, zone))];
}

/** Why the rules give no key, as a part of a sentence. */
function reasonWords(standing: Standing): string {
  const { lastLook, verdicts } = standing;
  if (lastLook !== null) return told(lastLook.why, standing);
  return mainReason(verdicts, standing)?.short ?? say.noReason;
}

function notesOf(standing: Standing, sentence: string): string[] {
  const { name, ownerId, inKisi, groups, watched, zone } = standing;
  const notes: string[] = [];
  if (ownerId !== null) notes.push(personWords.notes.otherProfile(ownerId));
  const open = groups.filter(isOpen);
  if (sentence === invitedSentence(standing))
    notes.push(personWords.notes.onceAccepted(name, openWords(open, zone)));
  const isSomeOpen = open.length > 0;
  const late = groups.filter(({ isDue, heldBy }) => isDue === true && heldBy === 'nobody');
  if (isSomeOpen && late.length > 0)
    notes.push(personWords.notes.partly(listed(late.map(({ name }) => name))));
  const waitingFor = watched?.row?.view?.waitingFor ?? null;
  if (waitingFor !== null) {
    const what = told(waitingFor.what, standing);
    if (!sentence.includes(what))
      notes.push(personWords.notes.waiting(timeWords(waitingFor.since, zone), what));
  }
  notes.push(...groups.filter(isOpen).flatMap(shutNotes));
  if (inKisi !== null && inKisi.widerRoles.length > 0)
    notes.push(personWords.notes.widerRole(inKisi.widerRoles.join(', ')));
  return notes;
}

/** What keeps the doors of a group shut whoever holds a key. */
function shutNotes({ door, name }: GroupStanding): string[] {
  const { noAppAccess, noDoors } = personWords.hitches;
  const shut = [
    ...(door?.loginEnabled === false ? [noAppAccess] : []),
    ...(door?.locksCount === 0 ? [noDoors] : []),
  ];
  return shut.map(({ short }) => personWords.notes.shut(short(name)));
}

/** Groups that are open, each with its end: 'Office until Mon 30 Nov 24:00, Rome'. */
function openWords(groups: readonly GroupStanding[], zone: string | null): string {
  return listed(groups.map((group) => withEnd(group.name, endOf(group), zone)));
}

/**
 * The end by the rules where they give the group, else by the workflow, which knows when access ends. What a person gave lasts
 * as long as Kisi says.
 */
function endOf({ isDue, dueUntil, viewUntil, heldBy, inKisi }: GroupStanding): Instant | null {
  const inKisiUntil = instantOf(inKisi?.until ?? null);
  if (heldBy === 'other') return inKisiUntil;
  return isDue === true ? dueUntil : viewUntil === undefined ? inKisiUntil : instantOf(viewUntil);
}

const instantOf = (iso: string | null): Instant | null => (iso === null ? null : Date.parse(iso));

function withEnd(group: string, until: Instant | null, zone: string | null): string {
  return until === null ? say.endless(group) : say.until(group, endWords(until, zone));
}

function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, mostNamed);
  const more = texts.length - shown.length;
  return [...shown, ...(more > 0 ? [say.more(more)] : [])].join(say.and);
}

/** A text of Latchkey's as people read it. */
function told(text: string, { zone, groups }: Standing): string {
  const named = groups.flatMap(({ groupId, door }): [number, string][] =>
    door === null ? [] : [[groupId, door.name]],
  );
  const names = new Map(named);
  return withLocalTimes(withGroupNames(text, names), zone);
}
