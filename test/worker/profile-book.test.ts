/** How a worker comes to know what was verified. */
import assert from 'node:assert/strict';
import { openDatabase } from '../../database/database.js';
import { createKept, type Kept } from '../../database/kept.js';
import { keepProfile } from '../../verify/keep-profile.js';
import { noteOfWays, type Profile, type Ways } from '../../verify/profile.js';
import { ProfileBook } from '../../worker/profile-book.js';

const ways: Ways = {
  nexudus: { baseUrl: 'https://spaces.nexudus.com/api', auth: { email: 'a@example.com', password: 'one' } },
  kisi: { baseUrl: 'https://api.kisi.io', apiKey: 'key' },
};
const answer = { evidence: [], copes: false };

function profile(isPagingSound: boolean, reached = noteOfWays(ways)): Profile {
  const result = isPagingSound ? 'holds' : 'differs';
  return {
    ...{ version: 1, latchkey: '0.1.0', at: 1, reached },
    account: { nexudusLocationId: 1, kisiOrganizationId: 2, kisiUserId: 3 },
    answers: { kisiPaging: { ...answer, result, value: isPagingSound } },
  };
}

describe('the verified profile in a worker', () => {
  let kept: Kept;
  let lines: string[];
  let nowMs: number;
  let book: ProfileBook;
  beforeEach(async () => {
    kept = createKept(await openDatabase(':memory:'));
    [lines, nowMs] = [[], 0];
    const say =
      (level: string) =>
      (...words: unknown[]): void =>
        void lines.push(`${level}: ${String(words.at(-1))}`);
    const log = { warn: say('warn'), error: say('error'), info: say('info') };
    book = new ProfileBook({ kept, ways, log, nowMs: () => nowMs });
  });

  const isTrusted = async (): Promise<boolean> => (await book.current()).known.falseHere.length === 0;

  it('is read anew after a minute, and told once where it changes what is done', async () => {
    assert.equal(await isTrusted(), true);
    await keepProfile(kept, profile(false));
    assert.equal(await isTrusted(), true);
    nowMs += 60_000;
    assert.equal(await isTrusted(), false);
    nowMs += 60_000;
    assert.equal(await isTrusted(), false);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^error: Taking keys away by the rules is stopped/);
    await keepProfile(kept, profile(true));
    nowMs += 60_000;
    assert.equal(await isTrusted(), true);
    assert.match(lines[1] ?? '', /^info: .* can be trusted again/);
  });

  it('of another account is not used, which is told', async () => {
    await keepProfile(kept, profile(false, noteOfWays({ ...ways, kisi: { ...ways.kisi, apiKey: 'old' } })));
    assert.equal(await isTrusted(), true);
    assert.match(lines.join(), /^warn: The verified profile is not used: it was found with another/);
  });

  it('stays as it was while the database does not answer', async () => {
    await keepProfile(kept, profile(false));
    assert.equal(await isTrusted(), false);
    kept.read = () => Promise.reject(new Error('away'));
    nowMs += 60_000;
    assert.equal(await isTrusted(), false);
    assert.match(lines.at(-1) ?? '', /^warn: Latchkey could not read the verified profile/);
  });
});
