/** One of the servers has another time than the rest, for good; or no two agree. `CLOCKS=each`: every server and offset. */
import assert from 'node:assert/strict';
import { latchkeyDone } from '../client/cli.js';
import { compareNow, driftWorkflowId } from '../../messages/to-drift.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const isWhole = process.env['CLOCKS'] === 'each';

describe('a space in which a clock is wrong', function () {
  this.timeout(300_000);
  let space: RunningSpace;
  let bought = 0;
  before(async () => {
    space = await startSpace(undefined, {}, 'none', undefined, { everyMs: 1_000 });
  });
  after(() => space.stop());

  const keys = (): string[] =>
    space.kisi.org.roles
      .all()
      .filter((role) => role.applies_to_id === space.ids.groups.romeDay)
      .map((role) => role.valid_until ?? '');

  function buys(expiresAt: number | null): void {
    const { Id } = space.nexudus.space.addCoworker({ Email: `m${++bought}@example.com` });
    const ExpireDate = expiresAt === null ? null : new Date(expiresAt).toISOString();
    const what = { TimePassId: space.ids.passTypes.romeDay, BusinessId: space.ids.rome, ExpireDate };
    space.nexudus.space.addPass({ CoworkerId: Id, ...what });
  }

  function setClock(whose: 'nexudus' | 'kisi', offMs: number): void {
    space[whose].switches.dateHeader = offMs === 0 ? 'clock' : new Date(Date.now() + offMs).toUTCString();
  }

  for (const whose of ['nexudus', 'kisi'] as const)
    for (const offMs of isWhole ? [6 * hourMs, -6 * hourMs, 6 * dayMs, -3650 * dayMs, 3650 * dayMs] : [])
      it(`gives keys as ever, and takes none away, where ${whose} is ${offMs / hourMs} hours off`, async () => {
        const before = keys();
        setClock(whose, offMs);
        buys(Date.now() + 3 * dayMs);
        await eventually('the key', () => keys().length === before.length + 1);
        await latchkeyDone(space.env, 'resync', '--all');
        buys(null);
        await eventually('the other key', () => keys().length === before.length + 2);
        const last = Date.parse(keys().at(-1) ?? '');
        assert.ok(Math.abs(last - Date.now() - 7 * dayMs) < hourMs, 'its end is told by the right time');
        assert.deepEqual(keys().slice(0, before.length), before);
        setClock(whose, 0);
      });

  it('takes nothing away while no two agree, says so, and goes on by itself', async () => {
    const before = keys();
    setClock('nexudus', 6 * dayMs);
    setClock('kisi', -6 * dayMs);
    // Latchkey hears of each clock: of Nexudus' by polls, of Kisi's by a comparison, since nobody has a key yet to look after.
    await space.service.client.workflow.getHandle(driftWorkflowId).executeUpdate(compareNow);
    await eventually('it is told', async () =>
      (await latchkeyDone(space.env, 'status')).includes('no two bear each other out'),
    );
    await latchkeyDone(space.env, 'resync', '--all');
    buys(Date.now() + 20 * dayMs);
    await eventually('a key whose end is known', () => keys().length === before.length + 1);
    assert.deepEqual(keys().slice(0, before.length), before);
    buys(Date.now() + 3 * dayMs);
    setClock('nexudus', 0);
    setClock('kisi', 0);
    await eventually('the key that waited', () => keys().length === before.length + 2);
    await eventually('it is over', async () =>
      (await latchkeyDone(space.env, 'status')).includes('Nothing needs anybody'),
    );
  });
});
