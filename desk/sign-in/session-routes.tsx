import type { FastifyInstance } from 'fastify';
import { readZones, spaceZone } from '../../space/zones.js';
import type { Desk } from '../desk.js';
import { answerPage } from '../frame.js';
import { Sessions as SessionsPage } from '../pages/sessions.js';
import { words } from '../words.js';
import { keepInAuditLog, type SignInParts } from './parts.js';

/** How long the page waits for the time zone of its times. */
const zonesWithinMs = 1_000;

/** Adds signing out, and the page of who is signed in. */
export function addSessionRoutes(app: FastifyInstance, parts: SignInParts): void {
  const { desk, sessions, cookies } = parts;
  const config = { least: 'operator' } as const;

  app.post('/sign-out', async ({ viewer }, reply) => {
    if (viewer.session !== undefined) await sessions.end(viewer.session);
    cookies.clearSession(reply);
    return reply.redirect('/sign-in', 303);
  });

  app.get('/sessions', { config }, async (request, reply) => {
    const [signedIn, links, zone] = await Promise.all([sessions.list(), sessions.links(), zoneIn(desk)]);
    const { viewer, csrf } = request;
    const body = (
      <SessionsPage sessions={signedIn} links={links} own={viewer.session} csrf={csrf} zone={zone} />
    );
    return answerPage(request, reply, words.sessions.title, body);
  });

  app.post<{ Params: { id: string } }>('/sessions/:id/end', { config }, async (request, reply) => {
    const { id } = request.params;
    if (await sessions.end(id)) await keepInAuditLog(desk, request.viewer, `end session ${id} of the desk`);
    return reply.redirect('/sessions', 303);
  });
}

/** The time zone of the whole space; null: no worker has told of any, or Temporal does not answer, and times are in UTC. */
async function zoneIn({ client }: Desk): Promise<string | null> {
  const deadline = Date.now() + zonesWithinMs;
  return client.withDeadline(deadline, async () => spaceZone(await readZones(client))).catch(() => null);
}
