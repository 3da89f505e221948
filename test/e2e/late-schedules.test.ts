/** Temporal's clock was ahead for a while: the next run of a Schedule waits until that time has really come. */
import { pollScheduleId } from '../../messages/to-member.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

describe('a Schedule that does not run', function () {
  this.timeout(300_000);
  let space: RunningSpace;
  after(() => space.stop());

  it('is run all the same, again and again, so that a purchase is noticed', async () => {
    const pace = { everyMs: 300, lateMs: 2_000 };
    space = await startSpace(undefined, {}, 'none', undefined, pace);
    const { nexudus, kisi, ids, service } = space;
    await service.client.schedule.getHandle(pollScheduleId).update(({ spec, ...schedule }) => ({
      ...schedule,
      spec: { ...spec, startAt: new Date(Date.now() + 6 * 3_600_000) },
    }));
    for (const n of [1, 2]) {
      const { Id } = nexudus.space.addCoworker({ Email: `m${n}@example.com` });
      nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
      await eventually(`${n} keys`, () => keys() === n);
    }

    function keys(): number {
      return kisi.org.roles.all().filter((role) => role.applies_to_id === ids.groups.romeDay).length;
    }
  });
});
