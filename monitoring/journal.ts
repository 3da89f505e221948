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

export interface JournalWatchDeps {
  auditLog: Pick<AuditLog, 'verify' | 'seen'>;
  /** The head that was told last, by this process or another, as Temporal keeps it; null: none was. */
  told: Head | null;
  meter: MetricMeter;
  log: Logger;
  now: () => Instant;
}

const everyMs = 24 * 3_600_000;
/** How soon to look again where the database does not answer. */
const againMs = 5 * 60_000;

/** Looks whether the audit log is as Latchkey wrote it. */
export class JournalWatch {
  private readonly verified;
  private readonly sequence;
  private readonly records;
  private found: Omit<JournalState, 'head'> = { verifiedAt: null, records: 0, problem: null };

  constructor(private readonly deps: JournalWatchDeps) {
    const gauge = (name: string, words: string) => deps.meter.createGauge(name, 'int', undefined, words);
    this.verified = gauge(
      'latchkey_audit_verified',
      '1: the audit log is as Latchkey wrote it; 0: it is not',
    );
    this.sequence = gauge('latchkey_audit_head_sequence', 'The number of the last entry of the audit log');
    this.records = gauge('latchkey_audit_records', 'Records in the audit log');
  }

  state(): JournalState {
    const { auditLog, told } = this.deps;
    return { head: auditLog.seen() ?? told, ...this.found };
  }

  /** Looks now and every day until `signal` is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = await this.look().then(
        () => everyMs,
        (err: unknown) => {
          this.deps.log.warn(
            { err },
            'Latchkey could not verify the audit log, and tries again in 5 minutes',
          );
          return againMs;
        },
      );
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private async look(): Promise<void> {
    const { auditLog, told, log, now } = this.deps;
    const { head, problem, records } = await auditLog.verify(told === null ? [] : [told]);
    this.found = { verifiedAt: now(), records, problem };
    this.verified.set(problem === null ? 1 : 0);
    this.records.set(records);
    this.sequence.set(head.seq);
    const where = { records, head: `${head.seq}:${head.hash}` };
    if (problem === null) log.info(where, 'the audit log is as Latchkey wrote it');
    else log.error({ ...where, problem }, 'the audit log is not as Latchkey wrote it');
  }
}
