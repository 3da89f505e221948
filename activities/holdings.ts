import type { Client } from '@temporalio/client';
import type { Instant } from '../access/types.js';
import { placeName, reconciled, type OwnedKey, type Reconciled } from '../access/ownership.js';
import { groupBy } from '../nexudus/collections.js';
import type { Ownership } from '../database/ownership.js';
import {
  holdingsMemo,
  holdingsQuery,
  memberWorkflowId,
  shownKey,
  shownOf,
  type Holdings,
  type ShownHoldings,
  type ShownKey,
} from '../messages/to-member.js';
import { inBatches, listRunning } from './wake.js';

/** All must answer: a worker may have to replay each of a thousand first. */
const holdingsTimeoutMs = 20_000;

/** What one member's workflow holds. Throws where no worker answers in time. */
export async function askHoldings(client: Client, memberId: number): Promise<Holdings> {
  const handle = client.workflow.getHandle(memberWorkflowId(memberId));
  return client.withDeadline(Date.now() + holdingsTimeoutMs, () => handle.query(holdingsQuery));
}

/**
 * What each member holds: the keys that its running workflow shows, brought in line with the record; or what is on record, where
 * a member owns keys and its workflow does not run. `afresh`: the workflows of these members are asked, since a list may be
 * seconds behind. Throws where a workflow that is asked does not answer: keys that are not known would look gone.
 */
export async function shownHoldings(
  client: Client,
  ownership: Pick<Ownership, 'all' | 'users'>,
  afresh: readonly number[],
): Promise<Map<number, ShownHoldings>> {
  const running = await runningHoldings(client, afresh);
  // Read last: what was written while the workflows were listed is on record.
  const record = recordOf(await ownership.all());
  const holdings = new Map<number, ShownHoldings>();
  for (const [memberId, shown] of running)
    holdings.set(memberId, { ...shown, ledger: record.inLine(memberId, shown).ledger });
  const left = record.owners().filter((memberId) => !running.has(memberId));
  const users = left.length === 0 ? new Map<number, { id: number }>() : await ownership.users();
  for (const memberId of left) {
    const { ledger } = record.inLine(memberId, nothing);
    const userId = users.get(memberId)?.id ?? ledger.at(-1)?.userId;
    holdings.set(memberId, { ...nothing, ledger, kisiUser: userId === undefined ? null : { id: userId } });
  }
  return holdings;
}

const nothing: ShownHoldings = { ledger: [], dropped: [], kisiUser: null, comparedAt: null, records: null };

/** The whole record, to be held against what workflows show. */
export interface KeyRecord {
  /** What a member shows of its keys, with what is newer on record; `news`: what the record lacks. */
  inLine(memberId: number, shown: Pick<ShownHoldings, 'ledger' | 'dropped'>): Reconciled<ShownKey>;
  /** The members who own a key. */
  owners(): number[];
}

/** The record as `Ownership.all` reads it. Pure. */
export function recordOf(all: readonly OwnedKey[]): KeyRecord {
  const rows = all.map((row) => ({ ...row, key: row.key && shownKey(row.key) }));
  const byPlace = new Map(rows.map((row) => [placeName(row), row]));
  const byMember = groupBy(rows, ({ memberId }) => memberId);
  return {
    inLine(memberId, { ledger, dropped }) {
      const own = byMember.get(memberId) ?? [];
      const there = [...ledger, ...dropped].flatMap((one) => byPlace.get(placeName(one)) ?? []);
      return reconciled(memberId, { ledger, dropped }, [...new Set([...own, ...there])]);
    },
    owners: () => [...byMember].filter(([, own]) => own.some(({ key }) => key !== null)).map(([id]) => id),
  };
}

/** What a member's running workflow shows, and the next change that it knows of; null: none. */
export interface RunningHoldings extends ShownHoldings {
  nextChangeAt: Instant | null;
}

/** What the running workflow of each member shows. Asks those of `afresh`; throws where one that is asked does not answer. */
export async function runningHoldings(
  client: Client,
  afresh: readonly number[] = [],
): Promise<Map<number, RunningHoldings>> {
  const holdings = new Map<number, RunningHoldings>();
  const unsure: number[] = [];
  for await (const { memberId, memo, nextChangeAt } of listRunning(client)) {
    const shown = memo?.[holdingsMemo] as ShownHoldings | undefined;
    if (shown === undefined || afresh.includes(memberId)) unsure.push(memberId);
    else holdings.set(memberId, { ...shown, nextChangeAt });
  }
  await inBatches(unsure, async (id) => {
    try {
      holdings.set(id, { ...shownOf(await askHoldings(client, id)), nextChangeAt: null });
    } catch (cause) {
      throw new Error(`The workflow of member ${id} did not say which keys it holds.`, { cause });
    }
  });
  return holdings;
}
