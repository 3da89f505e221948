/**
 * Kisi requests of each step of a member's life beside the least that is possible: counts only, so that a slow machine
 * changes nothing. `node --import=tsx bench/requests.ts [members]`.
 */
import { createKisiPacer } from '../kisi/pace.js';
import { createPacer } from '../nexudus/pace.js';
import { tell, type Row } from './rows.js';
import { say, setStage, wait } from './stage.js';

const members = Number(process.argv[2] ?? 40);
const withFaults = process.argv[3] !== 'faultless';
const rows: Row[] = [];
const stage = await setStage({ LATCHKEY_POLL_INTERVAL: '1s', LATCHKEY_COMPARISON_INTERVAL: '7d' });
const { nexudus, kisi, ids } = stage;
const { space } = nexudus;
await stage.startWorker({
  nexudus: createPacer({ minGapMs: 1, perMinute: Infinity, perHour: Infinity }),
  kisi: createKisiPacer({ most: 1000 }),
});
// The first member has the worker learn who is in Kisi, and that Kisi moves ends.
await life(1, false);
rows.length = 0;
await life(members, false);
if (withFaults) await life(members, true);
await stage.stop();
tell(rows);

/** The life of `count` new members, from first key to last revoke. `faulty`: a twentieth of each step's requests fail. */
async function life(count: number, faulty: boolean): Promise<void> {
  const newcomers = Array.from({ length: count }, () => {
    const { Id } = space.addCoworker({ InvoicingBusinessId: ids.rome });
    const plan = space.addContract({
      CoworkerId: Id,
      TariffId: ids.plans.romeUnlimited,
      IssuedById: ids.rome,
    });
    return { CoworkerId: Id, BusinessId: ids.rome, CoworkerContractUniqueId: plan.UniqueId };
  });
  const keysBefore = keys();
  const until = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
  const renew = (days: number) => (): void => {
    const pass = { TimePassId: ids.passTypes.romeOffice, IsFromTariff: true, ExpireDate: until(days) };
    for (const member of newcomers) space.addPass({ ...member, ...pass });
  };
  let bought: number[] = [];
  const buy = (): void => {
    const pass = { TimePassId: ids.passTypes.romeDay };
    bought = newcomers.map(
      ({ CoworkerId, BusinessId }) => space.addPass({ CoworkerId, BusinessId, ...pass }).Id,
    );
  };
  const endAt = (ExpireDate: string) => (): void => {
    for (const id of bought) space.update('coworkertimepasses', id, { ExpireDate });
  };

  /** Of the keys to the group of bought passes, those that end within three days. */
  const endSoon = (): number =>
    kisi.org
      .assignments()
      .filter(({ applies_to_id: groupId }) => groupId === ids.groups.romeDay)
      .filter(({ valid_until: end }) => end !== null && end < until(3)).length;

  async function step(
    what: string,
    least: number,
    change: () => void,
    keysAfter: number,
    isDone = (): boolean => true,
  ): Promise<void> {
    say(`${what}, ${count}`);
    kisi.requests.clear();
    const times = Math.ceil((count * least) / 20);
    if (faulty && times > 0) kisi.faults.add({ match: '/', kind: 'status', status: 503, times });
    change();
    while (keys() !== keysBefore + keysAfter * count || !isDone()) await wait(50);
    await rest();
    kisi.faults.clear();
    const failed = kisi.requests.list().filter(({ status }) => status === 503).length;
    const [measured, floor] = [kisi.requests.count(), least * count + failed];
    const ratio = floor === 0 ? null : measured / floor;
    const most = faulty ? 1.05 : 1;
    rows.push({
      what: `Kisi requests, ${what}, ${count} members${faulty ? ', one request in 20 failing' : ''}`,
      measured: String(measured),
      floor: String(floor),
      ratio,
      goal: floor === 0 ? 'none' : `at most ${most.toFixed(2)}`,
      holds: measured <= floor * most,
    });
  }

  await step('first key', 2, renew(1), 1);
  await step('renewal that goes on', 0, renew(2), 1);
  await step('further key', 1, buy, 2);
  // Each key is looked at before it is changed: an id may name another right by now.
  await step('an end that is moved', 2, endAt(until(2)), 2, () => endSoon() === count);
  await step('revoke', 2, endAt('2021-01-01T00:00:00Z'), 1);
}

/** Waits until nothing was asked of Kisi for some polls. */
async function rest(): Promise<void> {
  let before = -1;
  while (before !== kisi.requests.count()) {
    before = kisi.requests.count();
    await wait(2_000);
  }
}

function keys(): number {
  return kisi.org.assignments().length;
}
