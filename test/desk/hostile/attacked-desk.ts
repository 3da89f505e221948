/** A desk over a whole space that is full of hostile names, with people of each role who are signed in. */
import assert from 'node:assert/strict';
import { readOrders } from '../../../activities/orders.js';
import { createAuditLog } from '../../../database/audit-log.js';
import { openDatabase } from '../../../database/database.js';
import type { Desk } from '../../../desk/desk.js';
import type { DeskRoute, DeskServer } from '../../../desk/server.js';
import { Sessions } from '../../../desk/sign-in/sessions.js';
import type { Role } from '../../../lib/roles.js';
import { createApis } from '../../../worker/apis.js';
import { createLogger } from '../../../worker/logging.js';
import { startTestDesk, type TestDeskOptions } from '../../support/desk.js';
import { eventually } from '../../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../../support/space.js';
import { fieldIn, Visitor, type Answer } from '../../support/visitor.js';
import { markup, texts } from './inputs.js';

export const deskUrl = 'https://desk.example.com';
export const sessionCookie = '__Host-latchkey-desk';
const trustedProxy = '127.0.0.1';

/** Somebody at a browser with an address of its own: what others have tried keeps nobody out. */
export class FarVisitor extends Visitor {
  private static count = 0;
  private readonly address = `198.18.${FarVisitor.count >> 8}.${FarVisitor.count++ & 255}`;

  override ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body = '',
  ): Promise<Answer> {
    return super.ask(method, path, { 'x-forwarded-for': this.address, ...headers }, body);
  }
}

export interface SignedIn {
  visitor: FarVisitor;
  /** The id of the session. */
  id: string;
  csrf: string;
}

/** What a person in Nexudus is called, and by which id. */
export interface Named {
  id: number;
  name: string;
}

export class AttackedDesk {
  /** How much later it is for the desk than for everybody else. */
  lateMs = 0;
  /** What the desk has logged. */
  logged = '';
  /** The people with hostile names; each has a key. Forms are about the first one. */
  people: readonly Named[] = [];
  private readonly signedIn = new Map<Role, SignedIn>();
  private readonly servers: DeskServer[] = [];
  private started: { space: RunningSpace; server: DeskServer; apis: Pick<Desk, 'nexudus' | 'kisi'> } | null =
    null;

  async start(): Promise<void> {
    const space = await startSpace((stage) => {
      this.people = fill(stage);
    });
    const apis = createApis(space.config, hurried());
    this.started = { space, apis, server: await this.serve({}, space, apis) };
    for (const role of ['viewer', 'desk', 'operator'] as const)
      this.signedIn.set(role, await this.signIn(role));
    const haveKeys = (): boolean =>
      this.people.every((_, n) => space.kisi.org.keysOf(emailOf(n)).length === 1);
    await eventually('the keys', haveKeys);
    const isAtRest = async (): Promise<boolean> =>
      (await Promise.all(this.people.map(({ id }) => space.view(id)))).every(
        (view) => view?.state === 'access',
      );
    await eventually('rest', isAtRest);
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await server.close();
    await this.started?.space.stop();
  }

  get space(): RunningSpace {
    return this.whole().space;
  }

  get server(): DeskServer {
    return this.whole().server;
  }

  /** The group that the people hold keys to. */
  get groupId(): number {
    const [id] = this.space.kisi.org.keysOf(emailOf(0));
    assert.ok(id);
    return id;
  }

  /** The person that forms are about. */
  get ada(): Named {
    const [ada] = this.people;
    assert.ok(ada);
    return ada;
  }

  /** One more desk over the same space. */
  async serve(
    options: TestDeskOptions,
    space = this.space,
    apis: Pick<Desk, 'nexudus' | 'kisi'> = this.whole().apis,
  ): Promise<DeskServer> {
    const to = { write: (line: string) => void (this.logged += line) };
    const log = createLogger({ level: 'debug', pretty: false, to });
    const now = (): number => Date.now() + this.lateMs;
    const server = await startTestDesk(space, {
      ...{ log, now, apis, desk: { url: deskUrl, trustedProxy } },
      ...options,
    });
    this.servers.push(server);
    return server;
  }

  async withSessions<T>(job: (sessions: Sessions) => Promise<T>): Promise<T> {
    const db = await openDatabase(this.space.config.databaseUrl);
    try {
      return await job(new Sessions(db, this.space.config.desk, () => Date.now() + this.lateMs));
    } finally {
      await db.destroy();
    }
  }

  stranger(server = this.server): FarVisitor {
    return new FarVisitor(`http://127.0.0.1:${server.port}`);
  }

  /** Somebody at the machine on which a desk asks nobody to sign in. */
  here({ port }: DeskServer): Visitor {
    return new Visitor(`http://127.0.0.1:${port}`);
  }

  /** A stranger with the secret of somebody's session. */
  thief(token: string): FarVisitor {
    const visitor = this.stranger();
    visitor.cookies.set(sessionCookie, token);
    return visitor;
  }

  /** The name of whoever signs in is hostile too. */
  async signIn(role: Role, server = this.server): Promise<SignedIn> {
    const { link, token } = await this.withSessions((all) =>
      all.invite({ name: `Mia ${markup}`.slice(0, 100), role }),
    );
    const visitor = this.stranger(server);
    const page = await visitor.get(`/link/${token}`);
    await visitor.post('/link', { token, _csrf: fieldIn(page.text, '_csrf') });
    return { visitor, id: link.id, csrf: fieldIn((await visitor.get('/')).text, '_csrf') };
  }

  as(role: Role): SignedIn {
    const one = this.signedIn.get(role);
    assert.ok(one, role);
    return one;
  }

  /** Every route of these methods, but those of files. */
  routes(...methods: string[]): DeskRoute[] {
    return this.server.routes.filter(({ method, path }) => methods.includes(method) && !path.includes('*'));
  }

  /** The routes that take only somebody who is signed in. */
  closed(...methods: string[]): (DeskRoute & { least: Role })[] {
    return this.routes(...methods).flatMap(({ least, ...route }) =>
      least === null ? [] : [{ ...route, least }],
    );
  }

  /**
   * Does something, and asserts that all is as before: orders, sessions, what people did, and what was written to Kisi and
   * Nexudus.
   */
  async nothingIsLost(job: () => Promise<void>): Promise<void> {
    const before = await this.stands();
    this.logged = '';
    await job();
    assert.deepEqual(await this.stands(), before);
    assert.equal((await this.as('operator').visitor.get('/sessions')).status, 200);
    assert.doesNotMatch(this.logged, /Ada|Mia|example\.com|alert\(1\)|evil|etc\/passwd/);
  }

  private async stands(): Promise<unknown> {
    const { space } = this;
    const { exceptions, mode, stop } = await readOrders(space.service.client);
    const sessions = await this.withSessions(async (all) => [await all.list(), await all.links()]);
    const written = [space.kisi, space.nexudus].map(({ requests }) =>
      requests
        .list()
        .flatMap(({ method, path }) => (method === 'GET' || path.includes('token') ? [] : [path])),
    );
    const ids = sessions.map((some) => some.map(({ id }) => id).sort());
    return { exceptions, mode, stop, ids, written, acts: await this.acts() };
  }

  /** What people did, as the audit log has it. */
  async acts(): Promise<string[]> {
    const auditLog = createAuditLog(await openDatabase(this.space.config.databaseUrl));
    const acts = [];
    for await (const { what, by } of auditLog.all({})) if (by?.startsWith('Mia') === true) acts.push(what);
    await auditLog.close();
    return acts;
  }

  private whole(): NonNullable<AttackedDesk['started']> {
    assert.ok(this.started, 'the desk was not started');
    return this.started;
  }
}

const emailOf = (n: number): string => `person-${n}@example.com`;

/** Adds people with hostile names, who hold keys by a pass type to a group. Both have hostile names too. */
function fill({ nexudus, kisi, ids }: Pick<RunningSpace, 'nexudus' | 'kisi' | 'ids'>): Named[] {
  const group = kisi.org.addGroup({ name: `Door ${markup} \u202e`, locks_count: 1 });
  const pass = { Name: `Pass ${markup} \u202e`, BusinessId: ids.rome, KisiGroupId: String(group.id) };
  const TimePassId = nexudus.space.addTimePass(pass).Id;
  return texts.slice(0, 9).map(([, text], n) => {
    const name = `Ada ${text}`;
    const { Id: CoworkerId } = nexudus.space.addCoworker({
      ...{ FullName: name, CompanyName: text, Email: emailOf(n), InvoicingBusinessId: ids.rome },
    });
    nexudus.space.addPass({ CoworkerId, TimePassId, BusinessId: ids.rome });
    return { id: CoworkerId, name };
  });
}

export const named = ({ method, path }: DeskRoute): string => `${method} ${path}`;

/** The address of a route, with something in each place of it. */
export const addressed = ({ path }: DeskRoute, id: string | number): string =>
  path.replace(/:\w+/g, String(id));

/** Does a job for each, a few at a time. */
export async function forEach<T>(all: Iterable<T>, job: (one: T) => Promise<void>): Promise<void> {
  const left = [...all].reverse();
  const work = async (): Promise<void> => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) await job(one);
  };
  await Promise.all(Array.from({ length: 16 }, work));
}
