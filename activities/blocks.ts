import { setTimeout as sleep } from 'node:timers/promises';
import { log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { blockedBy } from '../access/exceptions.js';
import type { Exception, Instant } from '../access/types.js';
import { DatabaseError } from '../database/errors.js';
import type { Ownership } from '../database/ownership.js';
import { holdingsMemo, type ShownHoldings } from '../messages/to-member.js';
import type { BlockActivities, Blocks, BlocksRequest } from '../messages/to-activities.js';
import type { OrderBook } from './orders.js';
import { recall } from './recall.js';
import { inBatches, listRunning, type Waker } from './wake.js';

export interface BlockDeps {
  orders: OrderBook;
  ownership: Pick<Ownership, 'read' | 'put' | 'userOf' | 'noteUser'>;
  waker: Pick<Waker, 'wakeIfRunning'>;
  /** The profiles that a person has besides this one, as the workflows of the others show it. */
  otherProfiles: (memberId: number) => Promise<number[]>;
  now: () => Instant;
}

/** How long to wait for a database that does not answer. */
const recordWithinMs = 3_000;

/** What blocks take away, told from orders, ledger and record alone: a stolen phone opens no door because an API is down. */
export function createBlockActivities(deps: BlockDeps): BlockActivities {
  const { orders, ownership, waker, now } = deps;

  /** The record knows of keys that a fresh workflow does not. Without the database only the workflow's ledger is known. */
  async function known(request: BlocksRequest): Promise<Omit<Blocks, 'blocked'>> {
    const { ledger, kisiUser } = request;
    const copy = await unlessDatabaseFails(recall(ownership, request));
    return copy === null ? { ledger, kisiUser, isRecorded: false } : { ...copy, isRecorded: true };
  }

  /** The profile that owns the person's keys may be another one than the block names. */
  async function tellProfiles({ memberId, siblingIds }: BlocksRequest, isOwner: boolean): Promise<void> {
    const others = siblingIds.length > 0 || isOwner ? siblingIds : await deps.otherProfiles(memberId);
    await inBatches(others, (id) => unlessDatabaseFails(waker.wakeIfRunning(id, { reason: 'profileOrder' })));
  }

  return {
    async blockedKeys(request) {
      const { memberId, siblingIds, tellsProfiles } = request;
      const { exceptions } = await orders.get({ notBefore: now(), maxAgeMs: 0 });
      const { ledger, ...rest } = await known(request);
      if (tellsProfiles && exceptions.some((one) => names(one, memberId)))
        await tellProfiles(request, ledger.length > 0);
      const profileIds = [memberId, ...siblingIds];
      const blocked = ledger.flatMap((key) => {
        const why = key.byHand ? null : blockedBy(key.groupId, profileIds, exceptions, now());
        return why === null ? [] : [{ key, why }];
      });
      return { ledger, ...rest, blocked };
    },
  };
}

/** The database's answer; null: the database fails, or does not answer in time. */
async function unlessDatabaseFails<T>(job: Promise<T>): Promise<T | null> {
  const tooLate = new AbortController();
  const late = sleep(recordWithinMs, null, { signal: tooLate.signal, ref: false }).then(() => {
    throw new DatabaseError('The database does not answer.');
  });
  try {
    return await Promise.race([job, late]);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    log.warn(`Blocks are carried out from the ledgers alone: ${error.message}`);
    return null;
  } finally {
    tooLate.abort();
    late.catch(() => undefined);
    job.catch(() => undefined);
  }
}

const names = ({ kind, memberId }: Exception, id: number): boolean => kind === 'block' && memberId === id;

/** The members whose running workflow shows this one as another profile of the same person. */
export async function profilesBeside(client: Client, memberId: number): Promise<number[]> {
  const found: number[] = [];
  for await (const one of listRunning(client)) {
    const shown = one.memo?.[holdingsMemo] as ShownHoldings | undefined;
    if (shown?.siblingIds?.includes(memberId) === true) found.push(one.memberId);
  }
  return found;
}
