/** Both APIs as one process reaches them: their clients, their pacers, their clocks and their logins. */
import type { Instant } from '../access/types.js';
import { createTimekeeper, type Timekeeper } from '../activities/time.js';
import type { Config } from '../config/config.js';
import type { Credentials } from '../config/credentials.js';
import { createKisiClient, type KisiClient, type KisiClientOptions } from '../kisi/client.js';
import { createKisiPacer, type KisiPacer } from '../kisi/pace.js';
import { ApiMeters } from '../monitoring/api-meters.js';
import { ApiWatch } from '../monitoring/api-watch.js';
import {
  createNexudusClient,
  type NexudusAuth,
  type NexudusClient,
  type NexudusClientOptions,
} from '../nexudus/client.js';
import { createServerClock, type ServerClock } from '../nexudus/clock.js';
import { createPacer, type LaneName, type Pacer, type Plan, type Turns } from '../nexudus/pace.js';
import { createSession, type Session } from '../nexudus/session.js';
import { createStalls } from '../nexudus/stalls.js';
import { network, type RequestInfo, type Wire } from '../lib/http.js';
import { Login, type LoginState } from './login.js';
import { noRefusals, type RefusalBook } from './refusals.js';
import { turnsByPriority } from './turns.js';

/** Both APIs as this configuration reaches them. */
export interface Apis {
  nexudus: NexudusClient;
  /** The same for reads that several wait for together, and for reads of many: they let the reads of one member go first. */
  nexudusForGroups: NexudusClient;
  nexudusForBatches: NexudusClient;
  /** The same for polls, and for reconciliations: they let both go first. */
  nexudusForPolls: NexudusClient;
  nexudusForReconciliations: NexudusClient;
  kisi: KisiClient;
  /** The same, asking before each write. */
  kisiWhere: (beforeWrite: () => Promise<void>) => KisiClient;
  /** The clocks of Kisi and Temporal, as their answers tell of them. */
  kisiClock: ServerClock;
  temporalClock: ServerClock;
  /** What time it is, by all clocks together. */
  time: Timekeeper;
  /** When more may be asked of Nexudus without reaching its limits. */
  nexudusPlan: Plan;
  /** How both APIs have answered all of these clients. */
  watch: ApiWatch;
  /** Measures all requests. */
  meters: ApiMeters;
  /** Whether each API takes the credential that it is shown. */
  logins: LoginState[];
  /** The token for Nexudus that a person got by hand; null: none is in use. */
  nexudusToken: () => string | null;
  /** How `verify` reaches both so that everybody else goes first. */
  waysOnLowestLane: () => { nexudus: NexudusClientOptions; kisi: KisiClientOptions };
}

/** How fast each API is asked. */
export interface Paces {
  nexudus: Pacer;
  kisi: KisiPacer;
}

/**
 * Each process has its own paces: only one of them is the leader at a time. Other ones are for benches and tests.
 * `readCredentials`: the credentials as they are now where they were read at the start; null: not whole, or always the
 * same. `refusals`: what earlier processes know of refused logins. `wallMs`: this machine's clock. `wireTo`: what carries requests.
 */
export function createApis(
  config: Config,
  paces: Partial<Paces> = {},
  readCredentials: () => Credentials | null = () => null,
  refusals: RefusalBook = noRefusals,
  wallMs: () => Instant = Date.now,
  wireTo: (api: 'nexudus' | 'kisi') => Wire = () => network,
): Apis {
  const meters = new ApiMeters();
  const nexudusClock = createServerClock({ wallMs });
  const kisiClock = createServerClock({ wallMs });
  const temporalClock = createServerClock({ wallMs });
  const clocks = { temporal: temporalClock, nexudus: nexudusClock, kisi: kisiClock };
  const time = createTimekeeper({ clocks, wallMs });
  const watch = new ApiWatch(() => time.now());
  const common = { config, readCredentials, meters, watch, wireTo };
  const nexudus = nexudusClients(common, paces.nexudus ?? createPacer(), nexudusClock, refusals);
  const kisi = kisiClients(common, paces.kisi ?? createKisiPacer(), kisiClock);
  return {
    ...nexudus.clients,
    ...kisi.clients,
    ...{ kisiClock, temporalClock, time, meters, watch },
    logins: [nexudus.login, kisi.login],
    waysOnLowestLane: () => ({ nexudus: nexudus.wayOnLowestLane(), kisi: kisi.way() }),
    nexudusToken() {
      const auth = nexudus.login.inUse();
      return 'token' in auth ? auth.token : null;
    },
  };
}

/** What the clients of both APIs are made with. */
interface Common {
  config: Config;
  readCredentials: () => Credentials | null;
  meters: ApiMeters;
  watch: ApiWatch;
  wireTo: (api: 'nexudus' | 'kisi') => Wire;
}

function nexudusClients(
  { config, readCredentials, meters, watch, wireTo }: Common,
  pacer: Pacer,
  clock: ServerClock,
  refusals: RefusalBook,
) {
  const { baseUrl } = config.nexudus;
  const stalls = createStalls();
  const sessionOf = sessionsBy(refusals);
  const onRequest = (info: RequestInfo): void => {
    meters.request('nexudus', info);
    pacer.answered(info.durationMs);
  };
  const onSent = (): void => {
    pacer.sent();
  };
  const clientFor = (auth: NexudusAuth, pace: Turns): NexudusClient =>
    createNexudusClient({
      ...{ baseUrl, auth, clock, stalls, pace, onSent, onRequest, wire: wireTo('nexudus') },
      session: sessionOf(auth),
    });
  const turnsOf = (lane: LaneName): Turns => meters.turns('nexudus', lane, pacer[lane]);
  const members = turnsOf('members');
  const reconciliations = turnsOf('reconciliations');
  const login = new Login({
    api: 'Nexudus',
    credential: config.nexudus.auth,
    readCredential: () => readCredentials()?.nexudus ?? null,
    tryOut: (auth) => clientFor(auth, members).me(),
  });
  const clientBy = (turns: Turns): NexudusClient =>
    watch.nexudus(login.clientOf((auth) => clientFor(auth, login.guarded(turns))));
  const clients = {
    nexudus: clientBy(members),
    nexudusForGroups: clientBy(turnsOf('groups')),
    nexudusForBatches: clientBy(turnsOf('batches')),
    nexudusForPolls: clientBy(turnsOf('polls')),
    nexudusForReconciliations: clientBy(reconciliations),
    nexudusPlan: pacer.plan,
  };
  // With a session of its own: it also asks with a token that is none.
  const wayOnLowestLane = (): NexudusClientOptions => ({
    ...{ baseUrl, auth: login.inUse(), pace: login.guarded(reconciliations), onSent, onRequest },
  });
  return { login, clients, wayOnLowestLane };
}

function kisiClients(
  { config, readCredentials, meters, watch, wireTo }: Common,
  pacer: KisiPacer,
  clock: ServerClock,
) {
  const { baseUrl } = config.kisi;
  const wire = wireTo('kisi');
  const onRequest = meters.request.bind(meters, 'kisi');
  const turns = turnsByPriority({
    urgent: meters.turns('kisi', 'urgent', pacer.urgent),
    batch: meters.turns('kisi', 'batch', pacer.batch),
  });
  const login = new Login({
    api: 'Kisi',
    credential: config.kisi.apiKey,
    readCredential: () => readCredentials()?.kisi ?? null,
    tryOut: (apiKey) => createKisiClient({ baseUrl, apiKey, pace: turns, onRequest, wire }).currentUser(),
  });
  const noteDate = clock.note.bind(clock);
  const clientBy = (options: Pick<KisiClientOptions, 'beforeWrite'>): KisiClient =>
    watch.kisi(
      login.clientOf((apiKey) =>
        createKisiClient({
          ...{ baseUrl, apiKey, pace: login.guarded(turns), noteDate, onRequest, wire },
          ...options,
        }),
      ),
    );
  const clients = {
    kisi: clientBy({}),
    kisiWhere: (beforeWrite: () => Promise<void>) => clientBy({ beforeWrite }),
  };
  // The priority of the activity says in which line a request waits.
  const way = (): KisiClientOptions => ({ baseUrl, apiKey: login.inUse(), pace: login.guarded(turns) });
  return { login, clients, way };
}

/** One session for each login that is used or tried, so that all clients of it share one token, and one pause. */
function sessionsBy(refusals: RefusalBook): (auth: NexudusAuth) => Session {
  const sessions = new Map<string, Session>();
  return (auth) => {
    const key = JSON.stringify(auth);
    const session = sessions.get(key) ?? createSession('token' in auth ? undefined : refusals.of(auth));
    sessions.set(key, session);
    return session;
  };
}
