/**
 * An hour of a busy day: check-ins, purchases and ends of access come at random, and each ten minutes everybody is looked at. How much
 * of the hour's 5,000 requests does it take? `node --import=tsx bench/busy-hour.ts [members] [minutes]`.
 */
import { pushedSpace, throttledIn, tookRow } from './pushes.js';
import { tell, type Row } from './rows.js';
import { say, wait } from './stage.js';

const [members = 10_000, minutes = 60] = process.argv.slice(2).map(Number);
/** In an hour. */
const counts = { checkIns: 2_000, purchases: 300, ends: 200 };
const space = await pushedSpace(members, { LATCHKEY_RECONCILIATION_INTERVAL: '10m' });
const { nexudus, kisi } = space.stage;

await wait(61_000);
for (const { requests } of [nexudus, kisi]) requests.clear();
const [bought, ended]: [Promise<number>[], Promise<number>[]] = [[], []];
const events = [
  ...times(counts.checkIns, () => {
    space.checkIn();
  }),
  ...times(counts.purchases, () => void bought.push(space.purchase())),
  ...times(counts.ends, () => void ended.push(space.suspension())),
].sort((a, b) => a.atMs - b.atMs);
const startedAt = performance.now();
for (const { atMs, happen } of events) {
  await wait(Math.max(0, startedAt + atMs - performance.now()));
  happen();
}
const [toKey, toNone] = [await Promise.all(bought), await Promise.all(ended)];
const asked = nexudus.requests.count();
const { told: throttled } = throttledIn(space);
say(`requests: ${asked}, throttled: ${throttled}; of Kisi: ${kisi.requests.count()}`);
await space.stop();
const most = (5_000 * minutes) / 60;
const name = `a busy hour, ${members} members`;
const requests: Row = {
  what: `Nexudus requests in ${minutes} minutes (throttled in all: ${throttled}), ${name}`,
  measured: String(asked),
  floor: '',
  ratio: null,
  goal: `under ${most}`,
  holds: asked < most,
};
tell([
  requests,
  tookRow(`purchase to key, ${name}`, toKey, 3),
  tookRow(`suspension to no key, ${name}`, toNone, 3),
]);

/** The share of an hour's events that comes in these minutes, each at a random moment. */
function times(anHour: number, happen: () => void): { atMs: number; happen: () => void }[] {
  return Array.from({ length: Math.round((anHour * minutes) / 60) }, () => ({
    atMs: Math.random() * minutes * 60_000,
    happen,
  }));
}
