import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Role } from '../../lib/roles.js';
import { mayAs, type Viewer } from '../desk.js';
import { personHere } from '../frame.js';
import { answerRefusal } from '../outside.js';
import { words } from '../words.js';
import type { Attempt } from './attempts.js';
import type { Cookies } from './cookies.js';
import type { OpenAnswers } from './open-answers.js';
import { isFromOwnPage, isHostOurs, ownPath } from './same-site.js';
import type { Sessions } from './sessions.js';
import { areSame, isToken, newToken, secretFor } from './tokens.js';

/** What is needed to tell who asks. */
export interface WhoAsksOptions {
  /** Where browsers reach the desk; null: on this machine only, where nobody has to sign in. */
  url: string | null;
  sessions: Sessions;
  cookies: Cookies;
  /** Counts tries with sessions that do not exist. */
  attempt: Attempt;
  openAnswers: OpenAnswers;
}

/**
 * Tells who asks with each request, and refuses people who may not: on every route, and where there is no route. Each answer
 * says whether the request may go on; else the request is answered.
 */
export class WhoAsks {
  /** The form token of the person at this machine, for as long as this process lives. */
  private readonly csrfHere = newToken();

  constructor(private readonly options: WhoAsksOptions) {}

  /** Before a body is read. Sets who asks. */
  async mayBeRead(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const { url, cookies } = this.options;
    const { hostTitle, host } = words.refused;
    if (!isHostOurs(request.headers, url)) return refused(answerRefusal(reply, 421, hostTitle, host));
    if (!isRead(request) && !isFromOwnPage(request.headers, url)) return refused(forged(reply));
    const { isPublic = false, least = 'viewer' } = request.routeOptions.config;
    if (isPublic) {
      const visit = cookies.visitIn(request);
      request.csrf = visit === null ? '' : secretFor('csrf', visit.token);
      return true;
    }
    const token = cookies.sessionIn(request);
    const isKnown =
      token === undefined ? this.isHere(request, reply) : await this.isSignedIn(request, reply, token);
    return isKnown && hasRole(least, request.viewer, reply);
  }

  /** Once the body is read: whether a form was drawn for this person. */
  mayBeDone(request: FastifyRequest, reply: FastifyReply): boolean {
    if (isRead(request)) return true;
    const sent = csrfIn(request.body);
    return (request.csrf !== '' && sent !== null && areSame(sent, request.csrf)) || refused(forged(reply));
  }

  private isHere(request: FastifyRequest, reply: FastifyReply): boolean {
    if (this.options.url !== null) return refused(sendToSignIn(request, reply, false));
    // Whoever comes through a proxy is not at this machine.
    if (forwarding.some((name) => request.headers[name] !== undefined))
      return refused(answerRefusal(reply, 403, words.refused.title, words.refused.proxy));
    request.viewer = personHere();
    request.csrf = this.csrfHere;
    return true;
  }

  private async isSignedIn(request: FastifyRequest, reply: FastifyReply, token: string): Promise<boolean> {
    const { sessions, cookies, attempt, openAnswers } = this.options;
    const session = isToken(token) ? await sessions.find(token, isOpened(request)) : null;
    if (session === null) {
      cookies.clearSession(reply);
      const isOneTooMany = await attempt(request);
      return refused(isOneTooMany ? tooMany(reply) : sendToSignIn(request, reply, true));
    }
    const { id, name, role, account } = session;
    request.viewer = { name, role, account, session: id };
    request.csrf = secretFor('csrf', token);
    openAnswers.add(reply.raw, token);
    return true;
  }
}

/** A request that was answered does not go on. The reply itself is a promise, and would be waited for. */
function refused(answered: FastifyReply): false {
  void answered;
  return false;
}

/** The headers by which a proxy says where a request is from. */
const forwarding = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

function isRead({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Whether a person opened a page, rather than a script that keeps one up to date. */
function isOpened({ headers }: FastifyRequest): boolean {
  const mode = headers['sec-fetch-mode'];
  return mode === undefined || mode === 'navigate';
}

function hasRole(least: Role, viewer: Viewer, reply: FastifyReply): boolean {
  if (mayAs(viewer, least)) return true;
  const { title, role } = words.refused;
  const { roles } = words.who;
  return refused(answerRefusal(reply, 403, title, role(roles[viewer.role], roles[least])));
}

/** A person who opens a page goes to the sign-in, and comes back to that page. Any other request is refused. */
function sendToSignIn(request: FastifyRequest, reply: FastifyReply, hasEnded: boolean): FastifyReply {
  const to = isRead(request) ? ownPath(request.url) : '/';
  const query = new URLSearchParams({ ...(to === '/' ? {} : { to }), ...(hasEnded ? { ended: 'yes' } : {}) });
  const address = query.size === 0 ? '/sign-in' : `/sign-in?${query.toString()}`;
  if (isRead(request) && isOpened(request)) return reply.redirect(address, 303);
  const { signedOutTitle, signedOut } = words.refused;
  return answerRefusal(reply, 401, signedOutTitle, signedOut, { href: address, to: words.signIn.title });
}

/** Refuses whoever tries too often. */
export function tooMany(reply: FastifyReply): FastifyReply {
  reply.header('retry-after', '60');
  return answerRefusal(reply, 429, words.refused.tooManyTitle, words.refused.tooMany);
}

function forged(reply: FastifyReply): FastifyReply {
  return answerRefusal(reply, 403, words.refused.title, words.refused.forged);
}

function csrfIn(body: unknown): string | null {
  const { _csrf: sent } = Object(body) as { _csrf?: unknown };
  return typeof sent === 'string' ? sent : null;
}
