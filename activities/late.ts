import { log } from '@temporalio/activity';
import { isBy, type UnansweredWrite } from '../access/ownership.js';
import { iso } from '../access/types.js';
import { keyRole, type KisiKey } from '../kisi/records.js';
import type { Ownership } from '../database/ownership.js';

/** A key that a write made whose answer was lost, and that is its member's again. */
export interface TakenBack {
  memberId: number;
  keyId: number;
}

/**
 * Puts keys on record again, as their member's own, that writes with lost answers have put into Kisi since the key was taken
 * away: a right of role group_basic with just that user, group and end, and made by no other hand. The member takes such a key
 * away, or keeps it, as the rules say. `ownUserId`: the Kisi user that Latchkey acts as; asked only where there is such a key.
 */
export async function takeBack(
  ownership: Pick<Ownership, 'at' | 'own' | 'answered'>,
  keys: readonly KisiKey[],
  writes: readonly UnansweredWrite[],
  ownUserId: () => Promise<number>,
): Promise<TakenBack[]> {
  const taken: TakenBack[] = [];
  for (const there of keys) {
    const write = writes.find((one) => isMadeBy(one, there));
    if (write === undefined || ((await ownership.at(there))?.key ?? null) !== null) continue;
    if (await isByAnotherHand(write, there, ownUserId)) continue;
    const { memberId, key, at } = write;
    const { id: keyId, groupId } = there;
    const because = `a write of ${iso(at)}, whose answer was lost, was carried out later`;
    // Kisi may have moved it since it was listed.
    await ownership.own(memberId, { ...key, keyId, byHand: false, uncertain: true, because });
    await ownership.answered(write);
    log.warn(
      `Member ${memberId} holds key ${keyId} to group ${groupId} again: ${because}. It is taken away unless the rules give it.`,
    );
    taken.push({ memberId, keyId });
  }
  return taken;
}

/** Whether a key is as a write would have made it, and opens doors. */
export function isMadeBy(write: UnansweredWrite, { roleId, validUntil, ...key }: KisiKey): boolean {
  return roleId === keyRole && validUntil !== 'unreadable' && isBy(write, { ...key, validUntil });
}

/** A key that a person had given, and that Latchkey moved on, is made by that person. */
async function isByAnotherHand(
  { key }: UnansweredWrite,
  { createdById }: KisiKey,
  ownUserId: () => Promise<number>,
): Promise<boolean> {
  if (createdById === null || key.handUntil !== null) return false;
  return createdById !== (await ownUserId());
}
