import { createHash } from 'node:crypto';
import { log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Instant, Rules } from '../access/types.js';
import {
  contentOf,
  plausible,
  readChanges,
  readIndex,
  type Changes,
  type Index,
  type Lending,
  type PolledName,
  type Written,
} from '../nexudus/changes.js';
import type { NexudusClient } from '../nexudus/client.js';
import { NexudusError } from '../nexudus/errors.js';
import { lossWords } from '../nexudus/plausible.js';
import { placeName } from '../access/ownership.js';
import type { Ownership } from '../trail/ownership.js';
import type { Trail } from '../trail/trail.js';
import type { ShownHoldings, ShownKey, Wake } from '../workflows/messages.js';
import type { Crowd, FullPassMemory, PollActivities, PollMemory } from './contract.js';
import { lastFullPass, type BaselineBook } from './baselines.js';
import { recordOf, runningHoldings, type KeyRecord } from './holdings.js';
import type { KnownRecords } from './known.js';
import { digestOfRules } from './membership.js';
import { remoteReads } from './remote.js';
import { runningMembers, smallCrowd, wakeEach, type Waker } from './wake.js';

export interface PollDeps {
  nexudus: NexudusClient;
  nexudusForFullPasses: NexudusClient;
  client: Client;
  waker: Waker;
  rules: Rules;
  /** By what members were judged without a poll. */
  known: KnownRecords;
  baselines: BaselineBook;
  trail: Pick<Trail, 'prune'>;
  ownership: Pick<Ownership, 'all' | 'prune'>;
  trailRetentionMs: number;
  /** Told once of each record how long after its write it was noticed. */
  tellLag: (collection: string, lagMs: number) => void;
  now: () => Instant;
}

/** Nexudus filters to the minute, so every poll looks back a little; what it saw there already wakes nobody. */
const overlapMs = 2 * 60_000;
/** For so long the record knows which keys were taken away, so that an older copy of a ledger does not bring them back. */
const takenAwayKeptMs = 90 * 24 * 3_600_000;
/** An implausible loss is believed when a full pass so much later still sees it (principle 4). */
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

/** Notices changes and wakes members: the cheap poll, and the full pass that sees deletions. */
export function createPollActivities(deps: PollDeps): PollActivities {
  const [tellPoll, tellFullPass] = [telling('The poll'), telling('The full pass')];
  return remoteReads<PollActivities>({
    pollChanges: (memory) => tellPoll(() => pollChanges(deps, memory)),
    fullPass: (memory) => tellFullPass(() => fullPass(deps, memory)),
  });
}

/** Has the log say once why Nexudus cannot be read, however many tries and runs that lasts, and that it can be again. */
function telling(what: string): <T>(job: () => Promise<T>) => Promise<T> {
  let told: string | null = null;
  return async (job) => {
    try {
      const result = await job();
      if (told !== null) log.info(`${what} can read Nexudus again.`);
      told = null;
      return result;
    } catch (error) {
      if (error instanceof NexudusError && trouble(error) !== told) {
        told = trouble(error);
        log.warn(`${what} waits, and nothing is taken away meanwhile: ${error.message}`);
      }
      throw error;
    }
  };
}

/** Amid an outage each try may fail at another of the lists. */
function trouble({ kind, message }: NexudusError): string {
  return kind === 'unavailable' || kind === 'throttled' ? kind : message;
}

async function pollChanges(
  deps: PollDeps,
  before: PollMemory | null,
): Promise<PollMemory & { crowds?: Crowd[] }> {
  const crowds: Crowd[] = [];
  let memory = before ?? { readTo: {}, seen: {}, lending: {}, woken: 0 };
  let woken = 0;
  for (const round of rounds) {
    const since = dueIn(round, memory, deps.now());
    if (Object.keys(since).length === 0) continue;
    const changes = await readChanges(deps.nexudus, { since, lending: memory.lending, now: deps.now });
    const isFirst = before === null;
    for (const crowd of await crowdsOf(deps, changes, memory, isFirst)) {
      woken += sizeOf(crowd);
      crowds.push(...(await wakeOrLeave(deps.waker, crowd)));
    }
    memory = remember(memory, changes, since);
  }
  return { ...memory, woken, ...(crowds.length > 0 ? { crowds } : {}) };
}

/** The collections of a round that are to be read, and since when. */
function dueIn(
  round: Partial<Record<PolledName, number>>,
  { readTo }: PollMemory,
  now: Instant,
): Partial<Record<PolledName, Instant>> {
  const due = Object.entries(round).flatMap(([name, mayBeOldMs]): [string, Instant][] => {
    const last = readTo[name] ?? null;
    // A Schedule is not exact to the millisecond: half a second too early is not too early.
    if (last !== null && now - last < mayBeOldMs - 500) return [];
    return [[name, (last ?? now) - overlapMs]];
  });
  return Object.fromEntries(due);
}

/** Whom what is new concerns. */
async function crowdsOf(
  { client, known, tellLag, now }: PollDeps,
  changes: Changes,
  memory: PollMemory,
  isFirst: boolean,
): Promise<Crowd[]> {
  // What an earlier release remembered may have another shape.
  const seen = new Set(Object.values(memory.seen).filter(Array.isArray).flat());
  const isNew = (one: Written): boolean => !seen.has(fingerprintOf(one));
  for (const one of changes.broken.filter(isNew)) log.warn(one.error.message);
  // After the reads and not before: what came while they ran must be in the read that follows.
  const wake: Wake = { reason: 'changed', notBefore: now() };
  const everyone = !isFirst && changes.reference.some(isNew) ? await runningMembers(client) : [];
  const touched = changes.touched.filter(isNew);
  // The first poll looks back to before anybody could notice.
  if (!isFirst) tellLags([...touched, ...changes.reference.filter(isNew)], tellLag, now());
  // A webhook was faster.
  const news = touched.filter((touch) => !known.includes(touch));
  const joined = isFirst ? [] : borrowersOnlyIn(changes.lending, memory.lending);
  const left = borrowersOnlyIn(memory.lending, changes.lending);
  const mayStart = new Set([...news.filter(givesAccess).map(({ memberId }) => memberId), ...joined]);
  const others = new Set([...news.map(({ memberId }) => memberId), ...left]);
  for (const id of mayStart) others.delete(id);
  return [
    { mayStart: [...mayStart], others: [...others], wake },
    { mayStart: [], others: everyone, wake: { ...wake, reason: 'reference', inBulk: true } },
  ];
}

const sizeOf = ({ mayStart, others }: Crowd): number => mayStart.length + others.length;

/**
 * Wakes a crowd, or answers it where it is so large that a workflow should: neither the next run nor this one's time limit
 * should have to wait for it.
 */
async function wakeOrLeave(waker: Waker, crowd: Crowd): Promise<Crowd[]> {
  if (sizeOf(crowd) > smallCrowd) return [{ ...crowd, wake: { ...crowd.wake, inBulk: true } }];
  await wakeEach(waker, crowd);
  return [];
}

/** Short, since at a midnight ten thousand passes may be new: a workflow's result must stay well below 2 MB. */
function fingerprintOf(written: Written): string {
  return createHash('sha256').update(contentOf(written)).digest('base64url').slice(0, 8);
}

/** One record may touch many. */
function tellLags(written: readonly Written[], tellLag: PollDeps['tellLag'], now: Instant): void {
  for (const { collection, writtenAt } of new Map(written.map((one) => [one.record, one])).values())
    if (writtenAt !== null) tellLag(collection, now - writtenAt);
}

/** Whom teams lend passes to here and not there. Joining or leaving may not show in the team's own UpdatedOn. */
function borrowersOnlyIn(here: Lending, there: Lending): number[] {
  return Object.entries(here).flatMap(([team, { borrowerIds }]) =>
    borrowerIds.filter((id) => !(there[team]?.borrowerIds ?? []).includes(id)),
  );
}

/** A coworker's own record and a check-in give nobody access, so they start no workflow. */
function givesAccess({ collection }: Written): boolean {
  return collection !== 'coworkers' && collection !== 'checkins';
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

async function fullPass(
  deps: PollDeps,
  given: FullPassMemory | null,
): Promise<FullPassMemory & { crowds?: Crowd[] }> {
  // A run that a person triggers beside the Schedule's own is given nothing, and would believe any read.
  const memory = given ?? (await lastFullPass(deps.client));
  const index = await readIndex(deps.nexudusForFullPasses, { now: deps.now });
  const { baselines, suspects } = believe(memory, index);
  tellSuspects(memory?.suspects ?? {}, { baselines, suspects });
  const rules = digestOfRules(deps.rules);
  const running = await runningHoldings(deps.client);
  const record = recordOf(await deps.ownership.all());
  const isForAll = memory !== null && (memory.rules !== rules || memory.reference !== index.reference);
  const { mayStart, others, told } = whomToWake({
    shown: index.members,
    running,
    record,
    told: memory?.told ?? {},
    isForAll,
  });
  const wake: Wake = { reason: 'fullPass', notBefore: deps.now(), inBulk: true };
  const crowds = await wakeOrLeave(deps.waker, { mayStart, others, wake });
  const result: FullPassMemory = {
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
  await deps.trail.prune(deps.now() - deps.trailRetentionMs);
  await deps.ownership.prune(deps.now() - takenAwayKeptMs);
  return crowds.length > 0 ? { ...result, crowds } : result;
}

/** The sides that a full pass compares. */
export interface Sides {
  /** Fingerprint of the records of each member whom Nexudus shows, by id. */
  shown: Readonly<Record<string, string>>;
  /** What each member's workflow that runs shows. */
  running: ReadonlyMap<number, ShownHoldings>;
  /** Whose each key is. */
  record: KeyRecord;
  /** By member: the difference that was found by the last full pass, and told then. */
  told: Readonly<Record<string, string>>;
  /** What concerns all has changed. */
  isForAll: boolean;
}

/** Whom a full pass wakes, and by what difference. */
export interface ToWake extends Pick<Crowd, 'mayStart' | 'others'> {
  told: Record<string, string>;
}

/**
 * Principle 11: the world is compared, not memory. Who has records, or owns a key, and has no workflow gets one; who was
 * judged by other records than Nexudus shows now, or whose ledger is not as the record has it, is woken, once for each such
 * difference: a member who cannot be read says so and tries again by itself. Pure.
 */
export function whomToWake({ shown, running, record, told, isForAll }: Sides): ToWake {
  const missing = new Set(
    [...Object.keys(shown).map(Number), ...record.owners()].filter((id) => !running.has(id)),
  );
  const differing = new Map<number, string>();
  for (const [memberId, holdings] of running) {
    const records = shown[memberId] ?? '';
    const { ledger } = record.inLine(memberId, holdings);
    const isInLine = digestOfLedger(ledger) === digestOfLedger(holdings.ledger);
    if (holdings.records === records && isInLine) continue;
    // Who was not judged yet waits, and says for what.
    if (holdings.records === null && records === '' && isInLine) continue;
    differing.set(memberId, `${holdings.records ?? ''}/${records}/${isInLine ? '' : digestOfLedger(ledger)}`);
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

/** Tells two ledgers apart by whose keys there are, and how often each was written. */
function digestOfLedger(ledger: readonly ShownKey[]): string {
  return ledger
    .map((key) => `${placeName(key)} ${key.version}`)
    .sort()
    .join();
}

/** Once for as long as a loss is not believed: memory lasts from run to run. */
function tellSuspects(
  before: FullPassMemory['suspects'],
  { baselines, suspects }: Pick<FullPassMemory, 'baselines' | 'suspects'>,
): void {
  const fresh = Object.entries(suspects).filter(([name]) => before[name] === undefined);
  if (fresh.length === 0) return;
  const lists = fresh.map(([name, { count }]) => lossWords(name, count, baselines[name]?.count ?? 0));
  log.warn(
    `Nexudus lost most rows of ${lists.join(', ')}. Nothing missing there is believed to be gone for ` +
      `${doubtLastsMs / 60_000} minutes; look into Nexudus now, and \`latchkey pause revokes\` gives more time.`,
  );
}

/** Principle 4: which collections' counts are believed, and which are not yet. Pure. */
export function believe(
  memory: Pick<FullPassMemory, 'baselines' | 'suspects'> | null,
  index: Pick<Index, 'counts' | 'readAt'>,
): Pick<FullPassMemory, 'baselines' | 'suspects'> {
  const baselines: FullPassMemory['baselines'] = {};
  const suspects: FullPassMemory['suspects'] = {};
  for (const [collection, count] of Object.entries(index.counts)) {
    const baseline = memory?.baselines[collection];
    const suspect = memory?.suspects[collection];
    const since = suspect?.since ?? index.readAt;
    const agreed = suspect !== undefined && index.readAt - since >= doubtLastsMs;
    if (baseline === undefined || plausible(baseline, count) || agreed) {
      baselines[collection] = { count, at: index.readAt };
    } else {
      baselines[collection] = baseline;
      suspects[collection] = { count, since };
    }
  }
  return { baselines, suspects };
}
