import assert from 'node:assert/strict';
import { errorOfReply, malformed, readRetryAfter } from '../../kisi/errors.js';
import type { KisiCall, KisiErrorKind } from '../../kisi/errors.js';

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
    [302, 'invalid', false],
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

  it('takes a 404 for absence only when it is about the record', () => {
    assert.equal(errorOf(404, { error: 'Not found', code: '000404' }).kind, 'notFound');
    assert.equal(errorOf(404).kind, 'notFound');
    assert.equal(errorOf(404, '<html>Not Found</html>').kind, 'malformed');
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
