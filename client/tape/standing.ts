import { newMember, type Holdings } from '../../messages/to-member.js';
import { CommandError } from '../../space/failure.js';
import type { Standing, WithStanding } from '../../space/survey.js';
import type { Header } from '../../tape/format.js';
import type { TapedStanding } from '../../tape/standing.js';

/** What Latchkey itself said of members while the tape was made; null: nothing was asked. */
export interface Heard {
  standing: TapedStanding | null;
}

/** What Latchkey itself knows of members, noted in `into` as it is asked for. */
export function heard(withStanding: WithStanding, into: Heard): WithStanding {
  return (job) =>
    withStanding(async ({ exceptions, ...standing }) => {
      // Asked for first: what is known before a read begins decides how the read is made, then and when it is played.
      const known = await standing.baselines();
      const running = await standing.running();
      const holdings = new Map<number, Holdings>();
      const baselines = known === null ? null : Object.fromEntries(Object.entries(known));
      const listening: Standing = {
        exceptions,
        baselines: () => Promise.resolve(known),
        running: () => Promise.resolve(running),
        async holdingsOf(ids) {
          const found = await standing.holdingsOf(ids);
          for (const [id, one] of found) holdings.set(id, one);
          return found;
        },
      };
      try {
        return await job(listening);
      } finally {
        into.standing = { running, holdings: [...holdings], baselines };
      }
    });
}

/** What Latchkey said of members when the tape was made. Throws CommandError where it was not asked. */
export function standingOn(standing: TapedStanding | null, { exceptions }: Header): WithStanding {
  if (standing === null || exceptions === null)
    throw new CommandError(
      'the tape lacks what Latchkey itself knew of its members: for `plan` it must be made by `latchkey tape plan`, while a worker runs',
    );
  const { running, holdings, baselines } = standing;
  const known = new Map(holdings);
  return (job) =>
    job({
      exceptions: () => Promise.resolve(exceptions),
      baselines: () => Promise.resolve(baselines),
      running: () => Promise.resolve(running),
      holdingsOf: (ids) => Promise.resolve(new Map(ids.map((id) => [id, known.get(id) ?? newMember(id)]))),
    });
}
