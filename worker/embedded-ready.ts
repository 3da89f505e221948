import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { ensureSearchAttributes, type AttributeType } from './search-attributes.js';

export type { AttributeType } from './search-attributes.js';

/**
 * Waits until the server answers for the namespace, then adds missing search attributes.
 * Throws the last problem after `deadline` (ms since the epoch).
 */
export async function prepareServer(
  address: string,
  namespace: string,
  searchAttributes: Record<string, AttributeType>,
  deadline: number,
): Promise<void> {
  const connection = await connect(address, namespace, deadline);
  try {
    await ensureSearchAttributes(connection, namespace, searchAttributes, deadline);
  } finally {
    await connection.close();
  }
}

/** Whether a Temporal server answers at `address`, asked once. Never throws. */
export async function answers(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: 2000 });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

async function connect(address: string, namespace: string, deadline: number): Promise<Connection> {
  for (;;) {
    const attempt = await tryConnect(address, namespace);
    if (attempt instanceof Connection) return attempt;
    if (Date.now() > deadline) {
      throw new Error(`the Temporal server at ${address} did not become ready`, { cause: attempt.problem });
    }
    await sleep(100);
  }
}

async function tryConnect(address: string, namespace: string): Promise<Connection | { problem: unknown }> {
  let connection: Connection | null = null;
  try {
    connection = await Connection.connect({ address, connectTimeout: 2000 });
    await connection.withDeadline(Date.now() + 2000, () => lookUp(connection, namespace));
    return connection;
  } catch (problem) {
    await connection?.close();
    return { problem };
  }
}

async function lookUp(connection: Connection | null, namespace: string): Promise<void> {
  await connection?.workflowService.describeNamespace({ namespace });
}
