/** What needs somebody about the API key of Kisi, and the metrics of it. */
import type { MetricMeter } from '@temporalio/common';
import { keyProblems, mostKeys, problemsOf, type KeyHealth, type KeyProblem } from '../access/kisi-key.js';
import { utc, type Alert } from './alert.js';
import type { Facts } from './facts.js';

/** The alerts for what the daily check found. */
export function keyAlerts({ kisiKey }: Pick<Facts, 'kisiKey'>): Alert[] {
  if (kisiKey === null) return [];
  return problemsOf(kisiKey).map((problem) => ({
    cause: `key/${problem}`,
    since: null,
    text: words[problem](kisiKey),
  }));
}

const words: Record<KeyProblem, (key: KeyHealth) => string> = {
  expires: () =>
    'The API key of Kisi ends by itself where nobody uses it for six months, as after a long pause: make one that does not expire, and put it into KISI_API_KEY.',
  unused: ({ userId, unused }) => {
    const keys = unused.map(({ id, since }) => `key ${id}, last used ${utc(since)}`).join('; ');
    return `Kisi user ${userId}, whose API key Latchkey uses, has API keys that nobody has used for sixty days (${keys}): delete in Kisi those that nobody needs.`;
  },
  role: ({ userId }) =>
    `Kisi user ${userId}, whose API key Latchkey uses, is no administrator or owner of the organization (any more), so Latchkey can give and take away no keys: give the role back in Kisi, or put the owner's API key into KISI_API_KEY.`,
  many: ({ userId, keyCount }) =>
    `Kisi user ${userId}, whose API key Latchkey uses, has ${keyCount ?? ''} of ${mostKeys} API keys, and Kisi makes no more than that: delete in Kisi those that nobody needs.`,
};

/** Gauges of what the daily check found last; null: nothing yet. Made once for a process. */
export function createKeyGauges(meter: MetricMeter): (key: KeyHealth | null) => void {
  const problems = meter.createGauge(
    'latchkey_kisi_key_problem',
    'int',
    '',
    '1: the API key of Kisi needs somebody for this; 0: it does not, or Kisi does not tell',
  );
  const count = meter.createGauge(
    'latchkey_kisi_keys',
    'int',
    '',
    'How many API keys the user has whose key Latchkey uses; Kisi makes ten at most',
  );
  return (key) => {
    if (key === null) return;
    const found = problemsOf(key);
    for (const problem of keyProblems) problems.set(found.includes(problem) ? 1 : 0, { problem });
    if (key.keyCount !== null) count.set(key.keyCount);
  };
}
