import type { FastifyInstance } from 'fastify';
import type { Desk } from './desk.js';
import { answerPage } from './frame.js';
import { zoneIn, zonesIn } from './health.js';
import type { InvitationWatch } from './invitation-facts.js';
import { Invitations } from './pages/invitations.js';
import { words } from './words.js';

/** Adds the page of who has not accepted Kisi's invitation. */
export function addInvitations(app: FastifyInstance, desk: Desk, watch: InvitationWatch): void {
  app.get('/invitations', async (request, reply) => {
    const [invitations, health] = await Promise.all([watch.all(), request.health]);
    const naming = {
      people: desk.people ?? null,
      groups: new Map<number, string>(),
      zone: zoneIn(health),
      zones: zonesIn(health),
      viewer: request.viewer,
    };
    const about = { naming, viewer: request.viewer, now: desk.now() };
    const body = <Invitations invitations={invitations} about={about} />;
    return answerPage(request, reply, words.space.invitations.title, body, 'space');
  });
}
