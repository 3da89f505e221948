import type { PlanLine } from '../messages/to-plan.js';
import { linesOf, type Preview } from '../activities/preview.js';
import { isMember } from '../activities/survey.js';
import type { Canaries } from '../messages/to-control.js';
import { failureOf } from './failure.js';
import { planOf, secondsFor, type Plan } from './planning.js';
import { openSpace } from './rules-in-force.js';
import { surveySpace } from './survey.js';
import { timeWords } from './times.js';
import { counted } from '../lib/words.js';
import { spaceZone } from './zones.js';

/**
 * What Latchkey would write to Kisi as soon as it may, for these members or (null) for all, in words: by the same plan that
 * the workers follow, from records read now. Throws nothing: where it cannot be told, it says why.
 */
export async function foretold(canaries: Canaries | null): Promise<string> {
  try {
    const { plan, zone } = await planFor(canaries);
    const people = plan.people.filter((one) => isAmong(canaries, one));
    return foretellingWords({ ...plan, people }, zone);
  } catch (error) {
    return `What it will do cannot be told now: ${failureOf(error).lines.join(' ')}`;
  }
}

async function planFor(canaries: Canaries | null): Promise<{ plan: Plan; zone: string | null }> {
  const { config, nexudus, kisi, ground } = await openSpace();
  const { timeZones, rules } = ground;
  const only = canaries === null || canaries.locationIds.length > 0 ? null : canaries.memberIds;
  const surveyed = await surveySpace(config, { nexudus, kisi, timeZones }, only);
  const plan = planOf({ ...surveyed, people: surveyed.people.filter(isMember) }, rules, null, null);
  return { plan, zone: spaceZone(ground.knownZones) };
}

/** Whether somebody is among these few (null: everybody is), as the gate of all writes sees it (activities/gate.ts). */
export function isAmong(canaries: Canaries | null, { memberId, locationId }: Preview): boolean {
  if (canaries === null || canaries.memberIds.includes(memberId)) return true;
  return locationId !== null && canaries.locationIds.includes(locationId);
}

/** What a plan comes to, in numbers. Pure. */
export function foretellingWords(
  { at, people, unread }: Omit<Plan, 'assumesRenewals'>,
  zone: string | null,
): string {
  const count = (...kinds: PlanLine['does'][]): number =>
    linesOf(people).filter(({ does }) => kinds.includes(does)).length;
  const mails = people.filter(({ newUser }) => newUser).length;
  const requests = people.reduce((sum, one) => sum + one.requests, 0);
  const what =
    requests === 0
      ? 'nothing is to be written to Kisi now'
      : `${counted(count('grant'), 'key')} given, ${counted(count('move', 'giveBack'), 'key')} moved, ` +
        `${counted(count('revoke'), 'key')} taken away, ${counted(mails, 'invitation')} mailed by Kisi: ` +
        `${counted(requests, 'request')}, at least ${secondsFor(requests)} s`;
  const told = `As of ${timeWords(at, zone)}, for ${counted(people.length, 'member')}: ${what}.`;
  if (unread.length === 0) return told;
  return `${told} The records of ${counted(unread.length, 'member')} cannot be judged: \`latchkey plan\` says why.`;
}
