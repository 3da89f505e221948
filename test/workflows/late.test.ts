/** When a member's workflow looks in Kisi for what a write without an answer may still do. */
import assert from 'node:assert/strict';
import { membershipChanged } from '../../messages/to-member.js';
import { pass, profile } from '../support/builders.js';
import { Clockwork, settled, until } from '../support/clockwork.js';
import { keyWish } from '../support/stores.js';
import { timeSkippingEnv } from '../support/timeSkipping.js';

const minute = 60_000;

/** A member whose key was taken away, and an earlier grant of that key that the network still holds. */
async function story(
  tell: (world: Clockwork, held: { userId: number; validUntil: number }) => Promise<void>,
): Promise<void> {
  await Clockwork.run(await timeSkippingEnv(), async (world) => {
    const record = profile({ passes: [pass()] });
    world.profiles.set(100, record);
    const handle = await world.start(100);
    await until(world, handle, (view) => view.state === 'access');
    const [key] = world.keys;
    assert.ok(key);
    const { userId, groupId } = key;
    const validUntil = key.validUntil ?? 0;
    const wish = keyWish({ userId, groupId, validUntil });
    await world.ownership.sending({ userId, groupId, memberId: 100, does: 'put', key: wish });
    record.passes = [];
    await handle.signal(membershipChanged);
    await until(world, handle, (view) => view.state === 'noAccess');
    assert.deepEqual(world.keys, []);
    world.log.length = 0;
    await tell(world, { userId, validUntil });
  });
}

describe('the member workflow, after a write that was never answered', () => {
  it('looks again after 1, 5, 15 and 60 minutes, and then rests', () =>
    story(async (world) => {
      const looks: number[] = [];
      const begun = await world.now();
      for (let i = 0; i < 140; i++) {
        await world.env.sleep(minute / 2);
        const seen = world.log.filter((what) => what === 'inspect').length;
        if (seen > looks.length) looks.push(Math.round(((await world.now()) - begun) / minute));
      }
      assert.deepEqual(looks.length, 4, String(looks));
      assert.deepEqual(
        looks.map((at, i) => Math.abs(at - ([1, 5, 15, 60][i] ?? 0)) <= 1),
        [true, true, true, true],
        String(looks),
      );
    }));

  it('takes away what it finds then', () =>
    story(async (world, { userId, validUntil }) => {
      await world.env.sleep(2 * minute);
      world.keys.push({ id: 4_711, userId, groupId: 12, validUntil });
      await world.env.sleep(5 * minute);
      await until(world, world.handle(100), () => world.keys.length === 0);
      assert.deepEqual(
        world.log.filter((what) => what !== 'inspect'),
        ['revoke 12'],
      );
    }));

  it('keeps what it finds then where the rules give it by now', () =>
    story(async (world, { userId, validUntil }) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      world.keys.push({ id: 4_711, userId, groupId: 12, validUntil });
      await world.env.sleep(2 * minute);
      await until(world, world.handle(100), (view) => settled(view) && view.state === 'access');
      assert.deepEqual(
        world.keys.map(({ id }) => id),
        [4_711],
      );
      assert.ok(
        world.log.every((what) => !/grant|revoke/.test(what)),
        String(world.log),
      );
    }));

  it('does not end before it has looked', () =>
    story(async (world, { userId, validUntil }) => {
      world.profiles.clear();
      const handle = world.handle(100);
      await handle.signal(membershipChanged);
      await world.env.sleep(10 * minute);
      world.keys.push({ id: 4_711, userId, groupId: 12, validUntil });
      await world.env.sleep(10 * minute);
      await until(world, handle, () => world.keys.length === 0);
      await world.env.sleep(60 * minute);
      await until(world, handle, (view) => view.state === 'ended');
    }));
});
