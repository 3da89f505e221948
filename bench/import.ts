/**
 * A first import with two workers at the published limits: how busy do they keep Kisi's 5 requests a second, and do they
 * ever go over? `node --import=tsx bench/import.ts [members]`.
 */
import { tell } from './rows.js';
import { applyLimits, setStage, wait } from './stage.js';

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
const rate = (asked.length - 1) / ((last - first) / 1_000);
const throttled = asked.filter(({ status, at }) => status === 429 && at > first + 1_000).length;
await stage.stop();
tell([
  {
    what: `Kisi requests, first import of ${members} members`,
    measured: String(asked.length),
    floor: String(2 * members),
    ratio: asked.length / (2 * members),
    goal: 'at most 1.05',
    holds: asked.length <= 2.1 * members,
  },
  {
    what: `Kisi requests a second, first import of ${members} members (${throttled} throttled)`,
    measured: rate.toFixed(2),
    floor: '5',
    ratio: rate / 5,
    goal: 'at least 0.9, none throttled',
    holds: rate >= 4.5 && throttled === 0,
  },
]);
