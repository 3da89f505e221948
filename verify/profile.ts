import { z } from 'zod';
import { fingerprintOf, fingerprintShape, isOf, type Fingerprint } from '../lib/fingerprint.js';
import type { NexudusAuth } from '../nexudus/options.js';
import { assumptions, type AssumptionName } from './assumptions.js';
import type { Assumption } from './assumption.js';
import type { Finding } from './finding.js';

/** The version of the form in which a profile is kept. */
export const profileVersion = 1;

const evidence = z.array(z.string());

const answer = z.discriminatedUnion('result', [
  /** `copes`: whether Latchkey works as well with this value. */
  z.object({ result: z.enum(['holds', 'differs']), value: z.json(), evidence, copes: z.boolean() }),
  /** `why`: also what would tell. */
  z.object({ result: z.literal('untold'), why: z.string(), evidence }),
]);

const names = assumptions.map(({ name }) => name);

const profile = z.object({
  version: z.literal(profileVersion),
  /** The release of Latchkey that asked. */
  latchkey: z.string(),
  /** When the reading was done, in milliseconds since the epoch. */
  at: z.int(),
  /** Whose account it is, by ids. Null: the API did not say. */
  account: z.object({
    nexudusLocationId: z.int().nullable(),
    kisiOrganizationId: z.int().nullable(),
    kisiUserId: z.int().nullable(),
  }),
  /** Tells by which addresses and logins it was found, without keeping them. Left out: it is not known. */
  reached: fingerprintShape.optional(),
  answers: z.partialRecord(z.enum(names), answer),
});

/** What is known of an assumption: that it holds, that it differs, or why it could not be told and what would tell it. */
export type Answer = z.infer<typeof answer>;
export type Account = z.infer<typeof profile>['account'];
/** What is known of both APIs as one account has them. */
export type Profile = Omit<z.infer<typeof profile>, 'answers'> & {
  answers: Partial<Record<AssumptionName, Answer>>;
};

/** How both APIs are reached. */
export interface Ways {
  nexudus: { baseUrl: string; auth: NexudusAuth };
  kisi: { baseUrl: string; apiKey: string };
}

/** What a profile notes of how both APIs were reached. */
export const noteOfWays = (ways: Ways): Fingerprint => fingerprintOf(textOf(ways));

/** Whether a profile was found at the same addresses, as the same users. */
export function isFoundBy({ reached }: Profile, ways: Ways): boolean {
  return reached !== undefined && isOf(reached, textOf(ways));
}

/** Without the token, which is replaced every few days and stands for the same user. */
function textOf({ nexudus, kisi }: Ways): string {
  const user = 'email' in nexudus.auth ? nexudus.auth.email : null;
  return JSON.stringify([nexudus.baseUrl, user, kisi.baseUrl, kisi.apiKey]);
}

/** A kept profile; null: it is of another version, so that `latchkey verify` must be run again. */
export function parseProfile(value: unknown): Profile | null {
  const result = profile.safeParse(value);
  return result.success ? result.data : null;
}

/** What a finding says of an assumption. */
export function answerOf(assumption: Assumption, finding: Finding): Answer {
  const seen = [...(finding.evidence ?? [])];
  if ('untold' in finding) return { result: 'untold', why: finding.untold, evidence: seen };
  const value = z.json().parse(finding.value);
  const text = JSON.stringify(value);
  const holds = assumption.assumed.some((one) => JSON.stringify(one) === text);
  const copes = holds || (finding.copes ?? assumption.copes);
  return { result: holds ? 'holds' : 'differs', value, evidence: seen, copes };
}

/** Why an assumption that reading cannot tell is not told yet. */
export function untriedAnswer({ tried }: Assumption): Answer {
  const option = tried === 'push' ? '--push' : '--write';
  return { result: 'untold', why: `Reading cannot tell. \`latchkey verify ${option}\` does.`, evidence: [] };
}

/**
 * A fresh profile with what an older one of the same account knows by writing or by a push, as far as neither was tried again.
 */
export function withOlder(fresh: Profile, older: Profile | null): Profile {
  if (older === null || JSON.stringify(older.account) !== JSON.stringify(fresh.account)) return fresh;
  const kept = assumptions.flatMap(({ name, tried }) => {
    const known = older.answers[name];
    const isTold = fresh.answers[name] !== undefined && fresh.answers[name].result !== 'untold';
    return tried === 'reading' || known === undefined || isTold ? [] : [[name, known] as const];
  });
  return { ...fresh, answers: { ...fresh.answers, ...Object.fromEntries(kept) } };
}

/** Assumptions that are false here and that Latchkey does not cope with: somebody must do something. */
export function needingSomebody({ answers }: Profile): Assumption[] {
  return assumptions.filter(({ name }) => {
    const answer = answers[name];
    return answer?.result === 'differs' && !answer.copes;
  });
}
