import { existsSync } from 'node:fs';
import type { Instant, Snapshot } from '../../access/types.js';
import { openDatabase } from '../../database/database.js';
import type { Head } from '../../database/journal.js';
import { csvLines, jsonLines } from '../../database/lines.js';
import type { AuditRecord } from '../../database/audit-records.js';
import { createAuditLog, type AuditLog } from '../../database/audit-log.js';
import { parseDuration, type Config } from '../../config/config.js';
import { CommandError } from '../terminal/failure.js';
import { print, printJson } from '../terminal/output.js';
import { readSettings } from '../space/rules-in-force.js';
import { nexudusOf, readConfig, readMember } from '../space/apis.js';
import { table, type Cell } from '../terminal/table.js';
import { memberIdFor, parseWho } from '../space/who.js';

export interface AuditOptions {
  /** A time with a zone, a date, or how long ago: 24h, 30d. */
  since?: string;
  format: 'csv' | 'jsonl';
  verify?: boolean;
  /** '1234:<hash>': an end of the audit log that was told before. */
  head?: string;
  prune?: boolean;
}

/** One thing that happened, wherever it is known from. */
interface Event {
  at: Instant;
  kind: AuditRecord['kind'] | 'nexudus';
  what: string;
  groupId: number | null;
  why: string;
  by: string | null;
  answer: string | null;
}

/** `latchkey audit`: everything that the audit log keeps, for a spreadsheet or another program. */
export async function audit({
  since,
  format,
  verify = false,
  head,
  prune = false,
}: AuditOptions): Promise<void> {
  if (verify) return verifyAuditLog(head === undefined ? [] : [parseHead(head)]);
  if (prune) return pruneAuditLog();
  const from = since === undefined ? undefined : parseSince(since, Date.now());
  await withAuditLog(readConfig(), async (auditLog) => {
    const records = auditLog.all({ since: from });
    const lines = format === 'csv' ? csvLines(records) : jsonLines(records);
    for await (const line of lines) process.stdout.write(line);
  });
}

/** Throws CommandError where the audit log is not as Latchkey wrote it. */
async function verifyAuditLog(told: readonly Head[]): Promise<void> {
  const { records, first, last, forgotten, head, problem } = await withAuditLog(readConfig(), (auditLog) =>
    auditLog.verify(told),
  );
  if (problem !== null) throw new CommandError(`the audit log is not as Latchkey wrote it: ${problem}`);
  const span = first === null || last === null ? '' : `, from ${timeOf(first)} to ${timeOf(last)}`;
  const taken = forgotten === 0 ? '' : ` ${forgotten} more were taken out by \`latchkey forget\`.`;
  print(
    [
      `The audit log is as Latchkey wrote it: ${records} records${span}.${taken}`,
      `It ends at ${head.seq}:${head.hash}. Keep that elsewhere, and give it to --head later.`,
    ].join('\n'),
  );
}

async function pruneAuditLog(): Promise<void> {
  const { config } = readSettings();
  const deleted = await withAuditLog(config, (auditLog) =>
    auditLog.prune(Date.now() - config.file.auditLogRetentionMs),
  );
  print(`Taken out: ${deleted} records.`);
}

/** Throws CommandError. */
function parseHead(text: string): Head {
  const [, seq = '', hash = ''] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash !== '') return { seq: Number(seq), hash };
  throw new CommandError(
    '--head must be an end of the audit log as the log or --verify tells it: 1234:<hash>',
    2,
  );
}

/** `latchkey timeline ID`: what happened to one member: passes and contracts, decisions, writes to Kisi, orders of people. */
export async function timeline(id: string, { json = false }: { json?: boolean }): Promise<void> {
  const who = parseWho(id);
  const { config } = readSettings();
  const nexudus = nexudusOf(config);
  const memberId = await memberIdFor(who, nexudus);
  const kept = await withAuditLog(config, (auditLog) => recordsOf(auditLog, memberId));
  // What is told here happened at an instant, whatever the zone.
  const { snapshot } = await readMember(nexudus, { timeZones: {} }, memberId);
  const events = [...kept.map(eventOf), ...(snapshot === null ? [] : eventsIn(snapshot, Date.now()))];
  if (snapshot === null && kept.every((record) => record.memberId === null)) {
    throw new CommandError('Nexudus has no coworker with this id, and the audit log knows none', 2);
  }
  events.sort((a, b) => a.at - b.at);
  if (json) printJson(events.map((event) => ({ ...event, at: timeOf(event.at) })));
  else print(table(['at', 'from', 'what', 'group', 'why', 'by', 'answer'], events.map(cellsOf)));
}

/** The instant that `--since` means. Throws CommandError. */
export function parseSince(text: string, now: Instant): Instant {
  if (/^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(text)) {
    const at = Date.parse(text);
    if (!Number.isNaN(at)) return at;
  }
  try {
    return now - parseDuration(text);
  } catch {
    throw new CommandError('--since must be how long ago (24h, 30d), a date, or a time with a zone', 2);
  }
}

/** Opens the audit log for one job. Throws CommandError where there is none yet, and AuditLogError. */
export async function withAuditLog<T>(
  { databaseUrl }: Config,
  job: (auditLog: AuditLog) => Promise<T>,
): Promise<T> {
  const path = /^file:(?!\/\/)(.*)$/.exec(databaseUrl)?.[1];
  // To read must not make one.
  if (path !== undefined && !existsSync(path)) {
    throw new CommandError(`there is no audit log at ${path} yet: \`latchkey worker\` keeps it`);
  }
  const auditLog = createAuditLog(await openDatabase(databaseUrl));
  try {
    return await job(auditLog);
  } finally {
    await auditLog.close();
  }
}

/** The member's own records, and the orders that concern everyone. */
async function recordsOf(auditLog: AuditLog, memberId: number): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  for await (const record of auditLog.all({ memberId })) records.push(record);
  for await (const act of auditLog.all({ kinds: ['act'] })) if (act.memberId === null) records.push(act);
  return records;
}

const states: Record<AuditRecord['state'], string> = {
  begun: ' (answer not known)',
  done: '',
  failed: ' (not made)',
};

function eventOf({ at, kind, state, what, groupId, cause, by, answer }: AuditRecord): Event {
  return { at, kind, what: `${what}${states[state]}`, groupId, why: cause, by, answer };
}

/** What the records in Nexudus say that happened. */
function eventsIn({ profiles }: Snapshot, now: Instant): Event[] {
  const happened = (at: Instant | null, what: string, why: string): Event[] =>
    at === null || at > now
      ? []
      : [{ at, kind: 'nexudus', what, groupId: null, why, by: null, answer: null }];
  return profiles.flatMap(({ passes, contracts }) => [
    ...passes.flatMap(({ id, usedAt, expiresAt }) => [
      ...happened(usedAt, 'a pass is used', `CoworkerTimePass ${id} UsedDate`),
      ...happened(expiresAt, 'a pass expires', `CoworkerTimePass ${id} ExpireDate`),
    ]),
    ...contracts.flatMap(({ id, planName, startsAt, cancelledAt }) => [
      ...happened(startsAt, `the plan ${planName} starts`, `CoworkerContract ${id} StartDate`),
      ...happened(cancelledAt, `the plan ${planName} ends`, `CoworkerContract ${id} CancellationDate`),
    ]),
  ]);
}

function cellsOf({ at, kind, what, groupId, why, by, answer }: Event): Cell[] {
  return [timeOf(at), kind, what, groupId, why, by, answer];
}

const timeOf = (at: Instant): string => new Date(at).toISOString();
