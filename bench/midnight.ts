/**
 * A thousand members whose plan's passes end at the same instant and are handed out again moments later, with two
 * workers: how many requests does the night cost? `node --import=tsx bench/midnight.ts [members]`.
 */
import { createKisiPacer } from '../kisi/pace.js';
import { tell } from './rows.js';
import { applyLimits, say, seconds, setStage, wait } from './stage.js';

const members = Number(process.argv[2] ?? 1000);
const stage = await setStage();
const { nexudus, kisi, ids } = stage;
const { space } = nexudus;

const contracts: { memberId: number; uniqueId: string }[] = [];
for (let i = 0; i < members; i++) {
  const Email = `member${i}@example.com`;
  kisi.org.addUser({ email: Email });
  const memberId = space.addCoworker({ Email, InvoicingBusinessId: ids.rome }).Id;
  const contract = space.addContract({
    CoworkerId: memberId,
    TariffId: ids.plans.romeUnlimited,
    IssuedById: ids.rome,
  });
  contracts.push({ memberId, uniqueId: contract.UniqueId });
}
const startedAt = Date.now();
const midnight = Math.ceil(Date.now() / 1000) * 1000 + 45_000 + members * 90;
issue(new Date(midnight).toISOString());

const filling = await stage.startWorker({ kisi: createKisiPacer({ most: 1000 }) });
while (keys() < members && Date.now() < midnight) await wait(200);
say(`${keys()} keys after ${seconds(Date.now() - startedAt)} s (import without Kisi's limit)`);
await filling.stop();
applyLimits(stage);
const { client } = await stage.startWorker();
await stage.startWorker();
await wait(5_000);
if (Date.now() > midnight) say('midnight came too early: the figures below are not of a quiet night');
while (Date.now() < midnight) await wait(100);
nexudus.requests.clear();
kisi.requests.clear();
await wait(2_000);
issue(new Date(midnight + 86_400_000).toISOString());

while ((await unsettled()) > 0 && Date.now() < midnight + 900_000) await wait(500);
const known = Date.now() - midnight;
const asked = nexudus.requests.count();
const writes = kisi.requests.list().filter(({ method }) => method !== 'GET').length;
const held = keys();
await stage.stop();
tell([
  {
    what: `midnight: until all ${members} members know of the renewal`,
    measured: `${seconds(known)} s`,
    floor: '',
    ratio: null,
    goal: 'within renewalGrace (15 min)',
    holds: known < 900_000,
  },
  {
    what: `midnight: Nexudus requests until then, ${members} members, ordinary polls among them`,
    measured: String(asked),
    floor: '',
    ratio: null,
    goal: members === 1_000 ? 'at most 40' : '',
    holds: members !== 1_000 || asked <= 40,
  },
  {
    what: `midnight: Kisi writes, keys left of ${members}`,
    measured: `${writes}, ${held}`,
    floor: `0, ${members}`,
    ratio: null,
    goal: 'none, all',
    holds: writes === 0 && held === members,
  },
]);

/** Hands out a pass to everyone. */
function issue(ExpireDate: string): void {
  for (const { memberId, uniqueId } of contracts) {
    space.addPass({
      CoworkerId: memberId,
      TimePassId: ids.passTypes.romeOffice,
      BusinessId: ids.rome,
      IsFromTariff: true,
      CoworkerContractUniqueId: uniqueId,
      ExpireDate,
    });
  }
}

function keys(): number {
  return kisi.org.assignments().length;
}

/** How many members do not know yet that their access goes on past midnight. */
async function unsettled(): Promise<number> {
  const soon = new Date(midnight + 3_600_000).toISOString();
  const { count } = await client.workflow.count(`WorkflowType = 'member' AND NextChangeAt < '${soon}'`);
  return count;
}
