import { parseSince } from '../terminal/typed-times.js';
import { withAuditLog } from '../space/audit-log.js';
import {
  latencyRows,
  objectiveHolds,
  type LatencyObjective,
  type LatencyRow,
  type Wait,
} from '../../access/latency.js';
import { iso, type Instant } from '../../access/types.js';
import type { AuditLog } from '../../database/audit-log.js';
import { CommandError } from '../terminal/failure.js';
import { print, printJson } from '../terminal/output.js';
import { openSettings } from '../space/rules-in-force.js';
import { timeWords } from '../terminal/times.js';
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
  const { config, settings } = await openSettings();
  const objective = settings.latency;
  const rows = latencyRows(await withAuditLog(config, (auditLog) => waitsOf(auditLog, from)), objective);
  const holds = objectiveHolds(rows, objective);
  if (json) printJson({ since: iso(from), rows: rows.map(named), objective: { ...objective, holds } });
  else print(words(rows, objective, holds, from));
  if (check && holds === false) throw new CommandError(verdictOf(rows, objective, holds));
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

function words(
  rows: readonly LatencyRow[],
  objective: LatencyObjective,
  holds: boolean | null,
  from: Instant,
): string {
  if (rows.length === 0)
    return `Since ${timeWords(from, null)}, no key was given or taken away for which somebody waited, as far as the records tell.`;
  const headings = [
    'what',
    'location',
    'count',
    'p50',
    'p95',
    'p99',
    `within ${seconds(objective.withinMs)}`,
  ];
  return [
    table(headings, rows.map(cellsOf)),
    '',
    `Since ${timeWords(from, null)}, ${verdictOf(rows, objective, holds)}.`,
  ].join('\n');
}

function cellsOf({ what, location, count, p50Ms, p95Ms, p99Ms, within }: LatencyRow): Cell[] {
  return [names[what], location, count, seconds(p50Ms), seconds(p95Ms), seconds(p99Ms), percent(within)];
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
