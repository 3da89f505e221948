import assert from 'node:assert/strict';
import {
  nextWake,
  planSteps,
  stillFrozen,
  wakeAt,
  type Freeze,
  type LedgerKey,
  type Step,
} from '../../access/plan.js';
import type { Entitlement } from '../../access/types.js';
import { ledgerKey } from '../support/stores.js';

const day = 86_400_000;
const lead = 3.5 * day;
const now = Date.parse('2026-11-25T10:00:00Z');

function wish(over: Partial<Entitlement> = {}): Entitlement {
  return {
    groupId: 12,
    until: null,
    awaitingRenewal: false,
    because: 'pass 1',
    standsOn: [],
    kisiEnd: { set: now + 7 * day, atLeast: now + lead + 1, atMost: null, renewLeadMs: lead },
    ...over,
  };
}
const finalWish = (end: number): Entitlement =>
  wish({ until: end, kisiEnd: { set: end, atLeast: end, atMost: end, renewLeadMs: lead } });

const key = (over: Partial<LedgerKey> = {}): LedgerKey =>
  ledgerKey({ validUntil: now + 7 * day, because: 'pass 1', ...over });
const freeze = (over: Partial<Freeze> = {}): Freeze => ({
  groupId: 12,
  until: now + day,
  why: 'an order',
  endsWithRules: null,
  ...over,
});
const kinds = (steps: Step[]): string[] => steps.map((step) => step.kind);

describe('planSteps: what differs between the wish and the ledger', () => {
  it('writes nothing where both agree', () => {
    assert.deepEqual(planSteps([key()], [wish()], [], 5), []);
  });

  it('does nothing in a frozen group, and goes on in the others', () => {
    const frozen = [freeze()];
    assert.deepEqual(planSteps([], [wish()], [], 5, frozen), []);
    assert.deepEqual(planSteps([key()], [], [], 5, frozen), []);
    assert.deepEqual(planSteps([key()], [finalWish(now + day)], [], 5, frozen), []);
    assert.deepEqual(kinds(planSteps([], [wish({ groupId: 9 }), wish()], [], 5, frozen)), ['grant']);
  });

  it('grants what is missing and revokes what is not wanted, ends first', () => {
    assert.deepEqual(kinds(planSteps([key({ groupId: 9 })], [wish()], [], 5)), ['revoke', 'grant']);
  });

  it('notes a new reason without a write', () => {
    assert.deepEqual(kinds(planSteps([key({ because: 'pass 0' })], [wish()], [], 5)), ['note']);
  });

  it('moves an end that is nearer than half of the horizon, and not one further off', () => {
    assert.deepEqual(kinds(planSteps([key({ validUntil: now + lead })], [wish()], [], 5)), ['move']);
    assert.deepEqual(kinds(planSteps([key({ validUntil: now + lead + 1000 })], [wish()], [], 5)), []);
  });

  it('moves a key again as long as the answer of its last move is missing', () => {
    assert.deepEqual(kinds(planSteps([key({ uncertain: true })], [wish()], [], 5)), ['move']);
    assert.deepEqual(kinds(planSteps([key({ uncertain: true })], [], [], 5)), ['revoke']);
  });

  it('shortens a key whose end has become final', () => {
    assert.deepEqual(kinds(planSteps([key()], [finalWish(now + day)], [], 5)), ['move']);
  });

  it('never revokes or shortens a key that is held for a doubtful read', () => {
    const holds = [{ groupId: 12, why: 'the list came empty' }];
    assert.deepEqual(planSteps([key()], [], holds, 5), []);
    assert.deepEqual(planSteps([key()], [finalWish(now + day)], holds, 5), []);
  });

  it('does not shorten a held key whose end a person changed, until the read is believed', () => {
    const changed = key({ uncertain: true, validUntil: now + 30 * day });
    const holds = [{ groupId: 12, why: 'the list came empty' }];
    assert.deepEqual(kinds(planSteps([changed], [finalWish(now + day)], holds, 5)), []);
    assert.deepEqual(kinds(planSteps([changed], [finalWish(now + day)], [], 5)), ['move']);
    const lost = key({ uncertain: true, validUntil: wish().kisiEnd.set });
    assert.deepEqual(kinds(planSteps([lost], [wish()], holds, 5)), ['move']);
  });

  it('goes on granting while another key is held', () => {
    const holds = [{ groupId: 9, why: 'the list came empty' }];
    assert.deepEqual(kinds(planSteps([key({ groupId: 9 })], [wish()], holds, 5)), ['grant']);
  });

  it('forgets a key given by hand, and never revokes it', () => {
    assert.deepEqual(kinds(planSteps([key({ byHand: true })], [], [], 5)), ['forget']);
  });

  it('begins no access that only waits for a renewal, but keeps it', () => {
    assert.deepEqual(planSteps([], [wish({ awaitingRenewal: true })], [], 5), []);
    assert.deepEqual(planSteps([key()], [wish({ awaitingRenewal: true })], [], 5), []);
  });

  it('keeps a key on a user that may be an earlier one while access waits for a renewal, and takes it away after that', () => {
    for (const userId of [null, 5])
      assert.deepEqual(planSteps([key({ userId: 4 })], [wish({ awaitingRenewal: true })], [], userId), []);
    assert.deepEqual(kinds(planSteps([key({ userId: 4 })], [], [], null)), ['revoke']);
  });

  it('tries a grant again whose answer was lost, and takes it back where it is not wanted any more', () => {
    assert.deepEqual(kinds(planSteps([key({ keyId: null })], [wish()], [], 5)), ['grant']);
    assert.deepEqual(kinds(planSteps([key({ keyId: null })], [], [], 5)), ['revoke']);
  });

  it('takes the keys of an earlier e-mail away after the new ones are there', () => {
    assert.deepEqual(kinds(planSteps([key({ userId: 4 })], [wish()], [], 5)), ['grant', 'revoke']);
  });
});

describe('nextWake', () => {
  it('is the renewal of the key’s own end where nothing else is due', () => {
    assert.equal(nextWake(null, [key()], [wish()])?.at, now + 7 * day - lead);
  });

  it('is the next change where that comes first', () => {
    assert.equal(nextWake({ at: now + 1, what: 'the end' }, [key()], [wish()])?.at, now + 1);
  });

  it('has nothing to do for a key with a final end', () => {
    assert.equal(nextWake(null, [key({ validUntil: now })], [finalWish(now)]), null);
  });

  it('is the end of a freeze, and not before for a key that is frozen', () => {
    const due = key({ validUntil: now + lead - 1 });
    assert.equal(nextWake(null, [due], [wish()], [freeze()])?.at, now + day);
  });
});

describe('stillFrozen', () => {
  it('is over at its end, and with the rules that it waited for', () => {
    assert.deepEqual(stillFrozen([freeze({ until: now })], 'a', now), []);
    assert.deepEqual(stillFrozen([freeze({ endsWithRules: 'a' })], 'a', now), []);
    assert.equal(stillFrozen([freeze({ endsWithRules: 'a' }), freeze()], 'b', now).length, 2);
  });
});

describe('wakeAt', () => {
  const judged = { at: now, by: now };
  const second = 1_000;

  it('is the very instant where the clocks agree, however long the writes took', () => {
    for (const took of [0, 300, 40 * 60 * second])
      assert.equal(wakeAt(now + day, judged, now + took), now + day);
    assert.equal(wakeAt(now + 500, { at: now, by: now - 200 }, now), now + 500);
    assert.equal(wakeAt(Infinity, judged, now), Infinity);
  });

  it('is never at once for a change that is past by this clock and to come by the clock that decided', () => {
    for (const off of [second, 30 * second, 6 * 60 * 60 * second, 10 * 365 * day]) {
      // It was decided that long before the change, by a clock that is behind.
      const at = wakeAt(now, { at: now, by: now - off }, now);
      assert.ok(at >= now + 2 * second && at <= now + 30 * second, `${off}: ${at - now}`);
    }
  });

  it('is soon, and not at once, for what passed amid the writes', () => {
    assert.equal(wakeAt(now + day, judged, now + 2 * day), now + 2 * day + 2 * second);
  });

  it('is no later than the change by the clock that decided, where this clock is behind', () => {
    const behind = 6 * 60 * 60 * second;
    assert.equal(wakeAt(now + day, { at: now - behind, by: now }, now - behind), now - behind + day);
  });
});
