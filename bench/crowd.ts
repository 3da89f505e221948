/** Many members in three locations, put into both simulators as in a space that has run for a long time. */
import type { Stage } from '../client/stage.js';
import type { LedgerKey } from '../access/plan.js';
import { emailDigestOf, keyEmailDigests } from '../activities/email-digest.js';
import { inBatches, memberStart } from '../activities/wake.js';
import { passRenewalTimes } from '../simulators/nexudus.js';
import { openDatabase } from '../database/database.js';
import { createOwnership } from '../database/ownership.js';
import { installationSecret } from '../database/secret.js';
import { memberWorkflowType } from '../messages/to-member.js';
import { wait, type BenchStage } from './stage.js';

/** The members that were made, each at the same place in every list, and what a bench may change of them. */
export interface Crowd {
  memberIds: number[];
  userIds: number[];
  groupIds: number[];
  contractUniqueIds: string[];
}

/** What is filled. */
type Place = Pick<Stage, 'nexudus' | 'kisi' | 'ids'>;

/** Where a member of the crowd may be at home, and what is sold there. */
interface Home {
  location: number;
  plan: number;
  passType: number;
  groupId: number;
}

const dayMs = 86_400_000;

/** The e-mail of the member at a place in the crowd. */
const emailOf = (place: number): string => `crowd${place}@example.com`;

/** The two cities and a third location: call it once. */
export function threeHomes({ nexudus: { space }, kisi, ids }: Place): Home[] {
  const location = space.addBusiness({ Name: 'Kreuzberg, Berlin' }).Id;
  const groupId = kisi.org.addGroup({ name: 'Kreuzberg, Berlin – Office Membership', locks_count: 2 }).id;
  const passType = space.addTimePass({
    Name: 'Office access',
    BusinessId: location,
    KisiGroupId: String(groupId),
  }).Id;
  const plan = space.addTariff({ Name: 'Unlimited', BusinessId: location }).Id;
  space.addTariffTimePass({
    TariffId: plan,
    TimePassId: passType,
    PassesIncluded: 1,
    PassRenewalTime: passRenewalTimes.day,
  });
  return [
    {
      location: ids.rome,
      plan: ids.plans.romeUnlimited,
      passType: ids.passTypes.romeOffice,
      groupId: ids.groups.romeOffice,
    },
    {
      location: ids.newYork,
      plan: ids.plans.newYorkWeek,
      passType: ids.passTypes.newYorkOffice,
      groupId: ids.groups.newYorkOffice,
    },
    { location, plan, passType, groupId },
  ];
}

/** Adds `count` members with a Kisi user and a contract, whose pass lasts until `expiresAt` (30 days from now). */
export function addCrowd(
  { nexudus, kisi }: Omit<Place, 'ids'>,
  homes: readonly Home[],
  count: number,
  expiresAt = Date.now() + 30 * dayMs,
): Crowd {
  const { space } = nexudus;
  const crowd: Crowd = { memberIds: [], userIds: [], groupIds: [], contractUniqueIds: [] };
  for (let i = 0; i < count; i++) {
    const home = homeOf(homes, i);
    const Email = emailOf(i);
    crowd.userIds.push(kisi.org.addUser({ email: Email }).id);
    crowd.groupIds.push(home.groupId);
    const memberId = space.addCoworker({ Email, InvoicingBusinessId: home.location }).Id;
    const contract = space.addContract({
      CoworkerId: memberId,
      TariffId: home.plan,
      IssuedById: home.location,
    });
    crowd.memberIds.push(memberId);
    crowd.contractUniqueIds.push(contract.UniqueId);
  }
  renew({ nexudus }, homes, crowd, expiresAt);
  return crowd;
}

/** Hands out a pass of the plan to everybody, which lasts until `expiresAt`. */
export function renew(
  { nexudus: { space } }: Pick<Place, 'nexudus'>,
  homes: readonly Home[],
  { memberIds, contractUniqueIds }: Crowd,
  expiresAt: number,
): void {
  memberIds.forEach((CoworkerId, i) => {
    const home = homeOf(homes, i);
    const pass = {
      CoworkerId,
      TimePassId: home.passType,
      BusinessId: home.location,
      IsFromTariff: true,
      CoworkerContractUniqueId: contractUniqueIds[i] ?? null,
      ExpireDate: new Date(expiresAt).toISOString(),
    };
    space.addPass(pass);
  });
}

function homeOf(homes: readonly Home[], place: number): Home {
  const home = homes[place % homes.length];
  if (home === undefined) throw new Error('a crowd needs a home');
  return home;
}

/**
 * Gives every member the key that they should have, in Kisi and on record, as months of work would have left it. Starts a
 * workflow for each too, which looks once when a worker comes.
 */
export async function settle(stage: BenchStage, { memberIds, userIds, groupIds }: Crowd): Promise<void> {
  const { kisi, client, config } = stage;
  const validUntil = Math.ceil((Date.now() + 7 * dayMs) / 1_000) * 1_000;
  const db = await openDatabase(config.databaseUrl);
  keyEmailDigests(await installationSecret(db));
  const ownership = createOwnership(db, Date.now);
  for (const place of memberIds.keys()) {
    const [memberId = 0, userId = 0, groupId = 0] = [memberIds[place], userIds[place], groupIds[place]];
    const { id: keyId } = kisi.org.grantByHand({ userId, groupId, validUntil });
    const key: LedgerKey = {
      ...{ groupId, userId, keyId, validUntil, byHand: false, handUntil: null, uncertain: false },
      ...{ version: 1, until: null, because: 'a bench', standsOn: [] },
    };
    await ownership.put([{ userId, groupId, memberId, version: 1, key }]);
    await ownership.noteUser(memberId, { id: userId, emailDigest: emailDigestOf(emailOf(place)) });
  }
  await db.destroy();
  await inBatches(memberIds, (memberId) =>
    client.workflow.start(memberWorkflowType, memberStart(memberId, config.taskQueue)),
  );
}

/** A query for the workflows that wake many members, one after another. */
export const crowds = `WorkflowType = 'crowd' AND ExecutionStatus = 'Running'`;

/** Waits until every member has looked, and the first reconciliation has woken all of them once more. */
export async function allAsleep({ client }: BenchStage, members: number): Promise<void> {
  const count = async (query: string): Promise<number> => (await client.workflow.count(query)).count;
  const looked = `WorkflowType = 'member' AND AccessState = 'access'`;
  const passed = `WorkflowType = 'reconciliation' AND ExecutionStatus = 'Completed'`;
  while ((await count(looked)) < members || (await count(passed)) === 0 || (await count(crowds)) > 0)
    await wait(1_000);
  // The last of them are still at it.
  await wait(20_000);
}
