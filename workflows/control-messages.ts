import { defineUpdate } from '@temporalio/workflow';
import type { Instant } from '../access/types.js';

/**
 * What is said to the workflow `control`, which holds what people have ordered for the whole space: in Temporal, and not
 * in a file on one machine. What it holds is its memo, so that it is read without any worker, and as it is at once.
 */
export const controlWorkflowType = 'control';
export const controlWorkflowId = 'control';
export const controlMemo = 'orders';

/** Who ordered something, when and why. */
export interface Order {
  by: string;
  why: string;
  since: Instant;
}

export const stopLevels = ['revokes', 'writes', 'all'] as const;

/** What is stopped: taking keys away; every write to Kisi; reading too. */
export type StopLevel = (typeof stopLevels)[number];

export const modes = ['observe', 'canary', 'live'] as const;

/** Whose keys are written: nobody's; those of a few; everybody's. Everything else runs in each of them. */
export type Mode = (typeof modes)[number];

/** The few of `canary`. */
export interface Canaries {
  locationIds: number[];
  memberIds: number[];
}

/** What people have ordered for the whole space. */
export interface Orders {
  /** Null: nothing is stopped. */
  stop: (Order & { level: StopLevel }) | null;
  mode: Order & Canaries & { name: Mode };
}

/** What a new space starts with. */
export function firstOrders(mode: Mode, since: Instant): Orders {
  const why = 'the start of this space';
  return {
    stop: null,
    mode: { name: mode, locationIds: [], memberIds: [], by: 'LATCHKEY_INITIAL_MODE', why, since },
  };
}

/** Stops something. The answer is what holds from now on. */
export const pauseUpdate = defineUpdate<Orders, [{ level: StopLevel; by: string; why: string }]>('pause');

/** Lets everything go on. */
export const resumeUpdate = defineUpdate<Orders, [{ by: string; why: string }]>('resume');

/** Has keys written for nobody, a few or everybody. */
export const modeUpdate = defineUpdate<Orders, [Canaries & { mode: Mode; by: string; why: string }]>('mode');
