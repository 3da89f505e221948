/** What the leader tells of them, for `latchkey status`, and the alerts that it sends. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Instant } from '../access/types.js';
import type { Kept } from '../database/kept.js';
import type { Timekeeper } from '../activities/time.js';
import { createAlerting, type AlertingOptions } from './alerting.js';
import { alertLimits, alertsOf, type AlertLimits } from './alerts.js';
import type { ApiName, ApiState, ApiStates, ApiWatch, Problem } from './api-watch.js';
import type { Channel } from './channels.js';
import { unlessAborted, within } from '../lib/within.js';
import { readFacts, type LeaderReport } from './facts.js';
import type { JournalWatch } from './journal.js';
import type { LatencyMeters } from './latency.js';
import type { RunWatch } from './runs.js';
import type { TokenWatch } from './token-end.js';

export interface MonitorDeps {
  client: Client;
  taskQueue: string;
  watch: ApiWatch;
  /** Cheap requests to each API, that show whether it answers and takes the key, and whose key that is. */
  ask: Record<ApiName, () => Promise<unknown>>;
  /** The token for Nexudus that a person got by hand. */
  token: TokenWatch;
  /** How far each clock is ahead of this machine's; null: not known. */
  skewMs: Record<ApiName | 'temporal', () => number | null>;
  time: Pick<Timekeeper, 'verdict'>;
  /** Hears what time it is for Temporal, for as long as this process is the leader. */
  hear: (signal: AbortSignal) => Promise<void>;
  tellClocks: LatencyMeters['clocks'];
  runs: Pick<RunWatch, 'late' | 'restart'>;
  /** Has a Schedule run now. */
  runNow: (scheduleId: string) => Promise<void>;
  kept: Kept;
  journal: JournalWatch;
  channels: readonly Channel[];
  log: Logger;
  now: () => Instant;
  pace?: Partial<MonitorPace>;
}

/** How often it looks, and from when on something is told. For tests. */
export interface MonitorPace extends Pick<AlertingOptions, 'calmMs' | 'againMs' | 'firstPauseMs'> {
  everyMs: number;
  limits: Partial<AlertLimits>;
  /** A Schedule is not late before so long. */
  lateMs: number;
}

export interface Monitor {
  /** What is to be told by this process while it is the leader. */
  report(): LeaderReport;
  /** Looks, and tells, again and again until `signal` is aborted. Rejects never. */
  run(signal: AbortSignal): Promise<void>;
}

/** An API that does not answer is asked so often whether it does, should nothing else ask it. */
const probeMs = 60_000;
/** What webhooks are off is told by whoever looks after them, each 10 minutes. */
const hooksLastMs = 30 * 60_000;
const names = { nexudus: 'Nexudus', kisi: 'Kisi' } as const;
export const hooksKeptName = 'webhooks switched off';

export function createMonitor(deps: MonitorDeps): Monitor {
  const { client, taskQueue, watch, kept, journal, channels, log, now, pace = {} } = deps;
  const { everyMs = 45_000, limits = {}, ...alertingPace } = pace;
  let hooks: LeaderReport['hooks'] = null;
  let auditLog: Problem | null = null;
  let alerting = createAlerting({ channels, kept, log, now, ...alertingPace });
  let isFailing = false;
  const probing = new Set<ApiName>();
  const probedAt: Record<ApiName, Instant> = { nexudus: 0, kisi: 0 };

  const apis = (): ApiStates => {
    const states = watch.states();
    const withSkew = (api: ApiName): ApiState => ({ ...states[api], skewMs: deps.skewMs[api]() });
    return { nexudus: withSkew('nexudus'), kisi: withSkew('kisi') };
  };
  const report = (): LeaderReport => ({
    at: now(),
    apis: apis(),
    temporalSkewMs: deps.skewMs.temporal(),
    ...{ hooks, auditLog, journal: journal.state() },
    tokenEndsAt: deps.token.endsAt(),
    channels: channels.map(({ name }) => name),
    undelivered: alerting.undelivered(),
  });

  /** Reading shows too whether the database does what it is asked. */
  async function readHooks(): Promise<void> {
    try {
      const found = await kept.read(hooksKeptName);
      const isFresh = found !== null && now() - found.at < hooksLastMs;
      hooks = isFresh ? { at: found.at, off: found.value as string[] } : null;
      await kept.write('monitor', null, now());
      auditLog = null;
    } catch (error) {
      const why = error instanceof Error ? error.message : 'the database does not answer';
      auditLog = { since: auditLog?.since ?? now(), lastAt: now(), why };
    }
  }

  async function probe(api: ApiName): Promise<void> {
    const { down, refused, answeredAt, role } = watch.states()[api];
    // What time it is shows by any answer.
    const isInDoubt = down !== null || refused !== null || deps.time.verdict().state === 'disputed';
    if ((!isInDoubt && role !== null) || probing.has(api)) return;
    // As long as it answers, other requests show that.
    const lastAt = Math.max(down?.lastAt ?? 0, isInDoubt ? (answeredAt ?? 0) : 0, probedAt[api]);
    // A clock that was set back must not make this wait for hours.
    if (Math.abs(now() - lastAt) < probeMs) return;
    probing.add(api);
    probedAt[api] = now();
    // What comes of it the watch notes.
    const limit = { limitMs: probeMs, of: names[api] } as const;
    await within({ limit }, () => unlessAborted(deps.ask[api]())).catch(() => undefined);
    probing.delete(api);
  }

  /** `over`: null, once the term is. */
  async function look(over: Promise<null>): Promise<void> {
    const { nexudus, kisi, temporal } = deps.skewMs;
    const skews = { nexudus: nexudus(), kisi: kisi(), temporal: temporal() };
    deps.tellClocks(skews, deps.time.verdict().state === 'disputed');
    await readHooks();
    await deps.token.look();
    const reading = readFacts(client, taskQueue, now(), report());
    // A member whose worker stops does not answer any more.
    const facts = await Promise.race([reading, over]);
    if (facts === null) return;
    await alerting.tell(alertsOf(facts, now(), { ...alertLimits, ...limits }));
    for (const id of deps.runs.late(facts)) {
      log.warn(
        `the Schedule ${id} did not run when it ought to, as after Temporal's clock was set: it is run now`,
      );
      await deps.runNow(id);
    }
    // Who stopped everything wants no request at all.
    if (facts.orders?.stop?.level === 'all') return;
    // They may wait for their turn, and nobody waits for them.
    void probe('nexudus');
    void probe('kisi');
  }

  return {
    report,
    async run(signal) {
      // Another process may have told something since this one was the leader.
      alerting = createAlerting({ channels, kept, log, now, ...alertingPace });
      const over = once(signal, 'abort').then(() => null);
      void deps.hear(signal);
      deps.runs.restart();
      void journal.run(signal);
      while (!signal.aborted) {
        await look(over).then(
          () => (isFailing = false),
          (err: unknown) => {
            if (!isFailing) log.warn({ err }, 'how the space stands could not be read, so no alerts go out');
            isFailing = true;
          },
        );
        await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    },
  };
}
