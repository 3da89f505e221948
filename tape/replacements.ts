import { createHmac } from 'node:crypto';
import { looseForm, normalEmail } from '../lib/emails.js';
import { likeEmail } from '../kisi/records.js';

/** The names and e-mails that a tape must not hold, as far as they are known before anything is replaced. */
export interface Known {
  /** Full names of people. */
  people: ReadonlySet<string>;
  /** Names of teams and companies. */
  companies: ReadonlySet<string>;
  /** The e-mails that were asked for, since a search finds longer ones that contain them. */
  askedEmails: ReadonlySet<string>;
}

/** Letters that few names are made of, so that a replacement hardly ever contains one. */
const consonants = 'qxzwvkjh';
const vowels = 'uyoi';

/** Parts of a name that name nobody: where they stand alone they stay. */
const ordinary = new Set(
  (
    'access and company coworker day desk door flex for full fulltime group guest hot hour hub member membership ' +
    'meeting month new night office only part parttime pass passes plan private room shared space studio team test ' +
    'the time unlimited user visitor week weekend year'
  ).split(' '),
);
const shortestWord = 3;
const longestName = 6;

const emailLike = /([^\s"'<>:;,()[\]@\\/]{1,64}@[^\s"'<>:;,()[\]@\\/]{1,255})/u;
const phoneLike = /\+?\d(?:[ ().\-/]{0,3}\d){8,}/g;
const word = /[\p{L}\p{M}\p{N}]+/gu;
const acute = '\u0301';

/**
 * What stands on a tape in place of personal data: the same for the same, by a key that is written nowhere. Nobody who has only
 * the tape finds the data by what stands for it.
 */
export class Replacements {
  private readonly names: ReadonlySet<string>;
  private readonly words: ReadonlySet<string>;
  private readonly asked: readonly string[];

  constructor(
    private readonly key: Buffer,
    { people, companies, askedEmails }: Known,
  ) {
    const all = [...people].map(wordsIn);
    this.names = new Set([...all, ...[...companies].map(wordsIn)].map((words) => words.join(' ')));
    this.words = new Set(all.flat().filter((one) => one.length >= shortestWord && !ordinary.has(one)));
    this.asked = [...new Set([...askedEmails].map((email) => looseForm(email.trim())))];
  }

  /** A text that is replaced as a whole. */
  text(text: string): string {
    return text.trim() === '' ? text : `text-${this.letters('text', text, 6)}`;
  }

  /** A name of two words, the same for a name with other capitals, accents or spaces. */
  name(text: string): string {
    const plain = wordsIn(text).join(' ');
    if (plain === '') return this.text(text);
    return [1, 2].map((part) => capitalized(this.letters(`name ${part}`, plain, 3))).join(' ');
  }

  /** An id that is compared by its letters, whatever their case. */
  code(text: string): string {
    return this.text(text.toLowerCase());
  }

  /**
   * An e-mail in place of another. Two that the product or an API's search takes for the same, or for alike, are so still:
   * spaces around them stay, and two that differ by capitals, accents, dots or what is after a plus still do.
   */
  email(text: string): string {
    const trimmed = text.trim();
    if (trimmed === '') return text;
    const normal = normalEmail(trimmed);
    const loose = looseForm(trimmed);
    const plain = this.plainEmail(loose);
    const accented = normal === loose ? plain : this.varied('accent', normal, plain, (one) => one + acute);
    const cased =
      trimmed === normal ? accented : this.varied('case', trimmed, accented, (one) => one.toUpperCase());
    return text.replace(trimmed, () => cased);
  }

  /** The name of a thing, without what it has of a person. */
  thing(text: string): string {
    const named = this.withoutPeople(text);
    return named.replace(phoneLike, (found) => this.text(found));
  }

  /** A text of ours, without the e-mails and names in it. */
  withoutPeople(text: string): string {
    const parts = text.split(emailLike);
    return parts.map((part, at) => (at % 2 === 1 ? this.email(part) : this.withoutNames(part))).join('');
  }

  /** The longest names first, then the words that they are made of. */
  private withoutNames(text: string): string {
    const found = [...text.matchAll(word)].map(({ 0: one, index }) => ({
      one,
      index,
      plain: plainWord(one),
    }));
    const hidden = new Set<number>();
    for (let from = 0; from < found.length; from++) {
      for (let length = Math.min(longestName, found.length - from); length > 0; length--) {
        const plain = found.slice(from, from + length).map((one) => one.plain);
        if (!this.names.has(plain.join(' '))) continue;
        for (let at = from; at < from + length; at++) hidden.add(at);
        break;
      }
      if (this.words.has(found[from]?.plain ?? '')) hidden.add(from);
    }
    const parts = found.map(({ one, index, plain }, at) => {
      const before = found[at - 1];
      const between = text.slice(before === undefined ? 0 : before.index + before.one.length, index);
      return between + (hidden.has(at) ? capitalized(this.letters('word', plain, 3)) : one);
    });
    const last = found.at(-1);
    return parts.join('') + text.slice(last === undefined ? 0 : last.index + last.one.length);
  }

  /** Where a search for one e-mail finds another that contains it, so does a search among their replacements. */
  private plainEmail(loose: string): string {
    const within = this.asked.find(
      (asked) => asked !== loose && asked.includes('@') && loose.includes(asked),
    );
    if (within !== undefined) {
      const at = loose.indexOf(within);
      const end = loose.slice(at + within.length);
      const before = at === 0 ? '' : this.letters('before', loose.slice(0, at), 2);
      return before + this.plainEmail(within) + (end === '' ? '' : `.${this.letters('after', end, 2)}`);
    }
    const like = likeEmail(loose);
    const local =
      this.letters('email', like, 6) + (loose === like ? '' : `+${this.letters('tag', loose, 3)}`);
    return like.includes('@') ? `${local}@tape.invalid` : local;
  }

  /** The same with some of its first letters changed, at least one. */
  private varied(purpose: string, text: string, plain: string, change: (letter: string) => string): string {
    const bits = this.digest(purpose, text).readUInt16BE() | 1;
    return plain.replace(/^[a-z\u0301]+/, (letters) => {
      const changed = [...letters.matchAll(/[a-z]\u0301?/g)].map(([letter], at) =>
        ((bits >> (at % 16)) & 1) === 1 ? change(letter) : letter,
      );
      return changed.join('');
    });
  }

  private letters(purpose: string, text: string, syllables: number): string {
    for (let attempt = 0; ; attempt++) {
      const bytes = [...this.digest(`${purpose} ${attempt}`, text).subarray(0, syllables)];
      const letters = bytes.map((byte) => syllableOf(byte)).join('');
      if (!this.containsName(letters) || attempt === 50) return letters;
    }
  }

  private containsName(letters: string): boolean {
    for (let from = 0; from <= letters.length - shortestWord; from++)
      for (let to = from + shortestWord; to <= letters.length; to++)
        if (this.words.has(letters.slice(from, to))) return true;
    return false;
  }

  private digest(purpose: string, text: string): Buffer {
    return createHmac('sha256', this.key).update(`${purpose}\n${text}`).digest();
  }
}

function syllableOf(byte: number): string {
  const [first, second] = [consonants[byte % 8], vowels[(byte >> 3) % 4]];
  return `${first ?? ''}${second ?? ''}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The words of a name, each without accents and capitals. */
function wordsIn(text: string): string[] {
  return (text.match(word) ?? []).map(plainWord);
}

function plainWord(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
