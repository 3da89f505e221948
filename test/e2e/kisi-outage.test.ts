/** A Kisi that fails in every way, one after another, while members come, go and are suspended. */
import assert from 'node:assert/strict';
import { latchkey, scratch } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

/** OUTAGE_S=3600 for an hour; it is shared by the three ways to fail. */
const outageS = Number(process.env['OUTAGE_S'] ?? 6);
const kinds = ['status', 'reset', 'timeout'] as const;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a Kisi that is down', function () {
  this.timeout(outageS * 1_000 + 240_000);
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
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    return Id;
  }

  /** Has the passes of a member expire at this time. */
  function expires(CoworkerId: number, at: number): void {
    const { space: records } = space.nexudus;
    const ExpireDate = new Date(at).toISOString().replace('.000Z', 'Z');
    for (const { Id } of records.where('coworkertimepasses', 'CoworkerId', CoworkerId))
      records.update('coworkertimepasses', Id, { ExpireDate });
  }

  it(`for ${outageS} s loses no change and takes nothing away, and each member says what it waits for`, async () => {
    const { nexudus, kisi, env } = space;
    const old = ['ann', 'bob', 'cleo'].map((name) => joins(name));
    const suspended = joins('dan');
    const expiring = joins('eve');
    await eventually('five keys', () => kisi.org.assignments().length === 5);
    const before = kisi.org.assignments().map(({ id }) => id);

    const newcomers: number[] = [];
    const ends = Math.ceil(Date.now() / 1000) * 1000 + outageS * 500;
    for (const [index, kind] of kinds.entries()) {
      kisi.faults.clear();
      kisi.faults.add({ match: '.*', kind, ...(kind === 'status' ? { status: 503 } : {}) });
      newcomers.push(joins(`new${index}`));
      if (index === 0) {
        nexudus.space.suspend(suspended);
        expires(expiring, ends);
      }
      if (index === 1) {
        const ran = await latchkey(['resync', '--all'], folder.path, env);
        assert.equal(ran.code, 0, ran.stderr);
      }
      await wait((outageS * 1_000) / kinds.length);
    }
    await wait(Math.max(0, ends - Date.now()));
    await eventually('everyone who waits says for what', async () => {
      const views = await Promise.all([...newcomers, suspended, expiring].map((id) => space.view(id)));
      return views.every((view) => /^Kisi/.test(view?.waitingFor?.what ?? ''));
    });
    assert.deepEqual(
      kisi.org.assignments().map(({ id }) => id),
      before,
      'nothing came and nothing went',
    );

    kisi.faults.clear();
    await eventually('all is right', async () => {
      const views = await Promise.all([...old, ...newcomers].map((id) => space.view(id)));
      const gone = [...keysOf('dan'), ...keysOf('eve')].length === 0;
      return gone && views.every((view) => view?.state === 'access' && view.waitingFor === null);
    });
    const group = [space.ids.groups.romeDay];
    for (const name of ['ann', 'bob', 'cleo', 'new0', 'new1', 'new2']) assert.deepEqual(keysOf(name), group);
    assert.equal(kisi.org.assignments().length, 6, 'no key twice');
    const mailed = kisi.mails.map((mail) => mail.to).sort();
    assert.deepEqual(mailed, [...new Set(mailed)], 'no mail twice');
  });
});
