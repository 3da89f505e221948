import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { jsonText } from '../access/text.js';
import { connectionLimits, limitConnections } from '../lib/connections.js';
import { ConfigError } from '../config/config-error.js';
import { listenProblem } from '../lib/ports.js';

/** Whether the process can do its work now, and what it found. The detail is public: no secrets, no personal data. */
export interface Readiness {
  ready: boolean;
  detail: Record<string, unknown>;
}

export interface HealthOptions {
  /** 0: any free port. */
  port: number;
  /** An address of this machine. */
  host: string;
  checks: () => Promise<Readiness>;
  /** The metrics in Prometheus' text format. */
  metrics: () => Promise<string>;
  /** A check that takes longer counts as failed. */
  checkTimeoutMs?: number;
}

/** The running health server. */
export interface Health {
  port: number;
  close(): Promise<void>;
}

/** No probe sends a body, or its headers so slowly. */
const timeLimits = { headersTimeout: 5_000, requestTimeout: 5_000, connectionsCheckingInterval: 1_000 };

/**
 * Serves GET /healthz (200 while the process lives), /readyz (200 or 503, JSON) and /metrics.
 * Throws when the port is taken.
 */
export async function startHealth(options: HealthOptions): Promise<Health> {
  const server = createServer(timeLimits, (request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD')
      answer(response, 405, 'text/plain', 'use GET\n');
    else if (path === '/healthz') answer(response, 200, 'text/plain', 'ok\n');
    else if (path === '/readyz') void answerReadiness(response, options);
    else if (path === '/metrics') void answerMetrics(response, options);
    else answer(response, 404, 'text/plain', 'there are /healthz, /readyz and /metrics\n');
  });
  limitConnections(server, connectionLimits());
  const port = await listen(server, options);
  return { port, close: () => close(server) };
}

async function answerReadiness(response: ServerResponse, options: HealthOptions): Promise<void> {
  const { ready, detail } = (await inTime(options.checks, options.checkTimeoutMs)) ?? {
    ready: false,
    detail: { problem: 'the checks failed or took too long' },
  };
  answer(response, ready ? 200 : 503, 'application/json', `${jsonText({ ready, ...detail })}\n`);
}

async function answerMetrics(response: ServerResponse, options: HealthOptions): Promise<void> {
  const text = await inTime(options.metrics, options.checkTimeoutMs);
  if (text === null) answer(response, 503, 'text/plain', 'the metrics are not available\n');
  else answer(response, 200, 'text/plain; version=0.0.4; charset=utf-8', text);
}

/** Null: it failed or took too long. */
async function inTime<T>(work: () => Promise<T>, timeoutMs = 5000): Promise<T | null> {
  try {
    return await Promise.race([work(), sleep(timeoutMs, null, { ref: false })]);
  } catch {
    return null;
  }
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

async function listen(server: Server, options: HealthOptions): Promise<number> {
  server.listen(options.port, options.host);
  await once(server, 'listening').catch((error: unknown) => {
    const line = listenProblem(error, options, 'LATCHKEY_HEALTH');
    throw line === null ? error : new ConfigError([line]);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the health server has no port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
