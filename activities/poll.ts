import { createHash } from 'node:crypto';
import { log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { clockWords, type Verdict } from '../access/clocks.js';
import type { Instant, Rules } from '../access/types.js';
import {
  contentOf,
  plausible,
  readChanges,
  readIndex,
  type Broken,
  type Changes,
  type Index,
  type Lending,
  type PolledName,
  type Touch,
  type Written,
} from '../nexudus/changes.js';
import type { NexudusClient } from '../nexudus/client.js';
import { NexudusError } from '../nexudus/errors.js';
import type { TimeZones } from '../nexudus/places.js';
import type { Replica } from '../nexudus/replica.js';
import { overlapMs, readStamped, stampedNow as stampedBy, surelyStampedNow } from '../nexudus/stamps.js';
import { lossWords } from '../nexudus/plausible.js';
import { OutOfTimeError } from '../lib/within.js';
import { placeName } from '../access/ownership.js';
import type { Ownership } from '../database/ownership.js';
import type { AuditLog } from '../database/audit-log.js';
import type { ShownKey, Wake } from '../messages/to-member.js';
import type { Batch, ReconciliationMemory, PollActivities, PollMemory } from '../messages/to-activities.js';
import { lastReconciliation, type BaselineBook } from './baselines.js';
import { recordOf, runningHoldings, type KeyRecord, type RunningHoldings } from './holdings.js';
import type { KnownRecords } from './known.js';
import { digestOfRules } from './membership.js';
import { remoteReads } from './remote.js';
import { runningMembers, smallBatch, wakeEach, type Waker } from './wake.js';

export interface PollDeps {
  nexudus: NexudusClient;
  nexudusForReconciliations: NexudusClient;
  client: Client;
  waker: Waker;
  rules: Rules;
  /** Over what Nexudus says: where one is named anew, all members are looked at again. */
  timeZones?: TimeZones;
  /** By what members were judged without a poll. */
  known: KnownRecords;
  baselines: BaselineBook;
  auditLog: Pick<AuditLog, 'list' | 'prune'>;
  ownership: Pick<Ownership, 'all' | 'prune'>;
  auditLogRetentionMs: number;
  /** Told once of each record how long after its write it was noticed. */
  tellLag: (collection: string, lagMs: number) => void;
  now: () => Instant;
  /** Which clocks are believed. */
  verdict: () => Verdict;
  /** Brought up to date by what is read. */
  replica: Replica;
}

/** For so long the record knows which keys were taken away, so that an older copy of a ledger does not bring them back. */
const takenAwayKeptMs = 90 * 24 * 3_600_000;
/** A poll looks back so far, instead of `overlapMs`, where Nexudus' clock is not known, or where this went by a wrong one: a reconciliation sees what is older. */
const blindOverlapMs = 15 * 60_000;
/** A watermark that is ahead of Nexudus' clock by more than answers take was set by a wrong one. */
const clockNoiseMs = 60_000;
/** What a member's workflow was to look at so long ago it has missed. */
const lateMs = 2 * 60_000;
/** So many decisions by a clock that was ahead are made anew by one reconciliation. */
const mostJudgedAhead = 5_000;
/** Schedules and clocks are not exact: what is due so soon is due. */
const soonMs = 2_000;
/** From so much on the clocks differ, and people are told. */
const tellSkewMs = 30_000;
/** An implausible loss is believed when a reconciliation so much later still sees it (principle 4). */
const doubtLastsMs = 10 * 60_000;
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
  const [tellPoll, tellReconciliation, tellSkew] = [
    telling('The poll'),
    telling('The reconciliation'),
    tellingSkew(),
  ];
  const tellBroken = tellingOfBroken();
  const tellZoneless = tellingOfZones();
  const tellSeldom = telling('The poll of check-ins, pass types and allowances');
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

type Telling = <T>(job: () => Promise<T>) => Promise<T>;

type TellBroken = (broken: readonly Broken[]) => void;

/** Lines for one read: where a field of all records changed its shape, the rest says nothing new. */
const mostLines = 20;

/** Has the log say once of each malformed record whom it harms, until it is written again. */
function tellingOfBroken(): TellBroken {
  const told = new Set<string>();
  return (broken) => {
    const fresh = broken.filter((one) => !told.has(contentOf(one)));
    for (const one of fresh) told.add(contentOf(one));
    for (const { error, harm } of fresh.slice(0, mostLines))
      log.warn(`${error.message} Until it is mended in Nexudus ${harm}; no key is taken away by it.`);
    if (fresh.length > mostLines) log.warn(`${fresh.length - mostLines} more records of Nexudus are so.`);
  };
}

/** Has the log say once of each location whose time zone is not known any more; the start told of those before. */
function tellingOfZones(): (locationIds: readonly number[]) => void {
  let told: Set<number> | null = null;
  return (locationIds) => {
    for (const id of locationIds.filter((one) => told !== null && !told.has(one)))
      log.warn(`Location ${id} has no known time zone: its passes wait until it is named in latchkey.yaml.`);
    told = new Set([...(told ?? []), ...locationIds]);
  };
}

/** Has the log say once why Nexudus cannot be read, however many tries and runs that lasts, and that it can be again. */
function telling(what: string): Telling {
  // Of lists that are read side by side now one fails first and now another.
  const told = new Set<string>();
  return async (job) => {
    try {
      const result = await job();
      if (told.size > 0) log.info(`${what} can read Nexudus again.`);
      told.clear();
      return result;
    } catch (error) {
      if (isProblem(error) && !told.has(problem(error))) {
        told.add(problem(error));
        log.warn(`${what} waits, and nothing is taken away meanwhile: ${error.message}`);
      }
      throw error;
    }
  };
}

const isProblem = (error: unknown): error is NexudusError | OutOfTimeError =>
  error instanceof NexudusError || error instanceof OutOfTimeError;

/** Amid an outage each try may fail at another of the lists. */
function problem(error: NexudusError | OutOfTimeError): string {
  if (error instanceof OutOfTimeError) return error.name;
  const { kind, message } = error;
  return kind === 'unavailable' || kind === 'throttled' ? kind : message;
}

/** Has the log say once that clocks differ, and that they do no longer. */
function tellingSkew(): (skewMs: number | null, verdict: Verdict) => void {
  let told = '';
  return (skewMs, verdict) => {
    const by = Math.abs(skewMs ?? 0);
    const differs = by > tellSkewMs || verdict.wrong.length > 0;
    const what = [verdict.state, ...verdict.wrong].join();
    if (differs && what !== told) {
      told = what;
      const [seconds, which] = [Math.round(by / 1_000), (skewMs ?? 0) > 0 ? 'ahead of' : 'behind'];
      log.warn(`Nexudus' clock is ${seconds} s ${which} this machine's. ${clockWords(verdict)}`);
    }
    // Not at the same bound, where it would be told again and again.
    if (told !== '' && verdict.wrong.length === 0 && by < tellSkewMs / 2) {
      told = '';
      log.info("Nexudus' clock and this machine's agree again.");
    }
  };
}

async function pollChanges(
  deps: PollDeps,
  before: PollMemory | null,
  { tellSeldom, tellBroken }: { tellSeldom: Telling; tellBroken: TellBroken },
): Promise<PollMemory & { batches?: Batch[] }> {
  const batches: Batch[] = [];
  let memory = before ?? { readTo: {}, seen: {}, lending: {}, woken: 0 };
  let woken = 0;
  for (const [n, round] of rounds.entries()) {
    const since = dueIn(round, memory, deps);
    if (Object.keys(since).length === 0) continue;
    const read = (): Promise<Changes> => readByServerClock(deps, since, memory.lending);
    const changes = n === 0 ? await read() : await tellSeldom(read).catch(leaveToNextPoll);
    // What the first round found is not to be found again by each poll until then.
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

/** Reads what was written. */
async function readByServerClock(
  deps: PollDeps,
  since: Partial<Record<PolledName, Instant>>,
  lending: Lending,
): Promise<Changes> {
  const { nexudus, replica } = deps;
  const now = (): Instant => stampedNow(deps);
  // A copy that was brought up to date by a clock that nobody knew might miss what comes next.
  const kept = surelyStampedNow(nexudus.clock, deps) === null ? {} : { replica };
  const { answer, readAt } = await readStamped(nexudus.clock, now, () =>
    readChanges(nexudus, { since, lending, now, ...kept }),
  );
  return { ...answer, readAt };
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

/** How much later than a check-in was written a read must have begun to have seen it: stamps are whole seconds, and clocks a little off. */
const checkInMarginMs = 3_000;

/** Whom what is new concerns. */
async function batchesOf(
  { client, nexudus, known, tellLag, now }: PollDeps,
  changes: Changes,
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
  const isReadSince = (touch: Touch): boolean =>
    touch.writtenAt !== null &&
    known.isJudgedAfter(touch.memberId, touch.writtenAt - aheadMs + checkInMarginMs);
  // A webhook was faster. A check-in changes nothing but the passes, which tell of it themselves.
  const news = touched.filter((touch) => !(isCheckIn(touch) ? isReadSince(touch) : known.includes(touch)));
  const joined = isFirst ? [] : borrowersOnlyIn(changes.lending, memory.lending);
  const left = borrowersOnlyIn(memory.lending, changes.lending);
  const membersIn = (some: readonly Touch[]): number[] => some.map(({ memberId }) => memberId);
  const mayStart = new Set([...membersIn(news.filter(givesAccess)), ...joined]);
  const others = new Set([...membersIn(news.filter((one) => !isCheckIn(one))), ...left]);
  for (const id of mayStart) others.delete(id);
  const checkedIn = new Set(membersIn(news.filter(isCheckIn)));
  for (const id of [...mayStart, ...others]) checkedIn.delete(id);
  return [
    { mayStart: [...mayStart], others: [...others], wake },
    { mayStart: [], others: [...checkedIn], wake: { ...wake, reason: 'checkIn' } },
    { mayStart: [], others: everyone, wake: { ...wake, reason: 'reference', isBatch: true } },
  ];
}

const sizeOf = ({ mayStart, others }: Batch): number => mayStart.length + others.length;

/**
 * Wakes a batch, or answers it where it is so large that a workflow should: neither the next run nor this one's time limit
 * should have to wait for it.
 */
async function wakeOrLeave(waker: Waker, batch: Batch): Promise<Batch[]> {
  if (sizeOf(batch) > smallBatch) return [{ ...batch, wake: { ...batch.wake, isBatch: true } }];
  await wakeEach(waker, batch);
  return [];
}

/** Short, since at a midnight ten thousand passes may be new: a workflow's result must stay well below 2 MB. */
function fingerprintOf(written: Written): string {
  return createHash('sha256').update(contentOf(written)).digest('base64url').slice(0, 8);
}

/** One record may touch many. `now` is Nexudus', which stamped them; what it says is never ahead, and may be a little behind. */
function tellLags(written: readonly Written[], tellLag: PollDeps['tellLag'], now: Instant): void {
  for (const { collection, writtenAt } of new Map(written.map((one) => [one.record, one])).values())
    if (writtenAt !== null) tellLag(collection, Math.max(0, now - writtenAt));
}

/** Whom teams lend passes to here and not there. Joining or leaving may not show in the team's own UpdatedOn. */
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

async function reconcile(
  deps: PollDeps,
  given: ReconciliationMemory | null,
  tellOf: (index: Index) => void,
): Promise<ReconciliationMemory & { batches?: Batch[] }> {
  // A run that a person triggers beside the Schedule's own is given nothing, and would believe any read.
  const memory = given ?? (await lastReconciliation(deps.client));
  const stampedAt = surelyStampedNow(deps.nexudus.clock, deps);
  const index = await readIndex(deps.nexudusForReconciliations, {
    ...deps,
    // A copy that was made by a clock that nobody knew might never be brought up to date.
    ...(stampedAt === null ? {} : { followedBy: deps.replica.rebase(stampedAt) }),
  });
  tellOf(index);
  const isDisputed = deps.verdict().state === 'disputed';
  const { baselines, suspects } = believe(memory, index, isDisputed);
  tellSuspects(memory?.suspects ?? {}, { baselines, suspects });
  const rules = digestOfRules(deps.rules);
  const running = await runningHoldings(deps.client);
  const record = recordOf(await deps.ownership.all());
  // One that was made by a clock that was ahead compared nothing that can be gone by.
  const isAhead = memory !== null && memory.at > deps.now() + clockNoiseMs;
  const isForAll =
    memory !== null && (isAhead || memory.rules !== rules || memory.reference !== index.reference);
  const { mayStart, others, told } = whomToWake({
    ...{ shown: index.members, running, record, told: memory?.told ?? {}, isForAll },
    ...{ now: deps.now(), judgedAhead: isDisputed ? new Map<number, Instant>() : await judgedAhead(deps) },
  });
  const wake: Wake = { reason: 'reconciliation', notBefore: deps.now(), isBatch: true };
  const batches = await wakeOrLeave(deps.waker, { mayStart, others, wake });
  const result: ReconciliationMemory = {
    at: index.readAt,
    members: Object.keys(index.members).length,
    told,
    reference: index.reference,
    rules,
    baselines,
    suspects,
    woken: mayStart.length + others.length,
  };
  deps.baselines.note(baselines);
  await forgetOld(deps);
  return batches.length > 0 ? { ...result, batches } : result;
}

/** Of members who were judged by a clock that was ahead: when, by that clock. They are judged anew. */
async function judgedAhead({ auditLog, now }: PollDeps): Promise<Map<number, Instant>> {
  const since = now() + clockNoiseMs;
  const records = await auditLog.list({ kinds: ['decision'], since, limit: mostJudgedAhead });
  return new Map(records.flatMap(({ memberId, at }) => (memberId === null ? [] : [[memberId, at]])));
}

/** Nothing brings back what is deleted here, so no clock is believed alone. */
async function forgetOld({
  auditLog,
  ownership,
  auditLogRetentionMs,
  now,
  verdict,
}: PollDeps): Promise<void> {
  if (verdict().state !== 'agreed') return;
  await auditLog.prune(now() - auditLogRetentionMs);
  await ownership.prune(now() - takenAwayKeptMs);
}

/** The sides that a reconciliation compares. */
export interface Sides {
  /** Fingerprint of the records of each member whom Nexudus shows, by id. */
  shown: Readonly<Record<string, string>>;
  /** What each member's workflow that runs shows. */
  running: ReadonlyMap<number, RunningHoldings>;
  /** Whose each key is. */
  record: KeyRecord;
  /** By member: the difference that was found by the last reconciliation, and told then. */
  told: Readonly<Record<string, string>>;
  /** What concerns all has changed. */
  isForAll: boolean;
  now: Instant;
  /** Who was judged by a clock that was ahead, and when by that one. */
  judgedAhead: ReadonlyMap<number, Instant>;
}

/** Whom a reconciliation wakes, and by what difference. */
export interface ToWake extends Pick<Batch, 'mayStart' | 'others'> {
  told: Record<string, string>;
}

/**
 * Principle 11: the world is compared, not memory. Who has records, or owns a key, and has no workflow gets one; who was
 * judged by other records than Nexudus shows now, or by a clock that was ahead, or slept through a change, or whose ledger is
 * not as the record has it, is woken, once for each such difference: a member who cannot be read says so and tries again by itself. Pure.
 */
export function whomToWake({ shown, running, record, told, isForAll, now, judgedAhead }: Sides): ToWake {
  const missing = new Set(
    [...Object.keys(shown).map(Number), ...record.owners()].filter((id) => !running.has(id)),
  );
  const differing = new Map<number, string>();
  for (const [memberId, holdings] of running) {
    const records = shown[memberId] ?? '';
    const { ledger } = record.inLine(memberId, holdings);
    const isInLine = digestOfLedger(ledger) === digestOfLedger(holdings.ledger);
    const late = lateOf(holdings, now) ?? judgedAhead.get(memberId) ?? '';
    if (holdings.records === records && isInLine && late === '') continue;
    // Who was not judged yet waits, and says for what.
    if (holdings.records === null && records === '' && isInLine && late === '') continue;
    const ledgers = isInLine ? '' : digestOfLedger(ledger);
    differing.set(memberId, `${holdings.records ?? ''}/${records}/${ledgers}/${late}`);
  }
  const woken = isForAll
    ? [...running.keys()]
    : [...differing].filter(([id, difference]) => told[id] !== difference).map(([id]) => id);
  return {
    mayStart: [...missing].sort((a, b) => a - b),
    others: woken,
    told: Object.fromEntries([...differing].map(([id, difference]) => [String(id), difference])),
  };
}

/** The change that a member's workflow ought to have looked at, and slept through: its timer may be of another clock. */
function lateOf({ nextChangeAt }: RunningHoldings, now: Instant): Instant | null {
  return nextChangeAt !== null && nextChangeAt < now - lateMs ? nextChangeAt : null;
}

/** Tells two ledgers apart by whose keys there are, and how often each was written. */
function digestOfLedger(ledger: readonly ShownKey[]): string {
  return ledger
    .map((key) => `${placeName(key)} ${key.version}`)
    .sort()
    .join();
}

/** Once for as long as a loss is not believed: memory lasts from run to run. */
function tellSuspects(
  before: ReconciliationMemory['suspects'],
  { baselines, suspects }: Pick<ReconciliationMemory, 'baselines' | 'suspects'>,
): void {
  const fresh = Object.entries(suspects).filter(([name]) => before[name] === undefined);
  if (fresh.length === 0) return;
  const lists = fresh.map(([name, { count }]) => lossWords(name, count, baselines[name]?.count ?? 0));
  log.warn(
    `Nexudus lost most rows of ${lists.join(', ')}. Nothing missing there is believed to be gone for ` +
      `${doubtLastsMs / 60_000} minutes; look into Nexudus now, and \`latchkey pause revokes\` gives more time.`,
  );
}

/**
 * Principle 4: which collections' counts are believed, and which are not yet. `isDisputed`: nobody knows what time it is, so
 * that no time has passed for sure. Pure.
 */
export function believe(
  memory: Pick<ReconciliationMemory, 'baselines' | 'suspects'> | null,
  index: Pick<Index, 'counts' | 'readAt'>,
  isDisputed = false,
): Pick<ReconciliationMemory, 'baselines' | 'suspects'> {
  const baselines: ReconciliationMemory['baselines'] = {};
  const suspects: ReconciliationMemory['suspects'] = {};
  for (const [collection, count] of Object.entries(index.counts)) {
    const baseline = memory?.baselines[collection];
    const suspect = memory?.suspects[collection];
    // A clock that was set back must not make this last for hours.
    const since = Math.min(suspect?.since ?? index.readAt, index.readAt);
    const agreed = suspect !== undefined && !isDisputed && index.readAt - since >= doubtLastsMs;
    if (baseline === undefined || plausible(baseline, count) || agreed) {
      baselines[collection] = { count, at: index.readAt };
    } else {
      baselines[collection] = baseline;
      suspects[collection] = { count, since };
    }
  }
  return { baselines, suspects };
}
