import { readTemporalConfig } from '../../space/settings.js';
import type { InForce } from '../../messages/to-leader.js';
import type { Instant } from '../../access/types.js';
import { readInForce } from '../../activities/in-force.js';
import { alertsOf } from '../../monitoring/alerts.js';
import type { Alert } from '../../monitoring/alert.js';
import { readFacts, type Facts } from '../../monitoring/facts.js';
import { readIdentity } from '../../monitoring/identity.js';
import { ordersWords } from '../../space/stops.js';
import { exceptionsWords, lastingAt } from '../../space/exceptions.js';
import { CommandError } from '../../space/failure.js';
import { isoTimes, print, printJson } from '../terminal/output.js';
import { withSession } from '../../space/session.js';
import { statusLines } from '../../space/status.js';
import { joined } from '../../lib/words.js';
import { spaceZone } from '../../space/zones.js';

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
  const zone = spaceZone(inForce?.ground?.knownZones ?? {});
  return joined(
    orders === null
      ? 'No worker has set this space up yet: start `latchkey worker`.'
      : [ordersWords(orders, zone), exceptionsWords(orders.exceptions, now, zone)],
    statusLines(facts, inForce, now, zone),
    standing.length === 0
      ? 'Nothing needs anybody.'
      : ['Needs somebody:', ...standing.map(({ text }) => `  - ${text}`)],
  );
}

/** As `--json` prints it, but for the times. */
function statusJson(facts: Facts, inForce: InForce | null, standing: readonly Alert[], now: Instant): object {
  const { orders, members, blocked, workers, leader, apis } = facts;
  return {
    ...{ mode: orders?.mode ?? null, stop: orders?.stop ?? null },
    exceptions: lastingAt(orders?.exceptions ?? [], now),
    ...{ members, waiting: blocked, held: facts.held, doubted: facts.doubted },
    ...{ nexudus: apis?.nexudus ?? null, kisi: apis?.kisi ?? null, apisToldAt: facts.reportedAt },
    kisiKey: facts.kisiKey,
    apiLook: facts.apiLook,
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
