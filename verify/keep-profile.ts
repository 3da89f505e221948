import { z } from 'zod';
import type { Kept } from '../database/kept.js';
import { parseProfile, withOlder, type Profile } from './profile.js';

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
