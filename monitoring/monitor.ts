/** What the leader tells of the space, for `latchkey status`, and the alerts that it sends. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Instant } from '../access/types.js';
import type { Kept } from '../database/kept.js';
import type { Timekeeper } from '../activities/time.js';
import { Alerting, type AlertingOptions } from './alerting.js';
import { alertLimits, type AlertLimits } from './alert.js';
import { alertsOf } from './alerts.js';
import { names } from './api-alerts.js';
import type { ApiName, ApiState, ApiStates, ApiWatch, Problem } from './api-watch.js';
import type { Channel } from './channels.js';
import { unlessAborted, within } from '../lib/within.js';
import { readFacts, type Facts, type LeaderReport } from './facts.js';
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
  /** How the API key of Kisi is. */
  tellKey: (key: Facts['kisiKey']) => void;
  /** Whether both APIs are as they were. */
  tellChanges: (look: Facts['apiLook']) => void;
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
  /** A Schedule is not late before this. */
  lateMs: number;
}

/** How often an API that does not answer is asked whether it does, should nothing else ask it. */
const probeMs = 60_000;
/** The process that looks after webhooks tells every 10 minutes which are off. */
const hooksLastMs = 30 * 60_000;
export const hooksKeptName = 'webhooks switched off';

/** Looks after the space while this process is the leader, and sends the alerts. */
export class Monitor {
  private readonly everyMs: number;
  private readonly limits: AlertLimits;
  private alerting: Alerting;
  private hooks: LeaderReport['hooks'] = null;
  private auditLog: Problem | null = null;
  private isFailing = false;
  private readonly probing = new Set<ApiName>();
  private readonly probedAt: Record<ApiName, Instant> = { nexudus: 0, kisi: 0 };

  constructor(private readonly deps: MonitorDeps) {
    const { everyMs = 45_000, limits = {} } = deps.pace ?? {};
    this.everyMs = everyMs;
    this.limits = { ...alertLimits, ...limits };
    this.alerting = this.freshAlerting();
  }

  /** What this process tells while it is the leader. */
  report(): LeaderReport {
    const { skewMs, journal, token, channels, now } = this.deps;
    return {
      at: now(),
      apis: this.apiStates(),
      temporalSkewMs: skewMs.temporal(),
      ...{ hooks: this.hooks, auditLog: this.auditLog, journal: journal.state() },
      tokenEndsAt: token.endsAt(),
      channels: channels.map(({ name }) => name),
      undelivered: this.alerting.undelivered(),
    };
  }

  /** Looks and tells, again and again, until `signal` is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, hear, runs, journal } = this.deps;
    // Another process may have told something since this one was the leader.
    this.alerting = this.freshAlerting();
    const over = once(signal, 'abort').then(() => null);
    void hear(signal);
    runs.restart();
    void journal.run(signal);
    while (!signal.aborted) {
      await this.look(over).then(
        () => (this.isFailing = false),
        (err: unknown) => {
          if (!this.isFailing)
            log.warn({ err }, 'Latchkey could not read how the space stands, so it sends no alerts');
          this.isFailing = true;
        },
      );
      await sleep(this.everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private freshAlerting(): Alerting {
    const { channels, kept, log, now, pace = {} } = this.deps;
    return new Alerting({ ...pace, channels, kept, log, now });
  }

  private apiStates(): ApiStates {
    const { watch, skewMs } = this.deps;
    const states = watch.states();
    const withSkew = (api: ApiName): ApiState => ({ ...states[api], skewMs: skewMs[api]() });
    return { nexudus: withSkew('nexudus'), kisi: withSkew('kisi') };
  }

  /** `over`: resolves with null once the term is over. */
  private async look(over: Promise<null>): Promise<void> {
    const { client, taskQueue, token, now } = this.deps;
    this.tellClocks();
    await this.readHooks();
    await token.look();
    const reading = readFacts(client, taskQueue, now(), this.report());
    // A member whose worker stops does not answer any more.
    const facts = await Promise.race([reading, over]);
    if (facts === null) return;
    this.deps.tellKey(facts.kisiKey);
    this.deps.tellChanges(facts.apiLook);
    await this.alerting.tell(alertsOf(facts, now(), this.limits));
    await this.runLate(facts);
    // A person who stopped everything wants no request at all.
    if (facts.orders?.stop?.level === 'all') return;
    // The probes may wait for their turn, and nothing waits for them.
    void this.probe('nexudus');
    void this.probe('kisi');
  }

  private tellClocks(): void {
    const { skewMs, tellClocks, time } = this.deps;
    const skews = { nexudus: skewMs.nexudus(), kisi: skewMs.kisi(), temporal: skewMs.temporal() };
    tellClocks(skews, time.verdict().state === 'disputed');
  }

  /** This also shows whether the database does what it is asked. */
  private async readHooks(): Promise<void> {
    const { kept, now } = this.deps;
    try {
      const found = await kept.read(hooksKeptName);
      const isFresh = found !== null && now() - found.at < hooksLastMs;
      this.hooks = isFresh ? { at: found.at, off: found.value as string[] } : null;
      await kept.write('monitor', null, now());
      this.auditLog = null;
    } catch (error) {
      const why = error instanceof Error ? error.message : 'the database does not answer';
      this.auditLog = { since: this.auditLog?.since ?? now(), lastAt: now(), why };
    }
  }

  private async runLate(facts: Facts): Promise<void> {
    const { runs, runNow, log } = this.deps;
    for (const id of runs.late(facts)) {
      log.warn(
        `the Schedule ${id} did not run when it should have, as can happen after Temporal's clock was set: Latchkey runs it now`,
      );
      await runNow(id);
    }
  }

  private async probe(api: ApiName): Promise<void> {
    if (!this.isProbeDue(api)) return;
    this.probing.add(api);
    this.probedAt[api] = this.deps.now();
    // The watch notes what comes of it.
    const limit = { limitMs: probeMs, of: names[api] };
    await within({ limit }, () => unlessAborted(this.deps.ask[api]())).catch(() => undefined);
    this.probing.delete(api);
  }

  private isProbeDue(api: ApiName): boolean {
    const { watch, time, now } = this.deps;
    const { down, refused, answeredAt, role } = watch.states()[api];
    // Any answer shows what time it is.
    const isInDoubt = down !== null || refused !== null || time.verdict().state === 'disputed';
    if ((!isInDoubt && role !== null) || this.probing.has(api)) return false;
    // As long as it answers, other requests show that.
    const lastAt = Math.max(down?.lastAt ?? 0, isInDoubt ? (answeredAt ?? 0) : 0, this.probedAt[api]);
    // A clock that was set back must not make this wait for hours.
    return Math.abs(now() - lastAt) >= probeMs;
  }
}
