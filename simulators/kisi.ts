/**
 * Kisi as a server: the part of its API that gives people door access, with the quirks that are documented or
 * were seen in the field, and a switch for each that is not known.
 */
import Fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify';
import { addDoorRoutes } from './kisi-doors.js';
import { addEventWebhooks } from './kisi-events.js';
import { addGroupRoutes } from './kisi-groups.js';
import { refused, Refusal } from './kisi-http.js';
import { addLoginRoutes } from './kisi-logins.js';
import { KisiOrganization, type KisiUser } from './kisi-organization.js';
import { addRoleAssignmentRoutes } from './kisi-role-assignments.js';
import { defaultSwitches, type KisiSwitches, type Mail, type Simulation } from './kisi-switches.js';
import { addUserRoutes } from './kisi-users.js';
import { FaultBook, isAdmin, realWait, registerAdmin, RequestLog, type Wait } from './server.js';

export { KisiOrganization } from './kisi-organization.js';
export type { KisiAssignment, KisiGroup, KisiLock, KisiPlace, KisiUser } from './kisi-organization.js';
export type { KisiSwitches, Mail } from './kisi-switches.js';

export interface KisiSimulatorOptions {
  /** TCP port; a free one by default. */
  port?: number;
  /** The clock of validity, time stamps, list lag and the rate limit, in epoch ms; `Date.now` by default. */
  now?: () => number;
  /** How an event waits until it is due; by the clock of this machine by default. */
  wait?: Wait;
  /** The secret of the owner's API key; `kisi-test-key` by default. */
  apiKey?: string;
  switches?: Partial<KisiSwitches>;
}

export interface KisiSimulator {
  /** Where it listens, without a slash at the end. */
  url: string;
  org: KisiOrganization;
  /** May be changed while it runs. */
  switches: KisiSwitches;
  faults: FaultBook;
  requests: RequestLog;
  /** The mails that requests made Kisi send, oldest first. */
  mails: Mail[];
  /** Resolves when every event that is due was sent. */
  eventsSent(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts Kisi on this machine's loopback address. Throws when the port is taken. */
export async function startKisiSimulator(options: KisiSimulatorOptions = {}): Promise<KisiSimulator> {
  const { port = 0, now = Date.now, wait = realWait, apiKey = 'kisi-test-key' } = options;
  const org = new KisiOrganization(apiKey, now);
  const switches = { ...defaultSwitches, ...options.switches };
  const faults = new FaultBook();
  const requests = new RequestLog();
  const mails: Mail[] = [];
  const app = Fastify({ forceCloseConnections: true, exposeHeadRoutes: false });
  registerAdmin(app, faults, requests, now);
  speakKisi(app);
  const simulation = {
    org,
    switches,
    faults,
    mails,
    callerOf: (request: FastifyRequest) => callerOf(org, request),
  };
  tellTime(app, simulation);
  guard(app, simulation);
  addUserRoutes(app, simulation);
  addLoginRoutes(app, simulation);
  addGroupRoutes(app, simulation);
  addRoleAssignmentRoutes(app, simulation);
  addDoorRoutes(app, simulation);
  const events = addEventWebhooks(app, simulation, wait);
  const url = await app.listen({ port, host: '127.0.0.1' });
  const stop = async (): Promise<void> => {
    await events.stop();
    await app.close();
  };
  return { url, org, switches, faults, requests, mails, eventsSent: events.settled, stop };
}

function speakKisi(app: FastifyInstance): void {
  // An empty body with a JSON content type is fine on requests that need none.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body.toString()));
    } catch {
      done(refused(400, 'The request body is not valid JSON.'), undefined);
    }
  });
  app.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .send({ code: '000404', error: 'The endpoint does not exist, please check your request.' }),
  );
  app.setErrorHandler((error: FastifyError | Refusal, _request, reply) => {
    if (error instanceof Refusal) return reply.code(error.status).send(error.body);
    const status = error.statusCode ?? 500;
    if (status >= 500) throw error;
    return reply.code(400).send(refused(400, 'The request is not valid.').body);
  });
}

function tellTime(app: FastifyInstance, { org, switches }: Simulation): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    const { dateHeader } = switches;
    reply.raw.sendDate = false;
    const date = dateHeader === 'clock' ? new Date(org.now()).toUTCString() : dateHeader;
    if (date !== null) reply.header('Date', date);
    done();
  });
}

/** Every request needs a known secret and a turn; everything but opening a door needs an administrator. */
function guard(app: FastifyInstance, simulation: Simulation): void {
  const { org, switches } = simulation;
  const buckets = new Buckets(org.now);
  app.addHook('onRequest', async (request, reply) => {
    if (isAdmin(request)) return;
    const user = userOf(org, request);
    const waitMs = buckets.take(user ? `user ${user.id}` : `address ${request.ip}`, switches.rateLimit);
    if (waitMs > 0 && switches.retryAfterHeader) reply.header('Retry-After', Math.ceil(waitMs / 1000));
    if (waitMs > 0) throw refused(429, 'Too many requests.');
    const caller = callerOf(org, request);
    if (!isForEveryone(request) && !org.isAdministrator(caller.id)) {
      throw refused(403, 'Access denied.', 'fcd8ef');
    }
  });
}

function isForEveryone(request: FastifyRequest): boolean {
  return /^\/(user$|logins(\?|$)|locks(\?|$|\/\d+\/unlock$))/.test(request.url);
}

/** The header's form is exact: the word in capitals and one space. */
function userOf(org: KisiOrganization, request: FastifyRequest): KisiUser | undefined {
  const secret = /^KISI-LOGIN (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  return secret === undefined ? undefined : org.userOf(secret);
}

function callerOf(org: KisiOrganization, request: FastifyRequest): KisiUser {
  const user = userOf(org, request);
  if (!user) throw refused(401, 'Authentication is missing or invalid.');
  return user;
}

/** Token buckets: a full one lets through as many requests at once as come back in a second. */
class Buckets {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(private readonly now: () => number) {}

  /** Takes a turn. Returns 0, or how many milliseconds are missing to the next one. */
  take(name: string, limit: KisiSwitches['rateLimit']): number {
    if (!limit) return 0;
    const { perSecond } = limit;
    const at = this.now();
    const last = this.#buckets.get(name) ?? { tokens: perSecond, at };
    const tokens = Math.min(perSecond, last.tokens + ((at - last.at) / 1000) * perSecond);
    const taken = tokens >= 1;
    this.#buckets.set(name, { tokens: taken ? tokens - 1 : tokens, at });
    return taken ? 0 : ((1 - tokens) / perSecond) * 1000;
  }
}
