import { placeName, type Dropped } from '../access/ownership.js';
import type { LedgerKey } from '../access/plan.js';
import type { MemberState } from '../messages/to-member.js';

/** The part of a member's state that is a copy of the record. */
type Copy = Pick<MemberState, 'ledger' | 'dropped'>;

/** Puts a key into the ledger, in place of the one at its place. */
export function putKey(state: Copy, key: LedgerKey): void {
  const isElsewhere = (one: Dropped): boolean => placeName(one) !== placeName(key);
  state.ledger = [...state.ledger.filter(isElsewhere), key];
  state.dropped = state.dropped.filter(isElsewhere);
}

/** Takes a key out of the ledger that the record does not have either. */
export function removeKey(state: Copy, key: LedgerKey): void {
  state.ledger = state.ledger.filter((one) => placeName(one) !== placeName(key));
}

/** Takes a key out of the ledger without a write to Kisi; the record is told at the next look. */
export function dropKey(state: Copy, key: LedgerKey): void {
  const { userId, groupId } = key;
  const isElsewhere = (one: Dropped): boolean => placeName(one) !== placeName(key);
  const known = state.ledger.find((one) => !isElsewhere(one));
  const version = Math.max(key.version, known?.version ?? 0);
  state.ledger = state.ledger.filter(isElsewhere);
  state.dropped = [...state.dropped.filter(isElsewhere), { userId, groupId, version }];
}
