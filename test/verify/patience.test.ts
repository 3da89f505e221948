import assert from 'node:assert/strict';
import { KisiError } from '../../kisi/errors.js';
import { patiently } from '../../verify/patience.js';

const call = { method: 'GET', path: '/users' } as const;
const down = (): KisiError => new KisiError(call, { kind: 'unavailable' });
const unsent = (): KisiError => new KisiError(call, { kind: 'unavailable', isUnsent: true });

/** Fails with these errors, one after another, and then answers how often it was asked. */
function failing(...errors: KisiError[]): () => Promise<number> {
  let asked = 0;
  return () => {
    const error = errors[asked++];
    return error === undefined ? Promise.resolve(asked) : Promise.reject(error);
  };
}

describe('patience', () => {
  it('asks four times, and throws the first error', async () => {
    assert.equal(await patiently(1, failing(down(), down(), down())), 4);
    const errors = [down(), down(), down(), down()];
    await assert.rejects(patiently(1, failing(...errors)), (error) => error === errors[0]);
  });

  it('counts no request that was never sent, for as long as one in two seconds is let through', async () => {
    assert.equal(
      await patiently(1, failing(down(), unsent(), unsent(), unsent(), unsent(), down(), down())),
      8,
    );
    const unsents = Array.from({ length: 10 }, unsent);
    await assert.rejects(patiently(1, failing(...unsents)), (error) => error === unsents[0]);
  });

  it('asks once where another answer cannot be had', async () => {
    const invalid = new KisiError(call, { kind: 'invalid' });
    await assert.rejects(patiently(1, failing(invalid)), (error) => error === invalid);
  });
});
