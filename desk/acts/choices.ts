/** What there is to choose from on the pages of acts, kept for a minute. */
import { keep } from '../../nexudus/fresh.js';
import { within } from '../../space/blocks.js';
import type { Named } from '../../worker/names.js';
import type { Desk } from '../desk.js';
import type { Choices } from './act.js';

const keptMs = 60_000;
/** A page waits no longer for names. */
const namesWithinMs = 2_000;

/** Reads the groups of Kisi and the locations of Nexudus, as they were at most `maxAgeMs` ago. Keep one for the process. */
export function createChoices({ kisi, nexudus, now }: Desk): (maxAgeMs?: number) => Promise<Choices> {
  const groups = keep(async () => byName(await kisi.listGroups()), now);
  const locations = keep(async () => byName(await nexudus.list('businesses')), now);
  return async (maxAgeMs = keptMs) => {
    const freshness = { notBefore: now(), maxAgeMs };
    const [ofKisi, ofNexudus] = await Promise.all([
      within(namesWithinMs, 'Kisi', () => groups.get(freshness)),
      within(namesWithinMs, 'Nexudus', () => locations.get(freshness)),
    ]);
    return { groups: ofKisi, locations: ofNexudus };
  };
}

function byName(all: readonly Named[]): Named[] {
  return all.map(({ id, name }) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name));
}
