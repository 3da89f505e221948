import type { FastifyInstance } from 'fastify';
import type { Desk } from '../desk.js';
import { limitAttempts } from './attempts.js';
import { endWhereRolesChanged } from './changed-roles.js';
import { Cookies } from './cookies.js';
import { addLinkRoutes } from './link-routes.js';
import { OpenAnswers } from './open-answers.js';
import { addSessionRoutes } from './session-routes.js';
import { Sessions } from './sessions.js';
import { addSignInRoutes } from './sign-in-routes.js';
import { WhoAsks } from './who-asks.js';

/**
 * Lets the server know who asks, on every route that is added from here on and where there is no route, and adds the pages on
 * which people sign in and out.
 */
export async function addSignIn(app: FastifyInstance, desk: Desk): Promise<void> {
  const { url, sessionLimitMs, trustedProxy } = desk.config.desk;
  const sessions = new Sessions(desk.db, desk.config.desk, desk.now);
  if (url !== null) {
    const ended = await endWhereRolesChanged(desk.db, sessions, desk.config.desk, desk.now);
    if (ended > 0) desk.log.info({ ended }, 'roles at the desk have changed, so that people sign in again');
  }
  const cookies = new Cookies(url, sessionLimitMs);
  const attempts = await limitAttempts(app, trustedProxy);
  const openAnswers = new OpenAnswers(async (token) => (await sessions.find(token, false)) === null);
  const whoAsks = new WhoAsks({ url, sessions, cookies, attempt: attempts.session, openAnswers });
  app.decorateRequest('csrf', '');
  app.addHook('onRequest', async (request, reply) => {
    if (!(await whoAsks.mayBeRead(request, reply))) await reply;
  });
  app.addHook('preValidation', async (request, reply) => {
    if (!whoAsks.mayBeDone(request, reply)) await reply;
  });
  app.addHook('onClose', () => {
    openAnswers.stop();
  });
  const parts = { desk, sessions, cookies, attempt: attempts.signIn };
  addSignInRoutes(app, parts);
  addLinkRoutes(app, parts);
  addSessionRoutes(app, parts);
}
