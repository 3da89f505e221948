import assert from 'node:assert/strict';
import { isFromOwnPage, isHostOurs, ownPath } from '../../../desk/sign-in/same-site.js';

const url = 'https://desk.example.com';

describe('the name that a request is for', () => {
  const loopback = ['127.0.0.1:8089', 'localhost', 'LOCALHOST:1', '[::1]:8089', '127.1.2.3'];
  const own = ['desk.example.com', 'DESK.example.com', 'desk.example.com:443'];
  const others = [
    ...['', 'evil.example', 'desk.example.com:8443', 'desk.example.com.evil.example', 'xdesk.example.com'],
    ...[
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'evil.example@localhost',
      'localhost/evil.example',
    ],
    ...[
      'localhost?evil',
      'localhost#',
      'local host',
      '0.0.0.0',
      '192.168.1.7:8089',
      'localhost,evil.example',
    ],
  ];
  for (const host of loopback)
    it(`may be this machine: ${host}`, () => {
      for (const one of [url, null]) assert.ok(isHostOurs({ host }, one));
    });
  for (const host of own)
    it(`may be that of LATCHKEY_DESK_URL: ${host}`, () => {
      assert.ok(isHostOurs({ host }, url));
      assert.ok(!isHostOurs({ host }, null));
    });
  for (const host of others)
    it(`may be no other: ${host}`, () => {
      for (const one of [url, null]) assert.ok(!isHostOurs({ host }, one));
    });
  it('is needed', () => {
    assert.ok(!isHostOurs({}, url));
  });
});

describe('a request that is to do something', () => {
  const host = 'desk.example.com';
  const here = '127.0.0.1:8089';
  const fine = [
    { host, origin: url, 'sec-fetch-site': 'same-origin' },
    { host, origin: url },
    { host, origin: 'null', 'sec-fetch-site': 'same-origin' },
    { host: here, origin: 'http://127.0.0.1:8089', 'sec-fetch-site': 'same-origin' },
    { host },
  ];
  const forged = [
    { host, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { host, origin: 'https://evil.example' },
    { host, origin: 'https://other.example.com', 'sec-fetch-site': 'same-site' },
    { host, origin: url, 'sec-fetch-site': 'same-site' },
    { host, origin: url, 'sec-fetch-site': 'none' },
    { host, origin: 'http://desk.example.com' },
    { host, origin: 'null' },
    { host, origin: 'null', 'sec-fetch-site': 'cross-site' },
    { host, origin: '' },
    { host, origin: 'desk.example.com' },
    { host, 'sec-fetch-site': 'cross-site' },
    { host: here, origin: 'http://127.0.0.1:9000' },
    { host: here, origin: url },
  ];
  it('comes from a page of the desk', () => {
    for (const headers of fine) assert.ok(isFromOwnPage(headers, url), JSON.stringify(headers));
  });
  it('and from nowhere else', () => {
    for (const headers of forged) assert.ok(!isFromOwnPage(headers, url), JSON.stringify(headers));
  });
});

describe('where somebody goes on to', () => {
  it('is a page of the desk', () => {
    for (const path of ['/', '/people/7', '/changes?who=Mia&group=3']) assert.equal(ownPath(path), path);
  });
  it('is the first page where it leads elsewhere', () => {
    for (const path of [
      ...['//evil.example', '/\\evil.example', '/\t/evil.example', 'https://evil.example', 'evil.example'],
      ...[
        'javascript:alert(1)',
        '',
        undefined,
        null,
        7,
        ['/', '/'],
        `/${'x'.repeat(1_001)}`,
        '/\\/evil.example',
      ],
    ])
      assert.equal(ownPath(path), '/', JSON.stringify(path));
  });
  it('never begins like an address of another host', () => {
    for (const path of ['/..//evil.example', '/.//evil.example', '/a/..//evil.example'])
      assert.match(ownPath(path), /^\/(?!\/)/);
  });
});
