import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { codeIn, documents, exists, proseOf, textOf } from './documents.js';

/** The anchors that a document's headings have on GitHub. */
function anchorsOf(path: string): string[] {
  return [...proseOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Whether this is the path of a file or room of the project, and not of a file that a user has, nor a time zone. */
function isPathOfOurs(code: string): boolean {
  return /^[a-z][\w-]*\/(?:[\w./-]+\.(?:ts|js|md|ya?ml|sql|sh)|[\w/-]*\/)?$/.test(code);
}

describe('documents', () => {
  it('are all found from the README', () => {
    const linked = [...proseOf('README.md').matchAll(/\]\(([^)#]+)/g)].map(([, to = '']) => to);
    const byContributing = ['docs/testing.md'];
    const missing = documents.filter((path) => path !== 'README.md' && !linked.includes(path));
    assert.deepEqual(missing, byContributing);
  });

  for (const path of documents) {
    it(`${path} links only to files and headings that exist`, () => {
      for (const [, to = ''] of proseOf(path).matchAll(/\]\(([^)]+)\)/g)) {
        if (/^https?:/.test(to)) continue;
        const [file = '', anchor] = to.split('#');
        const target = file === '' ? path : posix.join(posix.dirname(path), file);
        assert.ok(exists(target), `${to}: there is no ${target}`);
        if (anchor !== undefined) assert.ok(anchorsOf(target).includes(anchor), `${to}: no such heading`);
      }
    });

    it(`${path} names only files and rooms that exist`, () => {
      for (const code of codeIn(path))
        if (isPathOfOurs(code)) assert.ok(exists(code), `${code} is not there`);
    });
  }

  it('say no sentence twice', () => {
    const pages = new Map<string, string[]>();
    for (const path of documents) {
      const prose = textOf(path).replace(/^(?:```[^]*?^```|\|.*|#.*)$/gm, '');
      for (const part of prose.split(/(?<=[.:?])\s+|\n\n/)) {
        const sentence = part.replace(/\s+/g, ' ').trim();
        if (sentence.length >= 60) pages.set(sentence, [...(pages.get(sentence) ?? []), path]);
      }
    }
    assert.deepEqual(
      [...pages].filter(([, on]) => on.length > 1),
      [],
    );
  });
});
