/** What stands against a write to Kisi, besides the orders of people. */
import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createGate, type About, type Part } from '../../activities/gate.js';
import { firstOrders } from '../../messages/to-control.js';

const about: About = { memberId: 7, locationId: 12, planId: null };
const falseHere = ['Kisi: not so here: “The pages of a list add up to its total.”'];

/** 'admitted', or why the gate refuses. */
async function answer(part: Part, whom: About, isFalse: boolean): Promise<string> {
  const orders = { get: () => Promise.resolve(firstOrders('live', 0)) };
  const gate = createGate(orders, () => Promise.resolve(isFalse ? falseHere : []));
  return new MockActivityEnvironment().run(() =>
    gate.admit(part, whom).then(
      () => 'admitted',
      (error: unknown) => {
        assert.ok(error instanceof ApplicationFailure && error.type === 'Stopped');
        return error.message;
      },
    ),
  );
}

describe('the gate before Kisi, where the lists of an API are known not to be trusted', () => {
  it('lets nothing be taken away by the rules, and says why and what to do', async () => {
    const why = await answer('revoke', about, true);
    assert.match(why, /The pages of a list add up/);
    assert.match(why, /Run `latchkey verify` again/);
  });

  it('lets keys be given, and lets what a person ordered be done', async () => {
    assert.equal(await answer('grant', about, true), 'admitted');
    assert.equal(await answer('read', about, true), 'admitted');
    assert.equal(await answer('revoke', { ...about, isOrdered: true }, true), 'admitted');
    assert.equal(await answer('revoke', { ...about, planId: 'plan-1' }, true), 'admitted');
  });

  it('lets keys be taken away as soon as they can be trusted', async () => {
    assert.equal(await answer('revoke', about, false), 'admitted');
  });
});
