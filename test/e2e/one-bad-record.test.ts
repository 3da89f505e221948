/** Records of every kind that make no sense, all at once: everybody else goes on, and nobody loses a key. */
import assert from 'node:assert/strict';
import type { Service } from '../../worker/service.js';
import { latchkeyDone, latchkeyWith } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../support/space.js';

const dayMs = 24 * 3_600_000;
const inDays = (days: number): string => new Date(Date.now() + days * dayMs).toISOString().slice(0, 19) + 'Z';
const absurd = (value: unknown): never => value as never;

describe('bad records in Nexudus', () => {
  let space: RunningSpace;
  let worker: Service;
  const ids: Record<string, number> = {};
  const passes: Record<string, number> = {};

  before(async () => {
    space = await startSpace(
      ({ nexudus, ids: city }) => {
        for (const name of ['ann', 'ben', 'dora', 'eve', 'fay', 'gil'])
          ids[name] = nexudus.space.addCoworker({ Email: `${name}@example.com` }).Id;
        const sell = (name: string, BusinessId: number, TimePassId: number, ExpireDate: string): void => {
          const sold = { CoworkerId: ids[name] ?? 0, BusinessId, TimePassId, ExpireDate };
          passes[name] = nexudus.space.addPass(sold).Id;
        };
        sell('ann', city.rome, city.passTypes.romeDay, inDays(2));
        sell('ben', city.newYork, city.passTypes.newYorkOffice, inDays(2));
        sell('dora', city.newYork, city.passTypes.newYorkOffice, '9999-12-31T23:59:59Z');
      },
      { LATCHKEY_RECONCILIATION_INTERVAL: '2s' },
    );
    worker = space.service;
    for (const name of ['ann', 'ben', 'dora']) await eventually(`${name}’s key`, () => has(name));
  });
  after(() => space.stop());

  const has = (name: string): boolean => space.kisi.org.keysOf(`${name}@example.com`).length === 1;
  const run = (...args: string[]): Promise<string> => latchkeyDone(space.env, ...args);
  const sellInNewYork = (name: string): void => {
    const { newYork: BusinessId, passTypes } = space.ids;
    const sold = { CoworkerId: ids[name] ?? 0, BusinessId, TimePassId: passTypes.newYorkOffice };
    space.nexudus.space.addPass(sold);
  };
  const zoneOfRome = (Name: string): void => {
    const { Id: SimpleTimeZoneId } = space.nexudus.space.addSimpleTimeZone({ Name });
    space.nexudus.space.update('businesses', space.ids.rome, { SimpleTimeZoneId });
  };
  const standing = async (name: string): Promise<string> => JSON.stringify(await space.view(ids[name] ?? 0));

  it('give no key an end in another century', () => {
    const all = space.kisi.org.roles.all().filter(({ applies_to_type }) => applies_to_type === 'Group');
    const ends = all.map(({ valid_until }) => Date.parse(valid_until ?? ''));
    assert.equal(ends.length, 3);
    assert.ok(ends.every((end) => end > Date.now() && end < Date.now() + 8 * dayMs));
  });

  it('keep nobody else from a key, and take none away', async () => {
    const { nexudus, ids: city } = space;
    zoneOfRome('Atlantis');
    nexudus.space.update('coworkertimepasses', passes['ben'] ?? 0, { ExpireDate: '0001-01-01T00:00:00' });
    nexudus.space.addPass({ CoworkerId: absurd(null), TimePassId: city.passTypes.romeDay });
    nexudus.space.addContract({ CoworkerId: absurd('Ann'), TariffId: city.plans.romeUnlimited });
    nexudus.space.addTeam({ ShareTimePasses: true, PayingMemberId: absurd('Ann') });
    nexudus.space.addTimePass({ BusinessId: absurd(null) });
    nexudus.space.addTariffTimePass({ TariffId: city.plans.newYorkWeek, TimePassId: absurd(null) });
    nexudus.space.addBusiness({ Name: absurd(7) });
    sellInNewYork('eve');
    await eventually('eve’s key', () => has('eve'));
    await eventually('ben held', async () => (await standing('ben')).includes('makes no sense'));
    await eventually('ann held', async () => (await standing('ann')).includes('no known time zone'));
    for (const name of ['ann', 'ben', 'dora', 'eve']) {
      // The command ends with 1 where the member waits.
      await latchkeyWith(space.env, 'resync', String(ids[name]));
      assert.ok(has(name), name);
    }
    assert.match(await run('explain', String(ids['ann'])), /no known time zone/);
  });

  it('of one member leave that member’s good passes in effect, and keep no key once the member is suspended', async () => {
    const { nexudus } = space;
    const gil = ids['gil'] ?? 0;
    sellInNewYork('gil');
    const { Id } = nexudus.space.addPass({ CoworkerId: gil, TimePassId: space.ids.passTypes.romeDay });
    nexudus.space.update('coworkertimepasses', Id, { ExpireDate: 'never' });
    await eventually('gil’s key, by the good pass', () => has('gil'));
    const contract = nexudus.space.addContract({ CoworkerId: gil, TariffId: space.ids.plans.romeUnlimited });
    nexudus.space.update('coworkercontracts', contract.Id, { StartDate: 'soon' });
    await eventually('gil waits', async () => (await standing('gil')).includes('StartDate'));
    assert.ok(has('gil'));
    nexudus.space.suspend(gil);
    await eventually('gil’s key gone', () => !has('gil'));
    for (const name of ['ann', 'ben', 'dora', 'eve']) assert.ok(has(name), name);
  });

  it('keep no worker from starting, nor does a group that is gone', async () => {
    const { kisi, ids: city } = space;
    kisi.org.deleteGroup(city.groups.romeOffice);
    await worker.stop();
    worker = await space.startWorker(hurried());
    sellInNewYork('fay');
    await eventually('fay’s key', () => has('fay'));
    for (const name of ['ann', 'ben', 'dora', 'eve']) assert.ok(has(name), name);
    assert.match(await run('explain', String(ids['fay'])), /^Holds group/m);
  });

  it('count as what they say once they are mended', async () => {
    zoneOfRome('Europe/Rome');
    space.nexudus.space.update('coworkertimepasses', passes['ben'] ?? 0, { ExpireDate: inDays(-5) });
    await eventually('ben’s key gone', () => !has('ben'));
    await eventually('ann at rest', async () => !(await standing('ann')).includes('no known time zone'));
    for (const name of ['ann', 'dora', 'eve', 'fay']) assert.ok(has(name), name);
  });
});
