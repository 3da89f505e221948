import { connect as connectTo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { ensureSearchAttributes, type AttributeType } from './search-attributes.js';

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
  // The client would go on trying for two seconds where nobody listens.
  if (!(await listens(address))) return false;
  const attempt = await tryConnect(address, null);
  if (!(attempt instanceof Connection)) return false;
  await attempt.close();
  return true;
}

function listens(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`http://${address}`);
  return new Promise((resolve) => {
    const socket = connectTo({ host: hostname, port: Number(port), timeout: 2_000 });
    const answer = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => {
      answer(true);
    });
    for (const event of ['error', 'timeout'])
      socket.once(event, () => {
        answer(false);
      });
  });
}

/**
 * Resolves, to words that say so, once the server at `address` has not answered three times in a row. Never resolves once
 * `signal` is aborted.
 */
export async function untilGone(address: string, signal: AbortSignal, everyMs: number): Promise<string> {
  for (let missed = 0; missed < 3;) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return new Promise<never>(() => undefined);
    missed = (await answers(address)) ? 0 : missed + 1;
  }
  return 'it does not answer any more';
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
