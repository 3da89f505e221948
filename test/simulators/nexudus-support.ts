/** What the tests of the Nexudus simulator share: one that runs on a clock that stands still, and plain requests. */
import {
  startNexudusSimulator,
  type NexudusSimulator,
  type NexudusSwitches,
} from '../../simulators/nexudus.js';

export const credentials = { email: 'admin@example.com', password: 'nexudus-password' };
const basic = `Basic ${Buffer.from(`${credentials.email}:${credentials.password}`).toString('base64')}`;

/** A simulator and the clock it goes by. */
export interface Bench {
  simulator: NexudusSimulator;
  /** Sets the clock: an ISO time. */
  setClock(iso: string): void;
  /** Moves the clock on. */
  advanceMs(ms: number): void;
  stop(): Promise<void>;
}

/** Starts a simulator without rate limits, its clock standing at 2026-11-24T10:00:00Z. */
export async function startBench(switches: Partial<NexudusSwitches> = {}): Promise<Bench> {
  let at = Date.parse('2026-11-24T10:00:00Z');
  const simulator = await startNexudusSimulator({
    now: () => at,
    switches: { rateLimits: null, ...switches },
  });
  return {
    simulator,
    setClock: (iso) => {
      at = Date.parse(iso);
    },
    advanceMs: (ms) => {
      at += ms;
    },
    stop: () => simulator.stop(),
  };
}

/** A row as it came over the wire. */
export type WireRow = Record<string, unknown>;

/** A list envelope as it came over the wire. */
export interface Envelope {
  Records: WireRow[];
  TotalItems: number;
  TotalPages: number;
  CurrentPage: number;
  CurrentPageSize: number;
  CurrentSortDirection: number;
  HasNextPage: boolean;
  HasPreviousPage: boolean;
}

/** One request with the Basic login; `path` is below `/api`. */
export function ask(bench: Bench, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: basic, ...(init.headers as Record<string, string> | undefined) };
  return fetch(`${bench.simulator.url}${path}`, { ...init, headers });
}

/** The parsed body of a GET. */
export async function get<T = WireRow>(bench: Bench, path: string): Promise<T> {
  return (await (await ask(bench, path)).json()) as T;
}

/** A list's envelope. */
export function getList(bench: Bench, path: string): Promise<Envelope> {
  return get<Envelope>(bench, path);
}

/** The ids of a list, as they came. */
export async function idsOf(bench: Bench, path: string): Promise<unknown[]> {
  return (await getList(bench, path)).Records.map((row) => row['Id']);
}

/** A write with a JSON body. */
export async function write(
  bench: Bench,
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<{ status: number; body: WireRow }> {
  const json = { 'content-type': 'application/json' };
  const init = body === undefined ? { method } : { method, headers: json, body: JSON.stringify(body) };
  const response = await ask(bench, path, init);
  return { status: response.status, body: (await response.json()) as WireRow };
}
