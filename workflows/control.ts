import {
  allHandlersFinished,
  condition,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { iso } from '../access/types.js';
import type { Act, WakeActivities } from '../activities/contract.js';
import {
  controlMemo,
  modes,
  modeUpdate,
  pauseUpdate,
  resumeUpdate,
  stopLevels,
  type Canaries,
  type Mode,
  type Order,
  type Orders,
  type StopLevel,
} from './control-messages.js';
import { insist, patientActivities } from './patience.js';
import { refuse } from './refuse.js';
import { trailActivities } from './trail.js';

const wakes = patientActivities<WakeActivities>({ startToCloseTimeout: '1m' }, 20_000);
const mostEvents = 500;
/** Temporal's list lags behind: who was held just before an order was taken back is found by a later look. */
const lookAgainMs = [10_000, 1_500];
/** How often those are looked for whom an order held. */
const looks = 1 + lookAgainMs.length;

/**
 * Holds what people have ordered for the whole space, and wakes those whom an order held when it is taken back. Every
 * write to Kisi asks its memo first (activities/gate.ts), so an order holds everywhere from the instant it is given.
 */
export async function control(initial: Orders): Promise<void> {
  let orders = initial;
  let looksDue = 0;
  let acts: Act[] = [];
  const { taskQueue, runId } = workflowInfo();
  const trail = trailActivities(taskQueue);
  let actCount = 0;
  publish();

  setHandler(
    pauseUpdate,
    ({ level, ...order }) => obey(`pause ${level}`, { ...orders, stop: { level, ...given(order) } }, order),
    {
      validator: ({ level, ...order }: { level: StopLevel; by: string; why: string }) => {
        if (!stopLevels.includes(level)) refuse(`the level must be one of ${stopLevels.join(', ')}`);
        checkGiver(order);
      },
    },
  );
  setHandler(resumeUpdate, (order) => obey('resume', { ...orders, stop: null }, order), {
    validator: checkGiver,
  });

  setHandler(
    modeUpdate,
    ({ mode, locationIds, memberIds, ...order }) =>
      obey(
        `mode ${mode}`,
        { ...orders, mode: { name: mode, locationIds, memberIds, ...given(order) } },
        order,
      ),
    {
      validator: ({ mode, locationIds, memberIds, ...order }: Canaries & Giver & { mode: Mode }) => {
        checkCanaries({ mode, locationIds, memberIds });
        checkGiver(order);
      },
    },
  );

  for (;;) {
    await condition(() => looksDue > 0 || acts.length > 0 || isLong());
    while (looksDue > 0) {
      looksDue--;
      const mayPoll = orders.stop?.level !== 'all';
      await insist(wakes, (set) => set.letPoll(mayPoll));
      await insist(wakes, (set) => set.wakeHeld());
      const anew = (): boolean => looksDue === looks;
      const pauseMs = lookAgainMs[looksDue - 1];
      if (pauseMs !== undefined && !anew())
        await condition(anew, pauseMs, { summary: 'look again for those who are held' });
    }
    await keepActs();
    if (!isLong() || acts.length > 0) continue;
    await condition(allHandlersFinished);
    // With its memo, so that there is no moment at which an order does not hold.
    await makeContinueAsNewFunc<typeof control>({ memo: { [controlMemo]: orders } })(orders);
  }

  /** What held anybody may hold nobody now, be it that a lower level takes the place of a higher. */
  function obey(what: string, next: Orders, { by, why }: Giver): Orders {
    orders = next;
    looksDue = looks;
    acts.push({ id: `${runId}/${actCount++}`, at: Date.now(), what, by, why, after: plain(orders) });
    return publish();
  }

  async function keepActs(): Promise<void> {
    const kept = acts;
    acts = [];
    for (const act of kept) await insist(trail, (set) => set.noteAct(act));
  }

  function publish(): Orders {
    upsertMemo({ [controlMemo]: orders });
    setCurrentDetails(detailsOf(orders));
    return orders;
  }
}

/** As the trail keeps it. */
function plain({ stop, mode }: Orders): Act['after'] {
  return { stop: stop === null ? null : { ...stop }, mode: { ...mode } };
}

type Giver = Omit<Order, 'since'>;

function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= mostEvents;
}

function given({ by, why }: Giver): Order {
  return { by, why, since: Date.now() };
}

function checkGiver({ by }: Giver): void {
  if (typeof by !== 'string' || by.trim() === '') refuse('say who gives the order (by)');
}

function checkCanaries({ mode, locationIds, memberIds }: Canaries & { mode: Mode }): void {
  if (!modes.includes(mode)) refuse(`the mode must be one of ${modes.join(', ')}`);
  if (!Array.isArray(locationIds) || !Array.isArray(memberIds))
    refuse('locations and members must be lists of ids');
  const some = locationIds.length + memberIds.length > 0;
  if (mode === 'canary' && !some) refuse('canary needs a location or a member');
  if (mode !== 'canary' && some) refuse(`${mode} is for all: name no location and no member`);
}

const stopped: Record<StopLevel, string> = {
  revokes: 'No key is taken away. Keys are given as ever.',
  writes: 'Nothing is written to Kisi.',
  all: 'Nothing is read or written.',
};

const written: Record<Mode, string> = {
  observe: 'Nothing is written to Kisi: Latchkey only observes.',
  canary: 'Only the keys of a few are written to Kisi.',
  live: 'The keys of all are written to Kisi.',
};

function detailsOf({ stop, mode }: Orders): string {
  const lines = [`**Mode ${mode.name}** ${orderWords(mode)} ${written[mode.name]}`];
  if (mode.locationIds.length > 0) lines.push(`Locations: ${mode.locationIds.join(', ')}.`);
  if (mode.memberIds.length > 0) lines.push(`Members: ${mode.memberIds.join(', ')}.`);
  lines.push(
    stop === null
      ? 'Nothing is stopped.'
      : `**Stopped (${stop.level})** ${orderWords(stop)} ${stopped[stop.level]}`,
  );
  return lines.join('\n\n');
}

function orderWords({ by, why, since }: Order): string {
  return `by ${by} since ${iso(since)}${why === '' ? '' : `: ${why}`}.`;
}
