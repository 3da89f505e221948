import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { iso } from '../../access/types.js';
import type { KisiSimulator } from '../../simulators/kisi.js';
import { startEmbeddedTemporal } from '../../temporal-server/embedded.js';
import { nextFreePort } from '../../lib/ports.js';
import { kisiOf, nexudusOf } from '../../space/apis.js';
import { createLogger, temporalLogger } from '../../worker/logging.js';
import type { Service } from '../../worker/service.js';
import { memberWorkflowId, searchAttributes, stateQuery } from '../../messages/to-member.js';
import { print } from '../terminal/output.js';
import { setStage, type Stage } from '../stage.js';
import { leaveDemoFile } from './demo-file.js';
import { emailOf, Playground } from './playground.js';
import { serveDesk, usualDeskPort } from './serve-desk.js';
import { behaveLike, readProfileFile } from './simulated-account.js';
import { stopSignal } from './worker.js';

/** All that the tour acts on and looks at. */
interface Scene extends Stage {
  service: Service;
  uiUrl: string;
  playground: Playground;
}

const pollIntervalMs = 10_000;
const rulesFile = relative('.', fileURLToPath(new URL('demo.yaml', import.meta.url)));
const say = (line = ''): void => {
  print(line);
};

/**
 * A whole space on this machine: a Temporal server, both APIs simulated over HTTP, a worker, and a tour that narrates
 * what happens with the latency seen. Then it stays, for commands that are typed beside it. `once`: checks every outcome
 * and ends. `as`: a file with a verified profile, whose account both APIs then behave like. Answers the exit code. Throws
 * CommandError where that file is none.
 */
export async function demo({ once, as }: { once: boolean; as?: string }): Promise<number> {
  const profile = as === undefined ? null : readProfileFile(as);
  const log = createLogger({ level: 'warn' });
  // Signals are taken here: the SDK would end the workers, and the tour would wait for them in vain.
  Runtime.install({ logger: temporalLogger(log), shutdownSignals: [] });
  const stopAsked = stopSignal(log);
  say('Latchkey demo: a small space in two cities, everything on this machine.');
  say('Starting a Temporal server, a simulated Nexudus and Kisi, and a worker …');
  const temporal = await startEmbeddedTemporal({ dbFile: null, searchAttributes, ui: true, log: say });
  const rules = {
    LATCHKEY_CONFIG: rulesFile,
    LATCHKEY_POLL_INTERVAL: `${pollIntervalMs / 1000}s`,
    // The worker of a real space on this machine may still look for a server that was at the address before.
    LATCHKEY_TASK_QUEUE: 'latchkey-demo',
  };
  const stage = await setStage({
    temporal: { address: temporal.address, namespace: 'default' },
    ...{ log, env: rules },
  });
  if (profile !== null) tellAccount(behaveLike(profile, stage));
  const service = await stage.startWorker();
  const playground = new Playground(stage.nexudus, stage.kisi, stage.ids);
  const port = await playground.listen();
  const deskPort = await nextFreePort(usualDeskPort);
  const desk = await serveDesk(deskPartsOf(stage, service, log), deskPort);
  leaveDemoFile({
    playUrl: port.url,
    env: { ...stage.env, ...rules, TEMPORAL_TLS: 'false', LATCHKEY_DESK_PORT: String(deskPort) },
  });
  const scene = { ...stage, service, uiUrl: temporal.uiUrl ?? '', playground };
  say(`  Desk         ${desk.url} , a web page for the front desk; you are an operator there`);
  tellWhere(scene);
  const failures = await tour(scene, stopAsked);
  say();
  if (failures === null) {
    say('Stopping …');
  } else {
    say(failures === 0 ? 'Every outcome was as promised.' : `${failures} outcomes were not as promised.`);
    if (!once) {
      inviteToPlay(scene.uiUrl);
      await stopAsked;
    }
  }
  await port.stop();
  await desk.close();
  await stage.stop();
  await temporal.stop();
  const exitCode = failures === 0 || (failures === null && !once) ? 0 : 1;
  // The story that was being told would wait for its end.
  if (failures === null) process.exit(exitCode);
  return exitCode;
}

function deskPartsOf({ config }: Stage, { client }: Service, log: Logger): Parameters<typeof serveDesk>[0] {
  const apis = { nexudus: nexudusOf(config), kisi: kisiOf(config) };
  return { config, client, taskQueue: config.taskQueue, ...apis, log };
}

function tellAccount(lines: readonly string[]): void {
  say('Both APIs behave as in the account of the profile.');
  if (lines.length === 0) say('  Nothing is otherwise there.');
  for (const line of lines) say(`  ${line}`);
}

function tellWhere({ uiUrl, nexudus, kisi, service }: Scene): void {
  say(`  Temporal UI  ${uiUrl}`);
  say(`  Nexudus      ${nexudus.url}`);
  say(`  Kisi         ${kisi.url}`);
  say(`  Health       http://127.0.0.1:${service.healthPort}/readyz`);
  say(
    `  Nexudus is polled every ${pollIntervalMs / 1000} s (30 s in a real space, and at once where Nexudus pushes).`,
  );
  say();
}

function inviteToPlay(uiUrl: string): void {
  say('It goes on running. Try these in another terminal, in this folder:');
  say('  npx latchkey --demo members         lists everybody with their keys');
  say('  npx latchkey --demo play buy bob    sells Bob a day pass: he has a key within about 10 s');
  say('  npx latchkey --demo explain bob     says why he has it, by rule and record');
  say('  npx latchkey --demo play use bob    uses the pass up: the key is gone within about 10 s');
  say('  npx latchkey --demo play kisi down  has Kisi fail: a key that is due waits for `play kisi up`');
  say('Any name will do, and any other command works as well, such as `show bob`.');
  say(`The members are in the Temporal UI, ${uiUrl} . Ctrl-C ends the demo.`);
}

/** Tells the stories one after another; answers how many outcomes were wrong, or null where it was to stop. */
async function tour(scene: Scene, stopAsked: Promise<void>): Promise<number | null> {
  const stopped = stopAsked.then(() => 'stopped');
  let failures = 0;
  for (const story of [joins, dayPassUsed, expiry, renewal, suspension, planChange, outage]) {
    try {
      if ((await Promise.race([story(scene), stopped])) === 'stopped') return null;
    } catch (error) {
      failures++;
      say(`  ✗ ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failures;
}

async function joins({ playground, kisi, ids, service, uiUrl }: Scene): Promise<void> {
  say('1. Ada joins in Rome with the plan "Unlimited" (a pass a day).');
  playground.join('Ada');
  await seen('her key to "Trastevere, Rome – Office Membership"', () =>
    holds(kisi, 'Ada', ids.groups.romeOffice),
  );
  expect(mailsTo(kisi, 'Ada') === 1, 'Kisi has mailed her one invitation');
  const ada = playground.idOf('Ada');
  const { runId } = await service.client.workflow.getHandle(memberWorkflowId(ada)).describe();
  say(`     her workflow: ${uiUrl}/namespaces/default/workflows/${memberWorkflowId(ada)}/${runId}`);
}

async function dayPassUsed({ playground, kisi, ids }: Scene): Promise<void> {
  say(
    '2. Bob buys a day pass, and uses it up (policy "usedPass: atOnce" here; by default it serves to the day’s end).',
  );
  playground.buy('Bob');
  await seen('his key', () => holds(kisi, 'Bob', ids.groups.romeDay));
  playground.use('Bob');
  await seen('the key is gone', () => holdsNothing(kisi, 'Bob'));
}

async function expiry({ playground, nexudus, kisi, ids }: Scene): Promise<void> {
  say('3. Cleo has a pass that expires in 25 seconds.');
  const cleo = playground.addMember('Cleo', ids.rome);
  const end = Math.ceil(Date.now() / 1000) * 1000 + 25_000;
  const dayPass = { TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome };
  nexudus.space.addPass({ CoworkerId: cleo, ...dayPass, ExpireDate: iso(end) });
  await seen('her key', () => holds(kisi, 'Cleo', ids.groups.romeDay));
  await until(end);
  await seen('the pass has expired, and the key is gone', () => holdsNothing(kisi, 'Cleo'), end);
}

async function renewal({ playground, nexudus, kisi, ids }: Scene): Promise<void> {
  say('4. Dan’s plan pass expires in 25 seconds, and the plan hands out the next one 3 seconds late.');
  const dan = playground.addMember('Dan', ids.newYork);
  const { UniqueId } = nexudus.space.addContract({
    CoworkerId: dan,
    TariffId: ids.plans.newYorkWeek,
    IssuedById: ids.newYork,
  });
  const end = Math.ceil(Date.now() / 1000) * 1000 + 25_000;
  const pass = (ExpireDate: string): unknown =>
    nexudus.space.addPass({
      CoworkerId: dan,
      TimePassId: ids.passTypes.newYorkOffice,
      BusinessId: ids.newYork,
      IsFromTariff: true,
      CoworkerContractUniqueId: UniqueId,
      ExpireDate,
    });
  pass(iso(end));
  await seen('his key', () => holds(kisi, 'Dan', ids.groups.newYorkOffice));
  const writes = writesTo(kisi);
  await until(end + 3_000);
  expect(
    holds(kisi, 'Dan', ids.groups.newYorkOffice),
    'the pass has expired; the key is held for the renewal',
  );
  pass(iso(end + 7 * 86_400_000));
  await until(end + 3_000 + pollIntervalMs + 2_000);
  expect(holds(kisi, 'Dan', ids.groups.newYorkOffice), 'renewed: the key went on');
  const isQuiet = writesTo(kisi) === writes && mailsTo(kisi, 'Dan') === 1;
  expect(isQuiet, 'without a write to Kisi, and without a second mail');
}

async function suspension({ playground, kisi }: Scene): Promise<void> {
  say('5. Ada is suspended, and let in again.');
  playground.suspend('Ada');
  await seen('the key is gone', () => holdsNothing(kisi, 'Ada'));
  playground.admit('Ada');
  await seen('the key is back', () => !holdsNothing(kisi, 'Ada'));
  expect(mailsTo(kisi, 'Ada') === 1, 'without a second mail');
}

async function planChange({ playground, nexudus, kisi, ids }: Scene): Promise<void> {
  say('6. Ada moves from Rome to New York: another plan at once.');
  const ada = playground.idOf('Ada');
  const contract = nexudus.space.list('coworkercontracts').find((one) => one.CoworkerId === ada);
  if (contract !== undefined) nexudus.space.cancelContract(contract.Id, Date.now());
  playground.subscribe(ada, ids.plans.newYorkWeek, ids.newYork);
  await seen('the key to New York', () => holds(kisi, 'Ada', ids.groups.newYorkOffice));
  await seen('the key to Rome is gone', () => !holds(kisi, 'Ada', ids.groups.romeOffice));
}

async function outage({ playground, kisi, ids, service }: Scene): Promise<void> {
  say('7. Kisi is down for 15 seconds while Eve buys a day pass.');
  playground.turn('kisi', 'down');
  playground.buy('Eve');
  const eve = playground.idOf('Eve');
  await seen('her workflow says what it waits for', async () => {
    const view = await service.client.workflow
      .getHandle(memberWorkflowId(eve))
      .query(stateQuery)
      .catch(() => null);
    if (!view?.waitingFor) return false;
    say(`     "${view.waitingFor.what}"`);
    return true;
  });
  await sleep(5_000);
  playground.turn('kisi', 'up');
  say('   Kisi is back.');
  await seen('her key', () => holds(kisi, 'Eve', ids.groups.romeDay));
  expect(mailsTo(kisi, 'Eve') === 1, 'with one mail');
}

const holds = (kisi: KisiSimulator, name: string, groupId: number): boolean =>
  kisi.org.keysOf(emailOf(name)).includes(groupId);
const holdsNothing = (kisi: KisiSimulator, name: string): boolean =>
  kisi.org.keysOf(emailOf(name)).length === 0;
const writesTo = (kisi: KisiSimulator): number =>
  kisi.requests.list().filter((request) => request.method !== 'GET').length;
const mailsTo = (kisi: KisiSimulator, name: string): number =>
  kisi.mails.filter((mail) => mail.to === emailOf(name)).length;

/** Waits until something is so and says how long it took, from `from` on. Throws after a minute and a half. */
async function seen(
  what: string,
  holdsTrue: () => boolean | Promise<boolean>,
  from = Date.now(),
): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!(await holdsTrue())) {
    if (Date.now() > deadline) throw new Error(`never came: ${what}`);
    await sleep(50);
  }
  say(`   ✓ ${what} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
}

function expect(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`not so: ${what}`);
  say(`   ✓ ${what}`);
}

const until = (at: number): Promise<void> => sleep(Math.max(0, at - Date.now()));
