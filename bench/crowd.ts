/** Many members in three locations, filled into both simulators as a space would have them that has run for long. */
import type { Stage } from '../client/stage.js';
import { passRenewalTimes } from '../simulators/nexudus.js';

/** Who was made, and what a bench may change of them. */
export interface Crowd {
  memberIds: number[];
  contractUniqueIds: string[];
  passIds: number[];
}

/** What is filled. */
type Place = Pick<Stage, 'nexudus' | 'kisi' | 'ids'>;

/** Where a member of the crowd may be at home, and what is sold there. */
interface Home {
  location: number;
  plan: number;
  passType: number;
}

const dayMs = 86_400_000;

/** The two cities and a third location: call it once. */
export function threeHomes({ nexudus: { space }, kisi, ids }: Place): Home[] {
  const location = space.addBusiness({ Name: 'Kreuzberg, Berlin' }).Id;
  const group = kisi.org.addGroup({ name: 'Kreuzberg, Berlin – Office Membership', locks_count: 2 }).id;
  const passType = space.addTimePass({
    Name: 'Office access',
    BusinessId: location,
    KisiGroupId: String(group),
  }).Id;
  const plan = space.addTariff({ Name: 'Unlimited', BusinessId: location }).Id;
  space.addTariffTimePass({
    TariffId: plan,
    TimePassId: passType,
    PassesIncluded: 1,
    PassRenewalTime: passRenewalTimes.day,
  });
  return [
    { location: ids.rome, plan: ids.plans.romeUnlimited, passType: ids.passTypes.romeOffice },
    { location: ids.newYork, plan: ids.plans.newYorkWeek, passType: ids.passTypes.newYorkOffice },
    { location, plan, passType },
  ];
}

/** Adds so many members with a Kisi user, a contract and a pass of it that lasts until `expiresAt` (30 days from now). */
export function addCrowd(
  { nexudus: { space }, kisi }: Place,
  homes: readonly Home[],
  count: number,
  expiresAt = Date.now() + 30 * dayMs,
): Crowd {
  const crowd: Crowd = { memberIds: [], contractUniqueIds: [], passIds: [] };
  for (let i = 0; i < count; i++) {
    const home = homes[i % homes.length];
    if (home === undefined) throw new Error('a crowd needs a home');
    const Email = `crowd${kisi.org.users().length}@example.com`;
    kisi.org.addUser({ email: Email });
    const memberId = space.addCoworker({ Email, InvoicingBusinessId: home.location }).Id;
    const contract = space.addContract({
      CoworkerId: memberId,
      TariffId: home.plan,
      IssuedById: home.location,
    });
    const pass = space.addPass({
      CoworkerId: memberId,
      TimePassId: home.passType,
      BusinessId: home.location,
      IsFromTariff: true,
      CoworkerContractUniqueId: contract.UniqueId,
      ExpireDate: new Date(expiresAt).toISOString(),
    });
    crowd.memberIds.push(memberId);
    crowd.contractUniqueIds.push(contract.UniqueId);
    crowd.passIds.push(pass.Id);
  }
  return crowd;
}
