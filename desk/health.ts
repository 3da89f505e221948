import type { FastifyInstance } from 'fastify';
import type { Instant } from '../access/types.js';
import { readInForce } from '../activities/in-force.js';
import { createKept } from '../database/kept.js';
import type { InForce } from '../messages/to-leader.js';
import type { Alert } from '../monitoring/alert.js';
import { alertsOf } from '../monitoring/alerts.js';
import { readFacts, type Facts } from '../monitoring/facts.js';
import { readVerified, type Verified } from '../worker/verified.js';
import { spaceZone, type Zones } from '../space/zones.js';
import type { Desk } from './desk.js';
import { LastKnown, type Shown } from './last-known.js';

/** How the space stands. */
export interface Health {
  facts: Facts;
  inForce: InForce | null;
  /** What needs somebody. */
  standing: Alert[];
}

/** How the space stands, as a page says it. */
export interface ShownHealth extends Shown<Health> {
  now: Instant;
  /** Since when Temporal answers this process, or does not. Null: it was not asked yet. */
  temporal: { answers: boolean; since: Instant } | null;
  /** The verified profile of both APIs; a text in it: why it is not used; null in it: nobody has verified anything. */
  verified: Shown<Verified | string | null>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * How the space stands, as every page shows it; null: whoever is not signed in does not see it. It is read while the page reads
     * what else it shows. Never rejects.
     */
    health: Promise<ShownHealth> | null;
  }
}

/** All who look at about the same time get the same. */
const maxAgeMs = 2_000;
/** No page waits longer for it. */
const waitMs = 150;
/** These addresses are no pages. */
const withoutHealth = /^\/(assets|live|search)\b/;

/** How the space stands, read for all requests, with since when Temporal answers. */
export class HealthWatch {
  private temporal: ShownHealth['temporal'] = null;
  private readonly known: LastKnown<Health>;
  private readonly verified: LastKnown<Verified | string | null>;

  constructor(private readonly desk: Desk) {
    const { db, config, now } = desk;
    this.known = new LastKnown(() => this.read(), { maxAgeMs, waitMs, now });
    this.verified = new LastKnown(() => readVerified(createKept(db), config), { maxAgeMs, waitMs, now });
  }

  /** As `LastKnown.get`. Throws nothing. */
  async get(): Promise<ShownHealth> {
    const [shown, verified] = await Promise.all([this.known.get(), this.verified.get()]);
    const value = shown.value && withDifferences(shown.value, verified.value);
    return { ...shown, value, now: this.desk.now(), temporal: this.temporal, verified };
  }

  private async read(): Promise<Health> {
    const { client, taskQueue, now } = this.desk;
    try {
      const [facts, inForce] = await Promise.all([readFacts(client, taskQueue, now()), readInForce(client)]);
      this.note(true);
      return { facts, inForce, standing: alertsOf(facts, now()).standing };
    } catch (error) {
      this.note(false);
      throw error;
    }
  }

  private note(answers: boolean): void {
    if (this.temporal?.answers !== answers) this.temporal = { answers, since: this.desk.now() };
  }
}

/** The same, with the differences of the verified profile that need somebody. */
function withDifferences(health: Health, verified: Verified | string | null): Health {
  if (verified === null || typeof verified === 'string') return health;
  const { at, differs } = verified;
  const needing = differs
    .filter(({ needsSomebody }) => needsSomebody)
    .map(({ name, words }) => ({ cause: `verified/${name}`, since: at, text: words }));
  return { ...health, standing: [...health.standing, ...needing] };
}

/** Lets every page know how the space stands. */
export function addHealth(app: FastifyInstance, watch: HealthWatch): void {
  app.decorateRequest('health', null);
  app.addHook('onReady', (done) => {
    // So that the first page has it. Nobody waits for it, and the desk goes on where it fails.
    watch.get().catch(() => undefined);
    done();
  });
  app.addHook('preHandler', (request, _reply, done) => {
    const isShown = request.routeOptions.config.isPublic !== true && !withoutHealth.test(request.url);
    if (isShown) {
      request.health = watch.get();
      // A page that fails before it waits for that is told by its own failure.
      request.health.catch(() => undefined);
    }
    done();
  });
}

/** The zones of all locations, as a worker knew them last. */
export function zonesIn(health: Pick<ShownHealth, 'value'> | null): Zones {
  return health?.value?.inForce?.ground?.knownZones ?? {};
}

/** The time zone for what concerns the whole space; null: no zone is known. */
export function zoneIn(health: Pick<ShownHealth, 'value'> | null): string | null {
  return spaceZone(zonesIn(health));
}
