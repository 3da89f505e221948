import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { emailDigestOf, keyEmailDigests } from '../../activities/email-digest.js';

describe('digests of e-mails', () => {
  const email = 'ada@example.com';
  const secret = Buffer.alloc(32, 7);

  it('are the same in all processes of one installation, and differ between installations', () => {
    keyEmailDigests(secret);
    const one = emailDigestOf(email);
    assert.match(one, /^[0-9a-f]{16}$/);
    assert.notEqual(emailDigestOf('ada@example.org'), one);
    keyEmailDigests(Buffer.alloc(32, 8));
    assert.notEqual(emailDigestOf(email), one);
    keyEmailDigests(Buffer.from(secret));
    assert.equal(emailDigestOf(email), one);
  });

  it('cannot be found by trying addresses without the secret', () => {
    keyEmailDigests(secret);
    for (const text of [email, `latchkey:${email}`, `email:${email}`])
      assert.notEqual(createHash('sha256').update(text).digest('hex').slice(0, 16), emailDigestOf(email));
  });
});
