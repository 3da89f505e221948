import type { FastifyInstance } from 'fastify';
import type { Desk } from './desk.js';
import { answerPage } from './frame.js';
import { readGoingLive } from './going-live-facts.js';
import { zoneIn, zonesIn } from './health.js';
import type { KnownNames } from './known-names.js';
import { LastKnown } from './last-known.js';
import { GoingLive } from './pages/going-live.js';
import { words } from './words.js';

/** A page that is opened later than this reads everything anew: until then the numbers are about the same. */
const maxAgeMs = 10 * 60_000;
/** The shortest time between two reads, even where somebody asks for a new one: each reads all of Nexudus and Kisi. */
const shortestMs = 60_000;
/** A small space is read at once. */
const waitMs = 300;

/** Adds the guided page of going live. */
export function addGoingLive(app: FastifyInstance, desk: Desk, names: KnownNames): void {
  const known = new LastKnown(() => readGoingLive(desk), { maxAgeMs, waitMs, now: desk.now });
  app.get<{ Querystring: { again?: string } }>('/going-live', async (request, reply) => {
    if (request.query.again !== undefined) {
      known.renew(shortestMs);
      return reply.redirect('/going-live', 303);
    }
    const [shown, groups, health] = await Promise.all([known.get(), names.groups(), request.health]);
    const naming = {
      people: desk.people ?? null,
      groups,
      zone: zoneIn(health),
      zones: zonesIn(health),
      viewer: request.viewer,
    };
    // The page loads itself again, without a script too.
    if (shown.isReading) void reply.header('refresh', '3');
    const body = <GoingLive shown={shown} naming={naming} viewer={request.viewer} />;
    return answerPage(request, reply, words.space.goingLive.title, body, 'space');
  });
}
