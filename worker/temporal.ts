import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnection } from '@temporalio/worker';
import { repeatUntilClosed } from './closed-calls.js';

/** Where Temporal is: what the environment configuration says, or a given address. */
export interface TemporalAddress {
  address: string;
  namespace: string;
}

/** The client's connection. `at` null: as TEMPORAL_* and the TOML profile say. */
export async function connectClient(
  at: TemporalAddress | null,
): Promise<{ client: Client; connection: Connection }> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const connection = await Connection.connect({
    ...(at === null ? connectionOptions : { address: at.address }),
    interceptors: repeatUntilClosed(),
  });
  return {
    connection,
    client: new Client({ connection, namespace: at?.namespace ?? namespace ?? 'default' }),
  };
}

/** The worker's connection to the same place. */
export async function connectNative(at: TemporalAddress | null): Promise<NativeConnection> {
  const { connectionOptions } = loadClientConnectConfig();
  // Commands that need no worker answer sooner without its code.
  const { NativeConnection } = await import('@temporalio/worker');
  return NativeConnection.connect(at === null ? connectionOptions : { address: at.address });
}
