/** Texts from outside, in the Markdown of Temporal's UI: read by a parser of Markdown, they are what they were. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parsers } from 'prettier/plugins/markdown';
import { printable } from '../../access/text.js';
import { markdownText } from '../../workflows/markdown.js';
import { detailsOf } from '../../workflows/display.js';
import type { MemberView } from '../../messages/to-member.js';

interface Node {
  type: string;
  value?: string;
  children?: Node[];
}

// Its options only matter to what is embedded.
const parse = parsers.markdown.parse as (text: string) => Node;
const typesIn = (node: Node): string[] => [node.type, ...(node.children ?? []).flatMap(typesIn)];
const textIn = (node: Node): string => node.value ?? (node.children ?? []).map(textIn).join('');

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...Array.from('\\`*_~[]()<>&|#!:/@.$-+= \n\r\t\u001b\u202ea1')) }),
  fc.constantFrom(
    '[click](https://evil.example)',
    '![](https://evil.example/x.png)',
    '<img src=x onerror=alert(1)>',
    '**Has access.**',
    '`code` ~~gone~~ _so_ &amp; &#x3c;',
    'https://evil.example and www.evil.example',
    '# Headline',
    'a\n\n# Headline\n- item',
    '\u001b[2J\u202enimda',
  ),
);

describe('a text from outside in Markdown', () => {
  it('is the text and nothing else, in one line', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const seen = printable(text).trim().replace(/ +/g, ' ');
        fc.pre(seen !== '');
        const read = parse(`Because of ${markdownText(text)}`);
        assert.deepEqual([...new Set(typesIn(read))], ['root', 'paragraph', 'text']);
        assert.equal(textIn(read).trim().replace(/\s+/g, ' '), `Because of ${seen}`.replace(/\s+/g, ' '));
      }),
      { numRuns: 1_000 },
    );
  });

  it('links no e-mail, which some parsers do by themselves', () => {
    assert.equal(markdownText('ada@example.com'), 'ada\\@example.com');
  });

  it('forms no markup wherever the UI shows one of a member', () => {
    const view = (text: string): MemberView => ({
      memberId: 7,
      state: 'noAccess',
      keys: [{ groupId: 12, until: null, kisiEndsAt: null, because: text, givenByHand: false }],
      nextChange: { at: '2026-12-01T00:00:00Z', what: text },
      waitingFor: { what: text, since: '2026-12-01T00:00:00Z', wakes: 'by itself' },
      lastCheckedAt: null,
      lastError: text,
      standing: text,
      blocks: null,
    });
    const shape = (text: string): string[] => typesIn(parse(detailsOf(view(text), [text])));
    const plain = shape('pass 3');
    fc.assert(
      fc.property(nasty, (text) => {
        fc.pre(printable(text).trim() !== '');
        assert.deepEqual(shape(text), plain);
      }),
    );
  });
});
