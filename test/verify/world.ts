import { createSession } from '../../nexudus/session.js';
import { startKisiSimulator, type KisiSimulator, type KisiSwitches } from '../../simulators/kisi.js';
import {
  passRenewalTimes,
  startNexudusSimulator,
  type NexudusSimulator,
  type NexudusSwitches,
} from '../../simulators/nexudus.js';
import { realWait, type Wait } from '../../simulators/server.js';
import { buildTwoCities } from '../../simulators/two-cities.js';
import { verifyByReading, type Verified, type VerifyOptions } from '../../verify/verify.js';
import { noPace } from '../nexudus/stub.js';

const dayMs = 86_400_000;

/** What there is in a space, besides two cities with their plans. */
export interface WorldPlan {
  members: number;
  hasTeam: boolean;
  /** Passes that were bought, without an end. */
  hasEndlessPasses: boolean;
  /** Plans whose passes renew with the bill, instead of each day. */
  renewsWithBill: boolean;
  /** More check-ins than fit a page. */
  hasManyCheckins: boolean;
  hasEndedKeys: boolean;
}

export const fullWorld: WorldPlan = {
  members: 6,
  hasTeam: true,
  hasEndlessPasses: true,
  renewsWithBill: false,
  hasManyCheckins: false,
  hasEndedKeys: true,
};

/** A space in both simulators that has been at work for some days. */
export interface World {
  nexudus: NexudusSimulator;
  kisi: KisiSimulator;
  /** How `verify` reaches it, without waiting for turns. */
  options: VerifyOptions;
  verify(): Promise<Verified>;
  stop(): Promise<void>;
}

/** The time of a world, and how its APIs wait until a webhook is due. */
export interface WorldTime {
  now: () => number;
  wait: Wait;
}

export async function startWorld(
  plan: WorldPlan,
  switches: { nexudus?: Partial<NexudusSwitches>; kisi?: Partial<KisiSwitches> } = {},
  time: WorldTime = { now: Date.now, wait: realWait },
): Promise<World> {
  const clock = { aheadMs: -5 * dayMs };
  const timed = { now: (): number => time.now() + clock.aheadMs, wait: time.wait };
  const nexudus = await startNexudusSimulator({
    ...timed,
    switches: { rateLimits: null, ...switches.nexudus },
  });
  const kisi = await startKisiSimulator({ ...timed, switches: { rateLimit: null, ...switches.kisi } });
  fill(plan, nexudus, kisi, clock);
  clock.aheadMs = 0;
  const options: VerifyOptions = {
    nexudus: {
      baseUrl: nexudus.url,
      auth: { email: 'admin@example.com', password: 'nexudus-password' },
      pace: noPace(),
      session: createSession(),
    },
    kisi: { baseUrl: kisi.url, apiKey: 'kisi-test-key' },
    zoned: [],
    pauseMs: 5,
  };
  return {
    nexudus,
    kisi,
    options,
    verify: () => verifyByReading(options),
    async stop() {
      await nexudus.stop();
      await kisi.stop();
    },
  };
}

function fill(
  plan: WorldPlan,
  nexudus: NexudusSimulator,
  kisi: KisiSimulator,
  clock: { aheadMs: number },
): void {
  const { space } = nexudus;
  const { rome, groups, passTypes, plans } = buildTwoCities(nexudus, kisi);
  const billed = space.addTariff({ Name: 'Billed', BusinessId: rome });
  space.addTariffTimePass({
    ...{ TariffId: billed.Id, TimePassId: passTypes.romeOffice, PassesIncluded: 2 },
    PassRenewalTime: passRenewalTimes.billingCycle,
  });
  space.addBusinessSetting({ Name: 'Checkin.DailyCutOffTime', Value: '04:00', BusinessId: rome });
  const members = Array.from({ length: plan.members }, (_, index) =>
    space.addCoworker({
      FullName: `Àda Ølsen ${index}`,
      Email: `ada${index}@example.com`,
      InvoicingBusinessId: rome,
    }),
  );
  clock.aheadMs += dayMs / 24;
  const TariffId = plan.renewsWithBill ? billed.Id : plans.romeUnlimited;
  const contracts = members.map(({ Id }) => space.addContract({ CoworkerId: Id, TariffId }));
  space.tick();
  for (; clock.aheadMs < -dayMs; clock.aheadMs += dayMs) space.tick();
  const [first, ...others] = members;
  if (first === undefined) return;
  const [contract] = contracts;
  const at = new Date(Date.now() + 30 * dayMs).toISOString();
  const until = new Date(Date.now() + 40 * dayMs).toISOString();
  if (contract !== undefined)
    space.addPausedPeriod({ CoworkerContractId: contract.Id, PauseFrom: at, PauseUntil: until });
  const ids = members.map(({ Id }) => Id);
  if (plan.hasTeam)
    space.addTeam({ TeamMembers: ids, PayingMemberId: first.Id, ShareTimePasses: true, BusinessId: rome });
  if (plan.hasEndlessPasses)
    for (const { Id } of members) space.addPass({ CoworkerId: Id, TimePassId: passTypes.romeDay });
  const visits = plan.hasManyCheckins ? 1_050 : 3;
  for (let visit = 0; visit < visits; visit++) space.checkIn(first.Id, rome);
  space.addWebhook({
    Action: 61,
    URL: 'https://push.example.com/nexudus/access',
    Name: 'Latchkey: access',
    BusinessId: rome,
  });
  for (const { Email } of [first, ...others]) {
    const { id } = kisi.org.addUser({ email: Email, name: 'Àda' });
    kisi.org.signIn(id);
    kisi.org.grantByHand({ userId: id, groupId: groups.romeDay, validUntil: Date.now() + 5 * dayMs });
    if (plan.hasEndedKeys)
      kisi.org.grantByHand({ userId: id, groupId: groups.romeOffice, validUntil: Date.now() - dayMs / 2 });
  }
}
