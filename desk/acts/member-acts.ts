/** Acts about one member: look again, allow, block. */
import type { Exception, Instant, Snapshot } from '../../access/types.js';
import { durationWords } from '../../lib/durations.js';
import type { Orders } from '../../messages/to-control.js';
import type { RoundReport } from '../../messages/to-member.js';
import { coworkerIfAny, knownZone, outcomeOf, type BlockOutcome } from '../../space/blocks.js';
import { barredNow, exceptionWish, giveException } from '../../space/exceptions.js';
import { CommandError } from '../../space/failure.js';
import { resyncMember } from '../../space/member-workflows.js';
import { UnansweredError } from '../../space/order.js';
import { checkMember } from '../../space/resync.js';
import { endWords } from '../../space/times.js';
import { endIn, homeLocation, homeZone, type TypedEnd } from '../../space/typed-times.js';
import { mayAs } from '../desk.js';
import { FieldError, memberPath, type Act, type Asked } from './act.js';
import { checkEnd, chosenGroup, endField, endOf, typedEnd, zoned } from './fields.js';
import { alike, asked, contradicting, exceptionSaid, ordersNow, waitsFor } from './reads.js';
import type { Told } from './told.js';
import { actWords } from './words.js';

const words = actWords;

/** What is read before a look is ordered takes a moment. */
const lookWithinMs = 10_000;

/** A fresh look at Nexudus and Kisi. */
export const resync: Act = {
  name: 'resync',
  least: 'desk',
  about: 'member',
  fields: ['why'],
  defaults: {},
  needsWhy: false,
  async plan({ desk, id, name }) {
    const { client, nexudus, taskQueue } = desk;
    await asked(() => client.withDeadline(Date.now() + lookWithinMs, () => checkMember(client, nexudus, id)));
    return {
      says: [words.resync.does(words.member(name, id)), words.resync.then],
      facts: null,
      async carryOut(giver, order) {
        const report = await resyncMember(client, taskQueue, id, giver, order);
        if (report === null) throw new UnansweredError(words.resync.unanswered);
        return { path: memberPath(id), told: toldOf(report) };
      },
    };
  },
};

function toldOf({ changes, problem, isDone }: RoundReport): Told {
  if (!isDone) return 'lookedOn';
  if (problem !== null) return 'lookedWaits';
  return changes.length === 0 ? 'looked' : 'lookedChanged';
}

/** A key outside the rules, for a while. It gives access, so Nexudus and Kisi must answer. */
export const allow: Act = {
  name: 'allow',
  least: 'desk',
  about: 'member',
  fields: ['group', 'until', 'untilAt', 'why'],
  defaults: { until: '2h' },
  needsWhy: true,
  async plan(wanted) {
    const { desk, id, typed, choices, members } = wanted;
    if (typeof choices.groups === 'string')
      throw new CommandError(`it takes an answer of Kisi. ${choices.groups}`);
    const { now, group, end } = chosenIn(wanted);
    if (group === null) throw new FieldError('group', words.problems.group);
    const [snapshot, orders] = await Promise.all([members.read(id), ordersNow(desk)]);
    const zone = homeZone(snapshot);
    const until = endOf(typed, end, homeLocation(snapshot), now);
    checkLength(wanted, until, now);
    const what = { kind: 'allow' as const, memberId: id, groupId: group.id, until };
    checkException(wanted, what, orders, zone, now);
    const barred = barredNow(snapshot, id);
    return {
      says: allowSays(wanted, orders, { ...what, group }, { snapshot, zone, barred }),
      facts: { barred, until: fixedEnd(end, until) },
      async carryOut(giver, order) {
        await giveException(desk.client, exceptionWish(what, giver), order);
        return { path: memberPath(id), told: barred === null ? 'allowed' : 'allowedInVain' };
      },
    };
  },
};

function allowSays(
  { id, name, choices, desk }: Asked,
  orders: Orders,
  what: { kind: 'allow'; memberId: number; groupId: number; until: Instant; group: GroupMeant },
  { snapshot, zone, barred }: { snapshot: Snapshot; zone: string | null; barred: string | null },
): string[] {
  const { allow } = words;
  const own = snapshot.profiles.find(({ member }) => member.id === id)?.member.fullName ?? name;
  const before = alike(orders, what, desk.now());
  const said = before.map((one) => exceptionSaid(one, choices, zone)).join('; ');
  return [
    allow.does(words.member(own, id), groupWords(what.group), endWords(what.until, zone)),
    ...(before.length === 0 ? [] : [allow.another(said)]),
    ...(barred === null ? [allow.mails] : [allow.inVain(barred)]),
    allow.replaces,
    ...waitsFor(orders, false, zone),
  ];
}

/** Throws FieldError where the person who asks may not allow a group until then. */
function checkLength({ viewer, desk, typed }: Asked, until: Instant, now: Instant): void {
  const { deskAllowMs } = desk.config.file;
  if (mayAs(viewer, 'operator') || until <= now + deskAllowMs) return;
  throw new FieldError(endField(typed), words.problems.tooLong(durationWords(deskAllowMs)));
}

/** Keeps a member from a group, or from every group. It takes keys away, so it waits for nobody but Temporal. */
export const block: Act = {
  name: 'block',
  least: 'operator',
  about: 'member',
  fields: ['group', 'until', 'untilAt', 'why'],
  defaults: { until: '1d' },
  needsWhy: true,
  async plan(wanted) {
    const { desk, id } = wanted;
    const { client } = desk;
    const { now, group, end } = chosenIn(wanted);
    const doubts: string[] = [];
    const tell = (doubt: string): void => void doubts.push(doubt);
    const [snapshot, orders] = await Promise.all([
      asked(() => coworkerIfAny(client, () => desk.nexudus, id, tell)),
      ordersNow(desk),
    ]);
    const { until, zone } = await blockEnd(wanted, end, snapshot, now);
    const what = { kind: 'block' as const, memberId: id, groupId: group?.id ?? null, until };
    checkException(wanted, what, orders, zone, now);
    return {
      says: blockSays(wanted, group, until, zone, orders, doubts),
      facts: { until: fixedEnd(end, until) },
      async carryOut(giver, order) {
        const made = await giveException(client, exceptionWish(what, giver), order);
        return { path: memberPath(id), told: toldOfBlock(await outcomeOf(client, made)) };
      },
    };
  },
};

/**
 * The end of a block, and the time zone in which it is told: where Nexudus does not answer, the zone that a worker knew last.
 */
async function blockEnd(
  { desk, id, typed }: Asked,
  end: TypedEnd,
  snapshot: Snapshot | null,
  now: Instant,
): Promise<{ until: Instant; zone: string | null }> {
  const zone = homeZone(snapshot) ?? (await asked(() => knownZone(desk.client, id)));
  if (snapshot !== null) return { until: endOf(typed, end, homeLocation(snapshot), now), zone };
  if ('at' in end) return { until: end.at, zone };
  return { until: zoned(typed, () => endIn(end, zone, now)), zone };
}

function blockSays(
  { id, name }: Asked,
  group: GroupMeant | null,
  until: Instant,
  zone: string | null,
  orders: Orders,
  doubts: readonly string[],
): string[] {
  const { block } = words;
  const where = group === null ? words.anyGroup : groupWords(group);
  return [
    block.does(words.member(name, id), where, endWords(until, zone)),
    block.takes,
    block.stays,
    block.then,
    ...waitsFor(orders, true, zone),
    ...doubts.map((doubt) => block.doubt(doubt.replace(/\.$/, ''))),
  ];
}

function toldOfBlock(outcome: BlockOutcome): Told {
  if (outcome.is === 'unanswered') return 'blockOn';
  if (outcome.is === 'waiting') return 'blockWaits';
  return outcome.byHand.length === 0 ? 'blocked' : 'blockedByHand';
}

interface GroupMeant {
  id: number;
  name: string | null;
}

const groupWords = ({ id, name }: GroupMeant): string => words.group(name, id);

/** The group and the end that were chosen, as of now; `group` null: none was. Throws FieldError. */
function chosenIn({ desk, typed, choices }: Asked): {
  now: Instant;
  group: GroupMeant | null;
  end: TypedEnd;
} {
  const now = desk.now();
  return { now, group: chosenGroup(typed, choices), end: typedEnd(typed, now) };
}

/**
 * Throws FieldError where the end is past or too far ahead, and CommandError where an exception that says the opposite holds.
 * The workflow refuses such an order as well; told here, nobody presses the button in vain.
 */
function checkException(
  { typed, choices }: Asked,
  what: Pick<Exception, 'kind' | 'memberId' | 'groupId' | 'until'>,
  orders: Orders,
  zone: string | null,
  now: Instant,
): void {
  checkEnd(typed, what.until, now, zone);
  const other = contradicting(orders, what, now);
  if (other !== null) throw new CommandError(words.contradicts(exceptionSaid(other, choices, zone)), 2);
}

/** An end that is the same whenever the button is pressed; null: it moves on with the clock, like `2h`. */
const fixedEnd = (end: TypedEnd, until: Instant): Instant | null => ('at' in end ? null : until);
