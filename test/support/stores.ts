import type { LedgerKey } from '../../access/plan.js';
import type { KeyWish } from '../../access/ledger.js';
import { openDatabase } from '../../database/database.js';
import { createKept, type Kept } from '../../database/kept.js';
import { createOwnership, type Ownership } from '../../database/ownership.js';

/** A database in memory that nobody else sees. */
export async function memoryStores(now = Date.now): Promise<{ ownership: Ownership; kept: Kept }> {
  const db = await openDatabase(':memory:');
  return { ownership: createOwnership(db, now), kept: createKept(db) };
}

/** A store with some of its methods replaced. */
export function withMethods<T extends object>(store: T, methods: Partial<T>): T {
  return Object.assign(Object.create(store) as T, methods);
}

/** A key as a ledger has it, with unremarkable defaults. */
export function ledgerKey(over: Partial<LedgerKey> = {}): LedgerKey {
  return {
    groupId: 12,
    userId: 5,
    keyId: 77,
    validUntil: null,
    byHand: false,
    handUntil: null,
    uncertain: false,
    version: 1,
    until: null,
    because: 'a test',
    standsOn: [],
    ...over,
  };
}

/** A key that is to be given or moved, as a member's workflow asks for it. */
export function keyWish(
  over: Pick<KeyWish, 'userId' | 'groupId' | 'validUntil'> & Partial<KeyWish>,
): KeyWish {
  return { ...ledgerKey({ keyId: null, version: 0 }), ...over };
}
