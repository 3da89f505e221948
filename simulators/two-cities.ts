/** A small space in two cities, as the demo and the tests find it: locations, groups with doors, plans and passes. */
import type { KisiSimulator } from './kisi.js';
import { passRenewalTimes, type NexudusSimulator } from './nexudus.js';

/** The ids of what `buildTwoCities` made. */
export interface TwoCities {
  rome: number;
  newYork: number;
  groups: { romeOffice: number; romeDay: number; newYorkOffice: number };
  passTypes: { romeOffice: number; romeDay: number; newYorkOffice: number };
  /** `romeUnlimited`: a pass a day. `newYorkWeek`: seven passes a week. */
  plans: { romeUnlimited: number; newYorkWeek: number };
}

/** What a worker's environment must say to reach these simulators; its health endpoint takes any free port. */
export function environmentOf(nexudus: NexudusSimulator, kisi: KisiSimulator): Record<string, string> {
  return {
    ...credentialsOf({ nexudus, kisi }),
    LATCHKEY_HEALTH_PORT: '0',
    // A new space only observes, but the demo and the tests are mostly about what is written.
    LATCHKEY_INITIAL_MODE: 'live',
  };
}

/** The addresses of both simulators, and the logins that they take. */
export function credentialsOf({
  nexudus,
  kisi,
}: {
  nexudus: Pick<NexudusSimulator, 'url'>;
  kisi: Pick<KisiSimulator, 'url'>;
}): Record<string, string> {
  return {
    NEXUDUS_BASE_URL: nexudus.url,
    NEXUDUS_EMAIL: 'admin@example.com',
    NEXUDUS_PASSWORD: 'nexudus-password',
    KISI_BASE_URL: kisi.url,
    KISI_API_KEY: 'kisi-test-key',
  };
}

/** Fills both simulators. Pass types name their groups by `KisiGroupId`, as the Nexudus settings page does. */
export function buildTwoCities(nexudus: NexudusSimulator, kisi: KisiSimulator): TwoCities {
  const { space } = nexudus;
  const place = (name: string, zone: string): number => kisi.org.addPlace({ name, time_zone: zone }).id;
  const group = (name: string, placeId: number): number =>
    kisi.org.addGroup({ name, place_id: placeId, locks_count: 2 }).id;
  const romePlace = place('Trastevere', 'Europe/Rome');
  const chelsea = place('Chelsea', 'America/New_York');
  const groups = {
    romeOffice: group('Trastevere, Rome – Office Membership', romePlace),
    romeDay: group('Trastevere, Rome – Day Pass', romePlace),
    newYorkOffice: group('Chelsea, New York – Office Membership', chelsea),
  };

  const location = (name: string, zone: string, TownCity: string, CountryName: string): number => {
    const { Id } = space.addSimpleTimeZone({ Name: zone });
    return space.addBusiness({ Name: name, SimpleTimeZoneId: Id, TownCity, CountryName }).Id;
  };
  const rome = location('Trastevere, Rome', 'Europe/Rome', 'Roma', 'Italy');
  const newYork = location('Chelsea, New York', 'America/New_York', 'New York', 'United States');
  const passType = (Name: string, BusinessId: number, groupId: number): number =>
    space.addTimePass({ Name, BusinessId, KisiGroupId: String(groupId) }).Id;
  const passTypes = {
    romeOffice: passType('Office access', rome, groups.romeOffice),
    romeDay: passType('Day pass', rome, groups.romeDay),
    newYorkOffice: passType('Office access', newYork, groups.newYorkOffice),
  };
  const plan = (
    Name: string,
    BusinessId: number,
    TimePassId: number,
    PassesIncluded: number,
    PassRenewalTime: number,
  ): number => {
    const { Id } = space.addTariff({ Name, BusinessId });
    space.addTariffTimePass({ TariffId: Id, TimePassId, PassesIncluded, PassRenewalTime });
    return Id;
  };
  const plans = {
    romeUnlimited: plan('Unlimited', rome, passTypes.romeOffice, 1, passRenewalTimes.day),
    newYorkWeek: plan('Full time', newYork, passTypes.newYorkOffice, 7, passRenewalTimes.week),
  };
  return { rome, newYork, groups, passTypes, plans };
}
