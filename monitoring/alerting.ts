/** Tells people what needs them: once for each cause, again each day that it lasts, and once that it is over. */
import type { Logger } from 'pino';
import { iso, type Instant } from '../access/types.js';
import type { Kept } from '../database/kept.js';
import { undeliveredCause, type Alerts } from './alerts.js';
import type { Alert } from './alert.js';
import { ChannelError, type Channel, type Message } from './channels.js';
import type { Undelivered } from './facts.js';

/** What a channel was told of, by cause. Kept in the database, so that a restart tells nothing twice. */
export type Told = Record<string, { since: Instant | null; toldAt: Instant; text: string }>;

export interface AlertingOptions {
  channels: readonly Channel[];
  kept: Kept;
  log: Logger;
  now: () => Instant;
  /** A cause is over once it was not seen for this long: what comes and goes is told once. */
  calmMs?: number;
  /** A cause that lasts is told again after this. */
  againMs?: number;
  firstPauseMs?: number;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** The longest pause before a receiver that is down is tried again. */
const longestPauseMs = 15 * minuteMs;
const mostLines = 20;

/** A channel to tell, and how that went so far. */
interface Line {
  channel: Channel;
  /** Null: not read yet what it was told before. */
  told: Told | null;
  failure: { since: Instant; why: string; pauseMs: number; nextAt: Instant } | null;
}

/** Tells each channel what stands. */
export class Alerting {
  private readonly lines: Line[];
  private readonly calmMs: number;
  private readonly againMs: number;
  private readonly firstPauseMs: number;
  /** When each cause was first seen in a row, and last. */
  private readonly seen = new Map<string, { first: Instant; last: Instant }>();
  private readonly startedAt: Instant;

  constructor(private readonly options: AlertingOptions) {
    const { channels, now, calmMs = 2 * minuteMs, againMs = dayMs, firstPauseMs = 30_000 } = options;
    this.lines = channels.map((channel) => ({ channel, told: null, failure: null }));
    this.calmMs = calmMs;
    this.againMs = againMs;
    this.firstPauseMs = firstPauseMs;
    this.startedAt = now();
  }

  /** Tells each channel what is new to it, in one message. Resolves once each message was taken or refused; never rejects. */
  async tell(alerts: Alerts): Promise<void> {
    this.note(alerts.standing);
    await Promise.all(this.lines.map((line) => this.tellOne(line, alerts)));
  }

  /** The channels that are not reached now. */
  undelivered(): Undelivered[] {
    return this.lines.flatMap(({ channel, failure }) =>
      failure === null ? [] : [{ channel: channel.name, since: failure.since, why: failure.why }],
    );
  }

  private note(standing: readonly Alert[]): void {
    const at = this.options.now();
    const { seen } = this;
    for (const { cause } of standing) seen.set(cause, { first: seen.get(cause)?.first ?? at, last: at });
    const causes = new Set(standing.map(({ cause }) => cause));
    for (const [cause, { last }] of seen)
      if (!causes.has(cause) && at - last >= this.calmMs) seen.delete(cause);
  }

  private async tellOne(line: Line, alerts: Alerts): Promise<void> {
    const { kept, log, now } = this.options;
    const { channel } = line;
    line.told ??= await readTold(kept, channel, log);
    if (line.failure !== null && now() < line.failure.nextAt) return;
    // That a channel is not reached is no news for that very channel.
    const standing = alerts.standing.filter(({ cause }) => cause !== undeliveredCause(channel.name));
    const news = newsOf(line.told, { ...alerts, standing }, this.newsRules());
    if (news.begun.length + news.lasting.length + news.over.length === 0) return;
    try {
      await channel.send(messageOf(news));
    } catch (error) {
      this.fails(line, error);
      return;
    }
    await this.wasTold(line, line.told, news);
  }

  private async wasTold(line: Line, before: Told, news: News): Promise<void> {
    const { kept, log, now } = this.options;
    const { channel } = line;
    if (line.failure !== null) log.info(`alerts reach ${channel.name} again`);
    line.failure = null;
    line.told = afterTelling(before, news, now());
    const causes = [...news.begun, ...news.lasting].map(({ cause }) => cause);
    log.info({ causes, over: news.over.map(({ cause }) => cause) }, `sent alerts to ${channel.name}`);
    await kept.write(nameOf(channel), line.told, now()).catch((err: unknown) => {
      log.warn(
        { err },
        'Latchkey cannot store which alerts it sent: after a restart it would send them again',
      );
    });
  }

  private newsRules(): NewsRules {
    const { now } = this.options;
    return {
      now: now(),
      againMs: this.againMs,
      isDue: ({ cause, delayMs = 0 }) => now() - (this.seen.get(cause)?.first ?? now()) >= delayMs,
      isCalm: (cause) => now() - (this.seen.get(cause)?.last ?? this.startedAt) >= this.calmMs,
    };
  }

  private fails(line: Line, error: unknown): void {
    const { log, now } = this.options;
    const { channel, failure } = line;
    const why = error instanceof ChannelError ? error.message : 'an unexpected error.';
    const askedMs = error instanceof ChannelError ? (error.retryAfterMs ?? 0) : 0;
    const nextPauseMs = failure === null ? this.firstPauseMs : failure.pauseMs * 2;
    const pauseMs = Math.min(Math.max(nextPauseMs, askedMs), longestPauseMs);
    if (failure === null)
      log.warn(`an alert did not reach ${channel.name}, and Latchkey sends it again: ${why}`);
    line.failure = { since: failure?.since ?? now(), why, pauseMs, nextAt: now() + pauseMs };
  }
}

const nameOf = ({ id }: Channel): string => `alerts told to ${id}`;

/** Better twice than never: where it cannot be read, nothing counts as told. */
async function readTold(kept: Kept, channel: Channel, log: Logger): Promise<Told> {
  try {
    return ((await kept.read(nameOf(channel)))?.value ?? {}) as Told;
  } catch (err) {
    log.warn({ err }, 'Latchkey cannot read which alerts it sent before: it may send some again');
    return {};
  }
}

interface News {
  begun: Alert[];
  lasting: Alert[];
  over: { cause: string; since: Instant | null; text: string }[];
}

interface NewsRules {
  now: Instant;
  againMs: number;
  isDue: (alert: Alert) => boolean;
  isCalm: (cause: string) => boolean;
}

/** What a channel is to be told, by what it was told before. Pure. */
function newsOf(
  told: Told,
  { standing, undecided }: Alerts,
  { now, againMs, isDue, isCalm }: NewsRules,
): News {
  const causes = new Set(standing.map(({ cause }) => cause));
  const isUndecided = (cause: string): boolean =>
    undecided.some((begin) => cause === begin || cause.startsWith(`${begin}/`));
  return {
    begun: standing.filter((alert) => told[alert.cause] === undefined && isDue(alert)),
    lasting: standing.filter(({ cause }) => {
      const before = told[cause];
      return before !== undefined && now - before.toldAt >= againMs;
    }),
    over: Object.entries(told)
      .filter(([cause]) => !causes.has(cause) && !isUndecided(cause) && isCalm(cause))
      .map(([cause, { since, text }]) => ({ cause, since, text })),
  };
}

function afterTelling(told: Told, { begun, lasting, over }: News, now: Instant): Told {
  const gone = new Set(over.map(({ cause }) => cause));
  const left = Object.entries(told).filter(([cause]) => !gone.has(cause));
  const fresh = [...begun, ...lasting].map(
    ({ cause, since, text }) => [cause, { since, toldAt: now, text }] as const,
  );
  return Object.fromEntries([...left, ...fresh]);
}

function messageOf({ begun, lasting, over }: News): Message {
  const counts = [
    ...(begun.length === 0 ? [] : [`${begun.length} new`]),
    ...(lasting.length === 0 ? [] : [`${lasting.length} still open`]),
    ...(over.length === 0 ? [] : [`${over.length} over`]),
  ];
  const lines = [
    ...begun.map(({ text }) => text),
    ...lasting.map(({ text }) => `Still: ${text}`),
    ...over.map(({ text }) => `Over: ${text}`),
  ];
  const more = lines.length - mostLines;
  const as =
    (state: Message['alerts'][number]['state']) =>
    ({ cause, since, text }: News['over'][number]): Message['alerts'][number] => ({
      ...{ cause, state, text },
      since: since === null ? null : iso(since),
    });
  return {
    title: `Latchkey: ${counts.join(', ')}`,
    lines:
      more > 0
        ? [...lines.slice(0, mostLines), `And ${more} more: \`latchkey status\` lists all of them.`]
        : lines,
    alerts: [...begun.map(as('begun')), ...lasting.map(as('lasts')), ...over.map(as('over'))],
  };
}
