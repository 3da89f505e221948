import { readTemporalConfig } from '../../space/settings.js';
import type { InForce } from '../../messages/to-leader.js';
import type { Instant } from '../../access/types.js';
import { readInForce } from '../../activities/in-force.js';
import { lossWords } from '../../nexudus/plausible.js';
import { alertsOf } from '../../monitoring/alerts.js';
import { durationWords, type Alert } from '../../monitoring/alert.js';
import type { ApiName, ApiState } from '../../monitoring/api-watch.js';
import { readFacts, type Facts, type RunFacts } from '../../monitoring/facts.js';
import { readIdentity } from '../../monitoring/identity.js';
import type { DriftSummary } from '../../messages/to-drift.js';
import { ordersWords } from '../../space/stops.js';
import { exceptionsWords, lastingAt } from '../../space/exceptions.js';
import { CommandError } from '../../space/failure.js';
import { isoTimes, print, printJson } from '../terminal/output.js';
import { withSession } from '../../space/session.js';
import { timeWords } from '../../space/times.js';
import { joined } from '../../lib/words.js';
import { zoneOf } from '../../space/zones.js';

export interface StatusOptions {
  check?: boolean;
  json?: boolean;
}

/**
 * `latchkey status`: how everything stands, and what needs somebody. Needs neither API, and no worker. Throws CommandError where
 * something needs somebody and `check` is asked for.
 */
export async function status({ check = false, json = false }: StatusOptions): Promise<void> {
  const config = readTemporalConfig();
  const now = Date.now();
  const { facts, inForce } = await withSession(config, async ({ client, taskQueue }) => ({
    facts: await readFacts(client, taskQueue, now),
    inForce: await readInForce(client),
  }));
  const { standing } = alertsOf(facts, now);
  if (json) printJson(isoTimes(statusJson(facts, inForce, standing, now)));
  else print(statusWords(facts, inForce, standing, now));
  if (check && standing.length > 0)
    throw new CommandError(
      `${standing.length} ${standing.length === 1 ? 'thing needs' : 'things need'} somebody`,
    );
}

/** As people read it: one thing a line, and what needs somebody at the end, where it is seen. */
export function statusWords(
  facts: Facts,
  inForce: InForce | null,
  standing: readonly Alert[],
  now: Instant,
): string {
  const { orders } = facts;
  const zone = zoneOf(inForce?.ground?.knownZones ?? {}, null);
  return joined(
    orders === null
      ? 'No worker has set this space up yet: start `latchkey worker`.'
      : [ordersWords(orders, zone), exceptionsWords(orders.exceptions, now, zone)],
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
    clockWords(facts),
    driftLines(facts.drift, now, zone),
    workerLines(facts, inForce, now, zone),
    channelWords(facts),
    journalWords(facts, now, zone),
    standing.length === 0
      ? 'Nothing needs anybody.'
      : ['Needs somebody:', ...standing.map(({ text }) => `  - ${text}`)],
  );
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

/** It is told by heartbeats, which come each second or two. */
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

/** Of what is long ago, people want to know when it was. */
function ago(at: Instant, now: Instant, zone: string | null): string {
  const words = `${durationWords(Math.max(0, now - at))} ago`;
  return now - at < longMs ? words : `${words} (${timeWords(at, zone)})`;
}

const longMs = 2 * 3_600_000;

/** As `--json` prints it, but for the times. */
function statusJson(facts: Facts, inForce: InForce | null, standing: readonly Alert[], now: Instant): object {
  const { orders, members, blocked, workers, leader, apis } = facts;
  return {
    ...{ mode: orders?.mode ?? null, stop: orders?.stop ?? null },
    exceptions: lastingAt(orders?.exceptions ?? [], now),
    ...{ members, waiting: blocked, held: facts.held, doubted: facts.doubted },
    ...{ nexudus: apis?.nexudus ?? null, kisi: apis?.kisi ?? null, apisToldAt: facts.reportedAt },
    ...{ temporalSkewMs: facts.temporalSkewMs, nexudusTokenEndsAt: facts.tokenEndsAt },
    ...{ poll: facts.poll, reconciliation: facts.reconciliation, drift: facts.drift },
    rules: inForce && rulesJson(inForce),
    workers: workers.map(({ identity, lastSeenAt }) => ({
      ...{ identity, ...readIdentity(identity) },
      isLeading: leader.isLeading && identity === leader.identity,
      lastSeenAt,
    })),
    alertsGoTo: facts.channels,
    needsSomebody: standing.map(({ cause, since, text }) => ({ cause, since, text })),
  };
}

const rulesJson = ({ digest, version, process, since }: InForce): object => ({
  digest,
  version,
  process,
  since,
});
