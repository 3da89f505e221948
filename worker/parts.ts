/** What the parts of a worker process share: connections, the database, the copy of Nexudus' records, and meters. */
import { readingRules } from '../access/pass-rules.js';
import type { Client, Connection } from '@temporalio/client';
import { Runtime, type NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Instant } from '../access/types.js';
import { keyEmailDigests } from '../activities/email-digest.js';
import { digestOfRules } from '../activities/membership.js';
import type { Config } from '../config/config.js';
import { createAuditLog, type AuditLog } from '../database/audit-log.js';
import { openDatabase } from '../database/database.js';
import { createKept, type Kept } from '../database/kept.js';
import { createOwnership, type Ownership } from '../database/ownership.js';
import { WebhooksSeen } from '../database/webhooks-seen.js';
import { installationSecret } from '../database/secret.js';
import { searchAttributes } from '../messages/to-member.js';
import { identityOf } from '../monitoring/identity.js';
import { createLatencyMeters, type LatencyMeters } from '../monitoring/latency.js';
import type { MonitorPace } from '../monitoring/monitor.js';
import { ProfileBook } from './profile-book.js';
import { RunWatch } from '../monitoring/runs.js';
import { createFollower, type Follower } from '../nexudus/follower.js';
import { createReplica, type Replica } from '../nexudus/replica.js';
import { surelyStampedNow } from '../nexudus/stamps.js';
import { ensureSearchAttributes } from '../temporal-server/search-attributes.js';
import type { Apis } from './apis.js';
import { keepResolved } from './resolved.js';
import type { SpaceWatch } from './space.js';
import { connectClient, connectNative, type TemporalAddress } from './temporal.js';

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

/** What the parts of a worker process share. */
export interface Parts extends ServiceOptions {
  client: Client;
  connection: Connection;
  native: NativeConnection;
  auditLog: AuditLog;
  ownership: Ownership;
  kept: Kept;
  /** Which webhooks came in lately. */
  webhooksSeen: WebhooksSeen;
  /** What was verified of both APIs. */
  profile: ProfileBook;
  /** The records of Nexudus that the leader keeps in memory, and what brings them up to date. */
  replica: Replica;
  follower: Follower;
  meters: LatencyMeters;
  runs: RunWatch;
}

/** Connects to Temporal and opens the database. Throws where one of them cannot be reached. */
export async function openParts(options: ServiceOptions): Promise<Parts> {
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
      log.warn({ err }, 'Latchkey could not store the ids that the configuration names for the next start');
    });
  });
  const meter = Runtime.instance().metricMeter;
  apis.meters.measureOn(meter);
  const kept = createKept(db);
  const profile = new ProfileBook({ kept, ways: config, log });
  await profile.read();
  return {
    ...{ ...options, client, connection, native, ...copyOf(apis), kept, profile },
    auditLog: createAuditLog(db),
    ownership: createOwnership(db, () => apis.time.now()),
    webhooksSeen: new WebhooksSeen(db),
    meters: createLatencyMeters(meter),
    runs: new RunWatch(undefined, options.monitorPace?.lateMs),
  };
}

/** The name of this process's workers. */
export function identityIn(space: SpaceWatch): string {
  const known = space.known();
  return identityOf(known === null ? null : digestOfRules(known.rules));
}

function copyOf({ nexudus, nexudusPlan: plan, time }: Apis): Pick<Parts, 'replica' | 'follower'> {
  const replica = createReplica();
  const now = (): Instant => time.now();
  const stampedNow = (): Instant | null =>
    surelyStampedNow(nexudus.clock, { now, verdict: () => time.verdict() });
  return {
    replica,
    follower: createFollower({ client: nexudus, readingRules, replica, now, stampedNow, plan }),
  };
}
