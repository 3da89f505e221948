/** What every answer of the desk must be, whatever was asked. */
import assert from 'node:assert/strict';
import type { Answer } from '../../support/visitor.js';

/** Elements that the desk never draws, beside its own script. */
const neverDrawn =
  /^(script|img|image|picture|iframe|frame|object|embed|applet|base|style|svg|math|template|video|audio)$|-/;
const attributeNever = /^(on.*|style|srcdoc|formaction|ping|background|xlink:href)$/;
const ownScript = '<script src="/assets/desk.js" defer=""></script>';
const ownAddress = /^(\/(?![/\\])|#|https:\/\/(dashboard\.nexudus\.com|web\.kisi\.io)\/)/;
const policy = /^default-src 'none';/;
const loosePolicy = /unsafe|\*|https?:|data:|blob:/;
const ownCookies = /^(__Host-)?latchkey-(desk|visit|told)=/;
/** How stacks of errors, and the words of the server's parts, look. */
const inner = /\n\s+at |\.[jt]sx?:\d+|FST_|SQLITE_|ECONN|node_modules/;

/**
 * Asserts of an answer: nothing in it runs, leads elsewhere, is kept by anybody or tells of the desk's inside; and it is no
 * failure.
 */
export function assertHarmless({ status, headers, text }: Answer, what: string): void {
  assert.ok(status < 500, `${what}: ${status}`);
  assertSafe({ status, headers, text }, what);
}

/** The same of an answer that may be a failure. */
export function assertSafe({ headers, text }: Answer, what: string): void {
  const csp = String(headers['content-security-policy']);
  assert.match(csp, policy, `${what}: ${csp}`);
  assert.doesNotMatch(csp, loosePolicy, what);
  assert.equal(headers['x-content-type-options'], 'nosniff', what);
  if (headers['content-type']?.startsWith('text/css') !== true)
    assert.equal(headers['cache-control'], 'no-store', what);
  for (const line of headers['set-cookie'] ?? []) assert.match(line, ownCookies, what);
  assert.equal(headers['x-evil'], undefined, what);
  if (headers.location !== undefined) assert.match(headers.location, /^\/(?![/\\])/, what);
  assert.doesNotMatch(text, inner, what);
  const type = headers['content-type'] ?? (text === '' ? 'text/plain' : 'none');
  if (type.startsWith('text/html')) assert.deepEqual(foreignIn(text), [], what);
  else assert.match(type, /^text\/(plain|csv|css|event-stream)/, `${what}: ${type}`);
}

/** What a page has in it that the desk does not draw; empty: nothing. */
export function foreignIn(html: string): string[] {
  const foreign: string[] = [];
  const left = html
    .replace(/^<!doctype html>/, '')
    .replaceAll(ownScript, '')
    .replace(
      /<\/?([a-z][\w:-]*)((?: [\w:-]+(?:="[^"<>]*")?)*)\s*\/?>/g,
      (tag, name: string, attributes: string) => {
        if (neverDrawn.test(name) || !areOwn(attributes)) foreign.push(tag);
        return '';
      },
    );
  const at = left.search(/[<>]/);
  if (at >= 0) foreign.push(left.slice(at, at + 80));
  // The letters in a box are turned around within it at most.
  const turning = /\p{Bidi_Control}.{0,20}/u.exec(html.replace(/ value="[^"]*"/g, ''));
  return turning === null ? foreign : [...foreign, turning[0]];
}

function areOwn(attributes: string): boolean {
  return [...attributes.matchAll(/ ([\w:-]+)(?:="([^"]*)")?/g)].every(([, name = '', value = '']) => {
    if (attributeNever.test(name)) return false;
    return !['href', 'src', 'action', 'data-copy'].includes(name) || ownAddress.test(value);
  });
}
