import { linesOf, type Preview } from '../activities/preview.js';
import { readInForce } from '../activities/in-force.js';
import { readOrders } from '../activities/orders.js';
import { reportOn } from '../activities/report.js';
import { isMember, type Survey } from '../activities/survey.js';
import { installationSecret } from '../database/secret.js';
import type { Orders } from '../messages/to-control.js';
import type { Ground } from '../messages/to-leader.js';
import type { PlanLine } from '../messages/to-plan.js';
import { isAmong, foretellingWords } from '../space/foretell.js';
import { planOf } from '../space/planning.js';
import { mappedGroups, type TimedReport } from '../space/report.js';
import { differencesOf } from '../space/rules-in-force.js';
import { surveyBy } from '../space/survey.js';
import { spaceZone } from '../space/zones.js';
import { checkSpace, type CheckedSpace } from '../worker/check.js';
import { groundOf } from '../worker/in-force.js';
import type { Desk } from './desk.js';

/** What would be written to Kisi, in a sentence and key by key. */
export interface Foretold {
  text: string;
  /** Without ends that only move on. */
  lines: PlanLine[];
}

/** All that the page of going live tells. */
export interface GoingLiveFacts {
  checked: CheckedSpace;
  orders: Orders;
  report: TimedReport;
  /** By the rules in force, for all. */
  live: Foretold;
  /** The same for the members of the canary; null: the mode is another. */
  canary: Foretold | null;
  /** By the file of this desk, where it differs from the rules in force; null: it does not. */
  byFile: (Foretold & { differences: string[] }) | null;
}

/**
 * Checks the space and holds the rules against Kisi, as `latchkey check`, `report` and `mode` do. It reads everything, so it takes
 * a minute or two in a large space. Throws UnreadSpaceError, CommandError, NexudusError, KisiError and DatabaseError.
 */
export async function readGoingLive(desk: Desk): Promise<GoingLiveFacts> {
  const { config, nexudus, kisi, client } = desk;
  const checked = await checkSpace(config, nexudus, kisi);
  const own = groundOf(config.file, checked);
  const ground = (await readInForce(client))?.ground ?? own;
  const { timeZones } = ground;
  const secret = await installationSecret(desk.db);
  const surveyed = await surveyBy(client, secret, { nexudus, kisi, timeZones }, null);
  const orders = await readOrders(client);
  const zone = spaceZone(ground.knownZones);
  const differences = differencesOf(own, ground);
  const { mode } = orders;
  const all = plannedBy(surveyed, ground, zone);
  return {
    ...{ checked, orders },
    report: await reportBy(desk, surveyed, ground),
    live: all(() => true),
    canary: mode.name === 'canary' ? all((one) => isAmong(mode, one)) : null,
    byFile: differences.length === 0 ? null : { ...plannedBy(surveyed, own, zone)(() => true), differences },
  };
}

async function reportBy(
  { nexudus, kisi, now }: Desk,
  surveyed: Survey,
  ground: Ground,
): Promise<TimedReport> {
  const { rules, settings, knownZones } = ground;
  const mapped = await mappedGroups(nexudus, ground);
  const at = now();
  const apiUserId = settings.apiUser === 'latchkeyOnly' ? (await kisi.currentUser()).id : null;
  const compared = reportOn(surveyed, { rules, mapped, locationId: null, now: at, apiUserId });
  return { ...compared, at, mapped, locationId: null, zone: spaceZone(knownZones), place: '' };
}

/** What these rules would write, for the people that `isMeant` picks. */
function plannedBy(
  surveyed: Survey,
  { rules }: Ground,
  zone: string | null,
): (isMeant: (one: Preview) => boolean) => Foretold {
  const plan = planOf({ ...surveyed, people: surveyed.people.filter(isMember) }, rules, null, null);
  return (isMeant) => {
    const people = plan.people.filter(isMeant);
    const lines = linesOf(people).filter(({ does }) => does !== 'move');
    return { text: foretellingWords({ ...plan, people }, zone), lines };
  };
}
