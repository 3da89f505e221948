import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kept } from '../../database/kept.js';
import { clean, verifyByWriting, type WritingOptions } from '../../verify/by-writing.js';
import { fullWorld, startWorld } from './world.js';
import { allIn, keptInMemory, writingIn } from './writing.js';

const moments = Number(process.env['VERIFY_KILLS'] ?? 30);
/** Fewer would leave most of what it writes untried. */
const leastSteps = 60;
const forEver = (): Promise<never> => new Promise<never>(() => undefined);

/** A process that does nothing any more from its n-th step on: before or after a line of the journal, or before a request. */
function dyingAt(
  step: number,
  options: WritingOptions,
): { options: WritingOptions; died: Promise<void>; steps: () => number } {
  let steps = 0;
  let die: () => void = () => undefined;
  const died = new Promise<void>((resolve) => (die = resolve));
  const live = async (): Promise<void> => {
    steps++;
    if (steps < step) return;
    die();
    await forEver();
  };
  const { kept } = options;
  const dying: Kept = {
    read: (name) => kept.read(name),
    async write(name, value, at) {
      await live();
      await kept.write(name, value, at);
      await live();
    },
  };
  return {
    options: { ...options, kept: dying, kisi: { ...options.kisi, beforeWrite: live } },
    died,
    steps: () => steps,
  };
}

describe('latchkey verify --write, killed', () => {
  it(`leaves nothing behind after the next run, killed at ${moments} moments`, async function () {
    this.timeout(moments * 10_000);
    const world = await startWorld(fullWorld);
    try {
      const before = allIn(world);
      const kept = await keptInMemory();
      const options = { ...writingIn(world, kept), ask: () => Promise.resolve('yes' as const) };
      const whole = dyingAt(Infinity, options);
      await verifyByWriting(whole.options);
      const all = whole.steps();
      assert.ok(all >= leastSteps, `${all} steps`);
      for (let moment = 0; moment < moments; moment++) {
        // Each part of the way has a turn, at any step within it; with more moments than steps, each step has several.
        const step = 1 + Math.floor(((moment + Math.random()) * all) / moments);
        // Some die while Kisi still works at what they sent.
        if (moment % 3 === 0) world.kisi.faults.add({ match: '/', kind: 'slow', delayMs: 5 });
        const { options: dying, died } = dyingAt(step, options);
        await Promise.race([died, verifyByWriting(dying)]);
        await sleep(10);
        world.kisi.faults.clear();
        if (moment % 2 === 0) assert.deepEqual(await clean(options), [], `step ${step}`);
        else await verifyByWriting({ ...options, ask: null });
        assert.equal(allIn(world), before, `something differs, killed at step ${step} of ${all}`);
        assert.equal((await kept.read('verify --write'))?.value ?? null, null);
      }
    } finally {
      await world.stop();
    }
  });
});
