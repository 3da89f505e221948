import { log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Verdict } from '../access/clocks.js';
import { placeName } from '../access/ownership.js';
import type { Instant, Rules } from '../access/types.js';
import { plausible, readIndex, type Index } from '../nexudus/changes.js';
import type { NexudusClient } from '../nexudus/client.js';
import type { TimeZones } from '../nexudus/places.js';
import { lossWords } from '../nexudus/plausible.js';
import type { Replica } from '../nexudus/replica.js';
import { surelyStampedNow } from '../nexudus/stamps.js';
import type { AuditLog } from '../database/audit-log.js';
import type { Ownership } from '../database/ownership.js';
import type { ShownKey, Wake } from '../messages/to-member.js';
import type { Batch, ReconciliationMemory } from '../messages/to-activities.js';
import { lastReconciliation, type BaselineBook } from './baselines.js';
import { recordOf, runningHoldings, type KeyRecord, type RunningHoldings } from './holdings.js';
import { digestOfRules } from './membership.js';
import { wakeOrLeave, type Waker } from './wake.js';

export interface ReconciliationDeps {
  nexudus: NexudusClient;
  nexudusForReconciliations: NexudusClient;
  client: Client;
  waker: Pick<Waker, 'wake' | 'wakeIfRunning'>;
  rules: Rules;
  /** In place of what Nexudus says: where one is named anew, all members are looked at again. */
  timeZones?: TimeZones;
  baselines: BaselineBook;
  auditLog: Pick<AuditLog, 'list' | 'prune'>;
  ownership: Pick<Ownership, 'all' | 'prune'>;
  auditLogRetentionMs: number;
  now: () => Instant;
  /** Which clocks are believed. */
  verdict: () => Verdict;
  /** Brought up to date by what is read. */
  replica: Replica;
}

/** How long the record knows which keys were taken away, so that an older copy of a ledger does not bring them back. */
const takenAwayKeptMs = 90 * 24 * 3_600_000;
/** A watermark that is ahead of Nexudus' clock by more than answers take was set by a wrong one. */
export const clockNoiseMs = 60_000;
/** A member's workflow has missed a change that it was to look at longer ago than this. */
const lateMs = 2 * 60_000;
/** The most decisions by a clock that was ahead that one reconciliation has made anew. */
const mostJudgedAhead = 5_000;
/** An implausible loss is believed when a reconciliation this much later still sees it (principle 4). */
const doubtLastsMs = 10 * 60_000;

/** Compares all members with Nexudus and the record, and wakes those that differ. */
export async function reconcile(
  deps: ReconciliationDeps,
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
  // A reconciliation by a clock that was ahead compared nothing that can be relied on.
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

/** The members who were judged by a clock that was ahead, and when by that clock. They are judged anew. */
async function judgedAhead({ auditLog, now }: ReconciliationDeps): Promise<Map<number, Instant>> {
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
}: ReconciliationDeps): Promise<void> {
  if (verdict().state !== 'agreed') return;
  await auditLog.prune(now() - auditLogRetentionMs);
  await ownership.prune(now() - takenAwayKeptMs);
}

/** The sides that a reconciliation compares. */
export interface Sides {
  /** Fingerprint of each member's records as Nexudus shows them, by member id. */
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
  /** The members who were judged by a clock that was ahead, and when by that clock. */
  judgedAhead: ReadonlyMap<number, Instant>;
}

/** The members that a reconciliation wakes, and the difference of each. */
export interface ToWake extends Pick<Batch, 'mayStart' | 'others'> {
  told: Record<string, string>;
}

/**
 * Principle 11: the world is compared, not memory. A member who has records or owns a key, and has no workflow, gets one. A
 * member is woken who was judged by other records than Nexudus shows now, or by a clock that was ahead, who slept through a
 * change, or whose ledger is not as the record has it. That is once for each such difference: a member who cannot be read says
 * so, and tries again by itself. Pure.
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

/** Tells two ledgers apart by the places of their keys, and how often each was written. */
function digestOfLedger(ledger: readonly ShownKey[]): string {
  return ledger
    .map((key) => `${placeName(key)} ${key.version}`)
    .sort()
    .join();
}

/** Has the log say once that a loss is not believed yet: memory lasts from run to run. */
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
