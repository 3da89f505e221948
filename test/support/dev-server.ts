import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import axios from 'axios';
import { startEmbeddedTemporal, type EmbeddedTemporal } from '../../temporal-server/embedded.js';
import { connectClient, type TemporalAddress } from '../../worker/temporal.js';
import { searchAttributes } from '../../messages/to-member.js';
import { eventually } from './eventually.js';
import { newPort } from './ports.js';

/** Where the processes of a run ask for its server. */
const askAt = 'TEST_TEMPORAL_URL';

/**
 * Offers one development server, in memory, for the whole run: it starts when the first test asks, in whatever process that
 * test runs. Answers how to end it.
 */
export async function offerDevServer(): Promise<() => Promise<void>> {
  let server: Promise<EmbeddedTemporal> | null = null;
  const desk = createServer((_, response) => {
    server ??= startDevServer();
    server.then(
      ({ address }) => response.end(address),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve));
  // Test files inherit the environment of the process that starts them.
  process.env[askAt] = `http://127.0.0.1:${(desk.address() as AddressInfo).port}/`;
  return async () => {
    desk.close();
    await (await server?.catch(() => null))?.stop();
  };
}

async function startDevServer(): Promise<EmbeddedTemporal> {
  const port = await newPort();
  const uiPort = await newPort();
  return startEmbeddedTemporal({ dbFile: null, searchAttributes, port, uiPort });
}

let namespaces = 0;
/** The namespaces of this file. */
let places: TemporalAddress[] = [];

/** A namespace of its own on the server of the run, since ids of members and Schedules are the same in every space. */
export async function newTemporal(): Promise<TemporalAddress> {
  const url = process.env[askAt];
  if (url === undefined) throw new Error('no server is offered: test/support/hooks.ts was not loaded');
  const { data: address } = await axios.get<string>(url, { responseType: 'text' });
  const namespace = `space-${process.pid}-${++namespaces}`;
  const { connection } = await connectClient({ address, namespace });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  await eventually('the namespace', () => canList(connection, namespace));
  await connection.close();
  const place = { address, namespace };
  places.push(place);
  return place;
}

/** Ends what would go on in a namespace of this file for as long as the server runs, and slow what comes after. */
export async function leave(namespace: string | undefined): Promise<void> {
  const place = places.find((one) => one.namespace === namespace);
  if (place === undefined) return;
  const { client, connection } = await connectClient(place);
  for await (const { scheduleId } of client.schedule.list())
    await client.schedule.getHandle(scheduleId).delete();
  await connection.close();
  places = places.filter((one) => one !== place);
}

/** The same for all namespaces of this file. */
export async function leaveTemporal(): Promise<void> {
  for (const { namespace } of places) await leave(namespace);
}

async function canList(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.workflowService.listSchedules({ namespace, maximumPageSize: 1 });
    await connection.operatorService.listSearchAttributes({ namespace });
    return true;
  } catch {
    return false;
  }
}
