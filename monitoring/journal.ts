/** Looks daily whether the audit log is as Latchkey wrote it, and tells where it ends, so that nobody can shorten it unseen. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MetricMeter } from '@temporalio/common';
import type { Logger } from 'pino';
import type { Instant } from '../access/types.js';
import type { Head } from '../database/journal.js';
import type { AuditLog } from '../database/audit-log.js';

/** What is known of the audit log's journal. */
export interface JournalState {
  /** The last entry that this process knows of; null: none yet. */
  head: Head | null;
  /** When all of it was last looked at; null: not yet. */
  verifiedAt: Instant | null;
  records: number;
  /** What did not fit then; null: all did, or nobody has looked yet. */
  problem: string | null;
}

export interface JournalWatch {
  state(): JournalState;
  /** Looks now and every day until `signal` is aborted. Rejects never. */
  run(signal: AbortSignal): Promise<void>;
}

export interface JournalWatchDeps {
  auditLog: Pick<AuditLog, 'verify' | 'seen'>;
  /** The head that was told last, by this process or another, as Temporal keeps it; null: none was. */
  told: Head | null;
  meter: MetricMeter;
  log: Logger;
  now: () => Instant;
}

const everyMs = 24 * 3_600_000;
/** Where the database does not answer. */
const againMs = 5 * 60_000;

export function createJournalWatch({ auditLog, told, meter, log, now }: JournalWatchDeps): JournalWatch {
  const gauge = (name: string, description: string) => meter.createGauge(name, 'int', undefined, description);
  const verified = gauge('latchkey_audit_verified', '1: the audit log is as Latchkey wrote it; 0: it is not');
  const sequence = gauge('latchkey_audit_head_sequence', 'The number of the last entry of the audit log');
  const records = gauge('latchkey_audit_records', 'Records in the audit log');
  let found: Omit<JournalState, 'head'> = { verifiedAt: null, records: 0, problem: null };

  async function look(): Promise<void> {
    const verification = await auditLog.verify(told === null ? [] : [told]);
    const { head, problem } = verification;
    found = { verifiedAt: now(), records: verification.records, problem };
    verified.set(problem === null ? 1 : 0);
    records.set(found.records);
    sequence.set(head.seq);
    const where = { records: found.records, head: `${head.seq}:${head.hash}` };
    if (problem === null) log.info(where, 'the audit log is as Latchkey wrote it');
    else log.error({ ...where, problem }, 'the audit log is not as Latchkey wrote it');
  }

  return {
    state: () => ({ head: auditLog.seen() ?? told, ...found }),
    async run(signal) {
      while (!signal.aborted) {
        const pauseMs = await look().then(
          () => everyMs,
          (err: unknown) => {
            log.warn({ err }, 'the audit log could not be looked at');
            return againMs;
          },
        );
        await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    },
  };
}
