import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { hasBearer, isSignedByKisi, isSignedByNexudus } from '../../push/signatures.js';

const mac = (body: string | Buffer, secret: string): Buffer =>
  createHmac('sha256', secret).update(body).digest();
const upper = (body: string | Buffer, secret: string): string =>
  mac(body, secret).toString('hex').toUpperCase();

describe('the signature of Nexudus', () => {
  it('is of these bytes and this secret, and of no others', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ minLength: 1 }),
        fc.nat(),
        (text, secret, at) => {
          const body = Buffer.from(`[${text}]`);
          const signature = upper(body, secret);
          assert.ok(isSignedByNexudus(body, signature, secret));
          const other = Buffer.from(body);
          other[at % other.length] = ((other[at % other.length] ?? 0) + 1) % 128;
          assert.ok(!isSignedByNexudus(other, signature, secret));
          assert.ok(!isSignedByNexudus(body, signature, `${secret}x`));
        },
      ),
    );
  });

  it('may be of the text turned into ASCII, as the published recipe has it', () => {
    const body = '[{"Id":1,"FullName":"Zoë 🗝"}]';
    assert.ok(isSignedByNexudus(Buffer.from(body), upper('[{"Id":1,"FullName":"Zo? ??"}]', 'key'), 'key'));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const folded = text.replace(/[^\0-\x7f]/g, '?');
        assert.ok(isSignedByNexudus(Buffer.from(text), upper(folded, 'key'), 'key'));
      }),
    );
  });

  it('is of bytes that are no text only as they are: nobody folds those', () => {
    const body = Buffer.from([0x5b, 0xe9, 0xe9, 0x5d]);
    assert.ok(isSignedByNexudus(body, upper(body, 'key'), 'key'));
    for (const folded of ['[??]', '[?]', '[]'])
      assert.ok(!isSignedByNexudus(body, upper(folded, 'key'), 'key'), folded);
  });

  it('is nothing else', () => {
    for (const signature of ['', 'nonsense', upper('[]', 'key').slice(1), `sha256=${upper('[]', 'key')}`])
      assert.ok(!isSignedByNexudus(Buffer.from('[]'), signature, 'key'));
  });
});

describe('the signature of Kisi', () => {
  const body = Buffer.from('{"uuid":"a"}');

  it('may be hex or base64, with its kind before it or without', () => {
    for (const encoding of ['hex', 'base64'] as const) {
      const digest = mac(body, 'key').toString(encoding);
      for (const signature of [digest, `sha256=${digest}`])
        assert.ok(isSignedByKisi(body, signature, 'key'), signature);
    }
  });

  it('is of no other body, of no other key, and not empty', () => {
    const digest = mac(body, 'key').toString('hex');
    assert.ok(!isSignedByKisi(Buffer.from('{"uuid":"b"}'), digest, 'key'));
    assert.ok(!isSignedByKisi(body, digest, 'other'));
    for (const signature of ['', 'sha256=']) assert.ok(!isSignedByKisi(body, signature, 'key'));
  });
});

describe('a bearer token', () => {
  it('is just that one', () => {
    assert.ok(hasBearer('Bearer secret', 'secret'));
    for (const header of [
      undefined,
      '',
      'secret',
      'Bearer',
      'Bearer secre',
      'Bearer secrets',
      'Basic secret',
    ])
      assert.ok(!hasBearer(header, 'secret'), header);
  });
});
