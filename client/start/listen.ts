import type { Client } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import { openDatabase } from '../../database/database.js';
import { createKept } from '../../database/kept.js';
import { createOwnership } from '../../database/ownership.js';
import { WebhooksSeen } from '../../database/webhooks-seen.js';
import { createAuditLog } from '../../database/audit-log.js';
import { ConfigError } from '../../config/config-error.js';
import type { Config } from '../../config/config.js';
import { startHealth } from '../../monitoring/health.js';
import { createLatencyMeters } from '../../monitoring/latency.js';
import { tellOf } from '../../worker/login.js';
import { startPush } from '../../webhooks/push.js';
import { sdkMetrics } from '../../worker/readiness.js';
import { withSession } from '../../space/session.js';
import { runUntilStopped, type LastingParts } from './lasting.js';
import { installRuntime } from './worker.js';

/**
 * `latchkey listen`: takes pushes in without a worker, until SIGTERM or SIGINT, and ends the process; members that a push told
 * of are woken first. Throws ConfigError where no setting says what to take in.
 */
export function listen(): Promise<never> {
  return runUntilStopped(run, needsPushPort);
}

function needsPushPort({ push }: Config): void {
  if (push === null)
    throw new ConfigError(['LATCHKEY_PUSH_PORT must be set: it is where `latchkey listen` takes pushes in']);
}

async function run({ config, apis: { logins, ...apis }, log, stopAsked }: LastingParts): Promise<void> {
  const sdkMetricsUrl = await installRuntime(log);
  await withSession(config, async ({ client }) => {
    const db = await openDatabase(config.databaseUrl);
    const auditLog = createAuditLog(db);
    const ownership = createOwnership(db, Date.now);
    const kept = createKept(db);
    try {
      for (const login of logins) tellOf(login, log);
      const { pushWake } = createLatencyMeters(Runtime.instance().metricMeter);
      const push = await startPush({
        ...{ config, client, ...apis, auditLog, ownership, kept, log },
        webhooksSeen: new WebhooksSeen(db),
        now: () => null,
        // The copy of all records is in the leader.
        hasCoworker: () => Promise.resolve(null),
        onWoken: pushWake,
      });
      const health = await startHealth({
        host: config.healthHost,
        port: config.healthPort,
        checks: async () => {
          const waitsFor = logins.flatMap((login) => login.refusal()?.why ?? []);
          return { ready: await answers(client), detail: { pushPort: push?.port ?? null, waitsFor } };
        },
        metrics: () => sdkMetrics(sdkMetricsUrl),
      });
      log.info({ pushPort: push?.port, healthPort: health.port }, 'latchkey listens');
      await stopAsked;
      await push?.close();
      await health.close();
    } finally {
      await auditLog.close();
    }
  });
}

/** Whether somebody could be woken now. Throws where not. */
async function answers(client: Client): Promise<true> {
  await client.connection.workflowService.getSystemInfo({});
  return true;
}
