import { z } from 'zod';
import type { Kept } from '../database/kept.js';
import { knownApis, nothingKnown, type KnownApis } from './known-apis.js';
import { isFoundBy, parseProfile, withOlder, type Profile, type Ways } from './profile.js';

const keptName = 'verified profile';

/** The profile that was kept last; null: there is none of this version. Throws DatabaseError. */
export async function readProfile(kept: Kept): Promise<Profile | null> {
  return parseProfile((await kept.read(keptName))?.value);
}

/** Keeps a profile in place of the one before, and answers it as it is kept (`withOlder`). Throws DatabaseError. */
export async function keepProfile(kept: Kept, fresh: Profile): Promise<Profile> {
  const profile = withOlder(fresh, await readProfile(kept));
  await kept.write(keptName, z.json().parse(profile), profile.at);
  return profile;
}

/** What the product may use of the kept profile. */
export interface Usable {
  /** Null: there is none, or none that may be used. */
  profile: Profile | null;
  known: KnownApis;
  /** Why the kept profile is not used, for an operator; null: it is used, or nothing is kept. */
  whyNot: string | null;
}

/** What a kept value says to whoever reaches the APIs like this. Pure. */
export function usableOf(value: unknown, ways: Ways): Usable {
  const unused = (whyNot: string | null): Usable => ({ profile: null, known: nothingKnown, whyNot });
  if (value === undefined) return unused(null);
  const profile = parseProfile(value);
  if (profile === null) return unused('it was kept by a release of Latchkey whose answers have another form');
  if (!isFoundBy(profile, ways))
    return unused('it was found with another base URL, login or API key than those of now');
  return { profile, known: knownApis(profile), whyNot: null };
}

/** What is kept, as it was written; undefined: nothing. Throws DatabaseError. */
export async function readKeptProfile(kept: Pick<Kept, 'read'>): Promise<unknown> {
  return (await kept.read(keptName))?.value;
}
