import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerOf, type Caller } from '../../lib/callers.js';

/** How many tries a minute one caller has (`most`), and all callers behind an address that many share (`mostOfShared`). */
const most = 20;
const mostOfShared = 300;

/** Counts a try of whoever asks. Answers whether that is one too many. */
export type Attempt = (request: FastifyRequest) => Promise<boolean>;

/** Limits how often whoever asks may try secrets: those of links and sign-ins, and those of sessions, each by itself. */
export async function limitAttempts(
  app: FastifyInstance,
  trustedProxy: string | null,
): Promise<{ signIn: Attempt; session: Attempt }> {
  await app.register(rateLimit, { global: false });
  const callerIn = ({ headers, socket }: FastifyRequest): Caller => {
    const forwarded = headers['x-forwarded-for'];
    return callerOf(socket.remoteAddress, typeof forwarded === 'string' ? forwarded : null, trustedProxy);
  };
  const limited = (): Attempt => {
    const count = app.createRateLimit({
      timeWindow: 60_000,
      max: (request) => (callerIn(request).isShared ? mostOfShared : most),
      keyGenerator: (request) => callerIn(request).address,
    });
    return async (request) => {
      const counted = await count(request);
      return !counted.isAllowed && counted.isExceeded;
    };
  };
  return { signIn: limited(), session: limited() };
}
