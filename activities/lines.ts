import { log } from '@temporalio/activity';
import { iso, type Instant } from '../access/types.js';
import type { JsonValue } from '../access/json.js';
import type { AuditRecord } from '../database/audit-records.js';

/** What was done, as the log says it. */
const writes: Record<string, string> = {
  createUser: 'made a Kisi user, whom Kisi mails',
  grant: 'gave a key',
  move: 'moved the end of a key',
  giveBack: 'gave a key back with the end that a person had given it',
  revoke: 'took a key away',
};

/** One line in the log for a write to Kisi that is done. `after`: how the key is now. */
export function logWrite(
  { what, memberId, groupId, cause, by }: Pick<AuditRecord, 'what' | 'memberId' | 'groupId' | 'cause' | 'by'>,
  after: JsonValue,
): void {
  const { validUntil } = (after ?? {}) as { validUntil?: Instant | null };
  const until = typeof validUntil === 'number' ? iso(validUntil) : validUntil;
  log.info(writes[what] ?? what, { memberId, groupId, until, why: cause, by });
}
