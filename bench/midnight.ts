/**
 * A thousand members whose plan's passes end at the same instant and are handed out again moments later, with two
 * workers: how many requests does the night cost? Prints counts; `node --import=tsx bench/midnight.ts [members]`.
 */
import { Runtime } from '@temporalio/worker';
import { createKisiPacer } from '../kisi/pace.js';
import { startKisiSimulator } from '../simulators/kisi.js';
import { startNexudusSimulator } from '../simulators/nexudus.js';
import { buildTwoCities, environmentOf } from '../simulators/two-cities.js';
import { checkSpace } from '../worker/check.js';
import { loadConfig } from '../worker/config.js';
import { startEmbeddedTemporal } from '../worker/embedded.js';
import { createLogger, temporalLogger } from '../worker/logging.js';
import { createApis, startService } from '../worker/service.js';
import { searchAttributes } from '../workflows/messages.js';

const members = Number(process.argv[2] ?? 1000);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seconds = (ms: number): string => (ms / 1000).toFixed(1);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What was asked of both APIs since midnight. */
function tell(): void {
  const requests = nexudus.requests.list();
  const byPath = new Map<string, number>();
  for (const { path } of requests) byPath.set(path, (byPath.get(path) ?? 0) + 1);
  say(
    `  Nexudus: ${requests.length} requests, ${requests.filter((r) => r.status === 409).length} of them throttled`,
  );
  say(`    ${[...byPath].map(([path, count]) => `${path.replace('/api/', '')} ${count}`).join(', ')}`);
  const { length: writes } = kisi.requests.list().filter((r) => r.method !== 'GET');
  say(`  Kisi: ${kisi.requests.count()} requests, ${writes} of them writes`);
  say(`  keys ${keys()}, mails ${kisi.mails.length}`);
}

const log = createLogger({ level: 'warn' });
Runtime.install({ logger: temporalLogger(log) });
const temporal = await startEmbeddedTemporal({ dbFile: null, searchAttributes });
const nexudus = await startNexudusSimulator({ switches: { rateLimits: null } });
const kisi = await startKisiSimulator({ switches: { rateLimit: null } });
const ids = buildTwoCities(nexudus, kisi);
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
const issue = (ExpireDate: string): void => {
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
};
const startedAt = Date.now();
const midnight = Math.ceil(Date.now() / 1000) * 1000 + 45_000 + members * 90;
issue(new Date(midnight).toISOString());

const config = loadConfig(environmentOf(nexudus, kisi));
const apis = createApis(config, createKisiPacer({ most: 1000 }));
const checked = await checkSpace(config, apis.nexudus, apis.kisi);
const base = {
  config,
  space: checked,
  log,
  temporal: { address: temporal.address, namespace: 'default' },
  sdkMetricsUrl: null,
};
const filling = await startService({ ...base, apis });
const keys = (): number => kisi.org.assignments().length;
while (keys() < members && Date.now() < midnight) await wait(200);
say(`${keys()} keys after ${seconds(Date.now() - startedAt)} s (import without Kisi's limit)`);
await filling.stop();
nexudus.switches.rateLimits = { perGapMs: 100, perMinute: 120, perHour: 5000 };
kisi.switches.rateLimit = { perSecond: 5 };
const first = await startService({ ...base, apis: createApis(config) });
const second = await startService({ ...base, apis: createApis(config) });
await wait(5_000);
if (Date.now() > midnight) say('midnight came too early: the figures below are not of a quiet night');
while (Date.now() < midnight) await wait(100);
nexudus.requests.clear();
kisi.requests.clear();
await wait(2_000);
issue(new Date(midnight + 86_400_000).toISOString());

/** Members whose next change is not known to be past midnight yet. */
async function unsettled(): Promise<number> {
  const before = new Date(midnight + 3_600_000).toISOString();
  const { count } = await first.client.workflow.count(
    `WorkflowType = 'member' AND NextChangeAt < '${before}'`,
  );
  return count;
}
while ((await unsettled()) > 0 && Date.now() < midnight + 110_000) await wait(500);
say(`all ${members} members know of the renewal ${seconds(Date.now() - midnight)} s after midnight:`);
tell();
await wait(Math.max(0, midnight + 120_000 - Date.now()));
say('in the two minutes after midnight, with two workers:');
tell();
await first.stop();
await second.stop();
await nexudus.stop();
await kisi.stop();
await temporal.stop();
