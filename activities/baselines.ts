import type { Client } from '@temporalio/client';
import type { Instant } from '../access/types.js';
import { reconciliationScheduleId } from '../messages/to-member.js';
import type { ReconciliationMemory } from '../messages/to-activities.js';
import { lastResultOf } from './last-run.js';

type Baselines = ReconciliationMemory['baselines'];

/** Rows of each Nexudus collection at the last reconciliation that was believed: what a read is held against. */
export interface BaselineBook {
  read(): Promise<Baselines | null>;
  note(baselines: Baselines): void;
}

/** Keeps the baselines of the last reconciliation, asked of Temporal at most every `keptMs` (any worker may have run it). */
export function createBaselineBook(client: Client, now: () => Instant, keptMs = 30_000): BaselineBook {
  let known: { baselines: Baselines | null; at: Instant } | null = null;
  return {
    async read() {
      if (known !== null && now() - known.at < keptMs) return known.baselines;
      const baselines = (await lastReconciliation(client))?.baselines ?? known?.baselines ?? null;
      known = { baselines, at: now() };
      return baselines;
    },
    note(baselines) {
      known = { baselines, at: now() };
    },
  };
}

/** What the last reconciliation found; null: there was none yet. Needs no worker. */
export async function lastReconciliation(client: Client): Promise<ReconciliationMemory | null> {
  return (await lastResultOf(client, reconciliationScheduleId)) as ReconciliationMemory | null;
}
