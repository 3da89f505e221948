/** How a space stands, in lines that people read: what `latchkey status` and the desk say of it. */
import type { Instant } from '../access/types.js';
import { joined } from '../lib/words.js';
import type { DriftSummary } from '../messages/to-drift.js';
import type { InForce } from '../messages/to-leader.js';
import { durationWords } from '../lib/durations.js';
import type { ApiName, ApiState } from '../monitoring/api-watch.js';
import type { Facts, RunFacts } from '../monitoring/facts.js';
import { readIdentity } from '../monitoring/identity.js';
import { lossWords } from '../nexudus/plausible.js';
import { kisiKeyWords } from './kisi-key.js';
import { timeWords } from './times.js';

/** Everything but the orders of people and what needs somebody, one thing a line. Times in this zone; null: UTC. */
export function statusLines(
  facts: Facts,
  inForce: InForce | null,
  now: Instant,
  zone: string | null,
): string[] {
  return joined(
    memberLines(facts),
    heldWords(facts, zone),
    apiWords('nexudus', facts, now, zone),
    tokenWords(facts, zone),
    runWords('Last poll', facts.poll, now, zone),
    runWords('Last reconciliation', facts.reconciliation, now, zone),
    facts.doubted.map(
      ({ list, rows, before, since }) =>
        `Not believed since ${timeWords(since, zone)}: Nexudus lost most rows of ${lossWords(list, rows, before)}.`,
    ),
    apiWords('kisi', facts, now, zone),
    kisiKeyWords(facts.kisiKey, zone),
    apiLookLines(facts.apiLook, now, zone),
    clockWords(facts),
    driftLines(facts.drift, now, zone),
    workerLines(facts, inForce, now, zone),
    channelWords(facts),
    journalWords(facts, now, zone),
  ).split('\n');
}

function memberLines({ members, blocked, orders }: Facts): string {
  const { Stopped: held = 0, Block: undone = 0, ...others } = blocked;
  const kinds = Object.entries(others).map(([problem, count]) => `${problem} ${count}`);
  const stop = orders?.stop ?? null;
  const order = stop === null ? `mode ${orders?.mode.name ?? ''}` : `pause ${stop.level}`;
  return joined(
    `Members: ${members.running} are looked after, ${members.withAccess} have access.`,
    held === 0 ? null : `Members whose keys may not be written, by order (${order}): ${held}.`,
    undone === 0
      ? null
      : `Members with a block that is not carried out yet: ${undone}; see \`latchkey members --problem Block\`.`,
    kinds.length === 0
      ? 'No member waits because of a problem.'
      : `Members that wait because of a problem: ${kinds.join(', ')}; see \`latchkey members --problem\`.`,
  );
}

function journalWords({ journal }: Facts, now: Instant, zone: string | null): string {
  if (journal === null || journal.verifiedAt === null) return 'Audit log: not looked at yet.';
  const { verifiedAt, records, problem, head } = journal;
  const found = problem === null ? 'as Latchkey wrote it' : 'not as Latchkey wrote it';
  return `Audit log: ${found}, ${records} records, looked at ${ago(verifiedAt, now, zone)}; now at entry ${head?.seq ?? 0}.`;
}

function heldWords({ held }: Facts, zone: string | null): string {
  const open = held.filter(({ ruling }) => ruling === null);
  if (open.length === 0) return 'No key is withheld because too many would be lost at once.';
  return open
    .map(
      ({ id, keys, since }) =>
        `Withheld (${id}) since ${timeWords(since, zone)}: ${keys} keys, since too many would be lost at once; see \`latchkey withheld\`.`,
    )
    .join('\n');
}

const names: Record<ApiName, string> = { nexudus: 'Nexudus', kisi: 'Kisi' };

function apiWords(
  api: ApiName,
  { apis, leader, reportedAt }: Facts,
  now: Instant,
  zone: string | null,
): string {
  const state = apis?.[api];
  if (state === undefined || reportedAt === null) return `${names[api]}: no worker has told how it answers.`;
  const when = leader.isLeading ? '' : `, as last told ${ago(reportedAt, now, zone)}`;
  const words = [reachWords(state, zone), keyWords(api, state, now, zone), skewWords(state)];
  return `${names[api]}${when}: ${words.filter((one) => one !== '').join(' ')}`;
}

function tokenWords({ tokenEndsAt }: Facts, zone: string | null): string | null {
  if (tokenEndsAt === null) return null;
  return `NEXUDUS_TOKEN ends at ${timeWords(tokenEndsAt, zone)} or before; it must be replaced by hand.`;
}

function reachWords({ down, reachableSince }: ApiState, zone: string | null): string {
  if (down !== null) return `does not answer since ${timeWords(down.since, zone)}: ${down.why}`;
  if (reachableSince === null) return 'was not asked yet.';
  return `answers since ${timeWords(reachableSince, zone)}.`;
}

function keyWords(
  api: ApiName,
  { refused, acceptedAt, actsAs, role }: ApiState,
  now: Instant,
  zone: string | null,
): string {
  const what = api === 'kisi' ? 'API key' : 'login';
  const as = actsAs === null ? '' : `, and acts as user ${actsAs}`;
  const withRole = role === null ? '' : `, with the role: ${role}`;
  if (refused !== null) return `The ${what} is refused since ${timeWords(refused.since, zone)}${as}.`;
  return acceptedAt === null
    ? `Whether the ${what} is accepted is not known.`
    : `The ${what} was accepted ${ago(acceptedAt, now, zone)}${as}${withRole}.`;
}

function skewWords({ skewMs }: Pick<ApiState, 'skewMs'>): string {
  if (skewMs === null) return '';
  if (Math.abs(skewMs) < 2_000) return 'Its clock agrees with ours.';
  return `Its clock is ${durationWords(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} ours.`;
}

/** Whether both APIs are as they were verified to be. */
function apiLookLines(look: Facts['apiLook'], now: Instant, zone: string | null): string[] {
  if (look === null)
    return ['Assumptions about both APIs: no daily look yet; `latchkey verify` takes a first one.'];
  const { at, changes } = look;
  const found =
    changes.length === 0 ? 'nothing has changed in a week' : `${changes.length} changed in a week`;
  return [
    `Assumptions about both APIs: ${found}, looked at ${ago(at, now, zone)}.`,
    ...changes.map((change) => `Since ${timeWords(change.at, zone)}: ${change.words}`),
  ];
}

/** Temporal's clock is known by heartbeats, which come each second or two. */
function clockWords({ temporalSkewMs: skewMs }: Facts): string | null {
  if (skewMs === null || Math.abs(skewMs) < 10_000) return null;
  return `Temporal: ${skewWords({ skewMs })}`;
}

function runWords(
  what: string,
  { lastGoodAt, everyMs, isPaused }: RunFacts,
  now: Instant,
  zone: string | null,
): string {
  const every = everyMs === 0 ? '' : `, every ${durationWords(everyMs)}`;
  const paused = isPaused ? ' (paused)' : '';
  return `${what}${paused}: ${lastGoodAt === null ? 'none yet' : ago(lastGoodAt, now, zone)}${every}.`;
}

function driftLines(drift: DriftSummary | null, now: Instant, zone: string | null): string[] {
  if (drift === null) return ['Last comparison with Kisi: none yet.'];
  const { lastComparedAt, failure } = drift;
  const failed = failure === null ? '' : ` Not since ${timeWords(failure.since, zone)}: ${failure.why}`;
  return [
    `Last comparison with Kisi: ${lastComparedAt === null ? 'none yet' : ago(lastComparedAt, now, zone)}.${failed}`,
    ...(lastComparedAt === null ? [] : [findingWords(drift)]),
  ];
}

function findingWords({ open, settled, more, contestedCount }: DriftSummary): string {
  const kinds = Object.entries(open).map(([kind, count]) => `${kind} ${count}`);
  return [
    kinds.length === 0
      ? 'No drift: Kisi and what was given agree.'
      : `Drift: ${kinds.join(', ')}${more === 0 ? '' : `, and ${more} more`}; see \`latchkey drift\`.`,
    ...(contestedCount === 0 ? [] : [`Contested, and left alone: ${contestedCount}.`]),
    ...(settled === 0 ? [] : [`Adopted or ignored: ${settled}.`]),
  ].join(' ');
}

function workerLines(
  { workers, leader }: Facts,
  inForce: InForce | null,
  now: Instant,
  zone: string | null,
): string[] {
  const rules =
    inForce === null
      ? []
      : [
          `Rules in force: ${inForce.digest}, of process ${inForce.process} (Latchkey ${inForce.version}), since ${timeWords(inForce.since, zone)}.`,
        ];
  if (workers.length === 0) {
    const last = leader.beatAt === null ? '' : `; one last told something ${ago(leader.beatAt, now, zone)}`;
    return [...rules, `No worker runs${last}.`];
  }
  return [
    ...rules,
    ...workers.map(({ identity, lastSeenAt }) => {
      const leads = leader.isLeading && identity === leader.identity;
      const does = leader.isLeading ? 'stands by' : 'is not the leader';
      return `Worker ${processWords(identity)}: ${leads ? 'is the leader' : `${does}, last seen ${ago(lastSeenAt, now, zone)}`}.`;
    }),
  ];
}

function processWords(identity: string): string {
  const said = readIdentity(identity);
  if (said === null) return identity;
  return `${said.pid}@${said.host} (Latchkey ${said.version}, rules ${said.rules ?? 'not known yet'})`;
}

function channelWords({ channels, reportedAt }: Facts): string | null {
  if (reportedAt === null) return null;
  return channels.length === 0
    ? 'No alerts go out: neither LATCHKEY_ALERT_URL nor LATCHKEY_ALERT_SMTP_URL is set.'
    : `Alerts go to ${channels.join(', ')}.`;
}

/** How long ago that was: '20 s ago'. Of what is long ago, people want to know when it was too. */
export function ago(at: Instant, now: Instant, zone: string | null): string {
  const words = `${durationWords(Math.max(0, now - at))} ago`;
  return now - at < longMs ? words : `${words} (${timeWords(at, zone)})`;
}

const longMs = 2 * 3_600_000;
