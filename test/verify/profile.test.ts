import assert from 'node:assert/strict';
import { createKept } from '../../database/kept.js';
import { openDatabase } from '../../database/database.js';
import { keepProfile, readProfile } from '../../verify/keep-profile.js';
import { parseProfile, type Answer, type Profile } from '../../verify/profile.js';

const account = { nexudusLocationId: 1, kisiOrganizationId: 2, kisiUserId: 3 };
const byWriting: Answer = { result: 'differs', value: 422, evidence: [], copes: true };
const untried: Answer = { result: 'untold', why: 'Reading cannot tell.', evidence: [] };
const holds: Answer = { result: 'holds', value: 'clamp', evidence: ['rows'], copes: true };

const profile = (more: Partial<Profile>): Profile => ({
  ...{ version: 1, latchkey: '0.1.0', at: Date.UTC(2026, 10, 29), account, answers: {} },
  ...more,
});

describe('the verified profile', () => {
  it('is read as it was kept', async () => {
    const kept = createKept(await openDatabase(':memory:'));
    assert.equal(await readProfile(kept), null);
    const fresh = profile({ answers: { sizeCap: holds, duplicateGrantStatus: untried } });
    assert.deepEqual(await keepProfile(kept, fresh), fresh);
    assert.deepEqual(await readProfile(kept), fresh);
  });

  it('keeps what was told by writing when only reading was tried again, in the same account', async () => {
    const kept = createKept(await openDatabase(':memory:'));
    await keepProfile(kept, profile({ answers: { duplicateGrantStatus: byWriting, sizeCap: holds } }));
    const again = profile({ answers: { duplicateGrantStatus: untried } });
    const same = await keepProfile(kept, again);
    assert.deepEqual(same.answers, { duplicateGrantStatus: byWriting });
    const other = await keepProfile(kept, { ...again, account: { ...account, kisiOrganizationId: 9 } });
    assert.deepEqual(other.answers, { duplicateGrantStatus: untried });
  });

  it('is not read where it is of another version, or no profile', () => {
    assert.equal(parseProfile({ ...profile({}), version: 2 }), null);
    assert.equal(parseProfile({ ...profile({}), answers: { sizeCap: { result: 'perhaps' } } }), null);
    assert.equal(parseProfile(null), null);
  });
});
