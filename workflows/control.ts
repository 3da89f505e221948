import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { iso } from '../access/types.js';
import type { WakeActivities } from '../activities/contract.js';
import {
  controlMemo,
  pauseUpdate,
  resumeUpdate,
  stopLevels,
  type Order,
  type Orders,
  type StopLevel,
} from './control-messages.js';
import { never, patientActivities, persist } from './patience.js';

const wakes = patientActivities<WakeActivities>({ startToCloseTimeout: '1m' }, 20_000);
const mostEvents = 500;
/** Temporal's list lags behind: who was held just before an order was taken back is found by the second look. */
const secondLookMs = 10_000;

/**
 * Holds what people have ordered for the whole space, and wakes those whom an order held when it is taken back. Every
 * write to Kisi asks its memo first (activities/gate.ts), so an order holds everywhere from the instant it is given.
 */
export async function control(initial: Orders): Promise<void> {
  let orders = initial;
  let looksDue = 0;
  publish();

  setHandler(
    pauseUpdate,
    ({ level, ...order }) => {
      orders = { ...orders, stop: { level, ...given(order) } };
      // A lower level than before lets something go on.
      looksDue = 2;
      return publish();
    },
    {
      validator: ({ level, ...order }: { level: StopLevel; by: string; why: string }) => {
        if (!stopLevels.includes(level)) refuse(`the level must be one of ${stopLevels.join(', ')}`);
        checkGiver(order);
      },
    },
  );
  setHandler(
    resumeUpdate,
    () => {
      orders = { ...orders, stop: null };
      looksDue = 2;
      return publish();
    },
    { validator: checkGiver },
  );

  for (;;) {
    await condition(() => looksDue > 0 || isLong());
    while (looksDue > 0) {
      looksDue--;
      await letPoll(orders.stop?.level !== 'all');
      await wakeHeld();
      const again = (): boolean => looksDue > 1;
      if (looksDue > 0)
        await condition(again, secondLookMs, { summary: 'look again for those who are held' });
    }
    if (!isLong()) continue;
    await condition(allHandlersFinished);
    // With its memo, so that there is no moment at which an order does not hold.
    await makeContinueAsNewFunc<typeof control>({ memo: { [controlMemo]: orders } })(orders);
  }

  function publish(): Orders {
    upsertMemo({ [controlMemo]: orders });
    setCurrentDetails(detailsOf(orders));
    return orders;
  }
}

function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= mostEvents;
}

async function letPoll(allowed: boolean): Promise<void> {
  await persist(
    () => wakes.quick.letPoll(allowed),
    () => wakes.patient.letPoll(allowed),
    () => undefined,
    never,
  );
}

async function wakeHeld(): Promise<void> {
  await persist(
    () => wakes.quick.wakeHeld(),
    () => wakes.patient.wakeHeld(),
    () => undefined,
    never,
  );
}

function given({ by, why }: Omit<Order, 'since'>): Order {
  return { by, why, since: Date.now() };
}

/** Anybody can send an update by hand; what is refused changes nothing. */
function checkGiver({ by }: Omit<Order, 'since'>): void {
  if (typeof by !== 'string' || by.trim() === '') refuse('say who gives the order (by)');
}

function refuse(message: string): never {
  throw ApplicationFailure.create({ type: 'Refused', message, nonRetryable: true });
}

const stopped: Record<StopLevel, string> = {
  revokes: 'No key is taken away. Keys are given as ever.',
  writes: 'Nothing is written to Kisi.',
  all: 'Nothing is read or written.',
};

function detailsOf({ stop }: Orders): string {
  if (stop === null) return 'Nothing is stopped.';
  const why = stop.why === '' ? '' : ` Why: ${stop.why}`;
  return `**Stopped (${stop.level})** by ${stop.by} since ${iso(stop.since)}. ${stopped[stop.level]}${why}`;
}
