/** What `/readyz` and `/metrics` of a worker process answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from '@temporalio/worker';
import type { Kept } from '../database/kept.js';
import { startHealth, type Health, type Readiness } from '../monitoring/health.js';
import type { Leader } from './leader.js';
import type { Parts } from './parts.js';

/** The readiness endpoint answers within five seconds. */
const databaseMs = 2_000;

/** Serves health, readiness and metrics. Throws ConfigError where the port is taken. */
export function serveHealth(parts: Parts, worker: Worker, leader: Leader): Promise<Health> {
  const { config, sdkMetricsUrl } = parts;
  return startHealth({
    host: config.healthHost,
    port: config.healthPort,
    checks: () => readinessOf(parts, worker, leader),
    metrics: () => sdkMetrics(sdkMetricsUrl),
  });
}

/** The metrics as the SDK serves them, its own and Latchkey's; null: nowhere. */
export async function sdkMetrics(url: string | null): Promise<string> {
  if (url === null) return '';
  const answer = await fetch(url);
  return answer.text();
}

async function readinessOf(parts: Parts, worker: Worker, leader: Leader): Promise<Readiness> {
  const waitsFor = [...waitedFor(parts), ...(await problemOf(parts.kept))];
  return {
    ready: waitsFor.length === 0 && (await isReady(worker, parts)),
    detail: { taskQueue: parts.config.taskQueue, isLeader: leader.isLeading(), waitsFor },
  };
}

/** What this process waits for, since it cannot do its work without it. */
function waitedFor({ space, apis, temporalProblem = () => null }: Parts): string[] {
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

async function isReady(worker: Worker, { client }: Parts): Promise<boolean> {
  if (worker.getState() !== 'RUNNING') return false;
  await client.connection.workflowService.getSystemInfo({});
  return true;
}
