import { withAuditLog } from '../../space/audit-log.js';
import { parseSince } from '../../space/typed-times.js';
import { zonesIfAny } from '../../space/rules-in-force.js';
import { readConfig, readSettings } from '../../space/settings.js';
import { spaceZone } from '../../space/zones.js';
import { timeWords } from '../../space/times.js';
import type { Head } from '../../database/journal.js';
import { csvLines, jsonLines } from '../../database/lines.js';
import { CommandError } from '../../space/failure.js';
import { withProgress } from '../../space/progress.js';
import { print } from '../terminal/output.js';

export interface AuditOptions {
  /** A time with a zone, a date, or how long ago: 24h, 30d. */
  since?: string;
  format: 'csv' | 'jsonl';
  verify?: boolean;
  /** '1234:<hash>': an end of the audit log that was told before. */
  head?: string;
  prune?: boolean;
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
  const config = readConfig();
  const { records, first, last, forgotten, head, problem } = await withProgress(
    'Looking through the audit log',
    () => withAuditLog(config, (auditLog) => auditLog.verify(told)),
  );
  if (problem !== null) throw new CommandError(`the audit log is not as Latchkey wrote it: ${problem}`);
  const zone = spaceZone(await zonesIfAny(config));
  const span =
    first === null || last === null ? '' : `, from ${timeWords(first, zone)} to ${timeWords(last, zone)}`;
  const taken = forgotten === 0 ? '' : ` \`latchkey forget\` removed ${forgotten} more.`;
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
  print(`Removed: ${deleted} records.`);
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
