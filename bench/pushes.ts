/** A settled space with one worker process, which hears by webhooks of purchases, suspensions and check-ins. */
import { nextFreePort } from '../lib/ports.js';
import type { KisiSimulator } from '../simulators/kisi.js';
import { addCrowd, allAsleep, settle, threeHomes } from './crowd.js';
import { percentile, type Row } from './rows.js';
import { applyLimits, latchkey, say, setStage, startWorkerProcess, wait, type BenchStage } from './stage.js';

/** A pushed space, and what a bench can make happen in it. Members take turns, and each is suspended once at most. */
export interface PushedSpace {
  stage: BenchStage;
  /** Somebody new buys a pass; resolves with the seconds until the key. */
  purchase(): Promise<number>;
  /** A member is suspended; resolves with the seconds until the key is gone. */
  suspension(): Promise<number>;
  checkIn(): void;
  /** Has each call of both APIs take this long from now on. */
  slow(delayMs: number): void;
  /** Whether the simulators stood still shortly before this instant. */
  wasPaused: (at: number) => boolean;
  stop(): Promise<void>;
}

/** Sets the space up at the published limits, with everybody asleep. `env`: over the worker's own. */
export async function pushedSpace(members: number, env: Record<string, string> = {}): Promise<PushedSpace> {
  const secret = 'a secret of this bench';
  const port = await nextFreePort(18_200);
  const stage = await setStage({
    LATCHKEY_PUSH_PORT: String(port),
    LATCHKEY_PUSH_URL: `http://127.0.0.1:${port}`,
    NEXUDUS_WEBHOOK_SECRET: secret,
    LATCHKEY_RECONCILIATION_INTERVAL: '2h',
    LATCHKEY_COMPARISON_INTERVAL: '7d',
    ...env,
  });
  const { nexudus, kisi, ids } = stage;
  nexudus.switches.hookSecret = secret;
  const crowd = addCrowd(stage, threeHomes(stage), members);
  await settle(stage, crowd);
  applyLimits(stage);
  const keys = watchKeys(kisi);
  const worker = await startWorkerProcess(stage);
  await latchkey(stage, 'hooks', 'install');
  await allAsleep(stage, members);
  // As after each comparison, the worker knows who has a Kisi user.
  await latchkey(stage, 'drift', '--now');
  // Lists of what was written lately look back two minutes: nobody makes a crowd just before a rush.
  await wait(3 * 60_000);
  let newcomers = 0;
  /** How many members are suspended, the first ones of the crowd; the others check in, one after another. */
  let suspended = 0;
  let checkIns = 0;
  return {
    stage,
    wasPaused: watchPauses(),
    async purchase() {
      const Email = `rush${newcomers++}@example.com`;
      const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
      const from = performance.now();
      nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
      await keys.given(Email);
      return (performance.now() - from) / 1_000;
    },
    async suspension() {
      const place = suspended++;
      const [memberId, userId] = [crowd.memberIds[place], crowd.userIds[place]];
      if (memberId === undefined) throw new Error('Everybody is suspended.');
      const held = kisi.org.assignments().filter((key) => key.user_id === userId);
      if (held.length === 0) throw new Error(`Member ${memberId} holds no key.`);
      const from = performance.now();
      nexudus.space.suspend(memberId);
      await Promise.all(held.map(({ id }) => keys.taken(id)));
      return (performance.now() - from) / 1_000;
    },
    checkIn() {
      nexudus.space.checkIn(crowd.memberIds[suspended + (checkIns++ % (members - suspended))] ?? 0);
    },
    slow(delayMs) {
      for (const { faults } of [nexudus, kisi]) {
        faults.clear();
        if (delayMs > 0) faults.add({ match: '^/', kind: 'slow', delayMs });
      }
    },
    async stop() {
      await worker.stop();
      await stage.stop();
    },
  };
}

/** Tells of keys as they come and go: a search among ten thousand keys, again and again, would hold up the simulators. */
function watchKeys({ org }: KisiSimulator) {
  const waiting = new Map<string, () => void>();
  const { onChange } = org;
  org.onChange = (change) => {
    onChange(change);
    const { id } = change.object;
    const user = org.people.get(org.roles.get(id)?.user_id ?? 0);
    if (change.type === 'role_assignment.destroy') waiting.get(`taken ${id}`)?.();
    if (change.type === 'role_assignment.create') waiting.get(`given ${user?.email}`)?.();
  };
  const once = (what: string): Promise<void> => new Promise((resolve) => waiting.set(what, resolve));
  return {
    given: (email: string) => once(`given ${email}`),
    taken: (keyId: number) => once(`taken ${keyId}`),
  };
}

/** How long it took, as a row; `mostSeconds`: the goal of the p95. */
export function tookRow(what: string, took: readonly number[], mostSeconds: number): Row {
  const [p50, p95, longest] = [percentile(took, 0.5), percentile(took, 0.95), Math.max(...took)];
  say(`${what}: p50 ${p50.toFixed(2)}, p95 ${p95.toFixed(2)}, longest ${longest.toFixed(2)} s`);
  return {
    what: `${what}, p95 of ${took.length} (p50 ${p50.toFixed(2)} s, longest ${longest.toFixed(2)} s)`,
    measured: `${p95.toFixed(2)} s`,
    floor: '',
    ratio: null,
    goal: `under ${mostSeconds} s`,
    holds: p95 < mostSeconds,
  };
}

/** A pause of this process, in which the simulators take no request, is told from this long on. */
const longPauseMs = 30;
/** Requests that waited for the end of a pause seem to arrive at once, and the next ones too early. */
const pauseShowsMs = 120;

/** Answers whether a pause of this process ended shortly before an instant, or around it. */
function watchPauses(): (at: number) => boolean {
  const everyMs = 10;
  const ends: number[] = [];
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    if (now - last > everyMs + longPauseMs) ends.push(Date.now());
    last = now;
  }, everyMs).unref();
  return (at) => ends.some((end) => at - end > -everyMs && at - end <= pauseShowsMs);
}

/** How many requests Nexudus refused; and the same in words, with how many of them came out of a pause of the simulators. */
export function throttledIn({ stage, wasPaused }: PushedSpace): { count: number; told: string } {
  const refused = stage.nexudus.requests.list().filter(({ status }) => status === 409);
  const [count, paused] = [refused.length, refused.filter(({ at }) => wasPaused(at)).length];
  return { count, told: paused === 0 ? `${count}` : `${count}, ${paused} after the simulators stood still` };
}

/** What Nexudus was asked a minute, as a row. */
export function askedRow(what: string, space: PushedSpace, minutes: number): Row {
  const { stage } = space;
  const asked = stage.nexudus.requests.list();
  const throttled = throttledIn(space);
  const perMinute = asked.length / minutes;
  const ofKisi = (stage.kisi.requests.count() / minutes).toFixed(0);
  say(`requests a minute: ${perMinute.toFixed(0)}, throttled: ${throttled.told}; of Kisi: ${ofKisi}`);
  return {
    what: `Nexudus requests a minute (throttled in all: ${throttled.told}), ${what}`,
    measured: perMinute.toFixed(0),
    floor: '',
    ratio: null,
    goal: 'at most 120, none throttled',
    holds: perMinute <= 120 && throttled.count === 0,
  };
}
