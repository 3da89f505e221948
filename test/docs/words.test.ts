import assert from 'node:assert/strict';
import { documents, filesIn, textOf } from './documents.js';

/** Words of the past, each with the word of today (docs/glossary.md). They are looked for across the ends of lines. */
const oldWords: readonly (readonly [old: RegExp, today: string])[] = [
  [/\bspeakers?\b/i, 'leader'],
  [/\bheralds?\b/i, 'debouncer'],
  [/\b(?:circuit ?)?breakers?\b/i, 'revocation guard'],
  [/\bcrowds?\b/i, 'batch'],
  [/\b(?:is)?inBulk\b|\bin bulk\b/i, 'isBatch'],
  [/\berrands?\b/i, 'batch'],
  [/\b(?:isForeign|foreign)\b(?! key constraint)/i, 'byHand'],
  [/\btroubles?\b/i, 'problem'],
  [/\bfull[ -]?pass(?:es)?\b/i, 'reconciliation, or full read'],
  [/\b(?:audit[ -]?)?trails?\b/i, 'audit log'],
  [
    /\baudit[ -]?interval|\baudits\b|\bauditors?\b|\b(?:an|next|last|each|every|hourly) audit\b(?! log)/i,
    'comparison',
  ],
];

const config = '../../.dependency-cruiser.js';
const { arrows } = (await import(config)) as { arrows: Record<string, unknown> };
const files = [
  ...Object.keys(arrows)
    .flatMap(filesIn)
    .filter((path) => /\.[jt]s$/.test(path)),
  ...documents,
  ...['latchkey.example.yaml', '.env.example', 'docker-compose.yml', 'Dockerfile'],
];

describe('words', () => {
  it('of the past do not come back', () => {
    assert.ok(files.length > 200, `${files.length} files`);
    const found = files.flatMap((path) => {
      const text = textOf(path).replace(/\s+(?:\/\/|\*|#)?\s*/g, ' ');
      return oldWords.flatMap(([old, today]) => {
        const [word] = old.exec(text) ?? [];
        return word === undefined ? [] : [`${path}: "${word}" is called ${today}`];
      });
    });
    assert.deepEqual(found, []);
  });

  it('are seen by these patterns, also at the end of a line and within a name', () => {
    const samples = [
      ...['the speaker', 'a herald', 'circuit breaker', 'a crowd', 'inBulk: true', 'an errand'],
      ...['foreign: boolean', 'in trouble', 'a full pass', 'the audit trail', 'the next audit'],
    ];
    assert.deepEqual(
      samples.map((sample) => oldWords.findIndex(([old]) => old.test(sample))),
      oldWords.map((_, index) => index),
    );
    for (const fine of [
      'latchkey audit --since 30d',
      'the audit log',
      'a trailing slash',
      'a day pass, full',
    ])
      assert.ok(!oldWords.some(([old]) => old.test(fine)), fine);
  });
});
