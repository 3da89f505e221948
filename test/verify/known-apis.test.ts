/** What the product takes from a verified profile, and which profiles it takes nothing from. */
import assert from 'node:assert/strict';
import { usableOf } from '../../verify/keep-profile.js';
import { nothingKnown, type KnownApis } from '../../verify/known-apis.js';
import { noteOfWays, type Answer, type Profile, type Ways } from '../../verify/profile.js';
import { fullWorld, startWorld } from './world.js';

const ways: Ways = {
  nexudus: { baseUrl: 'https://spaces.nexudus.com/api', auth: { email: 'a@example.com', password: 'one' } },
  kisi: { baseUrl: 'https://api.kisi.io', apiKey: 'key' },
};
const holds = (value: boolean): Answer => ({ result: 'holds', value, evidence: [], copes: true });
const differs = (value: boolean | string[], copes: boolean): Answer => ({
  ...{ result: 'differs', value, evidence: [], copes },
});

const profile = (answers: Profile['answers'], reached = noteOfWays(ways)): Profile => ({
  ...{ version: 1, latchkey: '0.1.0', at: Date.UTC(2026, 10, 29), answers, reached },
  account: { nexudusLocationId: 1, kisiOrganizationId: 2, kisiUserId: 3 },
});
const known = (answers: Profile['answers']): KnownApis => usableOf(profile(answers), ways).known;

describe('what the product knows of both APIs', () => {
  it('is nothing where nothing was told', () => {
    assert.deepEqual(usableOf(undefined, ways), { profile: null, known: nothingKnown, whyNot: null });
    const untold: Answer = { result: 'untold', why: 'No answer came.', evidence: [] };
    assert.deepEqual(known({ userEmailCaseSensitive: untold, kisiPaging: untold }), nothingKnown);
  });

  it('is what the profile says of Kisi', () => {
    const { kisi } = known({
      emailFilterExact: holds(true),
      userEmailCaseSensitive: holds(false),
      patchMovesValidity: differs(false, true),
    });
    assert.deepEqual(kisi, { filterFindsEveryCase: true, patchMovesEnd: false });
    assert.equal(known({ userEmailCaseSensitive: differs(true, false) }).kisi.filterFindsEveryCase, false);
  });

  it('is not sure of a filter that finds parts of e-mails', () => {
    const answers = { emailFilterExact: differs(false, true), userEmailCaseSensitive: holds(false) };
    assert.equal(known(answers).kisi.filterFindsEveryCase, null);
  });

  it('names what safety stands on and is false, unless Latchkey copes with it', () => {
    const { falseHere } = known({
      kisiPaging: differs(false, false),
      nexudusFilters: differs(['Used'], true),
      groupsOpen: differs(['group 1'], false),
    });
    assert.deepEqual(falseHere, ['Kisi: not so here: “The pages of a list add up to its total.”']);
  });

  it('is nothing where the profile is of another account, of another form or of an unknown account, and says so', () => {
    const one = profile({ patchMovesValidity: differs(false, true) });
    const others: Ways[] = [
      { ...ways, kisi: { ...ways.kisi, apiKey: 'another' } },
      { ...ways, kisi: { ...ways.kisi, baseUrl: 'https://kisi.example.com' } },
      { ...ways, nexudus: { ...ways.nexudus, auth: { email: 'b@example.com', password: 'one' } } },
    ];
    const unmarked = { ...one, reached: undefined };
    for (const { known: none, whyNot } of [
      ...others.map((way) => usableOf(one, way)),
      usableOf(unmarked, ways),
    ]) {
      assert.deepEqual(none, nothingKnown);
      assert.match(whyNot ?? '', /another base URL, login or API key/);
    }
    assert.match(usableOf({ ...one, version: 0 }, ways).whyNot ?? '', /another form/);
    const renewed = {
      ...ways,
      nexudus: { ...ways.nexudus, auth: { email: 'a@example.com', password: 'two' } },
    };
    assert.equal(usableOf(one, renewed).known.kisi.patchMovesEnd, false);
  });

  it('is what a run of verify finds', async () => {
    const world = await startWorld(fullWorld);
    try {
      const found = usableOf((await world.verify()).profile, world.options);
      assert.deepEqual(found.known, {
        kisi: { filterFindsEveryCase: true, patchMovesEnd: null },
        falseHere: [],
      });
    } finally {
      await world.stop();
    }
  });
});
