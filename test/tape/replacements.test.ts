import assert from 'node:assert/strict';
import fc from 'fast-check';
import { likeEmail } from '../../kisi/records.js';
import { isLike, looseForm, normalEmail } from '../../lib/emails.js';
import { Replacements, type Known } from '../../tape/replacements.js';

const key = Buffer.from('a key of the tests');
const nobody: Known = { people: new Set(), companies: new Set(), askedEmails: new Set() };
const replacing = (known: Partial<Known> = {}, by = key): Replacements =>
  new Replacements(by, { ...nobody, ...known });

/** Few letters, so that two of them are often alike. */
const email = fc
  .tuple(
    fc.string({ unit: fc.constantFrom('a', 'A', 'é', 'É', '.', 'b'), minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '+x', '+y'),
    fc.constantFrom('example.com', 'Example.com'),
    fc.constantFrom('', ' '),
  )
  .map(([local, tag, host, space]) => `${space}${local}${tag}@${host}${space}`);

describe('what stands on a tape in place of an e-mail', () => {
  const to = replacing();

  it('is compared as the e-mail itself was, in each way that the product compares', () => {
    const classes: Record<string, (text: string) => string> = {
      'as written': (text) => text,
      'as the product compares': normalEmail,
      'as a search may': (text) => looseForm(text.trim()),
      'as people may': (text) => likeEmail(normalEmail(text)),
    };
    for (const [how, classOf] of Object.entries(classes))
      fc.assert(
        fc.property(email, email, (one, other) => {
          const wasSame = classOf(one) === classOf(other);
          assert.equal(
            classOf(to.email(one)) === classOf(to.email(other)),
            wasSame,
            `${how}: ${one} ${other}`,
          );
        }),
        { numRuns: 2_000 },
      );
  });

  it('is what the product makes of it: trimmed and in small letters', () => {
    fc.assert(
      fc.property(email, (one) => {
        assert.equal(normalEmail(to.email(one)), to.email(normalEmail(one)));
        assert.equal(to.email(one).trim(), to.email(one.trim()));
      }),
    );
  });

  it('still contains what it was found by', () => {
    const asked = replacing({ askedEmails: new Set(['ada@example.com']) });
    const [wanted, found] = [asked.email('ada@example.com'), asked.email('xAda@example.com.au')];
    assert.ok(isLike(found, wanted), `${found} ${wanted}`);
    assert.notEqual(normalEmail(found), normalEmail(wanted));
  });

  it('is another on each tape', () => {
    const other = replacing({}, Buffer.from('another key'));
    assert.notEqual(to.email('ada@example.com'), other.email('ada@example.com'));
  });
});

describe('what stands on a tape in place of names', () => {
  const to = replacing({
    people: new Set(['Zoë Åström', 'Bo Li', 'Ada Pass']),
    companies: new Set(['Day Desk Ltd']),
  });

  it('is a name, the same for other capitals and accents', () => {
    assert.match(to.name('Zoë Åström'), /^\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+$/u);
    assert.equal(to.name('ZOE  ASTROM'), to.name('Zoë Åström'));
    assert.notEqual(to.name('Zoë Åström'), to.name('Bo Li'));
  });

  it('takes people and companies out of the names of things, and leaves the rest', () => {
    const cases: [text: string, gone: RegExp][] = [
      ['Studio of ZOE Astrom', /zoe|astrom/i],
      ['Day pass for bo li', /bo li/i],
      ['Booth (Day Desk Ltd)', /ltd/i],
      ['Office, ask zoe.astrom@example.com or +39 06 1234 5678', /example|1234/],
    ];
    for (const [text, gone] of cases) {
      assert.doesNotMatch(to.thing(text), gone);
      assert.match(to.thing(text), new RegExp(`^${text.split(/[ ,]/)[0] ?? ''}`));
    }
    assert.equal(to.thing('Trastevere, Rome – Day pass'), 'Trastevere, Rome – Day pass');
  });
});
