import type { JsonValue } from '../access/json.js';
import type { Note } from '../trail/records.js';
import { giverWords } from '../messages/to-control.js';
import type { Kept } from '../trail/kept.js';
import type { Trail } from '../trail/trail.js';
import type { Act, Remembered, TrailActivities } from '../messages/to-activities.js';
import { remote } from './remote.js';

export interface TrailDeps {
  trail: Pick<Trail, 'note'>;
  kept: Kept;
  now: () => number;
}

/** The database as activities, for what no other activity notes by the way. */
export function createTrailActivities({ trail, kept, now }: TrailDeps): TrailActivities {
  return remote<TrailActivities>({
    noteAct: (act) => trail.note(actNote(act)),
    async remember(name, value) {
      const known = rememberedIn((await kept.read(name))?.value ?? null);
      if (known !== null && known.revision > value.revision) return known;
      if (known === null || known.revision < value.revision)
        await kept.write(name, value as Remembered & JsonValue, now());
      return null;
    },
  });
}

/** What a person did, as the trail keeps it. Pure. */
export function actNote(act: Act): Note {
  const { id, at, memberId, what, why, after, groupId = null } = act;
  return {
    key: `act/${id}`,
    at,
    kind: 'act',
    state: 'done',
    memberId,
    locationId: null,
    groupId,
    what,
    before: null,
    after,
    cause: why,
    by: giverWords(act),
    planId: null,
    answer: null,
  };
}

/** What a workflow kept; null: it is none of that. */
export function rememberedIn(value: JsonValue): Remembered | null {
  const { revision } = Object(value) as { revision?: unknown };
  return typeof revision === 'number' ? (value as unknown as Remembered) : null;
}
