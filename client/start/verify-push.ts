import type { Config, PushConfig } from '../../config/config.js';
import { openDatabase } from '../../database/database.js';
import { WebhooksSeen } from '../../database/webhooks-seen.js';
import { createKisiPacer } from '../../kisi/pace.js';
import { parseDuration } from '../../lib/durations.js';
import { listenProblem } from '../../lib/ports.js';
import { KisiRoute } from '../../push/kisi.js';
import { startListener, type Listener } from '../../push/listener.js';
import { CommandError } from '../../space/failure.js';
import { withProgress } from '../../space/progress.js';
import { remark } from '../../space/remark.js';
import { timeWords } from '../../space/times.js';
import { PushWait } from '../../verify/by-push.js';
import { withFindings } from '../../verify/by-writing.js';
import type { Profile } from '../../verify/profile.js';
import type { WebhookKind } from '../../verify/webhook-kinds.js';
import { readSeen, SeenKeeper } from '../../webhooks/seen-keeper.js';

/** Options of `latchkey verify` as typed. */
export interface PushOptions {
  push?: boolean;
  /** How long to wait, such as '10m'. */
  for?: string;
}

export interface PushWish {
  push: PushConfig;
  forMs: number;
}

const usualWait = '10m';

/** What webhooks are to be waited for; null: none. Throws CommandError where that cannot be. */
export function pushWish(config: Config, { push = false, for: time }: PushOptions): PushWish | null {
  if (!push && time !== undefined) throw new CommandError('--for goes with --push', 2);
  if (!push) return null;
  if (config.push === null)
    throw new CommandError(
      '--push needs LATCHKEY_PUSH_PORT, and NEXUDUS_WEBHOOK_SECRET or KISI_WEBHOOK_KEY, as in the process that takes webhooks in',
      2,
    );
  return { push: config.push, forMs: waitOf(time) };
}

function waitOf(time: string = usualWait): number {
  try {
    return parseDuration(time);
  } catch {
    throw new CommandError('--for takes how long to wait for webhooks (30s, 10m, 2h)', 2);
  }
}

/** The webhooks that a worker or `latchkey listen` takes in, or this process where neither does. */
export interface Pushes {
  /** Waits for webhooks, and answers the profile with what they told. Throws DatabaseError. */
  hear(profile: Profile): Promise<Profile>;
  close(): Promise<void>;
}

/**
 * Opens the database in which the process that listens notes webhooks, and listens where nobody does. Ctrl-C asks for `stop`.
 * Throws DatabaseError.
 */
export async function openPushes(
  config: Config,
  { push, forMs }: PushWish,
  stop: AbortController,
): Promise<Pushes> {
  const db = await openDatabase(config.databaseUrl);
  const seen = new WebhooksSeen(db);
  const keeper = new SeenKeeper({
    ...{ seen, apis: config, nexudusSecret: push.nexudusSecret, everyMs: 200 },
    onProblem: () => {
      remark('what came in cannot be kept in the database, so it does not count');
    },
  });
  const listener = await listenIfNobodyDoes(push, keeper);
  const takes = { nexudus: push.nexudusSecret !== null, kisi: push.kisiKey !== null };
  // The worker shares the limit of this key: it goes first.
  const pace = createKisiPacer({ most: 2 }).urgent;
  const wait = new PushWait({
    ...{ nexudus: { ...config.nexudus }, kisi: { ...config.kisi, pace }, takes, forMs },
    ...{ seen: () => readSeen(seen, config), onWaiting: tellWaiting(forMs), signal: stop.signal },
  });
  wait.begin();
  return {
    hear: async (profile) => withFindings(profile, await untilSignal(stop, () => wait.hear())),
    async close() {
      await wait.close();
      await listener?.close();
      await keeper.close();
      await db.destroy();
    },
  };
}

/** Listens; null: another process does, and keeps the port. Calls get the answers of a worker here, and wake nobody. */
async function listenIfNobodyDoes(push: PushConfig, keeper: SeenKeeper): Promise<Listener | null> {
  const { host, port, trustedProxy, nexudusSecret, kisiKey } = push;
  const nobody = { tell: () => undefined, tellSomething: () => undefined, drain: () => Promise.resolve() };
  const judge = (): Promise<void> => Promise.resolve();
  const kisi = kisiKey === null ? null : new KisiRoute({ key: kisiKey, judge, gatherMs: 0, waitMs: 0 });
  try {
    const listener = await startListener({
      ...{ host, port, trustedProxy, nexudusSecret, acs: null, kisi, debouncer: nobody },
      count: () => undefined,
      onCall: keeper.note.bind(keeper),
    });
    remark(
      `nobody listens at port ${listener.port}, so this command does while it runs; the poll notices what a worker would have been told. A worker that is to listen there starts once this command has ended`,
    );
    return listener;
  } catch (error) {
    if (listenProblem(error, push, 'LATCHKEY_PUSH') === null) throw error;
    remark(
      `another process listens at port ${port}, or this machine may not: what the worker or \`latchkey listen\` takes in is read from the database`,
    );
    return null;
  }
}

/** Ctrl-C ends the wait, and what came counts. */
async function untilSignal<T>(stop: AbortController, job: () => Promise<T>): Promise<T> {
  const onSignal = (): void => {
    remark('no more webhooks are waited for: what came is looked at');
    stop.abort();
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await withProgress('Waiting for webhooks; Ctrl-C ends it, and keeps what came', job);
  } finally {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  }
}

function tellWaiting(forMs: number): (kinds: readonly WebhookKind[]) => void {
  let isFirst = true;
  return (kinds) => {
    const until = timeWords(Date.now() + forMs, null);
    const wanted = kinds.map(({ api, about, cause }) => `about ${about} of ${api} (${cause})`).join('; ');
    if (kinds.length === 0) remark('no more kinds of webhooks are waited for');
    else if (isFirst)
      remark(`waiting until ${until} for webhooks ${wanted}. Ctrl-C ends it, and keeps what came`);
    else remark(`still waiting for webhooks ${wanted}`);
    isFirst = false;
  };
}
