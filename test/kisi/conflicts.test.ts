import assert from 'node:assert/strict';
import { createConflicts } from '../../kisi/conflicts.js';
import { KisiError, type KisiErrorKind } from '../../kisi/errors.js';

const call = { method: 'POST', path: '/role_assignments' } as const;
const minuteMs = 60_000;

describe('a conflict with Kisi', () => {
  function start() {
    const clock = { now: 1_000 };
    const conflicts = createConflicts(() => clock.now);
    let made = 0;
    const fails =
      (kind: KisiErrorKind, isUndone = false) =>
      () => {
        made++;
        return Promise.reject(new KisiError(call, { kind, status: 409, detail: 'in plain words', isUndone }));
      };
    const tried = (what: string, write: () => Promise<unknown>): Promise<unknown> =>
      conflicts.watch(what, write).catch((error: unknown) => (error as KisiError).kind);
    return { clock, conflicts, fails, tried, made: () => made };
  }

  it('is tried again for as long as lists may lag, then is for a person, and stays so', async () => {
    const { clock, conflicts, fails, tried } = start();
    const kinds = [];
    for (const afterMs of [0, 500, 500, 4_000, 4_999, 1, 10 * minuteMs]) {
      clock.now += afterMs;
      kinds.push(await tried('a', fails('conflict')));
    }
    assert.deepEqual(kinds, [...Array<string>(5).fill('conflict'), 'blocked', 'blocked']);
    await assert.rejects(conflicts.watch('a', fails('conflict')), {
      canRetryHelp: false,
      status: 409,
      message: 'Kisi answered 409 to POST /role_assignments: in plain words.',
    });
    assert.equal(await tried('b', fails('conflict')), 'conflict');
  });

  it('is over once the write is made', async () => {
    const { clock, fails, tried } = start();
    await tried('a', fails('conflict'));
    clock.now += minuteMs;
    assert.equal(await tried('a', () => Promise.resolve('made')), 'made');
    assert.equal(await tried('a', fails('conflict')), 'conflict');
  });

  it('does not begin with another kind of failure', async () => {
    const { clock, fails, tried } = start();
    for (const kind of ['throttled', 'unavailable', 'malformed', 'invalid'] as const) {
      assert.equal(await tried('a', fails(kind)), kind);
      clock.now += minuteMs;
    }
    assert.equal(await tried('a', fails('conflict')), 'conflict');
  });

  it('is told again for an hour without a write, where a key did not get its end and was taken away again', async () => {
    const { clock, fails, tried, made } = start();
    for (const afterMs of [0, 10 * minuteMs, 49 * minuteMs]) {
      clock.now += afterMs;
      assert.equal(await tried('a', fails('blocked', true)), 'blocked');
    }
    assert.equal(made(), 1);
    clock.now += minuteMs;
    assert.equal(await tried('a', () => Promise.resolve('made')), 'made');
  });
});
