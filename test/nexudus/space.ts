import assert from 'node:assert/strict';
import { readingRules } from '../../access/pass-rules.js';
import type { Profile, Snapshot, StandsOn } from '../../access/types.js';
import { createNexudusClient, type NexudusClient } from '../../nexudus/client.js';
import { createReader, type Baselines, type MemberRequest, type Reader } from '../../nexudus/reader.js';
import {
  startNexudusSimulator,
  type NexudusSimulator,
  type NexudusSwitches,
} from '../../simulators/nexudus.js';
import type { Pass } from '../../simulators/nexudus-records.js';
import { noPace } from './stub.js';

/** Noon of an ordinary Tuesday, where the simulated clock stands until a test moves it. */
export const noon = Date.parse('2026-11-24T12:00:00Z');
export const auth = { email: 'admin@example.com', password: 'nexudus-password' };

/** A simulated Nexudus without limits, with a client and a reader for it. */
export interface Bench {
  simulator: NexudusSimulator;
  space: NexudusSimulator['space'];
  client: NexudusClient;
  reader: Reader;
  /** What the reader is told of the last reconciliation; null: there was none. */
  baselines: Baselines | null;
  clock: { now: number };
  /** Requests to a path, logins and pages of 1 row (counts) included. */
  asked(path?: string): number;
  stop(): Promise<void>;
}

export async function startBench(
  options: {
    switches?: Partial<NexudusSwitches>;
    timeZones?: Record<number, string>;
    gatherMs?: number;
    fullReadLimitMs?: number;
  } = {},
): Promise<Bench> {
  const clock = { now: noon };
  const now = (): number => clock.now;
  const simulator = await startNexudusSimulator({ now, switches: { rateLimits: null, ...options.switches } });
  const client = createNexudusClient({ baseUrl: simulator.url, auth, pace: noPace() });
  const bench: Bench = {
    simulator,
    space: simulator.space,
    client,
    reader: createReader({
      client,
      readingRules,
      now,
      timeZones: options.timeZones ?? {},
      gatherMs: options.gatherMs ?? 5,
      ...(options.fullReadLimitMs === undefined ? {} : { fullReadLimitMs: options.fullReadLimitMs }),
      baselines: () => Promise.resolve(bench.baselines),
    }),
    baselines: null,
    clock,
    asked: (path) => simulator.requests.count(path === undefined ? {} : { path }),
    stop: () => simulator.stop(),
  };
  return bench;
}

/** A request for a member as a signal would make it. */
export function requestFor(memberId: number, more: Partial<MemberRequest> = {}): MemberRequest {
  return {
    memberId,
    notBefore: noon,
    reference: 'anew',
    isCheckIn: false,
    isBatch: false,
    siblingIds: [],
    standsOn: [],
    ...more,
  };
}

/** What a key of this pass stands on. */
export function standsOn(pass: Pass, more: Partial<StandsOn> = {}): StandsOn {
  const { Id: passId, TimePassId: passTypeId, CoworkerId: memberId } = pass;
  return { passId, passTypeId, memberId, contractId: null, teamId: null, ...more };
}

/** The snapshot of a member that is there. */
export async function snapshotOf(
  bench: Bench,
  memberId: number,
  more: Partial<MemberRequest> = {},
): Promise<Snapshot> {
  const { snapshot } = await bench.reader.readMember(requestFor(memberId, more));
  assert.ok(snapshot !== null);
  return snapshot;
}

/** The only profile of a member that is there. */
export async function profileOf(
  bench: Bench,
  memberId: number,
  more: Partial<MemberRequest> = {},
): Promise<Profile> {
  const { profiles } = await snapshotOf(bench, memberId, more);
  assert.equal(profiles.length, 1);
  const [profile] = profiles;
  assert.ok(profile !== undefined);
  return profile;
}

/** Ids of records. */
export const idsOf = (records: readonly { id: number }[]): number[] => records.map(({ id }) => id);
