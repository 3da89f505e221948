/** What a key in Kisi tells of earlier writes to it. All of this is pure. */
import { sameEnd } from '../kisi/ends.js';
import { keyRole, type KisiKey } from '../kisi/records.js';
import type { AuditRecord } from '../database/audit-records.js';
import { endIn, idIn, type Sight } from './recorder.js';

/**
 * What all keys of a person tell of an earlier write. A key that the list lacks was looked up if its id is among `knownIds`. Null:
 * these keys do not tell, and the next write will.
 */
export function sightAmong(
  keys: readonly KisiKey[],
  knownIds: readonly number[],
  write: AuditRecord,
): Omit<Sight<unknown>, 'isSo'> | null {
  const key = keys.find(({ groupId, roleId }) => groupId === write.groupId && roleId === keyRole) ?? null;
  const sight = sightOfKey(key);
  const keyId = idIn(write.before);
  const isSurelyGone = key === null && keyId !== null && knownIds.includes(keyId);
  return isSurelyGone || (key !== null && sight.shows(write)) ? sight : null;
}

/** By how a key is now: whether an earlier write to it was done. */
export function sightOfKey(key: KisiKey | null): Omit<Sight<unknown>, 'isSo'> {
  return {
    keyId: key && key.id,
    before: key && { keyId: key.id, validUntil: key.validUntil },
    shows: ({ what, before, after }) => {
      if (what === 'revoke') {
        const keyId = idIn(before);
        // A person holds one key to a group: where there is another one, this one is gone.
        return key === null || (keyId !== null && key.id !== keyId);
      }
      return key !== null && sameEnd(key.validUntil, endIn(after));
    },
  };
}
