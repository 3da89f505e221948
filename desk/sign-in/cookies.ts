import type { FastifyReply, FastifyRequest } from 'fastify';
import { ownPath } from './same-site.js';
import { isToken, newToken } from './tokens.js';

/** A browser that is about to sign in. */
export interface Visit {
  /** A secret that only this browser has. */
  token: string;
  /** The page of the desk to go on to. */
  to: string;
}

/** How long a sign-in may take from its first page on. */
const visitMs = 15 * 60_000;

/**
 * The two cookies of the desk. No script reads them, no other site has them sent, and where browsers reach the desk by https no
 * other host of the domain can set them.
 */
export class Cookies {
  private readonly isSecure: boolean;
  private readonly sessionName: string;
  private readonly visitName: string;

  /** `url`: where browsers reach the desk; null: over http on this machine. */
  constructor(
    url: string | null,
    private readonly sessionMs: number,
  ) {
    this.isSecure = url?.startsWith('https:') ?? false;
    const prefix = this.isSecure ? '__Host-' : '';
    this.sessionName = `${prefix}latchkey-desk`;
    this.visitName = `${prefix}latchkey-visit`;
  }

  /** The secret of the session, as the browser sends it; undefined: it sends none. */
  sessionIn(request: FastifyRequest): string | undefined {
    return request.cookies[this.sessionName];
  }

  setSession(reply: FastifyReply, token: string): void {
    this.set(reply, this.sessionName, token, this.sessionMs);
    this.clear(reply, this.visitName);
  }

  clearSession(reply: FastifyReply): void {
    this.clear(reply, this.sessionName);
  }

  /** A browser that nobody is signed in with yet; null: it has not begun to, or its time is over. */
  visitIn(request: FastifyRequest): Visit | null {
    const [token, to = ''] = request.cookies[this.visitName]?.split('.') ?? [];
    return isToken(token) ? { token, to: ownPath(Buffer.from(to, 'base64url').toString()) } : null;
  }

  /** The browser begins to sign in. `to`: the page that it goes on to. */
  beginVisit(reply: FastifyReply, to = '/'): Visit {
    const visit = { token: newToken(), to: ownPath(to) };
    const value = `${visit.token}.${Buffer.from(visit.to).toString('base64url')}`;
    this.set(reply, this.visitName, value, visitMs);
    return visit;
  }

  private set(reply: FastifyReply, name: string, value: string, ms: number): void {
    reply.setCookie(name, value, { ...this.kind(), maxAge: Math.floor(ms / 1000) });
  }

  private clear(reply: FastifyReply, name: string): void {
    reply.clearCookie(name, this.kind());
  }

  private kind(): { path: '/'; httpOnly: true; sameSite: 'lax'; secure: boolean } {
    return { path: '/', httpOnly: true, sameSite: 'lax', secure: this.isSecure };
  }
}
