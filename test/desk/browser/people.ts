import { orderException } from '../../../activities/orders.js';
import { findingsNow } from '../../../space/drift.js';
import { listWithheld } from '../../../space/withheld.js';
import { eventually } from '../../support/eventually.js';
import type { RunningSpace } from '../../support/space.js';

/** Who and what is in a space that was filled, by id. */
export interface Filled {
  /** Has a plan. */
  ada: number;
  /** Has used a pass up. */
  bob: number;
  /** Several people hold keys to it. */
  group: number;
  /** Somebody is allowed a group by it. */
  exception: number;
  /** Keys that are withheld. */
  withheld: number;
  /** Kisi has a key that Latchkey did not give. */
  finding: number;
}

/** Nobody and nothing. */
export const nobody: Filled = { ada: 0, bob: 0, group: 0, exception: 0, withheld: 0, finding: 0 };

/** The rules by which `fill` works: a used pass ends at once, and two people who lose a key are many. */
export const rulesFile = 'policies: { usedPass: atOnce, guardPeople: 1, guardShare: 1% }\n';

const left = ['Dan Ricci', 'Eve Conti', 'Finn Moreau'];
const twoHoursMs = 2 * 3_600_000;

/** Fills the space so that every page has something to show, and waits until Latchkey has done all of it. */
export async function fill(space: RunningSpace): Promise<Filled> {
  const { nexudus, kisi, ids } = space;
  const { client } = space.service;
  const ada = add(space, 'Ada Lovelace', 'Analytical Engines');
  nexudus.space.renew(
    nexudus.space.addContract({
      CoworkerId: ada,
      TariffId: ids.plans.romeUnlimited,
      IssuedById: ids.rome,
    }).Id,
  );
  const bob = add(space, 'Bob Martin', 'Clean Works');
  const cleo = add(space, 'Cleo Nilsson', 'Nile Studio');
  const grace = add(space, 'Grace Hopper', 'Compilers & Co');
  const leaving = left.map((name) => add(space, name, 'Three of a Kind'));
  const bobsPass = buy(space, bob);
  for (const id of [grace, ...leaving]) buy(space, id);
  await eventually('their keys', () =>
    ['ada.lovelace', 'bob.martin', 'grace.hopper', 'finn.moreau'].every(
      (name) => kisi.org.keysOf(`${name}@example.com`).length === 1,
    ),
  );

  nexudus.space.usePass(bobsPass);
  await eventually('his key is gone', () => kisi.org.keysOf('bob.martin@example.com').length === 0);
  await allow(space, cleo);
  for (const id of leaving) nexudus.space.suspend(id);
  await eventually('some are withheld', async () => {
    const [first] = await listWithheld(client);
    return (first?.losses.length ?? 0) >= 2;
  });
  const [withheld] = await listWithheld(client);
  const user = kisi.org.users().find(({ email }) => email === 'grace.hopper@example.com');
  kisi.org.grantByHand({ userId: user?.id ?? 0, groupId: ids.groups.romeOffice });
  const { findings } = await findingsNow(client);
  return {
    ...{ ada, bob, group: ids.groups.romeDay, exception: 1 },
    withheld: withheld?.id ?? 0,
    finding: findings.find(({ kind }) => kind === 'extra')?.id ?? 0,
  };
}

function add({ nexudus, ids }: RunningSpace, FullName: string, CompanyName: string): number {
  const Email = `${FullName.toLowerCase().replaceAll(' ', '.')}@example.com`;
  return nexudus.space.addCoworker({ FullName, Email, CompanyName, InvoicingBusinessId: ids.rome }).Id;
}

function buy({ nexudus, ids }: RunningSpace, CoworkerId: number): number {
  return nexudus.space.addPass({ CoworkerId, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome }).Id;
}

async function allow({ service, ids, kisi }: RunningSpace, memberId: number): Promise<void> {
  const until = Date.now() + twoHoursMs;
  const wish = { kind: 'allow' as const, memberId, groupId: ids.groups.romeOffice };
  const reason = 'the invoice is on its way';
  await orderException(service.client, { ...wish, until, by: 'Mia', reason }, 'allow');
  await eventually('the key that is allowed', () => kisi.org.keysOf('cleo.nilsson@example.com').length === 1);
}
