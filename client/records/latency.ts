import { parseSince } from '../../space/typed-times.js';
import { withAuditLog } from '../../space/audit-log.js';
import {
  latencyRows,
  objectiveHolds,
  type LatencyObjective,
  type LatencyRow,
  type Wait,
} from '../../access/latency.js';
import type { Instant } from '../../access/types.js';
import type { AuditLog } from '../../database/audit-log.js';
import { CommandError } from '../../space/failure.js';
import { isoTimes, print, printJson } from '../terminal/output.js';
import { idWords, locationNamesIfAny, type Names } from '../../space/names.js';
import { openSettings } from '../../space/rules-in-force.js';
import { spaceZone } from '../../space/zones.js';
import { timeWords } from '../../space/times.js';
import { table, type Cell } from '../terminal/table.js';

export interface LatencyOptions {
  /** A time with a zone, a date, or how long ago: 24h, 30d. */
  since: string;
  check?: boolean;
  json?: boolean;
}

/**
 * `latchkey latency`: how long keys were waited for, and whether the objective holds. Throws CommandError where it does
 * not and `check` is asked for.
 */
export async function latency({ since, check = false, json = false }: LatencyOptions): Promise<void> {
  const from = parseSince(since, Date.now());
  const { config, settings, zones } = await openSettings();
  const objective = settings.latency;
  const rows = latencyRows(await withAuditLog(config, (auditLog) => waitsOf(auditLog, from)), objective);
  const holds = objectiveHolds(rows, objective);
  const verdict = verdictOf(rows, objective, holds);
  if (json) printJson(isoTimes({ since: from, rows: rows.map(named), objective: { ...objective, holds } }));
  else {
    const since = `Since ${timeWords(from, spaceZone(zones))}`;
    print(
      rows.length === 0
        ? `${since}, ${nobody}.`
        : `${await tableOf(rows, objective)}\n\n${since}, ${verdict}.`,
    );
  }
  if (check && holds === false) throw new CommandError(verdict);
}

async function waitsOf(auditLog: AuditLog, since: Instant): Promise<Wait[]> {
  const waits: Wait[] = [];
  for await (const { what, locationId, waited } of auditLog.all({ since, waited: true })) {
    if (waited !== undefined && (what === 'grant' || what === 'revoke'))
      waits.push({ what, locationId, ...waited });
  }
  return waits;
}

const names: Record<Wait['what'], string> = { grant: 'purchase to key', revoke: 'end to no key' };

function named(row: LatencyRow): Omit<LatencyRow, 'what'> & { what: string } {
  return { ...row, what: names[row.what] };
}

const nobody = 'no key was given or taken away while somebody waited, as far as the records tell';

async function tableOf(rows: readonly LatencyRow[], { withinMs }: LatencyObjective): Promise<string> {
  const isPlaced = rows.some(({ location }) => typeof location === 'number');
  const places = isPlaced ? await locationNamesIfAny() : new Map<number, string>();
  const headings = ['what', 'location', 'count', 'p50', 'p95', 'p99', `within ${seconds(withinMs)}`];
  return table(
    headings,
    rows.map((row) => cellsOf(row, places)),
  );
}

function cellsOf({ what, location, count, p50Ms, p95Ms, p99Ms, within }: LatencyRow, places: Names): Cell[] {
  const place = typeof location === 'number' ? idWords(location, places) : location;
  return [names[what], place, count, seconds(p50Ms), seconds(p95Ms), seconds(p99Ms), percent(within)];
}

function verdictOf(
  rows: readonly LatencyRow[],
  { withinMs, share }: LatencyObjective,
  holds: boolean | null,
): string {
  const inAll = rows.filter(({ location }) => location === 'all');
  const shares = inAll.map(({ what, within }) => `${names[what]} ${percent(within)}`).join(', ');
  const verb = holds === true ? 'holds' : 'does not hold';
  return `the objective ${verb} (${percent(share)} within ${seconds(withinMs)}): ${shares}`;
}

const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(1))} s`;

/** Cut, and not rounded: 94.99 % is not 95 %. */
const percent = (share: number): string => `${Math.floor(Number((share * 1000).toFixed(6))) / 10} %`;
