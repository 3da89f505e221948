/** Whether a request is meant for this desk, and whether it comes from a page of it. */
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../lib/loopback.js';

/**
 * Whether a request is for this desk by name. A page of another site may have its own name lead to this machine (DNS rebinding),
 * and would be let in by any name. `url`: where browsers reach the desk; null: on this machine only.
 */
export function isHostOurs({ host = '' }: IncomingHttpHeaders, url: string | null): boolean {
  const asked = hostOf(`http://${host}`);
  // A user name, a path or a query would make it another host than it looks.
  if (asked === null || !/^[\w.:[\]-]+$/.test(host)) return false;
  if (isLoopback(asked.hostname)) return true;
  if (url === null) return false;
  const own = new URL(url);
  return hostOf(`${own.protocol}//${host}`)?.host === own.host;
}

/**
 * Whether a page of this desk sent a request that is to do something, as browsers say. A browser that is set to hide where
 * requests are from says `null` for it; then only Sec-Fetch-Site tells. A client that is no browser says neither.
 */
export function isFromOwnPage(headers: IncomingHttpHeaders, url: string | null): boolean {
  const { origin, host = '', 'sec-fetch-site': site } = headers;
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin === undefined) return true;
  if (origin === 'null') return site === 'same-origin';
  const from = hostOf(origin);
  // A port that the scheme has by itself may be left out.
  if (from === null || from.host !== hostOf(`${from.protocol}//${host}`)?.host) return false;
  return isLoopback(from.hostname) || (url !== null && from.origin === new URL(url).origin);
}

/** The address of a page to go on to within the desk; for an address elsewhere: the first page. */
export function ownPath(text: unknown): string {
  const base = 'http://desk.invalid';
  if (typeof text !== 'string' || text.length > longestPath || !text.startsWith('/')) return '/';
  const url = URL.canParse(text, base) ? new URL(text, base) : null;
  return url?.origin === base ? url.pathname.replace(/^\/+/, '/') + url.search : '/';
}

const longestPath = 1_000;

function hostOf(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null;
}
