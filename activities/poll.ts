import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Instant, Rules } from '../access/types.js';
import { plausible, readChanges, readIndex, type Changes, type Index } from '../nexudus/changes.js';
import type { NexudusClient } from '../nexudus/client.js';
import type { Wake } from '../workflows/messages.js';
import type { FullPassMemory, PollActivities, PollMemory } from './contract.js';
import type { BaselineBook } from './baselines.js';
import { remote } from './remote.js';
import { inBatches, runningMembers, type Waker } from './wake.js';

export interface PollDeps {
  nexudus: NexudusClient;
  client: Client;
  waker: Waker;
  rules: Rules;
  baselines: BaselineBook;
  now: () => Instant;
}

/** Nexudus filters to the minute, so every poll looks back a little; what it saw there already wakes nobody. */
const overlapMs = 2 * 60_000;
/** An implausible loss is believed when a full pass so much later still sees it (principle 4). */
const doubtLastsMs = 10 * 60_000;
/** Pass types, allowances and check-ins change seldom, or show in the passes too: every poll need not read them. */
const seldomMs = 30_000;

/** Notices changes and wakes members: the cheap poll, and the full pass that sees deletions. */
export function createPollActivities(deps: PollDeps): PollActivities {
  return remote<PollActivities>({
    pollChanges: (memory) => pollChanges(deps, memory),
    fullPass: (memory) => fullPass(deps, memory),
  });
}

async function pollChanges(deps: PollDeps, memory: PollMemory | null): Promise<PollMemory> {
  const everything = memory === null || deps.now() - memory.everythingAt >= seldomMs;
  const watermark = memory?.watermark ?? deps.now();
  const since = (everything ? Math.min(watermark, memory?.everythingAt ?? watermark) : watermark) - overlapMs;
  const changes = await readChanges(deps.nexudus, { since, everything, now: deps.now });
  const isNew = (c: { record: string; stamp: string }): boolean => memory?.seen[c.record] !== c.stamp;
  // After the reads and not before: what came while they ran must be in the read that follows.
  const wake: Wake = { reason: 'changed', notBefore: deps.now() };

  const everyone = memory !== null && changes.reference.some(isNew) ? await runningMembers(deps.client) : [];
  await inBatches(everyone, (id) => deps.waker.wakeIfRunning(id, { ...wake, reason: 'reference' }));
  const touched = changes.touched.filter((touch) => isNew(touch));
  const mayStart = new Set(touched.filter(givesAccess).map((touch) => touch.memberId));
  const others = new Set([...touched.map((touch) => touch.memberId), ...leavers(memory, changes)]);
  for (const id of mayStart) others.delete(id);
  await inBatches([...mayStart], (id) => deps.waker.wake(id, wake));
  await inBatches([...others], (id) => deps.waker.wakeIfRunning(id, wake));
  return {
    watermark: changes.readAt,
    seen: { ...(everything ? {} : seldomSeen(memory)), ...stampsOf(changes) },
    everythingAt: everything ? changes.readAt : memory.everythingAt,
    borrowers: changes.borrowers,
    woken: everyone.length + mayStart.size + others.size,
  };
}

/** Members whom a team lent passes to at the last poll, and does not any more. */
function leavers(memory: PollMemory | null, { borrowers }: Changes): number[] {
  return Object.entries(memory?.borrowers ?? {}).flatMap(([team, ids]) =>
    ids.filter((id) => !(borrowers[team] ?? []).includes(id)),
  );
}

/** What was seen of the collections that this poll did not read. */
function seldomSeen(memory: PollMemory | null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(memory?.seen ?? {}).filter(([record]) => /^(checkin|pass type|allowance) /.test(record)),
  );
}

/** A coworker's own record and a check-in give nobody access, so they start no workflow. */
function givesAccess(touch: { record: string }): boolean {
  return !/^(coworker|checkin) /.test(touch.record);
}

function stampsOf(changes: Changes): Record<string, string> {
  return Object.fromEntries(
    [...changes.touched, ...changes.reference].map(({ record, stamp }) => [record, stamp]),
  );
}

async function fullPass(deps: PollDeps, memory: FullPassMemory | null): Promise<FullPassMemory> {
  const index = await readIndex(deps.nexudus, { now: deps.now });
  const { baselines, suspects } = believe(memory, index);
  const rules = createHash('sha256').update(JSON.stringify(deps.rules)).digest('hex').slice(0, 16);
  const known = memory?.members ?? {};
  const everyone = memory !== null && (memory.rules !== rules || memory.reference !== index.reference);
  const vanished = Object.keys(known).filter((id) => index.members[id] === undefined);
  const differing = Object.keys(index.members).filter((id) => everyone || known[id] !== index.members[id]);
  const wake: Wake = { reason: 'fullPass', notBefore: deps.now() };
  await inBatches(differing, (id) => deps.waker.wake(Number(id), wake));
  await inBatches(vanished, (id) => deps.waker.wakeIfRunning(Number(id), wake));
  // Those who run without a record in the index; the others were woken just now.
  const rest = everyone ? await runningMembers(deps.client) : [];
  await inBatches(
    rest.filter((id) => index.members[id] === undefined && known[id] === undefined),
    (id) => deps.waker.wakeIfRunning(id, wake),
  );

  // While a loss is not believed, those who vanished stay known, to be woken again when it is.
  const doubtful = Object.keys(suspects).length > 0;
  const kept = doubtful ? Object.fromEntries(vanished.map((id) => [id, known[id] ?? ''])) : {};
  const result: FullPassMemory = {
    at: index.readAt,
    members: { ...kept, ...index.members },
    reference: index.reference,
    rules,
    baselines,
    suspects,
    woken: differing.length + vanished.length,
  };
  deps.baselines.note(baselines);
  return result;
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
