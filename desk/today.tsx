import type { FastifyInstance } from 'fastify';
import type { Desk } from './desk.js';
import { answerPage } from './frame.js';
import { zoneIn, zonesIn } from './health.js';
import type { InvitationWatch } from './invitation-facts.js';
import type { KnownNames } from './known-names.js';
import { Today } from './pages/today.js';
import { TodayWatch } from './today-facts.js';
import { words } from './words.js';

/** Adds the page of what needs somebody, what has changed and what will. */
export function addToday(
  app: FastifyInstance,
  desk: Desk,
  names: KnownNames,
  invitations: InvitationWatch,
): void {
  const watch = new TodayWatch(desk, invitations);
  app.get('/today', async (request, reply) => {
    const [facts, groups, health] = await Promise.all([watch.get(), names.groups(), request.health]);
    const { viewer } = request;
    const naming = {
      people: desk.people ?? null,
      groups,
      zone: zoneIn(health),
      zones: zonesIn(health),
      viewer,
    };
    const about = { naming, viewer, now: desk.now() };
    const body = <Today facts={facts} health={health} about={about} />;
    return answerPage(request, reply, words.space.today.title, body, 'space');
  });
}
