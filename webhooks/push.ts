import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Instant } from '../access/types.js';
import { createWaker, type Waker } from '../activities/wake.js';
import type { KisiClient } from '../kisi/client.js';
import { batchSize, type NexudusClient } from '../nexudus/client.js';
import { keep } from '../nexudus/fresh.js';
import type { AcsRoute } from '../push/acs.js';
import type { Count } from '../push/answers.js';
import { Debouncer, type DebouncerOptions } from '../push/debouncer.js';
import { KisiRoute } from '../push/kisi.js';
import { startListener, type Listener } from '../push/listener.js';
import type { Kept } from '../database/kept.js';
import type { Ownership } from '../database/ownership.js';
import type { WebhooksSeen } from '../database/webhooks-seen.js';
import type { AuditLog } from '../database/audit-log.js';
import { pollScheduleId, type Wake } from '../messages/to-member.js';
import { OpinionKeeper } from './opinions.js';
import { ConfigError } from '../config/config-error.js';
import type { Config } from '../config/config.js';
import { askForComparison } from '../monitoring/drift.js';
import { HookWatch } from './hooks.js';
import { createKisiJudge } from './kisi-events.js';
import { hooksKeptName } from '../monitoring/monitor.js';
import { createNewcomers, type HasCoworker } from './newcomers.js';
import { isPortTaken, listenProblem } from '../lib/ports.js';
import { RefusedLog } from './refused.js';
import { SeenKeeper } from './seen-keeper.js';

export interface PushDeps {
  config: Pick<Config, 'push' | 'taskQueue' | 'file' | 'nexudus' | 'kisi'>;
  client: Client;
  nexudus: NexudusClient;
  kisi: Pick<KisiClient, 'listGroups'>;
  auditLog: AuditLog;
  /** Where it is told which webhooks are switched off. */
  kept: Kept;
  /** Where it is told which webhooks came in, and in which form. */
  webhooksSeen: WebhooksSeen;
  /** Who owns a key, so that a member whose workflow was ended by hand is not left alone. */
  ownership: Pick<Ownership, 'ownersAmong'>;
  log: Logger;
  /**
   * What time it is for the process that reads Nexudus; null: that is another process, and the clock of this one may be wrong.
   */
  now: () => Instant | null;
  hasCoworker: HasCoworker;
  /** Told how long each wake took from the arrival of a webhook. */
  onWoken: (waitedMs: number) => void;
}

/** More than one lookup serves: a newcomer beyond that waits for a poll instead. */
const newcomersAtOnce = 2 * batchSize;

/**
 * Takes pushes in and wakes the members they are about; null where no port is set for them. Throws ConfigError where
 * that port is taken.
 */
export async function startPush(deps: PushDeps): Promise<Listener | null> {
  const { config, client, log, auditLog } = deps;
  if (config.push === null) return null;
  const waker = createWaker(client, config.taskQueue, deps.ownership);
  const { host, port, trustedProxy, nexudusSecret, acsToken, kisiKey } = config.push;
  const { newcomers, debouncer } = memberDebouncers(deps, waker);
  const opinions = new OpinionKeeper({
    auditLog,
    now: Date.now,
    onProblem: (err) => {
      log.warn(
        { err },
        'Latchkey cannot keep what Nexudus works out itself in the audit log, and tries again',
      );
    },
  });
  const acs = acsToken === null ? null : acsRoute(deps, acsToken, opinions);
  const drift = driftDebouncer(deps, waker);
  const judge = kisiJudge(deps, drift);
  const kisi = kisiKey === null ? null : new KisiRoute({ key: kisiKey, judge });
  const refused = new RefusedLog(log);
  const seen = seenKeeper(deps, nexudusSecret);
  const meter = pushCounter();
  const count: Count = (source, outcome) => {
    meter(source, outcome);
    refused.note(source, outcome);
  };
  const onCall = seen.note.bind(seen);
  const doors = { nexudusSecret, acs, kisi, debouncer, count, onCall };
  const listener = await startListener({ host, port, trustedProxy, ...doors }).catch((error: unknown) => {
    throw portError(error, { host, port });
  });
  log.info({ port: listener.port }, 'the push port is open');
  const watch =
    nexudusSecret === null ? null : new HookWatch(deps.nexudus, log, (off) => tellHooks(deps.kept, off));
  return {
    port: listener.port,
    async close() {
      watch?.stop();
      refused.stop();
      const drained = (async (): Promise<boolean> => {
        await listener.close();
        await newcomers.drain();
        await drift.drain();
        await opinions.drain();
        await seen.close();
        return true;
      })();
      const tooLate = sleep(drainMs, false, { ref: false });
      if (!(await Promise.race([drained, tooLate])))
        log.warn(
          'Latchkey could not wake every member that pushes named; the next poll and comparison make up for it',
        );
    },
  };
}

/** Another port is no way out where `latchkey verify --push` has this one: webhooks would still come to it. */
function portError(error: unknown, { host, port }: { host: string; port: number }): unknown {
  const line = listenProblem(error, { host, port }, 'LATCHKEY_PUSH');
  if (line === null) return error;
  const verifies = `port ${port} is taken. Does \`latchkey verify --push\` run? Wait until it ends, or end it with Ctrl-C, which keeps what came. Then start this again`;
  const others = `If another process has the port, set LATCHKEY_PUSH_PORT to a free one, and have webhooks come in there`;
  return new ConfigError(isPortTaken(error) ? [`${verifies}. ${others}.`] : [line]);
}

function seenKeeper(
  { webhooksSeen: seen, config: apis, log }: PushDeps,
  nexudusSecret: string | null,
): SeenKeeper {
  return new SeenKeeper({
    ...{ seen, apis, nexudusSecret },
    onProblem: (err) => {
      log.warn(
        { err },
        'Latchkey cannot keep which webhooks came in, so `latchkey verify --push` does not see them; all else works',
      );
    },
  });
}

/** Tells by the events of Kisi which members to compare with Kisi. */
function kisiJudge(
  { auditLog, config, log }: PushDeps,
  drift: Debouncer,
): ReturnType<typeof createKisiJudge> {
  return createKisiJudge({
    auditLog,
    policy: config.file.drift,
    debouncer: drift,
    now: Date.now,
    onProblem: (err) => {
      log.warn(
        { err },
        'Latchkey cannot read whose keys the events of Kisi are about, so it compares all keys with Kisi instead',
      );
    },
  });
}

/** Wakes the members that pushes name: those who have a workflow, and apart from them newcomers. */
function memberDebouncers(deps: PushDeps, waker: Waker): { newcomers: Debouncer; debouncer: Debouncer } {
  const { config, client, log } = deps;
  /** What comes in is in Nexudus by then: a read that began since shows it. */
  const wakeBy = (reason: Wake['reason']): Wake => {
    const now = deps.now();
    return { reason, ...(now === null ? {} : { notBefore: now }) };
  };
  const pollNow = (): Promise<void> =>
    client.schedule.getHandle(pollScheduleId).trigger(ScheduleOverlapPolicy.BUFFER_ONE);
  const mayStart = createNewcomers(deps);
  // Apart, since they are looked for in Nexudus first, and all others must not wait for that.
  const newcomers: Debouncer = new Debouncer({
    async wake(memberId) {
      const wake = wakeBy('changed');
      if (await mayStart(memberId, wake.notBefore ?? Date.now())) await waker.wake(memberId, wake);
      else newcomers.tellSomething();
    },
    ...{ pollNow, gatherMs: 0, atOnce: newcomersAtOnce, onWoken: deps.onWoken },
    ...telling(log),
  });
  const debouncer: Debouncer = new Debouncer({
    async wake(memberId, { mayStart, isCheckIn }) {
      const wake = wakeBy(isCheckIn ? 'checkIn' : 'changed');
      if ((await waker.wakeIfRunning(memberId, wake)) || !mayStart) return;
      newcomers.tell(memberId, { mayStart });
    },
    ...{ pollNow, onWoken: deps.onWoken },
    // Where a use ends the access at once, nobody who comes in is to wait for long.
    ...(config.file.policies.usedPass === 'atOnce' ? { longestCheckInWaitMs: 0 } : {}),
    ...telling(log),
  });
  return { newcomers, debouncer };
}

/** For the process that sends alerts, which may be another one. A look that cannot be told is told by the next. */
async function tellHooks(kept: Kept, off: string[]): Promise<void> {
  await kept.write(hooksKeptName, off, Date.now()).catch(() => undefined);
}

/** The least time between two comparisons of a member, or of all of Kisi, because of events. */
const driftWindowMs = 10_000;

/** Has members compare themselves with Kisi, or all of Kisi compared. */
function driftDebouncer({ client, log }: PushDeps, waker: Waker): Debouncer {
  const debouncer = new Debouncer({
    async wake(memberId) {
      if (!(await waker.wakeIfRunning(memberId, { reason: 'drift' }))) debouncer.tellSomething();
    },
    pollNow: () => askForComparison(client),
    windowMs: driftWindowMs,
    longestWindowMs: driftWindowMs,
    ...telling(log),
  });
  return debouncer;
}

/** Calls by where they came from and what became of them, among the SDK's own metrics. */
function pushCounter(): Count {
  const pushes = Runtime.instance().metricMeter.createCounter(
    'latchkey_pushes',
    undefined,
    'Calls taken in, by where they came from and what became of them',
  );
  return (source, outcome) => {
    pushes.add(1, { source, outcome });
  };
}

function telling(log: Logger): Pick<DebouncerOptions, 'onProblem' | 'onMended'> {
  return {
    onProblem: (err) => {
      log.warn(
        { err },
        'pushes come in, but Temporal does not take the wakes: Latchkey keeps them and tries again',
      );
    },
    onMended: () => {
      log.info('Temporal takes the wakes of pushes again');
    },
  };
}

/** While Temporal is away nobody can be woken, and a process that is told to stop should. */
const drainMs = 15_000;

/** How long groups are kept, however often Nexudus asks, or somebody who has the token. */
const groupsKeptMs = 60_000;
const businessesKeptMs = 30_000;
/** How long whoever calls waits at most. */
const readLimit = { limitMs: 30_000 };

function acsRoute({ nexudus, kisi }: PushDeps, token: string, opinions: OpinionKeeper): AcsRoute {
  const groups = keep(() => kisi.listGroups(), Date.now, { ...readLimit, of: 'Kisi' });
  const businesses = keep(
    async () => {
      const all = await nexudus.list('businesses');
      return new Set(all.map(({ uniqueId }) => uniqueId));
    },
    Date.now,
    { ...readLimit, of: 'Nexudus' },
  );
  let known: ReadonlySet<string | null> = new Set();
  return {
    token,
    onOpinion: (opinion) => {
      opinions.take(opinion);
    },
    groups: () => groups.get({ notBefore: Infinity, maxAgeMs: groupsKeptMs }),
    async isKnown(businessUniqueId) {
      const wanted = businessUniqueId.trim().toLowerCase();
      if (known.has(wanted)) return true;
      try {
        known = await businesses.get({ notBefore: Infinity, maxAgeMs: businessesKeptMs });
      } catch {
        // The token was right, a wake does no harm, and one that is lost may not come again.
        return true;
      }
      return known.has(wanted);
    },
  };
}
