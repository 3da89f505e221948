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

/** How many requests Nexudus refused. */
export function throttledIn({ nexudus }: BenchStage): number {
  return nexudus.requests.list().filter(({ status }) => status === 409).length;
}

/** What Nexudus was asked a minute, as a row. */
export function askedRow(what: string, stage: BenchStage, minutes: number): Row {
  const asked = stage.nexudus.requests.list();
  const throttled = throttledIn(stage);
  const perMinute = asked.length / minutes;
  const ofKisi = (stage.kisi.requests.count() / minutes).toFixed(0);
  say(`requests a minute: ${perMinute.toFixed(0)}, throttled: ${throttled}; of Kisi: ${ofKisi}`);
  return {
    what: `Nexudus requests a minute (throttled in all: ${throttled}), ${what}`,
    measured: perMinute.toFixed(0),
    floor: '',
    ratio: null,
    goal: 'at most 120, none throttled',
    holds: perMinute <= 120 && throttled === 0,
  };
}
