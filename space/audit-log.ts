import { randomUUID } from 'node:crypto';
import { actNote } from '../activities/audit-log.js';
import { named, type Giver } from './order.js';
import { CommandError, failureOf } from './failure.js';
import { remark } from './remark.js';
import { existsSync } from 'node:fs';
import { openDatabase } from '../database/database.js';
import { createAuditLog, type AuditLog } from '../database/audit-log.js';
import type { Config } from '../config/config.js';

/** Opens the audit log for one job. Throws CommandError where there is none yet, and DatabaseError. */
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

/**
 * Notes in the audit log who asked for everybody to be looked at, since no workflow does. Throws nothing: a look harms nobody,
 * and may be what mends the rest.
 */
export async function keepAct(config: Config, what: string, giver: Giver): Promise<void> {
  const act = { id: randomUUID(), at: Date.now(), memberId: null, what, ...named(giver), after: null };
  try {
    await withAuditLog(config, (auditLog) => auditLog.note(actNote(act)));
  } catch (error) {
    remark(`the audit log does not say who asked for this: ${failureOf(error).lines.join(' ')}`);
  }
}
