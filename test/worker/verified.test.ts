import assert from 'node:assert/strict';
import { assumptions } from '../../verify/assumptions.js';
import type { Answer, Profile } from '../../verify/profile.js';
import { verifiedOf } from '../../worker/verified.js';

describe('the verified profile in short', () => {
  const [first, second, third] = assumptions;
  assert.ok(first && second && third);
  const profile = (answers: Partial<Record<string, Answer>>): Profile => ({
    ...{ version: 1, latchkey: '1.2.3', at: 7 },
    account: { nexudusLocationId: 1, kisiOrganizationId: 2, kisiUserId: 3 },
    answers,
  });
  const differs = (copes: boolean): Answer => ({ result: 'differs', value: 'x', evidence: [], copes });

  it('counts what holds and what could not be told', () => {
    const { holds, untold, at, release } = verifiedOf(
      profile({
        [first.name]: { result: 'holds', value: true, evidence: [], copes: true },
        [second.name]: { result: 'untold', why: 'nobody is there', evidence: [] },
        [third.name]: { result: 'untold', why: 'nobody is there', evidence: [] },
      }),
    );
    assert.deepEqual([holds, untold, at, release], [1, 2, 7, '1.2.3']);
  });

  it('says of what differs what to do, and where nothing is to be done', () => {
    const frail = assumptions.find(({ copes }) => !copes);
    assert.ok(frail);
    const [bad] = verifiedOf(profile({ [frail.name]: differs(false) })).differs;
    assert.deepEqual(bad, {
      name: frail.name,
      words: `${frail.api}: “${frail.says}” is not so here. ${frail.ifNot}`,
      needsSomebody: true,
    });
    const [harmless] = verifiedOf(profile({ [frail.name]: differs(true) })).differs;
    assert.match(harmless?.words ?? '', /Nothing is to be done\.$/);
    assert.equal(harmless?.needsSomebody, false);
  });
});
