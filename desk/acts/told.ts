/** What the next page says once, after an act was done: a cookie names one of these messages, and holds no text of its own. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actWords } from './words.js';

export type Told = keyof typeof actWords.told;

const cookieName = 'latchkey-told';
/** The page is opened at once. */
const goodForSeconds = 60;

/** Lets the next page, to which the person goes, tell what was done. `isSecure`: browsers reach the desk by https. */
export function tellThere(
  reply: FastifyReply,
  { path, told }: { path: string; told: Told },
  isSecure: boolean,
): void {
  const terms = { httpOnly: true, sameSite: 'lax', secure: isSecure, maxAge: goodForSeconds } as const;
  reply.setCookie(cookieName, told, { path, ...terms });
}

/** What was done just now, told once to the person who opens the page; null: nothing was done, or it was told already. */
export function takeTold(request: FastifyRequest, reply: FastifyReply): string | null {
  const name = request.cookies[cookieName];
  // A script that brings another page up to date would show the message to nobody.
  const isOpened = (request.headers['sec-fetch-mode'] ?? 'navigate') === 'navigate';
  if (name === undefined || request.method !== 'GET' || !isOpened) return null;
  reply.clearCookie(cookieName, { path: request.url.split('?')[0] ?? '/' });
  return toldIn(name);
}

/** The message of this name; null: there is none. */
function toldIn(name: string): string | null {
  const [, words = null] = Object.entries(actWords.told).find(([known]) => known === name) ?? [];
  return words;
}
