import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ConfigError } from '../config/config-error.js';
import type { TemporalConfig } from '../config/config.js';
import { findEmbeddedTemporal, launcherOn } from '../temporal-server/embedded-lock.js';
import { connectClient, type TemporalAddress } from '../worker/temporal.js';
import { CommandError } from './failure.js';

/** A connection to Temporal for as long as a command runs. */
export interface Session {
  client: Client;
  /** The queue on which members' workflows run. */
  taskQueue: string;
  close(): Promise<void>;
}

/** How long a command waits while a worker starts its Temporal server again. */
const restartMs = 10_000;

async function openSession(config: TemporalConfig): Promise<Session> {
  const { client, connection } = await reach(config, await addressOf(config));
  return { client, taskQueue: config.taskQueue, close: () => connection.close() };
}

/**
 * Connects to the Temporal server that the configuration names, or to the one that `latchkey worker` runs in this
 * folder, does the job and closes. Throws CommandError where there is none, ConfigError where the address cannot be
 * one, and what the job throws.
 */
export async function withSession<T>(
  config: TemporalConfig,
  job: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(config);
  try {
    return await job(session);
  } finally {
    await session.close();
  }
}

/** Tries the Temporal server that the configuration names, and leaves it again. Throws as `withSession` does. */
export async function tryTemporal(config: TemporalConfig): Promise<void> {
  const { connection } = await reach(config, null);
  await connection.close();
}

async function addressOf(config: TemporalConfig): Promise<TemporalAddress | null> {
  if (config.temporalAddress !== null) return null;
  const deadline = Date.now() + restartMs;
  for (;;) {
    const server = await findEmbeddedTemporal();
    if (server !== null) return { address: server.address, namespace: 'default' };
    const launcher = await launcherOn();
    if (launcher === null)
      throw new CommandError(
        'no Temporal server is running here: start `latchkey worker` first, or set TEMPORAL_ADDRESS',
      );
    if (Date.now() > deadline)
      throw new CommandError(
        `the Temporal server here does not answer; process ${launcher}, which runs it, starts it again: see its log, and try again`,
      );
    await sleep(200);
  }
}

async function reach(config: TemporalConfig, at: TemporalAddress | null): ReturnType<typeof connectClient> {
  // An address with a scheme is looked up as a host name, and would fail in words that lead astray.
  if (config.temporalAddress !== null && !/^[^\s/@]+$/.test(config.temporalAddress)) {
    throw new ConfigError(['TEMPORAL_ADDRESS must be host:port, without a scheme or path']);
  }
  checkSettings();
  try {
    return await connectClient(at);
  } catch {
    const where =
      at === null ? 'at TEMPORAL_ADDRESS: start it, or correct the address' : 'any more: try again';
    throw new CommandError(`Temporal cannot be reached ${where}`);
  }
}

/** Throws ConfigError, without the original: a TOML error may quote a key. */
function checkSettings(): void {
  try {
    loadClientConnectConfig();
  } catch {
    throw new ConfigError([
      'the Temporal settings cannot be loaded: check TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE and the TLS files they name',
    ]);
  }
}
