import assert from 'node:assert/strict';
import { assess, judge, type MembershipDeps } from '../../activities/membership.js';
import { createKnownRecords } from '../../activities/known.js';
import { createPeople } from '../../activities/people.js';
import type { Exception } from '../../access/types.js';
import type { MemberRead } from '../../nexudus/reader.js';
import { writtenOf } from '../../nexudus/written.js';
import { firstOrders } from '../../workflows/control-messages.js';
import type { Ownership } from '../../trail/ownership.js';
import { memoryStores } from '../support/stores.js';
import { at, exception, pass, profile, rules, snapshot } from '../support/builders.js';

const now = at('2026-11-25T10:00:00Z');
const standsOn = [{ passId: 900, passTypeId: 30, memberId: 100, contractId: null, teamId: null }];

/** Of one who holds group 12 by pass 900, read like this. */
function judged(read: Partial<MemberRead>, exceptions: Exception[]): ReturnType<typeof judge> {
  const whole = { snapshot: snapshot(), gone: false, doubts: [], written: [], records: '', ...read };
  const held = [{ groupId: 12, until: null, standsOn }];
  return judge(whole, { memberId: 100, held }, rules(), exceptions, now);
}

describe('judge, with exceptions', () => {
  it('has the workflow go on while one concerns the person', () => {
    assert.equal(judged({}, []).hasRecords, false);
    assert.equal(judged({}, [exception({ until: now })]).hasRecords, false);
    assert.equal(judged({}, [exception({ memberId: 101 })]).hasRecords, false);
    assert.equal(judged({}, [exception()]).hasRecords, true);
  });

  it('lets a block go before a read that is in doubt, and nothing else', () => {
    const doubts = [{ passId: 900, why: 'half of the passes are missing' }];
    assert.deepEqual(judged({ doubts }, [exception({ kind: 'block' })]).holds, []);
    assert.equal(judged({ doubts }, [exception({ kind: 'block', groupId: 13 })]).holds.length, 1);
  });

  it('says by what there is no key: the block, and not the pass that would count', () => {
    const read = { snapshot: snapshot({ profiles: [profile({ passes: [pass()] })] }) };
    const { standing, losses } = judged(read, [exception({ kind: 'block' })]);
    assert.equal(standing, 'exception 7: blocked by gina until 2026-12-01T00:00:00Z: forgot to renew.');
    assert.deepEqual(
      losses?.map(({ cause }) => cause),
      ['exception'],
    );
  });
});

describe('assess', () => {
  let ownership: Ownership;
  beforeEach(async () => {
    ({ ownership } = await memoryStores());
  });
  const nothingHeld = { ledger: [], dropped: [], kisiUser: null };
  const profiles = [profile({ passes: [pass()] })];
  const request = { memberId: 100, notBefore: now, mayReusePlaces: true, siblingIds: [], ...nothingHeld };
  const whole: MemberRead = {
    snapshot: snapshot({ profiles }),
    gone: false,
    doubts: [],
    written: [],
    records: 'a',
  };
  const depsFor = (read: MemberRead): MembershipDeps => ({
    reader: { readMember: () => Promise.resolve(read) },
    rules: rules(),
    people: createPeople(() => Promise.resolve(null)),
    known: createKnownRecords(),
    gate: { admit: () => Promise.resolve(), admitWrite: () => Promise.resolve() },
    orders: { get: () => Promise.resolve(firstOrders('live', 0)) },
    breaker: { weigh: () => Promise.resolve([]) },
    trail: { last: () => Promise.resolve(null), note: () => Promise.resolve() },
    ownership,
    now: () => now,
  });

  it('leaves time for other work between members who waited for the same read', async () => {
    const deps = depsFor(whole);
    let [turns, isOver] = [0, false];
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const all = await Promise.all(Array.from({ length: 50 }, () => assess(deps, request)));
    isOver = true;
    assert.ok(all.every(({ keys }) => keys.length === 1));
    assert.ok(turns >= 50, `${turns} turns`);
  });

  it('keeps in mind what a member was judged by, unless something of it is in doubt', async () => {
    const written = [writtenOf('coworkertimepasses', { id: 900, updatedOn: '' })];
    const isKnownAfter = async (read: Partial<MemberRead>): Promise<boolean[]> => {
      const deps = depsFor({ ...whole, written, ...read });
      await assess(deps, request);
      return written.map((one) => deps.known.includes({ ...one, memberId: 100 }));
    };
    assert.deepEqual(await isKnownAfter({}), [true]);
    assert.deepEqual(await isKnownAfter({ doubts: [{ passId: null, why: 'half is missing' }] }), [false]);
  });
});
