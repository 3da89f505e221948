import type { Ground } from '../messages/to-leader.js';
import { createHash } from 'node:crypto';
import { judge } from '../activities/membership.js';
import { previewOf, type Preview } from '../activities/preview.js';
import { isMember, type Survey, type Surveyed, type Unread } from '../activities/survey.js';
import type { Exception, Instant, Rules, WhatIf } from '../access/types.js';
import { CommandError } from './failure.js';
import { homeZone, instantAt, type Typed } from './typed-times.js';
import { differencesFrom, differencesOf, type Space } from './rules-in-force.js';
import { surveySpace, type SurveyBy } from './survey.js';

/** The members of a plan: one, those of a location, or all. */
export interface Scope {
  memberId: number | null;
  locationId: number | null;
}

/** What would be done for each member, and what it costs. */
export interface Plan {
  at: Instant;
  /** True: the plan is about a time to come, and assumes that plans hand out their next passes until then. */
  assumesRenewals: boolean;
  people: Preview[];
  unread: Unread[];
}

/** The members that a plan looks at. */
type Planned = Pick<Survey, 'people' | 'unread' | 'exceptions'>;

/** How many seconds this number of requests to Kisi takes at least, at the five a second that it allows. */
export const secondsFor = (requests: number): number => Math.ceil(requests / 5);

/** Throws CommandError where Nexudus has no such location. */
export async function checkLocation({ nexudus }: Space, locationId: number | null): Promise<void> {
  if (locationId === null || (await nexudus.getOne('businesses', locationId)) !== null) return;
  throw new CommandError('Nexudus has no location with this id', 2);
}

/** Reads all that a plan stands on. Reads only. Throws CommandError where no worker answers or nobody has this id. */
export async function surveyScope(
  { config, nexudus, kisi }: Space,
  timeZones: Ground['timeZones'],
  { memberId }: Scope,
  by: SurveyBy = {},
): Promise<Planned> {
  const only = memberId === null ? null : [memberId];
  const surveyed = await surveySpace(config, { nexudus, kisi, timeZones }, only, by);
  if (memberId === null) return { ...surveyed, people: surveyed.people.filter(isMember) };
  if (!surveyed.people.every(isUnknown)) return surveyed;
  throw new CommandError('Nexudus has no coworker with this id, and Latchkey knows none', 2);
}

const isUnknown = ({ read, holdings }: Surveyed): boolean =>
  read.snapshot === null && holdings.ledger.length === 0;

/** The plan for the members of the location, or for all; `typed` null: as of `now`, which is what this machine's clock says. */
export function planOf(
  { people, unread, exceptions }: Planned,
  rules: Rules,
  typed: Typed | null,
  locationId: number | null,
  now: Instant = Date.now(),
): Plan {
  const previews = people
    .map((one) => {
      const at = typed === null ? now : instantAt(typed, homeZone(one.read.snapshot));
      return previewAt(one, rules, exceptions, at, { assumeRenewals: typed !== null });
    })
    .filter((preview) => locationId === null || preview.locationId === locationId);
  return {
    at: typed !== null && 'at' in typed ? typed.at : now,
    assumesRenewals: typed !== null,
    people: previews,
    unread: [...unread],
  };
}

function previewAt(
  { memberId, read, holdings, kisi }: Surveyed,
  rules: Rules,
  exceptions: readonly Exception[],
  at: Instant,
  whatIf: WhatIf,
): Preview {
  const assessment = judge(read, { memberId, held: holdings.ledger }, rules, exceptions, at, whatIf);
  return previewOf({ memberId, holdings, assessment, kisi, now: at });
}

/** What differs between a plan's rules and time zones and those in force; empty: nothing that matters. */
export function otherRules(
  { rules, timeZones }: Pick<Ground, 'rules' | 'timeZones'>,
  { ground, inForce }: Space,
): string[] {
  const { settings } = inForce?.ground ?? ground;
  const own = { rules, timeZones, settings };
  return inForce === null ? differencesOf(own, ground) : differencesFrom(inForce, own);
}

/** Tells one space from another: by both APIs' addresses and Kisi's organization. Throws KisiError. */
export async function spaceIdOf({ config, kisi }: Space): Promise<string> {
  const { organizationId } = await kisi.currentUser();
  const names = [config.nexudus.baseUrl, config.kisi.baseUrl, organizationId];
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 16);
}
