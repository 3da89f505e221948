import { newPort } from './ports.js';

let address: string | null = null;

/** Where the SDK is to serve the metrics of the test file that begins. */
export async function newMetricsAddress(): Promise<string> {
  const port = await newPort();
  address = `127.0.0.1:${port}`;
  return address;
}

/** Where the metrics of this test file are. Throws where none are served. */
export function metricsUrl(): string {
  if (address === null) throw new Error('no metrics are served');
  return `http://${address}/metrics`;
}
