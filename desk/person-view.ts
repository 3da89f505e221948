/** What a person's page shows, as data: the page and the plain text are drawn from the same. Pure. */
import type { NextChange, Verdict as RuleVerdict } from '../access/types.js';
import { defaultPolicies } from '../config/policies.js';
import { keyRole } from '../kisi/records.js';
import { verdictWords } from '../space/explain.js';
import { withGroupNames, type Names } from '../space/names.js';
import { eventsOf, reasonOf } from '../space/timeline.js';
import { endWords, timeWords, withLocalTimes } from '../space/times.js';
import { namesOf, noDoors } from './doors.js';
import { links } from './links.js';
import type { Told } from './patience.js';
import { mostRecords, type PersonFacts } from './person-reads.js';
import { personWords } from './person-words.js';
import { questionsOf, type Question } from './questions.js';
import { isAsked, isAwaited, valueOf, type GroupStanding, type Standing } from './standing.js';
import { verdict, type Verdict } from './verdict.js';

/** A link to where a record is shown. */
export interface Link {
  text: string;
  href: string;
}

/** One group: what is told of it, each with its label. */
export interface GroupView {
  name: string;
  facts: [label: string, text: string][];
  /** The passes and orders that decide, a sentence each; null: that is not known. */
  why: string[] | null;
  /** Nobody has given a key to it. */
  isKeyless: boolean;
  groupId: number;
  link: Link;
}

/** One thing that happened. */
export interface TimelineRow {
  at: string;
  /** ISO 8601, UTC, for whoever reads it by machine. */
  iso: string;
  what: string;
  group: string;
  by: string;
  why: string;
}

export interface PersonView {
  memberId: number;
  name: string;
  /** The profile whose workflow looks after the person's keys: a change of it is a change of this page. */
  keyOwnerId: number;
  verdict: Verdict;
  /** There is an invitation of Kisi that is not known to be accepted. */
  isInvited: boolean;
  /** The time that it is about, in words; null: now. */
  asOf: string | null;
  /** Which API is being asked, while what is shown is of an earlier time; null: neither is. */
  asking: string | null;
  unread: string[];
  groups: GroupView[];
  nextChange: string;
  questions: Question[];
  /** Null: it is about another time. */
  timeline: { rows: TimelineRow[]; isAll: boolean } | null;
  links: Link[];
  readAt: string | null;
  lastChecked: string | null;
}

const say = personWords;
const mostVerdicts = 5;
const mostRows = 100;

/** Everything that a person's page shows. */
export function personView(facts: PersonFacts, standing: Standing): PersonView {
  const { memberId, name, zone, asOf, next, snapshot } = standing;
  const doors = valueOf(facts.doors) ?? noDoors;
  const names = namesOf(doors);
  const told = (text: string): string => withLocalTimes(withGroupNames(text, names), zone);
  const lastCheckedAt = standing.watched?.row?.view?.lastCheckedAt ?? null;
  return {
    ...{ memberId, name, keyOwnerId: standing.ownerId ?? memberId },
    verdict: verdict(standing),
    isInvited: asOf === null && standing.invitation !== null && standing.invitation.isAccepted !== true,
    asOf: asOf === null ? null : timeWords(asOf, zone),
    asking: standing.pending === null ? null : say.asking(standing.pending.apis),
    unread: unreadOf(facts, standing),
    groups: standing.groups.map((group) => groupView(group, standing, doors.organizationId, told)),
    nextChange: next === null ? say.groups.noChange : `${changeTime(next, zone)}: ${told(next.what)}`,
    questions: questionsOf(standing),
    timeline: asOf === null ? timelineOf(facts, standing, names, told) : null,
    links: linksOf(standing, doors.organizationId),
    readAt: snapshot === null ? null : say.readAt(timeWords(snapshot.readAt, zone)),
    lastChecked: lastCheckedAt === null ? null : say.lastChecked(timeWords(lastCheckedAt, zone)),
  };
}

/** What begins at midnight begins on the new day; what ends then ends on the old one. */
function changeTime({ at, what }: NextChange, zone: string | null): string {
  return / begins[ :]/.test(what) ? timeWords(at, zone) : endWords(at, zone);
}

function unreadOf(facts: PersonFacts, { zone, areRulesKnown, watched }: Standing): string[] {
  const { watched: fromTemporal, records, inKisi, kept, doors } = facts;
  const sentences = [
    sentenceOf(fromTemporal, say.unread.watched, zone),
    sentenceOf(records, say.unread.records, zone),
    sentenceOf(inKisi, say.unread.inKisi, zone),
    'value' in inKisi ? sentenceOf(doors, say.unread.doors, zone) : null,
    sentenceOf(kept, say.unread.kept, zone),
    areRulesKnown || !('value' in facts.governed) ? null : say.unread.noRules,
    watched?.row?.view === null && watched.row.closed === null ? say.unread.silentWorker : null,
  ].filter((sentence) => sentence !== null);
  const broken = (valueOf(records)?.broken ?? []).map((what) => say.unread.broken(what));
  const doubts = (valueOf(records)?.doubts ?? []).map(({ why }) => say.unread.doubt(why));
  return [...sentences, ...broken, ...doubts];
}

function sentenceOf(
  told: Told<unknown>,
  words: (since: string, why: string) => string,
  zone: string | null,
): string | null {
  return 'value' in told || isAwaited(told) ? null : words(timeWords(told.since, zone), told.why);
}

function groupView(
  group: GroupStanding,
  standing: Standing,
  organizationId: number | null,
  told: (text: string) => string,
): GroupView {
  const { zone, asOf } = standing;
  const { groupId, name, explanation, heldBy } = group;
  const facts: [string, string][] = [[say.groups.due, dueWords(group, zone)]];
  if (asOf === null) facts.push(...kisiFacts(group, standing));
  const because = explanation?.holds === true ? explanation.why : group.because;
  if (because !== null) facts.push([say.groups.why, told(because)]);
  return {
    ...{ groupId, name, facts, isKeyless: asOf === null && heldBy === 'nobody' },
    why: standing.records === 'unread' ? null : verdictLines(explanation?.verdicts ?? []).map(told),
    link: { text: `${say.links.kisiGroup} ${groupId}`, href: links.kisiGroup(organizationId, groupId) },
  };
}

function dueWords({ isDue, dueUntil }: GroupStanding, zone: string | null): string {
  if (isDue === null) return say.groups.unknown;
  if (!isDue) return say.groups.no;
  const end =
    dueUntil === null ? say.groups.noEndKnown : say.verdict.until('', endWords(dueUntil, zone)).trim();
  return `${say.groups.yes}, ${end}`;
}

function kisiFacts({ heldBy, inKisi }: GroupStanding, standing: Standing): [string, string][] {
  const { zone } = standing;
  if (heldBy === null)
    return [[say.groups.held, isAsked(standing, 'Kisi') ? say.groups.asked('Kisi') : say.groups.unknown]];
  if (inKisi === null) return [[say.groups.held, say.groups.no]];
  const { role, since, until, isEndReadable, isByApp, isMovedOn } = inKisi;
  const end = isEndReadable ? say.groups.endless : say.groups.unreadableEnd;
  return [
    [say.groups.held, role === keyRole ? say.groups.yes : say.groups.withRole(role)],
    [say.groups.givenBy, isMovedOn ? say.groups.movedOn : say.groups.givers[isByApp ? 'app' : heldBy]],
    [say.groups.since, since === null ? say.groups.unknown : timeWords(since, zone)],
    [say.groups.kisiEnd, until === null ? end : timeWords(until, zone)],
  ];
}

/** The verdicts of passes that count come first; of old passes only some are told. */
function verdictLines(verdicts: readonly RuleVerdict[]): string[] {
  const sorted = verdicts.toSorted(
    (one, other) => Number(other.counts) - Number(one.counts) || latest(one, other),
  );
  const rest = sorted.slice(mostVerdicts);
  const counting = rest.filter(({ counts }) => counts).length;
  return [
    ...sorted.slice(0, mostVerdicts).map(verdictWords),
    ...(counting > 0 ? [say.groups.moreCount(counting)] : []),
    ...(rest.length > counting ? [say.groups.olderDoNot] : []),
  ];
}

const latest = (one: RuleVerdict, other: RuleVerdict): number => (other.passId ?? 0) - (one.passId ?? 0);

function timelineOf(
  facts: PersonFacts,
  { snapshot, zone, now }: Standing,
  names: Names,
  told: (text: string) => string,
): PersonView['timeline'] {
  const kept = valueOf(facts.kept) ?? [];
  const policies = valueOf(facts.governed)?.inForce?.ground?.rules.policies ?? defaultPolicies;
  const events = eventsOf(kept, { snapshot, lastDay: policies.lastDay }, now).toReversed();
  const rows = events.slice(0, mostRows).map((event): TimelineRow => {
    const { at, kind, groupId, by } = event;
    const decided = kind === 'decision';
    const what = decided ? say.timeline.decided(told(event.what)) : whatWords(told(event.what));
    const group = groupId === null ? '' : (names.get(groupId) ?? `group ${groupId}`);
    return {
      ...{ at: timeWords(at, zone), iso: new Date(at).toISOString(), what, group },
      ...{ by: by ?? '', why: told(reasonOf(event)) },
    };
  });
  return { rows, isAll: events.length <= mostRows && kept.length < mostRecords };
}

/** What was done, in plain words, with what became of it: 'the key is given (not made)'. */
function whatWords(what: string): string {
  const [name = '', ...more] = what.split(' ');
  const plain = say.timeline.whats[name];
  const isAlone = more.length === 0 || more[0]?.startsWith('(') === true;
  return plain === undefined || !isAlone ? what : [plain, ...more].join(' ');
}

function linksOf({ snapshot, memberId, ownerId, inKisi }: Standing, organizationId: number | null): Link[] {
  const profiles = snapshot?.profiles.map(({ member }) => member.id) ?? [memberId];
  const others = [...new Set([...profiles, ...(ownerId === null ? [] : [ownerId])])].filter(
    (id) => id !== memberId,
  );
  const userId = inKisi?.userId ?? null;
  return [
    { text: `${say.links.nexudus} ${memberId}`, href: links.nexudusCustomer(memberId) },
    ...(userId === null
      ? []
      : [{ text: `${say.links.kisiUser} ${userId}`, href: links.kisiUser(organizationId, userId) }]),
    ...others.map((id) => ({ text: say.links.profile(id), href: `/people/${id}` })),
  ];
}
