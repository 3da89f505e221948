/**
 * A first import with two workers at the published limits: how busy do they keep Kisi's 5 requests a second, and do they
 * ever go over? Prints counts and the rate; `node --import=tsx bench/import.ts [members]`.
 */
import { applyLimits, say, seconds, setStage, wait } from './stage.js';

const members = Number(process.argv[2] ?? 60);
const stage = await setStage();
const { nexudus, kisi, ids } = stage;
for (let i = 0; i < members; i++) {
  const { Id } = nexudus.space.addCoworker({ Email: `new${i}@example.com`, InvoicingBusinessId: ids.rome });
  nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
}
applyLimits(stage);
await Promise.all([stage.startWorker(), stage.startWorker()]);
kisi.requests.clear();
nexudus.requests.clear();
while (kisi.org.assignments().length < members) await wait(50);

const asked = kisi.requests.list();
const times = asked.map(({ at }) => at).sort((a, b) => a - b);
const [first = 0, last = 0] = [times[0], times.at(-1)];
const inASecond = times.map((at) => times.filter((other) => other >= at && other < at + 1_000).length);
// Whole seconds between the first and the last request: all of them have work.
const perSecond = Array.from({ length: Math.floor((last - first) / 1_000) }, (_, i) => {
  const from = first + i * 1_000;
  return times.filter((at) => at >= from && at < from + 1_000).length;
});
say(`${members} new members, two workers:`);
say(`  Kisi: ${asked.length} requests (${4 * members} are needed) in ${seconds(last - first)} s`);
say(
  `    a second: mean ${((asked.length - 1) / ((last - first) / 1_000)).toFixed(2)}, most ${Math.max(...inASecond)}`,
);
say(`    seconds with fewer than 4: ${perSecond.filter((n) => n < 4).length} of ${perSecond.length}`);
say(`    429: ${asked.filter(({ status }) => status === 429).length}`);
const throttled = nexudus.requests.list().filter(({ status }) => status === 409).length;
say(`  Nexudus: ${nexudus.requests.count()} requests, ${throttled} of them throttled`);
say(`  keys ${kisi.org.assignments().length}, mails ${kisi.mails.length}`);
await stage.stop();
