import { z } from 'zod';
import type { Assumption } from './assumption.js';
import { assumptions, type AssumptionName } from './assumptions.js';
import type { Answer, Profile } from './profile.js';

/** An answer that has changed. */
export interface Change {
  assumption: Assumption;
  /** For an operator. */
  words: string;
}

/** What people change in their accounts: no API changes by that, and other alerts tell of it where it matters. */
const ofTheAccount: readonly AssumptionName[] = [
  ...(['nexudusUser', 'nexudusReadable', 'timeZonesKnown', 'webhooksOn', 'mostRows'] as const),
  ...(['kisiRole', 'kisiKeyLasts', 'kisiKeysInUse', 'deviceLoginsReadable', 'groupsOpen'] as const),
  // Clocks are watched all the time.
  ...(['nexudusClock', 'kisiClock'] as const),
];

/** What one account answers otherwise than before. What could not be told at either time has not changed. Pure. */
export function changesBetween(before: Profile, now: Profile): Change[] {
  return assumptions.flatMap((assumption) => {
    const { name } = assumption;
    const [old, fresh] = [before.answers[name], now.answers[name]];
    if (ofTheAccount.includes(name) || !isTold(old) || !isTold(fresh)) return [];
    if (textOf(old) === textOf(fresh)) return [];
    return [{ assumption, words: wordsOf(assumption, old, fresh) }];
  });
}

/** A fresh profile of the same account with what an older one knew and this one could not tell. Pure. */
export function withTold(fresh: Profile, before: Profile): Profile {
  const kept = assumptions.flatMap(({ name }) => {
    const old = before.answers[name];
    return !isTold(fresh.answers[name]) && isTold(old) ? [[name, old] as const] : [];
  });
  return { ...fresh, answers: { ...fresh.answers, ...Object.fromEntries(kept) } };
}

type Told = Extract<Answer, { value: unknown }>;

const isTold = (answer: Answer | undefined): answer is Told =>
  answer !== undefined && answer.result !== 'untold';
const textOf = ({ value }: Told): string => JSON.stringify(value);

function wordsOf({ api, says, ifNot }: Assumption, old: Told, fresh: Told): string {
  const change = `${api} answers otherwise than before: “${says}”`;
  if (fresh.result === 'holds') return `${change} This holds now. It was ${valueWords(old)}.`;
  const was = old.result === 'holds' ? 'held' : `was ${valueWords(old)}`;
  return `${change} This ${was}, and is ${valueWords(fresh)} now. ${ifNot}`;
}

const list = z.array(z.json());

function valueWords({ value }: Told): string {
  const several = list.safeParse(value).data?.map(String).join('; ');
  if (several !== undefined) return several === '' ? 'none' : several;
  return typeof value === 'boolean' ? (value ? 'so' : 'not so') : JSON.stringify(value);
}
