/**
 * The worker's clock is wrong for a while, or for good; Temporal's and those of both APIs are right. No key may be lost by
 * that, nor a change. `CLOCKS=each`: whichever way it is wrong.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { reconciliationScheduleId, stateQuery } from '../../messages/to-member.js';
import { latchkeyDone } from '../client/cli.js';
import { killableSpace, type KillableSpace } from '../support/killable.js';
import { eventually } from '../support/eventually.js';

const secondMs = 1_000;
const hourMs = 3_600 * secondMs;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;

if (process.env['CLOCKS'] === 'each')
  describe('a worker whose clock is wrong', function () {
    this.timeout(150_000);
    let space: KillableSpace;
    let bought = 0;

    beforeEach(async () => {
      space = await killableSpace('1s', 'policies: { guardPeople: 10000 }');
      space.nexudus.switches.rateLimits = null;
      space.kisi.switches.rateLimit = null;
    });
    afterEach(() => space.close());

    /** Somebody buys a pass with this end; answers the member's id. */
    function buys(expiresAt: number | null): number {
      const { nexudus, ids } = space;
      const records = nexudus.space;
      const email = `m${++bought}@example.com`;
      const { Id } = records.addCoworker({ Email: email, InvoicingBusinessId: ids.rome });
      const ExpireDate = expiresAt === null ? null : new Date(expiresAt).toISOString();
      records.addPass({
        CoworkerId: Id,
        TimePassId: ids.passTypes.romeDay,
        BusinessId: ids.rome,
        ExpireDate,
      });
      return Id;
    }

    const keyIds = (): number[] =>
      space.kisi.org.roles
        .all()
        .filter(({ applies_to_id: id }) => id === space.ids.groups.romeDay)
        .map(({ id }) => id);
    const haveKeys = (count: number, withinMs = 45_000): Promise<void> =>
      eventually(`${count} keys`, () => keyIds().length === count, withinMs);

    for (const [offMs, words] of [
      [6 * dayMs, 'six days ahead'],
      [-6 * dayMs, 'six days behind'],
      [10 * yearMs, 'ten years ahead'],
      [6 * hourMs, 'six hours ahead'],
      [-10 * yearMs, 'ten years behind'],
    ] as const) {
      it(`takes nothing away amid a resync of all, and notices all, when it is ${words} for a while`, async () => {
        const now = Date.now();
        for (let i = 0; i < 4; i++) buys(now + 3 * dayMs);
        buys(null);
        space.start();
        await haveKeys(5);
        const before = keyIds();
        await space.setClocks(offMs);
        await latchkeyDone(space.env, 'resync', '--all');
        const meanwhile = buys(Date.now() + 3 * dayMs);
        await sleep(8 * secondMs);
        assert.deepEqual(keyIds().slice(0, 5), before, 'while the clock is wrong');
        await space.setClocks(0);
        await haveKeys(6);
        buys(Date.now() + 3 * dayMs);
        await haveKeys(7);
        assert.deepEqual(keyIds().slice(0, 5), before);
        const { nextChange } = await space.client.workflow.getHandle(`member-${meanwhile}`).query(stateQuery);
        assert.ok(
          Math.abs(Date.parse(nextChange?.at ?? '') - Date.now() - 3 * dayMs) < dayMs,
          nextChange?.at,
        );
      });
    }

    for (const offMs of [-30 * secondMs, 30 * secondMs, -120 * secondMs])
      it(`asks no more than ever where it is ${offMs / secondMs} s off as a key ends`, async () => {
        space.start(offMs);
        buys(Date.now() + 3 * dayMs);
        await haveKeys(1);
        buys(Date.now() + 20 * secondMs);
        await haveKeys(2);
        space.nexudus.requests.clear();
        await haveKeys(1, 180_000);
        const asked = space.nexudus.requests.list().filter(({ path }) => /coworkers\/\d/.test(path));
        assert.ok(asked.length <= 10, `${asked.length} reads`);
      });

    it('keeps the audit log when it is set ten years ahead', async () => {
      buys(Date.now() + 3 * dayMs);
      space.start();
      await haveKeys(1);
      await space.setClocks(10 * yearMs);
      await space.client.schedule.getHandle(reconciliationScheduleId).trigger();
      await sleep(6 * secondMs);
      const writes = await space.writes();
      assert.ok(writes.some(({ what, state }) => what === 'grant' && state === 'done'));
    });
  });
