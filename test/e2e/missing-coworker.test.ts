/**
 * A Nexudus that says that a coworker does not exist, while other answers of it have the coworker; and one who really is
 * deleted.
 */
import assert from 'node:assert/strict';
import { latchkey, scratch } from '../client/cli.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

describe('a coworker that Nexudus says it does not have', function () {
  this.timeout(360_000);
  const folder = scratch();
  let space: RunningSpace;
  before(async () => {
    space = await startSpace();
  });
  after(async () => {
    await space.stop();
    folder.remove();
  });

  const emailOf = (name: string): string => `${name}@example.com`;
  const keysOf = (name: string): number[] => space.kisi.org.keysOf(emailOf(name));

  function joins(name: string): number {
    const { nexudus, ids } = space;
    const { Id } = nexudus.space.addCoworker({ Email: emailOf(name), InvoicingBusinessId: ids.rome });
    const TimePassId = ids.passTypes.romeDay;
    nexudus.space.addPass({ CoworkerId: Id, TimePassId, BusinessId: ids.rome });
    return Id;
  }

  /** Holds nothing yet: the contract begins tomorrow. */
  function joinsTomorrow(name: string): number {
    const { nexudus, ids } = space;
    const { Id } = nexudus.space.addCoworker({ Email: emailOf(name), InvoicingBusinessId: ids.newYork });
    const StartDate = new Date(Date.now() + 24 * 3_600_000).toISOString().replace(/[.]\d+/, '');
    const plan = { TariffId: ids.plans.newYorkWeek, IssuedById: ids.newYork, StartDate };
    nexudus.space.renew(nexudus.space.addContract({ CoworkerId: Id, ...plan }).Id);
    return Id;
  }

  async function resync(id: number): Promise<string> {
    const ran = await latchkey(['resync', String(id)], folder.path, space.env);
    return ran.stdout + ran.stderr;
  }

  it('loses nothing where another answer has the coworker, and all keys within two minutes where none has', async () => {
    const { nexudus, kisi } = space;
    const [ann, bob] = [joins('ann'), joins('bob')];
    const deleted = joins('dan');
    const later = joinsTomorrow('eve');
    await eventually('three keys', () => kisi.org.assignments().length === 3);
    const knowsTomorrow = async (): Promise<boolean> =>
      ((await space.view(later))?.nextChange ?? null) !== null;
    await eventually('the one who comes tomorrow', knowsTomorrow);
    kisi.requests.clear();

    nexudus.space.remove('coworkers', deleted);
    const hide = (match: string, ids: number[]): void => {
      nexudus.faults.add({ match, kind: 'absent', ids });
    };
    hide(`/api/spaces/coworkers/${ann}$`, [ann]);
    // These members are in no answer at all for a while.
    hide('/api/spaces/coworkers', [bob, later]);
    const isAtRest = async (id: number): Promise<boolean> => (await space.view(id))?.waitingFor === null;
    const told = await Promise.all([ann, bob, later, deleted].map(resync));
    assert.doesNotMatch(told[0] ?? '', /missing/);
    for (const id of [bob, later, deleted]) {
      const isTold = async (): Promise<boolean> => {
        const what = (await space.view(id))?.waitingFor?.what ?? '';
        return what.includes(`coworker ${id} has been missing since `);
      };
      await eventually(`member ${id} says what it waits for`, isTold);
    }
    await eventually('ann waits for nothing', () => isAtRest(ann));
    assert.deepEqual(
      kisi.requests.list().filter(({ method }) => method !== 'GET'),
      [],
    );

    nexudus.faults.clear();
    await eventually('both are at rest again', async () => (await isAtRest(bob)) && isAtRest(later));
    assert.equal((await space.view(bob))?.state, 'access');
    assert.ok(await knowsTomorrow());

    await eventually(
      'the deleted one has no key',
      () => keysOf('dan').length === 0,
      patienceMs,
      50,
      () => space.view(deleted),
    );
    await eventually('and its story ends', async () => (await space.view(deleted))?.state === 'ended');
    assert.deepEqual([keysOf('ann').length, keysOf('bob').length], [1, 1]);
    const writes = kisi.requests.list().filter(({ method }) => method !== 'GET');
    assert.deepEqual(
      writes.map(({ method }) => method),
      ['DELETE'],
    );
  });
});
