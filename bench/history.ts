/**
 * How many events a member's history grows by: for a wake without a change, and a day of a pass a day. Counts only, on the
 * time-skipping server; `node --import=tsx bench/history.ts`.
 */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { WorkflowHandle } from '@temporalio/client';
import { contract, pass, planPass, profile } from '../test/support/builders.js';
import { Clockwork } from '../test/support/clockwork.js';
import { stopTimeSkippingEnv, timeSkippingEnv } from '../test/support/timeSkipping.js';
import { membershipChanged, stateQuery } from '../messages/to-member.js';
import { tell, type Row } from './rows.js';
import { wait } from './stage.js';

const hourMs = 3_600_000;
/** Fewer than a run lasts. */
const days = 6;
const bySignal = 12;
Runtime.install({ logger: new DefaultLogger('ERROR') });
const rows: Row[] = [];
await Clockwork.run(await timeSkippingEnv(), async (world) => {
  const record = profile({ passes: [pass({ expiresAt: null })] });
  world.profiles.set(record.member.id, record);
  const handle = await world.start(record.member.id);
  const events = await eventsOf(handle, () => handle.signal(membershipChanged));
  rows.push(row('history events of a wake by signal without a change', events, bySignal));

  const now = await world.now();
  const midnight = Math.ceil(now / (24 * hourMs)) * 24 * hourMs;
  const plan = profile({
    member: { ...record.member, id: 200, email: 'daily@example.org' },
    contracts: [contract({ memberId: 200, startsAt: now - hourMs })],
    passes: [planPass({ id: 1, memberId: 200, expiresAt: midnight })],
  });
  world.profiles.set(200, plan);
  const daily = await world.start(200);
  await asleep(daily);
  const before = (await daily.describe()).historyLength;
  for (let day = 1; day <= days; day++) {
    await world.env.sleep(midnight + (day - 1) * 24 * hourMs + 60_000 - (await world.now()));
    plan.passes = [planPass({ id: day + 1, memberId: 200, expiresAt: midnight + day * 24 * hourMs })];
    await daily.signal(membershipChanged);
    await asleep(daily);
  }
  const grown = (await daily.describe()).historyLength - before;
  rows.push(row(`history events a day of a pass a day, over ${days} days`, grown / days, bySignal));
});
await stopTimeSkippingEnv();
tell(rows);

function row(what: string, measured: number, floor: number): Row {
  const ratio = measured / floor;
  const holds = ratio <= 2;
  return { what, measured: measured.toFixed(1), floor: String(floor), ratio, goal: 'at most 2.00', holds };
}

async function eventsOf(handle: WorkflowHandle, change: () => Promise<void>): Promise<number> {
  await asleep(handle);
  const before = (await handle.describe()).historyLength;
  await change();
  await asleep(handle);
  return (await handle.describe()).historyLength - before;
}

/** Waits until the member has looked at the change, and nothing of its workflow is under way. */
async function asleep(handle: WorkflowHandle): Promise<void> {
  let before = -1;
  for (;;) {
    await wait(300);
    const { historyLength, raw } = await handle.describe();
    const isBusy = raw.pendingWorkflowTask !== null || (raw.pendingActivities ?? []).length > 0;
    if (!isBusy && historyLength === before && (await handle.query(stateQuery)).state !== 'new') return;
    before = historyLength;
  }
}
