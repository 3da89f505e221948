import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { OpenIdConfig } from '../../config/desk.js';
import { installationSecret } from '../../database/secret.js';
import { answerOutside, answerRefusal } from '../outside.js';
import { NoRole, SignIn, SignInNotNeeded } from '../pages/sign-in.js';
import { words } from '../words.js';
import { accountOf, nameOf, roleOf, type Claims } from './claims.js';
import { OpenIdError, OpenIdService } from './open-id.js';
import { signedIn, type SignInParts } from './parts.js';
import { ownPath } from './same-site.js';
import { tooMany } from './who-asks.js';

const config = { isPublic: true } as const;

/** Adds the page on which people sign in, and the way to the sign-in service and back, where there is one. */
export function addSignInRoutes(app: FastifyInstance, parts: SignInParts): void {
  const { url, openId } = parts.desk.config.desk;
  const service =
    url === null || openId === null ? null : new OpenIdService(openId, `${url}/sign-in/callback`);
  app.get<{ Querystring: { to?: string; ended?: string } }>('/sign-in', { config }, (request, reply) => {
    const { to, ended } = request.query;
    const hasEnded = ended === 'yes';
    const body =
      url === null ? (
        <SignInNotNeeded hasEnded={hasEnded} />
      ) : (
        <SignIn service={service?.host ?? null} to={ownPath(to)} hasEnded={hasEnded} />
      );
    return answerOutside(reply, 200, words.signIn.title, body);
  });
  if (service !== null && openId !== null) addServiceRoutes(app, parts, service, openId);
}

function addServiceRoutes(
  app: FastifyInstance,
  parts: SignInParts,
  service: OpenIdService,
  openId: OpenIdConfig,
): void {
  const { attempt, cookies } = parts;
  const { log } = parts.desk;

  app.get<{ Querystring: { to?: string } }>('/sign-in/start', { config }, async (request, reply) => {
    if (await attempt(request)) return tooMany(reply);
    const visit = cookies.beginVisit(reply, request.query.to);
    const address = await service.start(visit.token).catch(openIdErrorIn);
    if (address instanceof OpenIdError) return answerFailure(reply, address, service.host, log);
    return reply.redirect(address.href, 303);
  });

  app.get('/sign-in/callback', { config }, async (request, reply) => {
    if (await attempt(request)) return tooMany(reply);
    const visit = cookies.visitIn(request);
    const query = request.url.split('?')[1] ?? '';
    const claims =
      visit === null
        ? new OpenIdError('broken', 'an answer came to a browser that did not ask for it')
        : await service.finish(visit.token, query).catch(openIdErrorIn);
    if (claims instanceof OpenIdError) return answerFailure(reply, claims, service.host, log);
    return answerClaims(parts, request, reply, { claims, openId, to: visit?.to ?? '/' });
  });
}

/** An error of the sign-in. Throws any other error. */
function openIdErrorIn(error: unknown): OpenIdError {
  if (error instanceof OpenIdError) return error;
  throw error;
}

async function answerClaims(
  parts: SignInParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { claims, openId, to }: { claims: Claims; openId: OpenIdConfig; to: string },
): Promise<FastifyReply> {
  const { desk, sessions } = parts;
  const account = accountOf(claims, openId.issuer, await installationSecret(desk.db));
  const role = roleOf(claims, openId, desk.config.desk.people);
  if (role === null) {
    desk.log.warn({ account }, 'somebody who came by the sign-in service has no role at the desk');
    const body = <NoRole service={new URL(openId.issuer).host} line={lineFor(claims)} />;
    return answerOutside(reply, 403, words.service.noRoleTitle, body);
  }
  const begun = await sessions.begin({ name: nameOf(claims, account), role, account });
  return signedIn(parts, request, reply, { ...begun, to });
}

/** The line of the file that gives a person a role. */
function lineFor({ sub, email, email_verified: isVerified }: Claims): string {
  return `${JSON.stringify(isVerified === true && typeof email === 'string' ? email : sub)}: desk`;
}

function answerFailure(
  reply: FastifyReply,
  { kind, message }: OpenIdError,
  service: string,
  log: Logger,
): FastifyReply {
  log.warn({ why: message }, 'nobody was signed in by the sign-in service');
  const { downTitle, down, brokenTitle, refused, broken, again } = words.service;
  const link = { href: '/sign-in', to: again };
  if (kind === 'down') return answerRefusal(reply, 503, downTitle, down(service), link);
  return answerRefusal(
    reply,
    403,
    brokenTitle,
    kind === 'refused' ? refused(service) : broken(service),
    link,
  );
}
