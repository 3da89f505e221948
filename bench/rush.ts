/**
 * Rush hour: a number of pushes a minute, at the published limits. One push in eight is a purchase, one is a suspension, and
 * six are check-ins. How soon does a purchase become a key? How soon does a suspension end one? At each rate with calls that
 * take no time, and then with calls that take 250 ms. `node --import=tsx bench/rush.ts [members] [rates...]`.
 */
import { askedRow, pushedSpace, tookRow } from './pushes.js';
import { tell, type Row } from './rows.js';
import { wait } from './stage.js';

const [members = 1_000, ...given] = process.argv.slice(2).map(Number);
const rates = given.length > 0 ? given : [1, 10, 30, 60, 120, 300];
/** One push in this many is a purchase, and the next one a suspension. */
const every = 8;
/** A rate ends after this many suspensions, but not before the shortest time, in which the limits of a minute show. */
const wanted = 12;
const [shortestMs, longestMs] = [2 * 60_000, 3 * 60_000];
const rows: Row[] = [];

const space = await pushedSpace(members);
for (const delayMs of [0, 250]) {
  space.slow(delayMs);
  for (const rate of rates) await rush(rate, delayMs);
}
await space.stop();
tell(rows);

async function rush(rate: number, delayMs: number): Promise<void> {
  const { stage } = space;
  // What the rate before used up of the minute must not count here.
  await wait(61_000);
  const [gained, lost]: [Promise<number>[], Promise<number>[]] = [[], []];
  const gapMs = 60_000 / rate;
  for (const { requests } of [stage.nexudus, stage.kisi]) requests.clear();
  const startedAt = performance.now();
  const tookMs = (): number => performance.now() - startedAt;
  for (let i = 0; tookMs() < longestMs && (lost.length < wanted || tookMs() < shortestMs); i++) {
    // At a slow rate every push is one that matters, or there would be none.
    const kind = rate * every < 60 ? i % 2 : i % every;
    if (kind === 0) gained.push(space.purchase());
    else if (kind === 1) lost.push(space.suspension());
    else space.checkIn();
    await wait(Math.max(0, startedAt + (i + 1) * gapMs - performance.now()));
  }
  const told = `${rate} pushes a minute, ${members} members, ${delayMs} ms a call`;
  const asked = askedRow(told, space, tookMs() / 60_000);
  const most = rate <= 30 ? 2 : 6;
  rows.push(
    tookRow(`purchase to key, ${told}`, await Promise.all(gained), most),
    tookRow(`suspension to no key, ${told}`, await Promise.all(lost), most),
    asked,
  );
}
