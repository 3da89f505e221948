import type { FastifyInstance, FastifyReply } from 'fastify';
import { answerOutside, answerRefusal } from '../outside.js';
import { UseLink } from '../pages/sign-in.js';
import { words } from '../words.js';
import { signedIn, type SignInParts } from './parts.js';
import { isToken, secretFor } from './tokens.js';
import { tooMany } from './who-asks.js';

/** Adds the page that a sign-in link leads to, and its button. Only the button uses a link up. */
export function addLinkRoutes(app: FastifyInstance, parts: SignInParts): void {
  const { sessions, cookies, attempt } = parts;
  const config = { isPublic: true } as const;

  app.get<{ Params: { token: string } }>('/link/:token', { config }, async (request, reply) => {
    if (await attempt(request)) return tooMany(reply);
    const { token } = request.params;
    const link = isToken(token) ? await sessions.link(token) : null;
    if (link === null) return gone(reply);
    const visit = cookies.visitIn(request) ?? cookies.beginVisit(reply);
    const csrf = secretFor('csrf', visit.token);
    const body = <UseLink link={link} token={token} csrf={csrf} />;
    return answerOutside(reply, 200, words.link.title(link.name), body);
  });

  app.post('/link', { config }, async (request, reply) => {
    if (await attempt(request)) return tooMany(reply);
    const { token } = Object(request.body) as { token?: unknown };
    const used = isToken(token) ? await sessions.useLink(token) : null;
    return used === null ? gone(reply) : signedIn(parts, request, reply, { ...used, to: '/' });
  });
}

function gone(reply: FastifyReply): FastifyReply {
  const { goneTitle, gone: text } = words.link;
  return answerRefusal(reply, 410, goneTitle, text, { href: '/sign-in', to: words.signIn.title });
}
