/** A worker process: its start, its parts in order, and its stop. */
import type { Client } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import { digestOfRules } from '../activities/membership.js';
import { readOrders } from '../activities/orders.js';
import { version } from '../lib/version.js';
import { createChangeGauge } from '../monitoring/api-changes.js';
import { createChannels } from '../monitoring/channels.js';
import { setComparisonInterval } from '../monitoring/drift.js';
import { lastReport } from '../monitoring/facts.js';
import type { Health } from '../monitoring/health.js';
import { JournalWatch } from '../monitoring/journal.js';
import { createKeyGauges } from '../monitoring/kisi-key.js';
import { Monitor } from '../monitoring/monitor.js';
import { watchRetiring } from '../monitoring/retiring.js';
import { TokenWatch } from '../monitoring/token-end.js';
import type { Listener } from '../push/listener.js';
import { startPush } from '../webhooks/push.js';
import { createTeller } from './in-force.js';
import { Leader, ensureLeader } from './leader.js';
import { LeaderWorkers } from './leader-workers.js';
import { createMemberWorker } from './member-worker.js';
import { goOnWhenMended, wakeBlocked } from './mended.js';
import { watchOtherRules, type OtherRules } from './other-rules.js';
import { openParts, type Parts, type ServiceOptions } from './parts.js';
import { serveHealth } from './readiness.js';
import { ensureRemembering } from './remembering.js';
import { ensureSchedules, runAtOnce, runNow } from './schedules.js';
import { hearTemporal } from './temporal-clock.js';

const ensureEveryMs = 30_000;
const otherRulesEveryMs = 10_000;

/** A running worker process. */
export interface Service {
  healthPort: number;
  /** Null: no webhooks are taken in. */
  pushPort: number | null;
  client: Client;
  /** Resolves when the workers have stopped; rejects when one fails. */
  done: Promise<void>;
  /** Finishes what is under way, then stops. */
  stop(): Promise<void>;
}

/**
 * Runs both workers, the Schedules and the health endpoint until stopped. As long as the space is not known, members wait
 * and say so. Throws where Temporal cannot be reached.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const parts = await openParts(options);
  const { config, client } = parts;
  const journal = await watchJournal(parts);
  const stopWatching = watchEnds(parts);
  const otherRules = await watchOtherRules(client, config.file, parts.log);
  const leaderWorkers = new LeaderWorkers(parts);
  const leader = new Leader({
    heldBack: () => otherRules.heldBack(),
    openWorkers: () => leaderWorkers.open(),
    tell: createTeller(client, parts),
    monitor: monitorOf(parts, journal),
  });
  const worker = await createMemberWorker(parts, leader);
  const running = worker.run();
  const stopEnsuring = await keepSingletons(parts);
  const stopTelling = tellOfOtherRules(parts, otherRules);
  const ended = new AbortController();
  await ensureSchedules(client, config);
  await runAtOnce(client, parts.log, ended.signal);
  await wakeBlocked(parts);
  const health = await serveHealth(parts, worker, leader);
  const push = await takePushes(parts, leader);
  await tellStart(parts, health.port);
  goOnWhenMended(parts, ended.signal);
  const done = running
    .finally(() => {
      for (const stop of [stopEnsuring, stopTelling, stopWatching]) stop();
      ended.abort();
      parts.space.stop();
      for (const login of parts.apis.logins) login.stop();
      return leader.stop();
    })
    .then(() => push?.close())
    .then(() => close(parts, health))
    .finally(() => parts.auditLog.close());
  return {
    healthPort: health.port,
    pushPort: push?.port ?? null,
    client,
    done,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await leader.stop();
      await done;
    },
  };
}

async function watchJournal({ auditLog, log, apis, client }: Parts): Promise<JournalWatch> {
  return new JournalWatch({
    ...{ auditLog, log, now: () => apis.time.now(), meter: Runtime.instance().metricMeter },
    told: (await lastReport(client))?.journal.head ?? null,
  });
}

/** Looks after the space while this process is the leader, and sends the alerts. */
function monitorOf(parts: Parts, journal: JournalWatch): Monitor {
  const { config, apis, log, client, kept, meters, runs, monitorPace = {} } = parts;
  const common = { kept, log, now: () => apis.time.now() };
  return new Monitor({
    ...{ ...common, client, taskQueue: config.taskQueue, journal, runs },
    token: new TokenWatch({ ...common, tokenInUse: apis.nexudusToken }),
    time: apis.time,
    hear: (signal) => hearTemporal(client, apis.temporalClock, signal),
    tellClocks: meters.clocks,
    tellKey: createKeyGauges(Runtime.instance().metricMeter),
    tellChanges: createChangeGauge(Runtime.instance().metricMeter),
    runNow: (id) => runNow(client, id),
    watch: apis.watch,
    ask: {
      nexudus: () => apis.nexudus.me(),
      kisi: async () => apis.kisi.organizationRole({ userId: (await apis.kisi.currentUser()).id }),
    },
    skewMs: {
      nexudus: () => apis.nexudus.clock.skewMs(),
      kisi: () => apis.kisiClock.skewMs(),
      temporal: () => apis.temporalClock.skewMs(),
    },
    channels: createChannels(config.alerts),
    pace: monitorPace,
  });
}

function takePushes(parts: Parts, leader: Leader): Promise<Listener | null> {
  const { config, client, apis, auditLog, ownership, kept, webhooksSeen, log, follower, meters } = parts;
  return startPush({
    ...{ config, client, kisi: apis.kisi, auditLog, ownership, kept, webhooksSeen, log },
    nexudus: apis.nexudusForReconciliations,
    now: () => (leader.isLeading() ? apis.time.now() : null),
    hasCoworker: async (id, notBefore) => (leader.isLeading() ? follower.hasCoworker(id, notBefore) : null),
    onWoken: meters.pushWake,
  });
}

/** Notes what the APIs say of their own end; answers how to stop. */
function watchEnds({ config, apis }: Parts): () => void {
  const hosts = { nexudus: new URL(config.nexudus.baseUrl).host, kisi: new URL(config.kisi.baseUrl).host };
  return watchRetiring(hosts, (api, words) => {
    apis.watch.noteRetiring(api, words);
  });
}

/**
 * Somebody may terminate the workflows that there is one of by hand, and then nothing at all would go on: so they are started
 * again.
 */
async function keepSingletons({ client, config, kept, log }: Parts): Promise<() => void> {
  const ensure = async (): Promise<void> => {
    await ensureRemembering(client, kept, config);
    await ensureLeader(client, config.taskQueue);
  };
  await ensure();
  await setComparisonInterval(client, config.comparisonIntervalMs);
  return every(ensureEveryMs, () => {
    ensure().catch((err: unknown) => {
      log.warn(
        { err },
        'Latchkey could not check whether the workflows control, guard, leader and drift run',
      );
    });
  });
}

/** Has the log say, now and later, where the rules of this process are not those in force. Answers how to end that. */
function tellOfOtherRules({ log }: Parts, otherRules: OtherRules): () => void {
  const look = (): void => {
    otherRules.tell().catch((err: unknown) => {
      log.debug({ err }, 'Latchkey could not read which rules are in force');
    });
  };
  look();
  return every(otherRulesEveryMs, look);
}

function every(ms: number, job: () => void): () => void {
  const again = setInterval(job, ms);
  return () => {
    clearInterval(again);
  };
}

/** Logs what runs, by which rules, and what keeps keys from being written, so that nobody waits for them in vain. */
async function tellStart({ config, space, log, client }: Parts, healthPort: number): Promise<void> {
  const { stop, mode } = await readOrders(client);
  const known = space.known();
  let rules = known && digestOfRules(known.rules);
  log.info(
    { version: version(), mode: mode.name, rules, taskQueue: config.taskQueue, healthPort },
    'latchkey is running',
  );
  space.onFound((found) => {
    if (digestOfRules(found.rules) === rules) return;
    rules = digestOfRules(found.rules);
    log.info({ rules }, 'the rules are known');
  });
  const next = 'see `latchkey report`, then `latchkey mode live`';
  if (mode.name === 'observe') log.warn(`mode observe: nothing is written to Kisi; ${next}`);
  if (mode.name === 'canary') log.warn(`mode canary: only the keys of a few are written to Kisi; ${next}`);
  if (stop !== null) log.warn(`${stop.level} is stopped by ${stop.by}; \`latchkey resume\` lets it go on`);
}

async function close({ native, connection }: Parts, health: Health): Promise<void> {
  await health.close();
  await native.close();
  await connection.close();
}
