/** The table of hostile input: what strangers, and people who are signed in, may send to the desk. */

/** This would run, or be an element of its own, wherever it stood as it is. */
export const markup =
  '"><script>alert(1)</script><img src=x onerror=alert(1)><evil-part onclick=alert(1)>\'-->';

/** Texts for whatever a person types, and for the names of records. */
export const texts: readonly (readonly [what: string, text: string])[] = [
  ['markup', markup],
  ['markup within an attribute', `' " autofocus onfocus='alert(1)' onfocus="alert(1)`],
  ['markup that is escaped already', '&lt;script&gt;&#60;script&#62;&quot;'],
  ['marks that turn the letters around', 'Ada \u202eecalevoL\u2066 \u200f'],
  ['500 characters', 'x'.repeat(500)],
  ['emoji', '👩‍👩‍👧‍👦🏴‍☠️'.repeat(20)],
  ['half a character', 'Ada \ud83d and \udc69'],
  ['a character that stands for nothing', 'Ada \u0000'],
  ['control characters', 'Ada\u001b[31m\r\nSet-Cookie: evil=1\r\n\r\n<script>alert(1)</script>'],
  ['a statement', `1'; drop table desk_session; --`],
  ['a path', '../../../etc/passwd'],
  ['an address that runs', 'javascript:alert(1)'],
  ['an address of another site', '//evil.example/'],
  ['a word that objects know', '__proto__'],
  ['a template', '${7*7}{{7*7}}<%= 7*7 %>'],
  ['a text that patterns choke on', '(a+)+$ '.repeat(70)],
];

/** In the place of an id, as they stand in an address. None is one. */
export const ids: readonly string[] = [
  ...['0', '-1', '1.5', '1e99', '0x10', '007', 'NaN', 'null', '9'.repeat(16), '9'.repeat(400)],
  ...['[object%20Object]', '__proto__', 'constructor', '%00', '1%00', '1%0d%0aX-Evil:%201', '%2e%2e%2f'],
  ...['..%5c..', '1%2f2', '%2f%2fevil.example', '%ff%fe', '%zz', '%ed%a0%bd', '1;drop', '%20'],
  ...['%E2%80%AE1', '%D9%A3', encodeURIComponent(markup)],
];

/** All that any page reads from its address, and any form from its body. */
export const parameters: readonly string[] = [
  ...['q', 'at', 'fresh', 'told', 'topic', 'from', 'to', 'person', 'group', 'by', 'kind', 'after', 'page'],
  ...['again', 'member', 'id', 'until', 'untilAt', 'level', 'mode', 'locations', 'members', 'why', 'code'],
  ...['state', 'ended', 'form', 'shown', 'step', 'token', 'role', '_csrf'],
];

const each = (of: (name: string) => string): string => parameters.map(of).join('&');

/** Query strings. */
export const queries: readonly (readonly [what: string, query: string])[] = [
  ['each parameter twice', each((name) => `${name}=1&${name}=2`)],
  ['lists and objects', each((name) => `${name}[]=1&${name}[a]=2&${name}.b=3`)],
  [
    'names that objects know',
    '__proto__=1&constructor=2&__proto__[role]=operator&toString=3&hasOwnProperty=4',
  ],
  ['no names, no values, too many', `&&&=&${'a=b&'.repeat(2_000)}`],
  ['bytes that are no text', each((name) => `${name}=%ff%ed%a0%bd%00%zz%`)],
  ['numbers beyond all', each((name) => `${name}=${'9'.repeat(400)}`)],
  ['times beyond all', each((name) => `${name}=275760-09-13T00:00`)],
  ['times before all', each((name) => `${name}=-271821-04-20T00:00`)],
  ['times that there are none of', each((name) => `${name}=2026-02-30T25:61`)],
  ['a range upside down', 'from=2026-12-01T00:00&to=2026-11-01T00:00'],
  ['a range of all time', 'from=0001-01-01T00:00&to=9999-12-31T23:59'],
  ['a place in the log that there is none of', 'after=999999999999999.%00&page=999999'],
];

/** Bodies that are no form of the desk, with what they say they are. */
export const bodies: readonly (readonly [what: string, type: string | null, body: string])[] = [
  ['JSON', 'application/json', '{"_csrf":"CSRF","step":"do","why":"x"}'],
  ['JSON that is none', 'application/json', '{"__proto__":'],
  ['plain text', 'text/plain', '_csrf=CSRF&step=do'],
  [
    'parts',
    'multipart/form-data; boundary=x',
    '--x\r\nContent-Disposition: form-data; name="_csrf"\r\n\r\nCSRF\r\n--x--',
  ],
  ['XML', 'application/xml', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
  ['of no kind', null, '_csrf=CSRF&step=do'],
  ['of a kind that is none', 'x', '_csrf=CSRF'],
  ['a form in another alphabet', 'application/x-www-form-urlencoded; charset=utf-16', 'why=x'],
  ['nothing', 'application/x-www-form-urlencoded', ''],
  ['too much', 'application/x-www-form-urlencoded', `_csrf=CSRF&why=${'x'.repeat(70_000)}`],
  ['too many fields', 'application/x-www-form-urlencoded', 'a=b&'.repeat(10_000)],
  ['the secret twice', 'application/x-www-form-urlencoded', '_csrf=CSRF&_csrf=CSRF'],
  ['bytes', 'application/x-www-form-urlencoded', '\u0000\u0001_csrf=%00%ff'],
];

/** Ways of asking that the desk knows nothing of. */
export const methods: readonly string[] = [
  'OPTIONS',
  'PUT',
  'PATCH',
  'DELETE',
  'TRACE',
  'PROPFIND',
  'SEARCH',
];

/** The address of a route, written so that it may be taken for another address, or be read by another route. */
export function disguised(path: string): string[] {
  const [first = '', ...rest] = path.slice(1);
  const encoded = `/%${first.charCodeAt(0).toString(16)}${rest.join('')}`;
  return [
    ...[`/${path}`, `${path}/`, `/.${path}`, `/x/..${path}`, `/assets/..${path}`, `/assets/%2e%2e${path}`],
    ...[
      `/sign-in/..%2f${path.slice(1)}`,
      `${path};/assets/desk.css`,
      `${path}%2f`,
      `${path}%00`,
      `${path}.json`,
    ],
    ...[`/\\${path}`, `http://127.0.0.1${path}`, `http://evil.example${path}`, `${path}?/assets/desk.css`],
    ...[`${path}%3fq=1`, `${path}#/assets/`, path.toUpperCase(), ...(first === '' ? [] : [encoded])],
  ];
}

/** Sites that a form says it is from, and that are not this desk. */
export const otherSites: readonly (readonly [what: string, headers: Record<string, string>])[] = [
  ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['another site, in an old browser', { origin: 'https://evil.example' }],
  ['another host of the domain', { origin: 'https://evil.example.com', 'sec-fetch-site': 'same-site' }],
  ['another port', { host: 'desk.example.com', origin: 'https://desk.example.com:8443' }],
  ['the same host without encryption', { host: 'desk.example.com', origin: 'http://desk.example.com' }],
  ['a page that hides where it is', { origin: 'null' }],
  ['a mail', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ['an address that was typed', { 'sec-fetch-site': 'none' }],
];

/** Names of this machine that are no name of this desk. */
export const otherHosts: readonly string[] = [
  'evil.example',
  'desk.example.com:1',
  'desk.example.com.evil.example',
  '127.0.0.1.evil.example',
];
