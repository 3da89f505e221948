import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Connection } from '@temporalio/client';
import { Runtime, Worker, type NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { readingRules } from '../access/pass-rules.js';
import type { Instant } from '../access/types.js';
import { createGuardBook } from '../activities/revocation-guard.js';
import { createBlockActivities, profilesBeside } from '../activities/blocks.js';
import { createBaselineBook } from '../activities/baselines.js';
import { createPlanActivities } from '../activities/plan-parts.js';
import { createDriftActivities } from '../activities/drift.js';
import { keyEmailDigests } from '../activities/email-digest.js';
import { createGate } from '../activities/gate.js';
import { shownHoldings } from '../activities/holdings.js';
import { createKeyActivities } from '../activities/keys.js';
import { createKnownRecords } from '../activities/known.js';
import { notKnownYet } from '../activities/failures.js';
import { createMembershipActivities, digestOfRules } from '../activities/membership.js';
import { createOrderBook, orderException, readOrders } from '../activities/orders.js';
import { createPeople } from '../activities/people.js';
import { createPollActivities } from '../activities/poll.js';
import { createRecorder, type Stopwatch } from '../activities/recorder.js';
import { createTimekeeper, type Timekeeper } from '../activities/time.js';
import { createAuditLogActivities } from '../activities/audit-log.js';
import { createWakeActivities, createWaker, inBatches, runningMembers } from '../activities/wake.js';
import { createKisiClient, type KisiClient, type KisiClientOptions } from '../kisi/client.js';
import { createDirectory } from '../kisi/directory.js';
import { createKisiPacer, type KisiPacer } from '../kisi/pace.js';
import { turnsByPriority } from './turns.js';
import { createNexudusClient, type NexudusAuth, type NexudusClient } from '../nexudus/client.js';
import { createServerClock, type ServerClock } from '../nexudus/clock.js';
import { createPacer, type Pacer, type Plan, type Turns } from '../nexudus/pace.js';
import { createReader } from '../nexudus/reader.js';
import { createFollower, type Follower } from '../nexudus/follower.js';
import { createReplica, type Replica } from '../nexudus/replica.js';
import { createStalls } from '../nexudus/stalls.js';
import { surelyStampedNow } from '../nexudus/stamps.js';
import { createSession, type Session } from '../nexudus/session.js';
import { openDatabase } from '../database/database.js';
import { createKept, type Kept } from '../database/kept.js';
import { createOwnership, type Ownership } from '../database/ownership.js';
import { installationSecret } from '../database/secret.js';
import { createAuditLog, type AuditLog } from '../database/audit-log.js';
import { mayWriteSince } from '../messages/to-control.js';
import {
  kisiBatchTaskQueue,
  kisiTaskQueue,
  nexudusTaskQueue,
  searchAttributes,
} from '../messages/to-member.js';
import { createApiWatch, type ApiWatch } from '../monitoring/api-watch.js';
import { workflowBundle } from './bundle.js';
import { createChannels } from '../monitoring/channels.js';
import type { CheckedSpace } from './check.js';
import type { Config, Credentials } from '../config/config.js';
import { startHealth, type Health } from '../monitoring/health.js';
import { createLatencyMeters, type LatencyMeters } from '../monitoring/latency.js';
import { identityOf } from '../monitoring/identity.js';
import { watchRetiring } from '../monitoring/retiring.js';
import { ensureSearchAttributes } from '../temporal-server/search-attributes.js';
import { askForComparison, setComparisonInterval } from '../monitoring/drift.js';
import { lastReport } from '../monitoring/facts.js';
import { createJournalWatch, type JournalWatch } from '../monitoring/journal.js';
import { createMonitor, type Monitor, type MonitorPace } from '../monitoring/monitor.js';
import { ensureRemembering } from './remembering.js';
import { startPush } from '../webhooks/push.js';
import { createTeller } from './in-force.js';
import { hearTemporal } from './temporal-clock.js';
import { watchOtherRules, type OtherRules } from './other-rules.js';
import { createLogin, tellOf, type LoginState } from './login.js';
import { noRefusals, type RefusalBook } from './refusals.js';
import { keepResolved } from './resolved.js';
import type { SpaceWatch } from './space.js';
import { createRunWatch, type RunWatch } from '../monitoring/runs.js';
import { createTokenWatch } from '../monitoring/token-end.js';
import { createLeader, ensureLeader, type Leader } from './leader.js';
import {
  connectClient,
  connectNative,
  ensureSchedules,
  runNow,
  runSchedules,
  type TemporalAddress,
} from './temporal.js';
import { version } from '../lib/version.js';

/**
 * Few, so that what waits for Kisi waits in Temporal's queue, where the urgent goes first; enough to keep Kisi's 5 a
 * second busy while an answer takes a second.
 */
const kisiSlots = 5;
const ensureEveryMs = 30_000;
const otherRulesEveryMs = 10_000;
/** The readiness endpoint answers within five seconds. */
const databaseMs = 2_000;
const listLagsMs = [0, 2_000, 10_000];

/** Both APIs as this configuration reaches them. */
export interface Apis {
  nexudus: NexudusClient;
  /** The same for reads that several wait for together, and for reads of many: they let the reads of one member go first. */
  nexudusForGroups: NexudusClient;
  nexudusForBatches: NexudusClient;
  /** The same for polls, and for reconciliations: they let both go first. */
  nexudusForPolls: NexudusClient;
  nexudusForReconciliations: NexudusClient;
  kisi: KisiClient;
  /** The same, asking before each write. */
  kisiWhere: (beforeWrite: () => Promise<void>) => KisiClient;
  /** The clocks of Kisi and Temporal, as their answers tell of them. */
  kisiClock: ServerClock;
  temporalClock: ServerClock;
  /** What time it is, by all clocks together. */
  time: Timekeeper;
  /** When more may be asked of Nexudus for its limits not to be reached. */
  nexudusPlan: Plan;
  /** How they have answered all of these. */
  watch: ApiWatch;
  /** Whether each API takes what it is shown. */
  logins: LoginState[];
  /** The token for Nexudus that a person got by hand; null: none is in use. */
  nexudusToken: () => string | null;
}

/** How fast each API is asked. */
export interface Paces {
  nexudus: Pacer;
  kisi: KisiPacer;
}

/**
 * Each process has its own paces: only one of them is the leader at a time. Other ones are for benches and tests.
 * `readCredentials`: the credentials as they are now where they were read at the start; null: not whole, or always the
 * same. `refusals`: what earlier processes know of refused logins. `wallMs`: this machine's clock.
 */
export function createApis(
  config: Config,
  paces: Partial<Paces> = {},
  readCredentials: () => Credentials | null = () => null,
  refusals: RefusalBook = noRefusals,
  wallMs: () => Instant = Date.now,
): Apis {
  const { nexudus: pace = createPacer(), kisi: kisiPace = createKisiPacer() } = paces;
  const { baseUrl } = config.nexudus;
  const clock = createServerClock({ wallMs });
  const stalls = createStalls();
  const kisiClock = createServerClock({ wallMs });
  const temporalClock = createServerClock({ wallMs });
  const time = createTimekeeper({
    clocks: { temporal: temporalClock, nexudus: clock, kisi: kisiClock },
    wallMs,
  });
  const sessionOf = sessionsBy(refusals);
  const nexudusFor = (auth: NexudusAuth, turns: Turns): NexudusClient =>
    createNexudusClient({ baseUrl, auth, clock, stalls, session: sessionOf(auth), pace: turns });
  const nexudus = createLogin({
    api: 'Nexudus',
    credential: config.nexudus.auth,
    readCredential: () => readCredentials()?.nexudus ?? null,
    tryOut: (auth) => nexudusFor(auth, pace.members).me(),
  });
  const watch = createApiWatch(() => time.now());
  const nexudusBy = (turns: Turns): NexudusClient =>
    watch.nexudus(nexudus.clientOf((auth) => nexudusFor(auth, nexudus.guarded(turns))));
  const turns = turnsByPriority(kisiPace);
  const kisi = createLogin({
    api: 'Kisi',
    credential: config.kisi.apiKey,
    readCredential: () => readCredentials()?.kisi ?? null,
    tryOut: (apiKey) => createKisiClient({ baseUrl: config.kisi.baseUrl, apiKey, pace: turns }).currentUser(),
  });
  const noteDate = (date: string | null, startedMs: number): void => {
    kisiClock.note(date, startedMs);
  };
  const kisiBy = (options: Pick<KisiClientOptions, 'beforeWrite'>): KisiClient =>
    watch.kisi(
      kisi.clientOf((apiKey) =>
        createKisiClient({
          ...{ baseUrl: config.kisi.baseUrl, apiKey, pace: kisi.guarded(turns), noteDate },
          ...options,
        }),
      ),
    );
  return {
    nexudus: nexudusBy(pace.members),
    nexudusForGroups: nexudusBy(pace.groups),
    nexudusPlan: pace.plan,
    nexudusForBatches: nexudusBy(pace.batches),
    nexudusForPolls: nexudusBy(pace.polls),
    nexudusForReconciliations: nexudusBy(pace.reconciliations),
    kisi: kisiBy({}),
    kisiWhere: (beforeWrite) => kisiBy({ beforeWrite }),
    ...{ kisiClock, temporalClock, time },
    logins: [nexudus, kisi],
    nexudusToken() {
      const auth = nexudus.inUse();
      return 'token' in auth ? auth.token : null;
    },
    watch,
  };
}

/** One session for each login that is used or tried, so that all clients of it share one token, and one pause. */
function sessionsBy(refusals: RefusalBook): (auth: NexudusAuth) => Session {
  const sessions = new Map<string, Session>();
  return (auth) => {
    const key = JSON.stringify(auth);
    const session = sessions.get(key) ?? createSession('token' in auth ? undefined : refusals.of(auth));
    sessions.set(key, session);
    return session;
  };
}

export interface ServiceOptions {
  config: Config;
  apis: Apis;
  space: SpaceWatch;
  /** Null: as TEMPORAL_* says. */
  temporal: TemporalAddress | null;
  /** What is wrong with the Temporal server that this process keeps running; null: nothing. */
  temporalProblem?: () => string | null;
  log: Logger;
  /** Where the SDK serves its metrics, to pass on under /metrics. */
  sdkMetricsUrl: string | null;
  /** When alerts go out; left out: as in a real space. */
  monitorPace?: Partial<MonitorPace>;
}

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
  const { config, apis, space, log } = options;
  const { client, connection } = await connectClient(options.temporal);
  const native = await connectNative(options.temporal);
  await ensureSearchAttributes(connection, client.options.namespace, searchAttributes, Date.now() + 30_000);
  const db = await openDatabase(config.databaseUrl, (line) => {
    log.warn(line);
  });
  keyEmailDigests(await installationSecret(db));
  space.onFound(({ resolved }) => {
    keepResolved(db, resolved).catch((err: unknown) => {
      log.warn({ err }, 'the ids that the configuration names could not be kept for the next start');
    });
  });
  const stores = storesIn(db, () => apis.time.now());
  const { auditLog, ownership, kept } = stores;
  const journal = createJournalWatch({
    ...{ auditLog, log, now: () => apis.time.now(), meter: Runtime.instance().metricMeter },
    told: (await lastReport(client))?.journal.head ?? null,
  });
  const stopWatching = watchEnds(options);
  const meters = createLatencyMeters(Runtime.instance().metricMeter);
  const otherRules = await watchOtherRules(client, config.file, log);
  const runs = createRunWatch(undefined, options.monitorPace?.lateMs);
  const copy = copyOf(apis);
  const leader = createLeader({
    heldBack: () => otherRules.heldBack(),
    openWorkers: leaderWorkers(options, client, native, stores, copy, meters, runs),
    tell: createTeller(client, options),
    monitor: monitorOf(options, client, kept, meters, runs, journal),
  });
  const worker = await memberWorker(options, client, native, leader, ownership);
  const running = worker.run();
  const stopEnsuring = await keepSingletons(client, config, stores.kept, log);
  const stopTelling = tellOfOtherRules(otherRules, log);
  await ensureSchedules(client, config);
  await wakeBlocked(client, config.taskQueue, ownership);
  const health = await startHealth({
    host: config.healthHost,
    port: config.healthPort,
    checks: async () => {
      const waitsFor = [...waitedFor(options), ...(await problemOf(kept))];
      return {
        ready: waitsFor.length === 0 && (await isReady(worker, client)),
        detail: { taskQueue: config.taskQueue, isLeader: leader.isLeading(), waitsFor },
      };
    },
    metrics: () => sdkMetrics(options.sdkMetricsUrl),
  });
  const { nexudusForReconciliations: nexudus, kisi } = apis;
  const push = await startPush({
    ...{ config, client, nexudus, kisi, auditLog, ownership, kept, log },
    now: () => (leader.isLeading() ? apis.time.now() : null),
    hasCoworker: async (id, notBefore) =>
      leader.isLeading() ? copy.follower.hasCoworker(id, notBefore) : null,
    onWoken: meters.pushWake,
  });
  await tellStart(options, client, health.port);
  const ended = new AbortController();
  goOnWhenMended(options, client, ownership, ended.signal);
  const done = running
    .finally(() => {
      stopEnsuring();
      stopTelling();
      stopWatching();
      ended.abort();
      space.stop();
      for (const login of apis.logins) login.stop();
      return leader.stop();
    })
    .then(() => push?.close())
    .then(() => close(health, native, connection))
    .finally(() => auditLog.close());
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

/** The records of Nexudus that the leader keeps in memory, and what brings them up to date. */
interface Copy {
  replica: Replica;
  follower: Follower;
}

function copyOf({ nexudus, nexudusPlan: plan, time }: Apis): Copy {
  const replica = createReplica();
  const now = (): Instant => time.now();
  const stampedNow = (): Instant | null =>
    surelyStampedNow(nexudus.clock, { now, verdict: () => time.verdict() });
  const follower = createFollower({ client: nexudus, readingRules, replica, now, stampedNow, plan });
  return { replica, follower };
}

/** What is kept in the database. */
interface Stores {
  auditLog: AuditLog;
  ownership: Ownership;
  kept: Kept;
}

function storesIn(db: Awaited<ReturnType<typeof openDatabase>>, now: () => number): Stores {
  return { auditLog: createAuditLog(db), ownership: createOwnership(db, now), kept: createKept(db) };
}

/** Looks after the space while this process is the leader, and sends the alerts. */
function monitorOf(
  { config, apis, log, monitorPace }: ServiceOptions,
  client: Client,
  kept: Kept,
  meters: LatencyMeters,
  runs: RunWatch,
  journal: JournalWatch,
): Monitor {
  const common = { kept, log, now: () => apis.time.now() };
  return createMonitor({
    ...{ ...common, client, taskQueue: config.taskQueue, journal },
    token: createTokenWatch({ ...common, tokenInUse: apis.nexudusToken }),
    time: apis.time,
    hear: (signal) => hearTemporal(client, apis.temporalClock, signal),
    tellClocks: meters.clocks,
    runs,
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
    pace: monitorPace ?? {},
  });
}

/** Notes what the APIs say of their own end; answers how to stop. */
function watchEnds({ config, apis }: ServiceOptions): () => void {
  const hosts = { nexudus: new URL(config.nexudus.baseUrl).host, kisi: new URL(config.kisi.baseUrl).host };
  return watchRetiring(hosts, (api, words) => {
    apis.watch.noteRetiring(api, words);
  });
}

const shutdown = { shutdownGraceTime: '20s', shutdownForceTime: '30s' } as const;
/** What is asked of the APIs is given up at once, unless it has begun to change something (activities/remote.ts). */
const shutdownOfLeader = { ...shutdown, shutdownGraceTime: 0 } as const;

/** The worker that every process runs: members' workflows, and what wakes them. */
async function memberWorker(
  { config, space }: ServiceOptions,
  client: Client,
  connection: NativeConnection,
  leader: Leader,
  ownership: Ownership,
): Promise<Worker> {
  return Worker.create({
    ...shutdown,
    connection,
    identity: identityIn(space),
    namespace: client.options.namespace,
    taskQueue: config.taskQueue,
    workflowBundle: await workflowBundle(),
    activities: {
      ...leader.activities,
      ...createWakeActivities(client, createWaker(client, config.taskQueue, ownership)),
      ...createPlanActivities(client, config.taskQueue),
      ...createBlockActivities({
        orders: createOrderBook(client, Date.now),
        ownership,
        waker: createWaker(client, config.taskQueue, ownership),
        otherProfiles: (memberId) => profilesBeside(client, memberId),
        now: Date.now,
      }),
    },
    maxConcurrentWorkflowTaskExecutions: 40,
    // A thousand members and what there is one of: one too many, and a wake of all in turn finds nobody there any more.
    maxCachedWorkflows: 1100,
    // Else a beat of the leader would be held back for most of its time limit.
    maxHeartbeatThrottleInterval: '2s',
  });
}

/** Makes the workers that one process at a time runs: for Nexudus and for Kisi. */
function leaderWorkers(
  options: ServiceOptions,
  client: Client,
  connection: NativeConnection,
  { auditLog, ownership, kept }: Stores,
  { replica, follower }: Copy,
  meters: LatencyMeters,
  runs: RunWatch,
): () => Promise<Worker[]> {
  const { config, apis, space } = options;
  const { time } = apis;
  const now = (): Instant => time.now();
  const people = createPeople(async (memberId) => {
    const record = await apis.nexudus.getOne('coworkers', memberId);
    return record === null ? null : { email: record.email, name: record.fullName };
  });
  const baselines = createBaselineBook(client, now);
  const orders = createOrderBook(client, now);
  const guard = createGuardBook({ client, limits: config.file.guard });
  const gate = createGate(orders);
  const kisi = apis.kisiWhere(() => gate.admitWrite());
  const stopwatch: Stopwatch = {
    // The gate has just read them.
    countsFrom: async () => mayWriteSince(await orders.get({ notBefore: Infinity, maxAgeMs: 60_000 })),
    tell: (wait) => {
      meters.key(wait);
    },
  };
  const known = createKnownRecords();
  const knownTime = { now, verdict: () => time.verdict() };
  const nexudusActivities = {
    ...byTheRules(
      space,
      { assessMember: true, pollChanges: true, reconcile: true },
      ({ rules, timeZones }) => {
        const reader = createReader({
          client: apis.nexudus,
          clientForGroups: apis.nexudusForGroups,
          clientForBatches: apis.nexudusForBatches,
          readingRules,
          now,
          timeZones,
          baselines: () => baselines.read(),
          follower,
        });
        return {
          ...createMembershipActivities({
            ...{ reader, rules, people, known, gate, orders, guard, auditLog, ownership, now },
            possible: () => time.possible(),
          }),
          ...createPollActivities({
            nexudus: apis.nexudusForPolls,
            nexudusForReconciliations: apis.nexudusForReconciliations,
            client,
            waker: createWaker(client, config.taskQueue, ownership),
            ownership,
            rules,
            timeZones,
            known,
            baselines,
            auditLog,
            auditLogRetentionMs: config.file.auditLogRetentionMs,
            tellLag: (collection, lagMs) => {
              meters.pollLag(collection, lagMs);
            },
            ...knownTime,
            replica,
          }),
        };
      },
    ),
    ...createAuditLogActivities({ auditLog, kept, now }),
  };
  const directory = createDirectory({
    ...{ kisi, now: () => performance.now(), how: config.file.findUsers },
    // A comparison reads it too.
    wantList: () => void askForComparison(client).catch(() => undefined),
  });
  const moves = { areHeeded: false };
  const kisiActivities = {
    ...createKeyActivities({
      kisi,
      directory,
      moves,
      people,
      gate,
      recorder: createRecorder(auditLog, now, stopwatch),
      ownership,
      isApiUserOurs: config.file.apiUser === 'latchkeyOnly',
    }),
    ...byTheRules(
      space,
      { compareWithKisi: true, wakeToMend: true, freeze: true, except: true, noteFindings: true },
      ({ rules }) =>
        createDriftActivities({
          orderException: (wish, id) => orderException(client, wish, id),
          readLedgers: (afresh) => shownHoldings(client, ownership, afresh),
          nexudus: apis.nexudusForReconciliations,
          kisi,
          directory,
          moves,
          mapping: rules.mapping,
          policy: config.file.drift,
          baselines,
          gate,
          auditLog,
          ownership,
          waker: createWaker(client, config.taskQueue, ownership),
          now,
        }),
    ),
  };
  const shared = { ...shutdownOfLeader, connection, namespace: client.options.namespace };
  return () => {
    const identity = identityIn(space);
    return Promise.all([
      Worker.create({
        ...shared,
        identity,
        taskQueue: nexudusTaskQueue(config.taskQueue),
        activities: runs.watched(nexudusActivities),
        // Members that wait for the same full read each hold a slot; waiting costs nothing.
        maxConcurrentActivityTaskExecutions: 2000,
      }),
      ...[kisiTaskQueue, kisiBatchTaskQueue].map((queueOf) =>
        Worker.create({
          ...shared,
          identity,
          taskQueue: queueOf(config.taskQueue),
          activities: kisiActivities,
          maxConcurrentActivityTaskExecutions: kisiSlots,
        }),
      ),
    ]);
  };
}

/**
 * Activities that follow the rules: made as soon as these are known, and anew where they turn out to be others. Until then
 * each fails, for its workflow to say what it waits for and to try it again.
 */
function byTheRules<A extends object>(
  space: SpaceWatch,
  names: Record<keyof A, true>,
  make: (space: CheckedSpace) => A,
): A {
  let made: { of: CheckedSpace; activities: A } | null = null;
  const current = (): A => {
    const known = space.known();
    if (known === null) throw notKnownYet(space.problem() ?? { api: null, lines: [] });
    if (made?.of !== known) made = { of: known, activities: make(known) };
    return made.activities;
  };
  const functions = (Object.keys(names) as (keyof A)[]).map((name) => [
    name,
    async (...args: unknown[]): Promise<unknown> =>
      (current()[name] as (...a: unknown[]) => Promise<unknown>)(...args),
  ]);
  return Object.fromEntries(functions) as A;
}

/** Somebody may terminate them by hand, and then nothing at all would go on: so they are started again. */
async function keepSingletons(client: Client, config: Config, kept: Kept, log: Logger): Promise<() => void> {
  const { taskQueue, initialMode, comparisonIntervalMs } = config;
  const ensure = async (): Promise<void> => {
    await ensureRemembering(client, kept, { taskQueue, initialMode, comparisonIntervalMs, now: Date.now });
    await ensureLeader(client, taskQueue);
  };
  await ensure();
  await setComparisonInterval(client, comparisonIntervalMs);
  const again = setInterval(() => {
    ensure().catch((err: unknown) => {
      log.warn({ err }, 'whether the workflows control, guard, leader and drift run could not be checked');
    });
  }, ensureEveryMs);
  return () => {
    clearInterval(again);
  };
}

/** Has the log say, now and later, where the rules of this process are not those in force. Answers how to end that. */
function tellOfOtherRules(otherRules: OtherRules, log: Logger): () => void {
  const look = (): void => {
    otherRules.tell().catch((err: unknown) => {
      log.debug({ err }, 'by which rules others work could not be read');
    });
  };
  look();
  const again = setInterval(look, otherRulesEveryMs);
  return () => {
    clearInterval(again);
  };
}

/** What runs, by which rules, and what keeps keys from being written, so that nobody waits for them in vain. */
async function tellStart(
  { config, space, log }: ServiceOptions,
  client: Client,
  healthPort: number,
): Promise<void> {
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

/** The name of this process's workers. */
function identityIn(space: SpaceWatch): string {
  const known = space.known();
  return identityOf(known === null ? null : digestOfRules(known.rules));
}

/** What this process cannot do its work without. */
function waitedFor({ space, apis, temporalProblem = () => null }: ServiceOptions): string[] {
  const refusals = apis.logins.flatMap((login) => login.refusal()?.why ?? []);
  const temporal = temporalProblem();
  return [
    ...new Set([...(temporal === null ? [] : [temporal]), ...(space.problem()?.lines ?? []), ...refusals]),
  ];
}

/** What is wrong with the database, without which nothing is written to Kisi. */
async function problemOf(kept: Kept): Promise<string[]> {
  const late = sleep(databaseMs, ['The database does not answer.'], { ref: false });
  const read = kept.read('monitor').then(
    () => [],
    (error: unknown) => [error instanceof Error ? error.message : 'The database does not answer.'],
  );
  return Promise.race([read, late]);
}

/** Tells what is refused, and has everybody go on who waited for what is mended. */
function goOnWhenMended(
  { config, apis, space, log }: ServiceOptions,
  client: Client,
  ownership: Ownership,
  ended: AbortSignal,
): void {
  const goOn = (): void => {
    const wake = async (): Promise<void> => {
      await runSchedules(client);
      // Temporal's list lags behind: who was blocked just before is found by a later look.
      for (const pauseMs of listLagsMs) {
        await sleep(pauseMs, undefined, { signal: ended, ref: false });
        await wakeBlocked(client, config.taskQueue, ownership);
      }
    };
    wake().catch((err: unknown) => {
      if (ended.aborted) return;
      log.warn(
        { err },
        'not everybody could be woken who waited for the APIs; they look again within 10 minutes',
      );
    });
  };
  space.onChecked(goOn);
  for (const login of apis.logins) {
    tellOf(login, log);
    login.onChange((refusal) => {
      if (refusal !== null) return;
      space.lookNow();
      goOn();
    });
  }
}

/** What was blocked may have been mended while the process was down. */
async function wakeBlocked(client: Client, taskQueue: string, ownership: Ownership): Promise<void> {
  const waker = createWaker(client, taskQueue, ownership);
  const isFailing = await runningMembers(client, ` AND AccessProblem != 'none'`);
  await inBatches(isFailing, (id) => waker.wakeIfRunning(id, { reason: 'reconciliation', isBatch: true }));
}

async function isReady(worker: Worker, client: Client): Promise<boolean> {
  if (worker.getState() !== 'RUNNING') return false;
  await client.connection.workflowService.getSystemInfo({});
  return true;
}

/** The metrics as the SDK serves them, its own and Latchkey's; null: nowhere. */
export async function sdkMetrics(url: string | null): Promise<string> {
  if (url === null) return '';
  const answer = await fetch(url);
  return answer.text();
}

async function close(health: Health, native: NativeConnection, connection: Connection): Promise<void> {
  await health.close();
  await native.close();
  await connection.close();
}
