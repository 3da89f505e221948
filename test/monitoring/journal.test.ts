// The daily look at the audit log: what it tells and where, and that a shorter audit log is noticed after a restart too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { MetricMeter } from '@temporalio/common';
import type { Kysely } from 'kysely';
import { openDatabase } from '../../database/database.js';
import type { Head } from '../../database/journal.js';
import type { Tables } from '../../database/tables.js';
import { createAuditLog, type AuditLog } from '../../database/audit-log.js';
import { alertsOf } from '../../monitoring/alerts.js';
import { JournalWatch, type JournalState } from '../../monitoring/journal.js';
import { createLogger } from '../../worker/logging.js';
import { note } from '../database/records.js';
import { facts, noon } from './facts.js';

describe('the daily look at the audit log', () => {
  let db: Kysely<Tables>;
  let auditLog: AuditLog;
  let said: { level: string; head?: string; msg: string }[];
  let gauges: Record<string, number>;
  beforeEach(async () => {
    db = await openDatabase(':memory:');
    auditLog = createAuditLog(db);
    said = [];
    gauges = {};
    for (const key of ['a', 'b', 'c']) await auditLog.note(note({ key }));
  });
  afterEach(() => db.destroy());

  const meter = {
    createGauge: (name: string) => ({ set: (value: number) => void (gauges[name] = value) }),
  } as unknown as MetricMeter;

  /** What a process that has just started finds. */
  async function look(
    told: Head | null,
    through: Pick<AuditLog, 'verify' | 'seen'> = createAuditLog(db),
  ): Promise<JournalState> {
    const ended = new AbortController();
    const log = createLogger({
      level: 'info',
      to: {
        write: (line: string) => {
          said.push(JSON.parse(line) as (typeof said)[number]);
          ended.abort();
        },
      },
    });
    const watch = new JournalWatch({ ...{ told, meter, log }, auditLog: through, now: () => noon });
    const looked = once(ended.signal, 'abort');
    void watch.run(ended.signal);
    await looked;
    return watch.state();
  }

  const causes = (journal: JournalState): string[] =>
    alertsOf(facts({ journal }), noon).standing.map(({ cause }) => cause);

  it('tells the head in the log, and numbers as metrics', async () => {
    const head = await auditLog.head();
    const state = await look(null);
    assert.deepEqual(state, { head, verifiedAt: noon, records: 3, problem: null });
    assert.deepEqual(
      said.map(({ level, head: where, msg }) => [level, where, msg]),
      [['info', `3:${head.hash}`, 'the audit log is as Latchkey wrote it']],
    );
    assert.deepEqual(gauges, {
      latchkey_audit_verified: 1,
      latchkey_audit_head_sequence: 3,
      latchkey_audit_records: 3,
    });
    assert.deepEqual(causes(state), []);
  });

  it('alerts where a record was changed', async () => {
    await db.updateTable('audit_log').set({ cause: 'a lie' }).where('key', '=', 'b').execute();
    const state = await look(null);
    assert.equal(state.problem, 'record b (entry 2) was changed');
    assert.deepEqual([said[0]?.level, gauges['latchkey_audit_verified']], ['error', 0]);
    assert.deepEqual(causes(state), ['tampered']);
  });

  it('alerts where an older state was put back while no process ran', async () => {
    const { head: told } = await look(null);
    await db.deleteFrom('audit_log').where('key', '=', 'c').execute();
    await db.deleteFrom('journal').where('seq', '=', 3).execute();
    const { hash } = await db
      .selectFrom('journal')
      .select('hash')
      .where('seq', '=', 2)
      .executeTakeFirstOrThrow();
    await db.updateTable('journal_head').set({ seq: 2, hash }).execute();
    assert.match((await look(told)).problem ?? '', /ends at entry 2, but entry 3 was told/);
    assert.equal((await look(null)).problem, null);
  });

  it('says nothing of what it could not look at', async () => {
    const gone = { seen: () => null, verify: () => Promise.reject(new Error('the database is away')) };
    const state = await look(null, gone);
    assert.deepEqual(state, { head: null, verifiedAt: null, records: 0, problem: null });
    assert.deepEqual([said[0]?.level, gauges], ['warn', {}]);
    const { standing, undecided } = alertsOf(facts({ journal: state }), noon);
    assert.deepEqual([standing, undecided], [[], ['tampered']]);
  });
});
