/** What `latchkey verify` found last of both APIs, in words for people. */
import type { Kept } from '../database/kept.js';
import type { Instant } from '../access/types.js';
import { assumptions } from '../verify/assumptions.js';
import { readKeptProfile, usableOf } from '../verify/keep-profile.js';
import type { Profile, Ways } from '../verify/profile.js';

/** The verified profile in short. */
export interface Verified {
  at: Instant;
  /** The release of Latchkey that asked. */
  release: string;
  holds: number;
  untold: number;
  differs: Difference[];
}

/** An assumption that is false here. */
export interface Difference {
  name: string;
  /** What is false, what that means, and what to do. */
  words: string;
  /** Latchkey does not cope with it: somebody must do something. */
  needsSomebody: boolean;
}

/**
 * The kept profile in short, as a process that reaches the APIs in these `ways` may use it. A text: why it is not used. Null:
 * nothing was ever verified. Throws DatabaseError.
 */
export async function readVerified(kept: Pick<Kept, 'read'>, ways: Ways): Promise<Verified | string | null> {
  const { profile, whyNot } = usableOf(await readKeptProfile(kept), ways);
  return profile === null ? whyNot : verifiedOf(profile);
}

/** A profile in short. Pure. */
export function verifiedOf({ at, latchkey, answers }: Profile): Verified {
  const count = (result: 'holds' | 'untold'): number =>
    assumptions.filter(({ name }) => answers[name]?.result === result).length;
  const differs = assumptions.flatMap(({ name, api, says, ifNot, copes }): Difference[] => {
    const answer = answers[name];
    if (answer?.result !== 'differs') return [];
    const means = answer.copes && !copes ? 'Latchkey copes with that. Nothing is to be done.' : ifNot;
    return [{ name, words: `${api}: “${says}” is not so here. ${means}`, needsSomebody: !answer.copes }];
  });
  return { at, release: latchkey, holds: count('holds'), untold: count('untold'), differs };
}
