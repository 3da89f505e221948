import { reconciled } from '../access/ownership.js';
import type { Ownership } from '../database/ownership.js';
import type { Assessed, AssessRequest } from '../messages/to-activities.js';

/** What is on record of a member's keys, brought in line with what its workflow knows. */
export type Copy = Pick<Assessed, 'ledger' | 'kisiUser'>;

/**
 * Principle 12: the record says whose a key is, and a workflow's ledger can be made again from it. Throws DatabaseError where the
 * record cannot be read or told.
 */
export async function recall(
  ownership: Pick<Ownership, 'read' | 'put' | 'userOf' | 'noteUser'>,
  request: Pick<AssessRequest, 'memberId' | 'ledger' | 'dropped' | 'kisiUser'>,
): Promise<Copy> {
  const { memberId, ledger, dropped } = request;
  const rows = await ownership.read(memberId, [...ledger, ...dropped]);
  const copy = reconciled(memberId, { ledger, dropped }, rows);
  await ownership.put(copy.news);
  const recorded = await ownership.userOf(memberId);
  const kisiUser = request.kisiUser ?? recorded;
  if (kisiUser !== null && JSON.stringify(kisiUser) !== JSON.stringify(recorded))
    await ownership.noteUser(memberId, kisiUser);
  return { ledger: copy.ledger, kisiUser };
}
