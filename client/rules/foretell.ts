import type { PlanLine } from '../../messages/to-plan.js';
import { linesOf, type Preview } from '../../activities/preview.js';
import { isMember } from '../../activities/survey.js';
import type { Canaries } from '../../messages/to-control.js';
import { failureOf } from '../terminal/failure.js';
import { planOf, type Plan } from './planning.js';
import { openSpace } from '../space/rules-in-force.js';
import { surveySpace } from '../space/survey.js';
import { shortTime } from '../terminal/table.js';

/** What Kisi allows. */
const requestsPerSecond = 5;

/**
 * What Latchkey would write to Kisi as soon as it may, for these members or (null) for all, in words: by the same plan that
 * the workers follow, from records read now. Throws nothing: where it cannot be told, it says why.
 */
export async function foretold(whom: Canaries | null): Promise<string> {
  try {
    const { people, at, unread } = await planFor(whom);
    return foretellingWords({ at, unread, people: people.filter((one) => isAmong(whom, one)) });
  } catch (error) {
    return `What it will do cannot be told now: ${failureOf(error).lines.join(' ')}`;
  }
}

async function planFor(whom: Canaries | null): Promise<Plan> {
  const { config, nexudus, kisi, ground } = await openSpace();
  const { timeZones, rules } = ground;
  const only = whom === null || whom.locationIds.length > 0 ? null : whom.memberIds;
  const surveyed = await surveySpace(config, { nexudus, kisi, timeZones }, only);
  return planOf({ ...surveyed, people: surveyed.people.filter(isMember) }, rules, null, null);
}

/** As the gate of all writes sees it (activities/gate.ts). */
function isAmong(whom: Canaries | null, { memberId, locationId }: Preview): boolean {
  if (whom === null || whom.memberIds.includes(memberId)) return true;
  return locationId !== null && whom.locationIds.includes(locationId);
}

/** What a plan comes to, in numbers. Pure. */
export function foretellingWords({ at, people, unread }: Omit<Plan, 'assumesRenewals'>): string {
  const count = (...kinds: PlanLine['does'][]): number =>
    linesOf(people).filter(({ does }) => kinds.includes(does)).length;
  const mails = people.filter(({ newUser }) => newUser).length;
  const requests = people.reduce((sum, one) => sum + one.requests, 0);
  const what =
    requests === 0
      ? 'nothing is to be written to Kisi now'
      : `${counted(count('grant'), 'key')} given, ${counted(count('move', 'giveBack'), 'key')} moved, ` +
        `${counted(count('revoke'), 'key')} taken away, ${counted(mails, 'invitation')} mailed by Kisi: ` +
        `${counted(requests, 'request')}, at least ${Math.ceil(requests / requestsPerSecond)} s`;
  const told = `As of ${shortTime(at) ?? ''}, for ${counted(people.length, 'member')}: ${what}.`;
  if (unread.length === 0) return told;
  return `${told} Of ${counted(unread.length, 'member')} nothing can be told: \`latchkey plan\` says why.`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
