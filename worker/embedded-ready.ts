import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { ensureSearchAttributes, type AttributeType } from './search-attributes.js';

export type { AttributeType } from './search-attributes.js';

/** What a server must offer before it counts as ready. */
export interface Wanted {
  /** host:port. */
  address: string;
  namespace: string;
  searchAttributes: Record<string, AttributeType>;
  /** Milliseconds since the epoch. */
  deadline: number;
  /** Aborted when the server is known to be gone, so that nobody waits for it any longer. */
  gone?: AbortSignal;
}

/**
 * Waits until the server answers for the namespace, then adds missing search attributes.
 * Throws the last problem after the deadline, or when the server is gone.
 */
export async function prepareServer(wanted: Wanted): Promise<void> {
  const connection = await connect(wanted);
  try {
    const { namespace, searchAttributes, deadline } = wanted;
    await ensureSearchAttributes(connection, namespace, searchAttributes, deadline);
  } finally {
    await connection.close();
  }
}

/** Whether a Temporal server answers at `address`, asked once. Never throws. */
export async function answers(address: string): Promise<boolean> {
  const attempt = await tryConnect(address, null);
  if (!(attempt instanceof Connection)) return false;
  await attempt.close();
  return true;
}

/**
 * Rejects once the server at `address` has not answered three times in a row: a server that this process shares goes
 * with the process that started it. Never resolves; ends quietly when `signal` is aborted.
 */
export async function untilGone(address: string, signal: AbortSignal, everyMs = 5_000): Promise<never> {
  for (let missed = 0; missed < 3;) {
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return new Promise<never>(() => undefined);
    missed = (await answers(address)) ? 0 : missed + 1;
  }
  throw new Error(
    `the Temporal server at ${address} is gone: start again, and this process runs one of its own`,
  );
}

async function connect({ address, namespace, deadline, gone }: Wanted): Promise<Connection> {
  for (;;) {
    const attempt = await tryConnect(address, namespace);
    if (attempt instanceof Connection) return attempt;
    if (gone?.aborted || Date.now() > deadline) {
      throw new Error(`the Temporal server at ${address} did not become ready`, { cause: attempt.problem });
    }
    await sleep(100);
  }
}

async function tryConnect(
  address: string,
  namespace: string | null,
): Promise<Connection | { problem: unknown }> {
  // Connection.connect would leave its channel open when it fails, and with it the process.
  const connection = Connection.lazy({ address, connectTimeout: 2000 });
  try {
    await connection.ensureConnected();
    if (namespace !== null) {
      await connection.withDeadline(Date.now() + 2000, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
    }
    return connection;
  } catch (problem) {
    await connection.close();
    return { problem };
  }
}
