import { createHash } from 'node:crypto';
import type { Instant } from '../access/types.js';
import {
  contentOf,
  readChanges,
  type Changes,
  type Lending,
  type PolledName,
  type Touch,
  type Written,
} from '../nexudus/changes.js';
import { NexudusError } from '../nexudus/errors.js';
import { overlapMs, readStamped, stampedNow as stampedBy, surelyStampedNow } from '../nexudus/stamps.js';
import type { Wake } from '../messages/to-member.js';
import type { Batch, PollActivities, PollMemory } from '../messages/to-activities.js';
import type { KnownRecords } from './known.js';
import { clockNoiseMs, reconcile, type ReconciliationDeps } from './reconcile.js';
import { remoteReads } from './remote.js';
import {
  tellingOfBroken,
  tellingOfFailures,
  tellingOfSkew,
  tellingOfZones,
  type TellBroken,
  type TellFailures,
} from './tell-once.js';
import { runningMembers, sizeOf, wakeOrLeave } from './wake.js';

export interface PollDeps extends ReconciliationDeps {
  /** By what members were judged without a poll. */
  known: KnownRecords;
  /** Told once of each record how long after its write it was noticed. */
  tellLag: (collection: string, lagMs: number) => void;
}

/**
 * How far a poll looks back, instead of `overlapMs`, where Nexudus' clock is not known, or where the last poll went by a wrong
 * clock. A reconciliation sees what is older.
 */
const blindOverlapMs = 15 * 60_000;
/** Schedules and clocks are not exact: a collection that is due within this time is due. */
const soonMs = 2_000;
/**
 * What a poll reads, in two rounds, and for how long each collection may go unread: purchases, renewals and
 * cancellations are in every poll, however often it runs, while what shows elsewhere too or changes seldom is not.
 */
const rounds: Partial<Record<PolledName, number>>[] = [
  {
    teams: 10_000,
    contractpausedperiods: 10_000,
    coworkers: 10_000,
    coworkercontracts: 0,
    coworkertimepasses: 0,
  },
  { checkins: 60_000, timepasses: 60_000, tarifftimepasses: 60_000 },
];

/** Notices changes and wakes members: the cheap poll, and the reconciliation that sees deletions. */
export function createPollActivities(deps: PollDeps): PollActivities {
  const tellPoll = tellingOfFailures('The poll');
  const tellReconciliation = tellingOfFailures('The reconciliation');
  const tellSkew = tellingOfSkew();
  const tellBroken = tellingOfBroken();
  const tellZoneless = tellingOfZones();
  const tellSeldom = tellingOfFailures('The poll of check-ins, pass types and allowances');
  return remoteReads<PollActivities>({
    pollChanges: (memory) =>
      tellPoll(() => pollChanges(deps, memory, { tellSeldom, tellBroken })).finally(() => {
        tellSkew(deps.nexudus.clock.skewMs(), deps.verdict());
      }),
    reconcile: (memory) =>
      tellReconciliation(() =>
        reconcile(deps, memory, ({ broken, zoneless }) => {
          tellBroken(broken);
          tellZoneless(zoneless);
        }),
      ),
  });
}

async function pollChanges(
  deps: PollDeps,
  before: PollMemory | null,
  { tellSeldom, tellBroken }: { tellSeldom: TellFailures; tellBroken: TellBroken },
): Promise<PollMemory & { batches?: Batch[] }> {
  const batches: Batch[] = [];
  let memory = before ?? { readTo: {}, seen: {}, lending: {}, woken: 0 };
  let woken = 0;
  for (const [n, round] of rounds.entries()) {
    const since = dueIn(round, memory, deps);
    if (Object.keys(since).length === 0) continue;
    const read = (): Promise<Found> => readByServerClock(deps, since, memory.lending);
    const changes = n === 0 ? await read() : await tellSeldom(read).catch(leaveToNextPoll);
    // What the first round found is remembered, so that the next polls do not find it again.
    if (changes === null) break;
    tellBroken(changes.broken);
    const isFirst = before === null;
    for (const batch of await batchesOf(deps, changes, memory, isFirst)) {
      woken += sizeOf(batch);
      batches.push(...(await wakeOrLeave(deps.waker, batch)));
    }
    memory = remember(memory, changes, since);
  }
  return { ...memory, woken, ...(batches.length > 0 ? { batches } : {}) };
}

/** Null: the next poll tries again. */
function leaveToNextPoll(error: unknown): null {
  if (error instanceof NexudusError) return null;
  throw error;
}

/** What a poll found. */
interface Found extends Changes {
  /** Whether the copy of everybody's records took all of that too. */
  isCopied: boolean;
}

/** Reads what was written. */
async function readByServerClock(
  deps: PollDeps,
  since: Partial<Record<PolledName, Instant>>,
  lending: Lending,
): Promise<Found> {
  const { nexudus, replica } = deps;
  const now = (): Instant => stampedNow(deps);
  // A copy that was brought up to date by a clock that nobody knew might miss what comes next.
  const isCopied = surelyStampedNow(nexudus.clock, deps) !== null;
  const { answer, readAt } = await readStamped(nexudus.clock, now, () =>
    readChanges(nexudus, { since, lending, now, ...(isCopied ? { replica } : {}) }),
  );
  return { ...answer, readAt, isCopied };
}

const stampedNow = (deps: PollDeps): Instant => stampedBy(deps.nexudus.clock, deps);

/** The collections of a round that are to be read, and since when, by Nexudus' clock. */
function dueIn(
  round: Partial<Record<PolledName, number>>,
  { readTo }: PollMemory,
  deps: PollDeps,
): Partial<Record<PolledName, Instant>> {
  const now = stampedNow(deps);
  const backMs = deps.nexudus.clock.skewMs() === null ? blindOverlapMs : overlapMs;
  const due = Object.entries(round).flatMap(([name, mayBeOldMs]): [string, Instant][] => {
    const last = readTo[name];
    if (last === undefined) return [[name, now - backMs]];
    if (last > now + clockNoiseMs) return [[name, now - blindOverlapMs]];
    if (last <= now && now - last < mayBeOldMs - soonMs) return [];
    return [[name, last - backMs]];
  });
  return Object.fromEntries(due);
}

/**
 * A read has surely seen a check-in where it began this long after the check-in was written: stamps are whole seconds, and
 * clocks a little off.
 */
const checkInMarginMs = 3_000;
/** Word of a check-in comes after its write. By clocks that are a little off it may seem to come this long before. */
const toldMarginMs = 1_000;

/** The members that the changes concern, in batches by why they are woken. */
async function batchesOf(
  { client, nexudus, known, replica, tellLag, now }: PollDeps,
  changes: Found,
  memory: PollMemory,
  isFirst: boolean,
): Promise<Batch[]> {
  const seen = new Set(Object.values(memory.seen).flat());
  const isNew = (one: Written): boolean => !seen.has(fingerprintOf(one));
  // After the reads and not before: what came while they ran must be in the read that follows.
  const wake: Wake = { reason: 'changed', notBefore: now() };
  const everyone = !isFirst && changes.reference.some(isNew) ? await runningMembers(client) : [];
  const touched = changes.touched.filter(isNew);
  // The first poll looks back to before anybody could notice.
  if (!isFirst) tellLags([...touched, ...changes.reference.filter(isNew)], tellLag, nexudus.clock.now());
  // Nexudus stamps records by its own clock.
  const aheadMs = nexudus.clock.now() - now();
  const isReadSince = ({ memberId, writtenAt }: Touch): boolean => {
    if (writtenAt === null) return false;
    const at = writtenAt - aheadMs;
    return (
      known.isJudgedForCheckIn(memberId, at - toldMarginMs) ||
      known.isJudgedAfter(memberId, at + checkInMarginMs)
    );
  };
  // A webhook was faster. A check-in changes nothing but the passes, which tell of it themselves.
  const news = touched.filter((touch) => !(isCheckIn(touch) ? isReadSince(touch) : known.includes(touch)));
  const joined = isFirst ? [] : borrowersOnlyIn(changes.lending, memory.lending);
  const left = borrowersOnlyIn(memory.lending, changes.lending);
  const membersIn = (some: readonly Touch[]): number[] => some.map(({ memberId }) => memberId);
  const mayStart = new Set([...membersIn(news.filter(givesAccess)), ...joined]);
  const changed = membersIn(news.filter((one) => !isCheckIn(one)));
  // Why they are woken is known, so their other records need not be looked up one by one.
  if (changes.isCopied) replica.noteNewsOf(changed);
  const others = new Set([...changed, ...left]);
  for (const id of mayStart) others.delete(id);
  const checkedIn = new Set(membersIn(news.filter(isCheckIn)));
  for (const id of [...mayStart, ...others]) checkedIn.delete(id);
  return [
    { mayStart: [...mayStart], others: [...others], wake },
    { mayStart: [], others: [...checkedIn], wake: { ...wake, reason: 'checkIn' } },
    { mayStart: [], others: everyone, wake: { ...wake, reason: 'reference', isBatch: true } },
  ];
}

/** Short, since at a midnight ten thousand passes may be new: a workflow's result must stay well below 2 MB. */
function fingerprintOf(written: Written): string {
  return createHash('sha256').update(contentOf(written)).digest('base64url').slice(0, 8);
}

/**
 * Once for each record, which may touch many members. `now`: by Nexudus' clock, which stamped the records. It is never ahead,
 * and may be a little behind.
 */
function tellLags(written: readonly Written[], tellLag: PollDeps['tellLag'], now: Instant): void {
  for (const { collection, writtenAt } of new Map(written.map((one) => [one.record, one])).values())
    if (writtenAt !== null) tellLag(collection, Math.max(0, now - writtenAt));
}

/** The members that teams lend passes to here and not there. Joining or leaving may not show in the team's own UpdatedOn. */
function borrowersOnlyIn(here: Lending, there: Lending): number[] {
  return Object.entries(here).flatMap(([team, { borrowerIds }]) =>
    borrowerIds.filter((id) => !(there[team]?.borrowerIds ?? []).includes(id)),
  );
}

const isCheckIn = ({ collection }: Written): boolean => collection === 'checkins';

/** A coworker's own record and a check-in give nobody access, so they start no workflow. */
function givesAccess(written: Written): boolean {
  return written.collection !== 'coworkers' && !isCheckIn(written);
}

function remember(
  memory: PollMemory,
  { readAt, touched, reference, lending }: Changes,
  read: Partial<Record<PolledName, Instant>>,
): PollMemory {
  const names = Object.keys(read);
  const seen = names.map((name): [string, string[]] => {
    const rows = [...touched, ...reference].filter(({ collection }) => collection === name);
    return [name, [...new Set(rows.map(fingerprintOf))]];
  });
  return {
    ...memory,
    readTo: { ...memory.readTo, ...Object.fromEntries(names.map((name) => [name, readAt])) },
    seen: { ...memory.seen, ...Object.fromEntries(seen) },
    lending,
  };
}
