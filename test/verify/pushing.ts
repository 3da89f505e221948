import { createHmac } from 'node:crypto';
import { openDatabase } from '../../database/database.js';
import { WebhooksSeen } from '../../database/webhooks-seen.js';
import { hookedActions } from '../../nexudus/webhooks.js';
import { KisiRoute } from '../../push/kisi.js';
import { startListener } from '../../push/listener.js';
import { PushWait, type PushOptions } from '../../verify/by-push.js';
import type { Findings } from '../../verify/trial.js';
import { readSeen, SeenKeeper } from '../../webhooks/seen-keeper.js';
import { startRelay, type Accident, type Relay } from './relay.js';
import { realWait } from '../../simulators/server.js';
import { fullWorld, startWorld, type World, type WorldTime } from './world.js';

export const hookSecret = 'a shared secret of Nexudus';
export const eventKey = 'a signature key of Kisi';

/** A world whose webhooks come to a listener that keeps what it sees, as a worker does. */
export interface PushWorld {
  world: World;
  seen: WebhooksSeen;
  /** The address of the listener. */
  url: string;
  rome: number;
  network: number;
  /** The first member, whose name has an accent, and one with a name in ASCII. */
  ada: number;
  bob: number;
  /** Does something of each kind, in another way each time. */
  cause(): void;
  /** The same, until all that it causes has come. */
  causeAll(): Promise<void>;
  /** Sends a call to the listener; answers the status. */
  call(path: string, body: string, headers?: Record<string, string>): Promise<number>;
  /** The same, signed as Nexudus does. */
  signed(kind: string, body: string): Promise<number>;
  verify(more?: Partial<PushOptions>): Promise<Findings>;
  /** Resolves once all that came is kept. */
  kept(): Promise<void>;
  /** Has Kisi send its events to another listener as well. */
  addIntegration(url: string): Promise<void>;
  /** Between the APIs and the listener. */
  relay: Relay;
  stop(): Promise<void>;
}

export interface PushPlan {
  database?: string;
  time?: WorldTime;
  /** Accidents of calls on their way, by the addresses of the calls. */
  accidents?: Readonly<Record<string, Accident>>;
  /** The key by which Kisi signs; null: it does not. */
  kisiSigns?: string | null;
  /** Where there are webhooks: where they reach Rome by default. */
  hookedAt?: readonly HookedAt[];
}
export type HookedAt = 'network' | 'rome';

export async function startPushWorld(
  switches: Parameters<typeof startWorld>[1] = {},
  plan: PushPlan = {},
): Promise<PushWorld> {
  const { time = { now: Date.now, wait: realWait }, accidents = {}, kisiSigns = eventKey } = plan;
  const hookSwitches: { hookSecret: string | null } & typeof switches.nexudus = {
    hookSecret,
    ...switches.nexudus,
  };
  const world = await startWorld(fullWorld, { ...switches, nexudus: hookSwitches }, time);
  const { nexudus, kisi, options } = world;
  const db = await openDatabase(plan.database ?? ':memory:');
  const seen = new WebhooksSeen(db);
  const apis = { nexudus: options.nexudus, kisi: options.kisi };
  const onProblem = (error: unknown): void => {
    throw error;
  };
  const keeper = new SeenKeeper({
    seen,
    apis,
    nexudusSecret: hookSecret,
    everyMs: 10,
    now: time.now,
    onProblem,
  });
  const nobody = { tell: () => undefined, tellSomething: () => undefined, drain: () => Promise.resolve() };
  const listener = await startListener({
    ...{ port: 0, nexudusSecret: hookSecret, acs: null, debouncer: nobody, count: () => undefined },
    kisi: new KisiRoute({ key: eventKey, judge: () => Promise.resolve(), gatherMs: 0, waitMs: 0 }),
    onCall: keeper.note.bind(keeper),
  });
  const url = `http://127.0.0.1:${listener.port}`;
  const secrets = { nexudus: hookSwitches.hookSecret, kisi: kisiSigns };
  const relay = await startRelay({ to: url, accidents, secrets });
  const [ada] = nexudus.space.list('coworkers').map(({ Id }) => Id);
  const rome = nexudus.space.list('businesses').find(({ Name }) => Name.includes('Rome'))?.Id ?? 0;
  const bob = nexudus.space.addCoworker({
    ...{ FullName: 'Bob', Email: 'bob@example.com', InvoicingBusinessId: rome },
  });
  const network = await hook(world, {
    url: plan.accidents === undefined ? url : relay.url,
    rome,
    key: kisiSigns,
    at: plan.hookedAt,
  });
  let times = 0;

  function cause(): void {
    const { space } = nexudus;
    times += 1;
    space.update('coworkers', bob.Id, { FullName: `Bob B. ${times}` });
    space.update('coworkers', ada ?? 0, { FullName: `Àda Ø. ${times}` });
    space.checkIn(bob.Id, rome);
    space.addContract({ CoworkerId: bob.Id, TariffId: space.list('tariffs')[0]?.Id ?? 0 });
    space.addTeam({ TeamMembers: [bob.Id], PayingMemberId: bob.Id, BusinessId: rome });
    const user = kisi.org.addUser({ email: `carol${times}@example.com`, name: 'Carol' });
    const groupId = kisi.org.groups.all()[0]?.id ?? 0;
    kisi.org.grantByHand({ userId: user.id, groupId, validUntil: time.now() + 86_400_000 });
  }

  async function call(path: string, body: string, headers: Record<string, string> = {}): Promise<number> {
    return (await fetch(`${url}${path}`, { method: 'POST', body, headers })).status;
  }
  return {
    ...{ world, seen, url, rome, network, ada: ada ?? 0, bob: bob.Id, call, cause, relay },
    signed: (kind, body) =>
      call(`/nexudus/${kind}`, body, {
        'X-Nexudus-Hook-Signature': createHmac('sha256', hookSecret).update(body).digest('hex').toUpperCase(),
      }),
    async causeAll() {
      cause();
      await nexudus.hooksSent();
      await kisi.eventsSent();
    },
    kept: () => keeper.close(),
    addIntegration: (to) => integrate(kisi.url, to, kisiSigns),
    verify: (more = {}) =>
      new PushWait({
        ...{ nexudus: options.nexudus, kisi: options.kisi, takes: { nexudus: true, kisi: true } },
        ...{ seen: () => readSeen(seen, apis, time.now()), forMs: 300, onWaiting: () => undefined },
        ...{ pauseMs: 5, everyMs: 20, settleMs: 50, now: () => time.now() + 60_000, ...more },
      }).hear(),
    async stop() {
      await world.stop();
      await relay.close();
      await listener.close();
      await keeper.close();
      await db.destroy();
    },
  };
}

interface Hooking {
  url: string;
  rome: number;
  key: string | null;
  at: readonly HookedAt[] | undefined;
}

/** Webhooks of each action on a network with one location, and the events of Kisi. */
async function hook(
  { nexudus, kisi }: World,
  { url, rome, key, at = nexudus.switches.hooksCoverNetworks ? ['network'] : ['network', 'rome'] }: Hooking,
): Promise<number> {
  const { space } = nexudus;
  const network = space.addBusiness({ Name: 'All of us' }).Id;
  space.update('businesses', rome, { RootLocationId: network });
  for (const { Id } of space.list('webhooks')) space.remove('webhooks', Id);
  for (const [event, actions] of Object.entries(hookedActions))
    for (const action of Object.keys(actions))
      for (const BusinessId of at.map((place) => ({ network, rome })[place]))
        space.addWebhook({
          ...{
            Action: Number(action),
            URL: `${url}/nexudus/${event}`,
            Name: `Latchkey: ${event}`,
            BusinessId,
          },
        });
  await integrate(kisi.url, url, key);
  return network;
}

/** Has Kisi send its events there. */
async function integrate(kisiUrl: string, url: string, key: string | null): Promise<void> {
  const body = { type: 'event_webhook', name: 'Latchkey', url: `${url}/kisi/events`, signature_key: key };
  await fetch(`${kisiUrl}/integrations`, {
    method: 'POST',
    headers: { Authorization: 'KISI-LOGIN kisi-test-key', 'Content-Type': 'application/json' },
    body: JSON.stringify({ integration: body }),
  });
}
