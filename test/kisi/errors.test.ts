import assert from 'node:assert/strict';
import {
  errorOfReply,
  longestRetryAfterMs,
  malformed,
  type KisiCall,
  type KisiErrorKind,
} from '../../kisi/errors.js';
import { readRetryAfter } from '../../lib/http.js';

const call: KisiCall = { method: 'POST', path: '/role_assignments' };
const now = Date.parse('2026-11-25T12:00:00Z');

function errorOf(status: number, body: unknown = '', retryAfter: string | null = null) {
  return errorOfReply(
    call,
    { status, body: typeof body === 'string' ? body : JSON.stringify(body), retryAfter },
    now,
  );
}

describe('a Kisi error', () => {
  const kinds: [number, KisiErrorKind, boolean][] = [
    [302, 'unavailable', true],
    [400, 'invalid', false],
    [401, 'refused', false],
    [403, 'refused', false],
    [404, 'notFound', false],
    [408, 'unavailable', true],
    [409, 'conflict', true],
    [422, 'invalid', false],
    [429, 'throttled', true],
    [500, 'unavailable', true],
    [503, 'unavailable', true],
  ];
  for (const [status, kind, canRetryHelp] of kinds) {
    it(`is ${kind} for ${status}`, () => {
      const error = errorOf(status, { error: 'text', code: 'fcd8ef' });
      assert.deepEqual(
        { kind: error.kind, canRetryHelp: error.canRetryHelp, status: error.status, code: error.code },
        { kind, canRetryHelp, status, code: 'fcd8ef' },
      );
      assert.match(error.message, new RegExp(`${status}.*POST /role_assignments`));
    });
  }

  it('names the fields of a 422 but never its texts, which may quote what was sent', () => {
    const error = errorOf(422, {
      errors: { email: ['ada@example.com is invalid'], 'ada@example.com': ['bad'] },
    });
    assert.equal(error.kind, 'invalid');
    assert.deepEqual(error.fields, ['email']);
    assert.doesNotMatch(error.message, /ada@/);
  });

  it('never repeats the text or an odd code of Kisi', () => {
    const error = errorOf(403, { error: 'Ada Lovelace may not', code: 'ada@example.com' });
    assert.equal(error.code, null);
    assert.doesNotMatch(error.message, /ada/i);
  });

  it('takes a 422 that says that the record exists for a conflict', () => {
    assert.equal(errorOf(422, { errors: { email: ['has already been taken'] } }).kind, 'conflict');
    assert.equal(errorOf(422, { errors: { base: ['The record already exists'] } }).kind, 'conflict');
    assert.equal(errorOf(422, { errors: { email: ["can't be blank or invalid"] } }).kind, 'invalid');
  });

  it('takes a 404 for absence in the form that Kisi documents', () => {
    for (const code of ['000404', 'fad10e', 'AB12cd'])
      assert.equal(errorOf(404, { error: 'Not found', code }).kind, 'notFound');
  });

  const byHand: [string, unknown][] = [
    ['nothing', ''],
    ['spaces', '  '],
    ['an empty object', {}],
    ['a page', '<html>Not Found</html>'],
    ['a text', '"Not found"'],
    ['null', 'null'],
    ['a list', []],
    ['JSON that stops', '{"error":"Not found","code":"0004'],
    ['a gateway’s message', { message: 'no Route matched with those values' }],
    ['a gateway’s error without a code', { error: 'Not Found', status: 404, path: '/role_assignments/5' }],
    ['a code without a text', { code: '000404' }],
    ['a code that is a number', { error: 'Not found', code: 404 }],
    ['a code of another length', { error: 'Not found', code: 'NOT_FOUND' }],
    ['an error that is an object', { error: { message: 'Not found' }, code: '000404' }],
    ['fields', { errors: { id: ['not found'] } }],
  ];
  for (const [what, body] of byHand) {
    it(`takes a 404 with ${what} for no answer of Kisi`, () => {
      const { kind, canRetryHelp, message } = errorOf(404, body);
      assert.deepEqual({ kind, canRetryHelp }, { kind: 'malformed', canRetryHelp: true });
      assert.match(message, /gateway/);
    });
  }

  it('tells a 404 of an address from one of a record', () => {
    const elsewhere = { code: '000404', error: 'The endpoint does not exist, please check your request.' };
    assert.equal(errorOf(404, elsewhere).kind, 'invalid');
    assert.match(errorOf(404, elsewhere).message, /base URL/);
  });

  it('keeps how long to wait', () => {
    assert.equal(errorOf(429, '', '3').retryAfterMs, 3000);
    assert.equal(errorOf(503, '', '3').retryAfterMs, 3000);
    assert.equal(errorOf(429).retryAfterMs, null);
    assert.match(errorOf(429, '', '3').message, /wait 3 s/);
  });

  for (const status of [409, 429, 503]) {
    it(`keeps no longer wait than a minute (${status}), and tells what was asked`, () => {
      const asked = ['3600', '86400', '9'.repeat(30), '9'.repeat(400), 'Fri, 31 Dec 9999 23:59:59 GMT'];
      for (const header of asked) {
        const { retryAfterMs, message } = errorOf(status, '', header);
        assert.equal(retryAfterMs, longestRetryAfterMs, header);
        assert.doesNotMatch(message, /Infinity|NaN|9{9}/);
        if (status !== 409) assert.match(message, /60 s \(it asked for (3600 s|86400 s|more than a day)/);
      }
      assert.equal(errorOf(status, '', '60').retryAfterMs, 60_000);
      assert.equal(errorOf(status, '', '-3600').retryAfterMs, null);
    });
  }

  it('can be helped by a retry when an answer does not hold together', () => {
    assert.equal(malformed(call, 'the body is not JSON').canRetryHelp, true);
  });
});

describe('Retry-After', () => {
  const cases: [string | null, number | null][] = [
    ['0', 0],
    ['2', 2000],
    ['1.5', 1500],
    [' 7 ', 7000],
    ['Wed, 25 Nov 2026 12:00:30 GMT', 30_000],
    ['Wed, 25 Nov 2026 11:00:00 GMT', 0],
    ['-1', null],
    ['86400', 86_400_000],
    ['1e9', null],
    ['0x10', null],
    ['3600, 5', null],
    ['Wed, 99 Nov 2026 12:00:30 GMT', null],
    ['soon', null],
    ['', null],
    [null, null],
  ];
  for (const [header, waitMs] of cases) {
    it(`${JSON.stringify(header)} means ${waitMs} ms`, () => {
      assert.equal(readRetryAfter(header, now), waitMs);
    });
  }
});
