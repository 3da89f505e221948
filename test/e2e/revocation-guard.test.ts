/** Too many keys that would be lost at once, though no known end foresaw that. */
import assert from 'node:assert/strict';
import { latchkeyDone, latchkeyWith, linesOf } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

interface HeldJson {
  id: number;
  losses: { memberId: number; cause: string }[];
  ruling: { does: string } | null;
}

/** Two may lose their keys. Nobody after them may, so it makes no difference how many are weighed together. */
const withTwo = [{}, 'none', 'policies: { guardPeople: 2, guardShare: 1% }\n'] as const;

describe('the revocation guard, in a whole space', () => {
  let space: RunningSpace;
  const members: number[] = [];
  const count = 20;

  before(async () => {
    space = await startSpace(
      ({ nexudus, ids }) => {
        for (let i = 0; i < count; i++) members.push(joins(i, nexudus.space, ids));
      },
      ...withTwo,
    );
    await eventually('all keys', () => withKey().length === count);
    await eventually('all known to have access', async () => {
      const query = `WorkflowType = 'member' AND AccessState = 'access'`;
      return (await space.service.client.workflow.count(query)).count === count;
    });
  });
  after(async () => {
    await space.stop();
  });

  function joins(i: number, records: RunningSpace['nexudus']['space'], ids: RunningSpace['ids']): number {
    const { Id } = records.addCoworker({ Email: `m${i}@example.com`, InvoicingBusinessId: ids.rome });
    records.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    return Id;
  }
  const withKey = (): number[] =>
    Array.from({ length: 40 }, (_, i) => i).filter(
      (i) => space.kisi.org.keysOf(`m${i}@example.com`).length > 0,
    );
  const waits = async (memberId: number): Promise<string> =>
    (await space.view(memberId))?.waitingFor?.what ?? '';
  const order = (...args: string[]): Promise<string> => latchkeyDone(space.env, ...args);
  const held = async (): Promise<HeldJson[]> => JSON.parse(await order('withheld', '--json')) as HeldJson[];
  /** By a resync, since coworkers are not in every poll. */
  const suspend = async (from: number, to: number): Promise<void> => {
    for (const id of members.slice(from, to)) space.nexudus.space.suspend(id);
    await order('resync', '--all');
  };
  const numbers = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, i) => from + i);

  it('lets a few go, holds many, and says so once', async () => {
    await suspend(0, 2);
    await eventually('the first two are gone', () => withKey().length === count - 2);
    await suspend(2, 10);
    await eventually('the others wait', async () => {
      for (const id of members.slice(2, 10)) if (!/held \(1\)/.test(await waits(id))) return false;
      return true;
    });
    assert.equal(withKey().length, count - 2);
    const [one, ...others] = await held();
    assert.deepEqual(others, []);
    assert.deepEqual(one?.losses.map(({ memberId }) => memberId).sort(), members.slice(2, 10).sort());
    assert.match(await order('status'), /^Withheld \(1\) since .*: 8 keys/m);
    const { lines, kept } = JSON.parse(await order('plan', '--json')) as { lines: object[]; kept: object[] };
    assert.deepEqual([lines.length, kept.length], [0, 8]);
  });

  it('lets grants and known ends go on meanwhile', async () => {
    const records = space.nexudus.space;
    members.push(joins(count, records, space.ids));
    await eventually('a new key', () => withKey().includes(count));
    for (const pass of records.list('coworkertimepasses')) {
      if (pass.CoworkerId === members[10])
        records.update('coworkertimepasses', pass.Id, { Used: true, UsedDate: '2026-01-01T10:00:00Z' });
    }
    await eventually('a used pass ends', () => !withKey().includes(10));
  });

  it('no longer holds a key back that is no loss any more', async () => {
    const [again = 0] = members.slice(9, 10);
    space.nexudus.space.update('coworkers', again, { Active: true });
    await order('resync', String(again));
    await eventually('one less', async () => (await held())[0]?.losses.length === 7);
    await eventually('at rest', async () => (await waits(again)) === '');
    assert.ok(withKey().includes(9));
  });

  it('lets just those keys go that a person approves', async () => {
    assert.match(await order('approve', '1', '--by', 'Mia', '--why', 'they left'), /Approved by Mia/);
    await eventually('they are gone', () => numbers(2, 9).every((i) => !withKey().includes(i)));
    assert.deepEqual(withKey(), [9, ...numbers(11, count + 1)]);
  });

  it('keeps those keys that a person rejects, and refuses what makes no sense', async () => {
    await suspend(11, 20);
    await eventually('they wait', async () => /held \(\d\)/.test(await waits(members[19] ?? 0)));
    await eventually('all of them', async () => (await held()).some(({ losses }) => losses.length === 9));
    const open = (await held()).find(({ ruling }) => ruling === null);
    assert.ok(open);
    await order('reject', String(open.id), '--by', 'Mia', '--why', 'a slip');
    await eventually('they say so', async () => /but Mia rejected that/.test(await waits(members[19] ?? 0)));
    assert.deepEqual(withKey(), [9, ...numbers(11, count + 1)]);
    for (const id of ['99', 'x']) {
      const { code, stdout, stderr } = await latchkeyWith(space.env, 'approve', id);
      assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
    }
  });
});
