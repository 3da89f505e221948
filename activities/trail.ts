import type { Trail } from '../trail/trail.js';
import type { TrailActivities } from './contract.js';
import { remote } from './remote.js';

/** The audit trail as activities, for what no other activity notes by the way. */
export function createTrailActivities(trail: Pick<Trail, 'note'>): TrailActivities {
  return remote<TrailActivities>({
    noteAct: ({ id, at, memberId, what, by, why, after, groupId = null }) =>
      trail.note({
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
        by,
        planId: null,
        answer: null,
      }),
  });
}
