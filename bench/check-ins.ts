/**
 * Nine o'clock in a larger space: a check-in a second for two minutes, each told by a webhook, and a purchase every ten seconds.
 * `node --import=tsx bench/check-ins.ts [members]`.
 */
import { askedRow, pushedSpace, tookRow } from './pushes.js';
import { tell, type Row } from './rows.js';
import { say, wait } from './stage.js';

const members = Number(process.argv[2] ?? 1_000);
const space = await pushedSpace(members);
const { nexudus, kisi } = space.stage;
const name = `a check-in a second, ${members} members`;

await wait(61_000);
const quiet = await quietMinute();
for (const { requests } of [nexudus, kisi]) requests.clear();
const bought: Promise<number>[] = [];
const startedAt = performance.now();
for (let second = 0; second < 120; second++) {
  space.checkIn();
  if (second % 10 === 5) bought.push(space.purchase());
  await wait(Math.max(0, startedAt + (second + 1) * 1_000 - performance.now()));
}
const asked = askedRow(name, space, (performance.now() - startedAt) / 60_000);
const took = await Promise.all(bought);
const worst: Row = {
  what: `worst purchase to key, ${name}`,
  measured: `${Math.max(...took).toFixed(2)} s`,
  floor: '',
  ratio: null,
  goal: 'within 6 s',
  holds: Math.max(...took) <= 6,
};
await wait(61_000);
const after = await quietMinute();
const polls: Row = {
  what: `Nexudus requests, a quiet minute after it, ${members} members`,
  measured: String(after),
  floor: String(quiet),
  ratio: after / quiet,
  goal: 'as many as before, or a poll more',
  holds: after <= quiet + 8,
};
await space.stop();
tell([tookRow(`purchase to key, ${name}`, took, 6), worst, asked, polls]);

async function quietMinute(): Promise<number> {
  nexudus.requests.clear();
  await wait(60_000);
  say(`a quiet minute: ${nexudus.requests.count()} requests`);
  return nexudus.requests.count();
}
