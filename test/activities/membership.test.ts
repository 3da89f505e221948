import assert from 'node:assert/strict';
import { assess, judge, type MembershipDeps } from '../../activities/membership.js';
import { KnownRecords } from '../../activities/known.js';
import { People } from '../../activities/people.js';
import type { Exception, Pass, Snapshot, Unresolved } from '../../access/types.js';
import type { MemberRead } from '../../nexudus/reader.js';
import { writtenOf } from '../../nexudus/written.js';
import { firstOrders } from '../../messages/to-control.js';
import type { Ownership } from '../../database/ownership.js';
import { memoryStores } from '../support/stores.js';
import {
  at,
  contract,
  exception,
  member,
  pass,
  passType,
  planPass,
  profile,
  rules,
  snapshot,
} from '../support/builders.js';

const now = at('2026-11-25T10:00:00Z');
const standsOn = [{ passId: 900, passTypeId: 30, memberId: 100, contractId: null, teamId: null }];

/** A complete read with nothing in doubt. */
function readOf(facts: Partial<Snapshot>): MemberRead {
  return { snapshot: snapshot(facts), gone: false, doubts: [], broken: [], written: [], records: '' };
}

/** The assessment of a member who holds group 12 by pass 900, and is read like this. */
function judged(read: Partial<MemberRead>, exceptions: Exception[]): ReturnType<typeof judge> {
  const whole = { ...readOf({}), ...read };
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

  it('says why there is no key: the block, and not the pass that would count', () => {
    const read = { snapshot: snapshot({ profiles: [profile({ passes: [pass()] })] }) };
    const { standing, losses } = judged(read, [exception({ kind: 'block' })]);
    assert.equal(standing, 'exception 7: blocked by gina until 2026-12-01T00:00:00Z: forgot to renew.');
    assert.deepEqual(
      losses.map(({ cause }) => cause),
      ['exception'],
    );
  });
});

describe('judge, of a key whose pass may be in doubt,', () => {
  const absurd = at('0001-01-01T00:00:00Z');
  const cancelled = [contract({ cancelledAt: now - 3_600_000 })];
  const nowhere = { id: 1, name: 'Rome', timeZone: null, dayStartsAtMinute: 0 };
  const why = 'group "Roof" in the configuration does not exist';
  const unresolved = [{ passTypeId: 30, groupId: null, why }];
  const ofGone = [{ passTypeId: null, groupId: null, why }];
  const opensOther = { passTypes: [passType({ kisiGroupIds: [13] })] };

  type Case = [what: string, facts: Partial<Snapshot>, held: RegExp | null, unresolved?: Unresolved[]];
  const withPasses = (...passes: Pass[]): Partial<Snapshot> => ({ profiles: [profile({ passes })] });
  const ends = now + 3_600_000;
  const cases: Case[] = [
    ['keeps it where the end makes no sense', withPasses(pass({ expiresAt: absurd })), /makes no sense/],
    [
      'keeps it where the day’s end cannot be told',
      { ...withPasses(pass({ expiresAt: ends })), locations: [nowhere] },
      /no known time zone/,
    ],
    [
      'keeps it where the mapping of its type names what is gone',
      { ...withPasses(pass()), ...opensOther },
      /Roof/,
      unresolved,
    ],
    [
      'keeps it where the mapping may have named its type',
      { ...withPasses(pass()), ...opensOther },
      /Roof/,
      ofGone,
    ],
    ['lets it go where the mapping is whole', { ...withPasses(pass()), ...opensOther }, null],
    [
      'lets it go where the mapping of another type names what is gone',
      { ...withPasses(pass()), ...opensOther },
      null,
      [{ passTypeId: 31, groupId: null, why }],
    ],
    [
      'lets it go where something else speaks against the pass for certain',
      { profiles: [profile({ passes: [planPass({ expiresAt: absurd })], contracts: cancelled })] },
      null,
    ],
    [
      'lets it go where the member is suspended',
      { profiles: [profile({ member: member({ active: false }), passes: [pass({ expiresAt: absurd })] })] },
      null,
    ],
    [
      'does not hold it where another pass opens the group',
      withPasses(pass({ expiresAt: absurd }), pass({ id: 901 })),
      null,
    ],
    [
      'does not hold it for a pass that it does not stand on',
      withPasses(pass({ id: 901, expiresAt: absurd })),
      null,
    ],
  ];
  for (const [what, facts, held, open = []] of cases) {
    it(what, () => {
      const read = readOf(facts);
      const ledger = [{ groupId: 12, until: null, standsOn }];
      const ofRules = { ...rules(), unresolved: open };
      const { holds, losses } = judge(read, { memberId: 100, held: ledger }, ofRules, [], now);
      assert.equal(holds.length, held === null ? 0 : 1);
      // A person need not say what becomes of it: it is no loss.
      if (held !== null) assert.deepEqual(losses, []);
      if (held !== null) assert.match(holds[0]?.why ?? '', held);
    });
  }

  it('holds a key that is due to another profile where nobody knows to which e-mail it belongs', () => {
    const others = ['ada@example.org', 'bob@example.org'].map((email, index) =>
      profile({ member: member({ id: 101 + index, email }), passes: [pass({ id: 900 + index })] }),
    );
    const read = readOf({ profiles: [profile({ member: member({ email: '' }) }), ...others] });
    const ledger = [{ groupId: 12, until: null, standsOn }];
    const { keys, holds, losses } = judge(read, { memberId: 100, held: ledger }, rules(), [], now);
    assert.deepEqual([keys, losses], [[], []]);
    assert.match(holds[0]?.why ?? '', /Email is empty, and those of its other profiles differ/);
    const none = judge(read, { memberId: 100, held: [] }, rules(), [], now);
    assert.deepEqual([none.keys, none.holds], [[], []]);
    assert.match(none.standing, /Email is empty, and those of its other profiles differ\.$/);
  });

  it('lets a block take it all the same', () => {
    const read = readOf(withPasses(pass({ expiresAt: absurd })));
    const ledger = [{ groupId: 12, until: null, standsOn }];
    const block = [exception({ kind: 'block' })];
    const { holds, losses } = judge(read, { memberId: 100, held: ledger }, rules(), block, now);
    assert.deepEqual([holds, losses.map(({ cause }) => cause)], [[], ['exception']]);
  });

  it('holds no key that a person gave by hand', () => {
    const read = readOf(withPasses(pass({ expiresAt: absurd })));
    const ledger = [{ groupId: 12, until: null, standsOn, byHand: true }];
    assert.deepEqual(judge(read, { memberId: 100, held: ledger }, rules(), [], now).holds, []);
  });
});

describe('assess', () => {
  let ownership: Ownership;
  beforeEach(async () => {
    ({ ownership } = await memoryStores());
  });
  const nothingHeld = { ledger: [], dropped: [], kisiUser: null };
  const profiles = [profile({ passes: [pass()] })];
  const request = {
    memberId: 100,
    notBefore: now,
    reference: 'kept' as const,
    siblingIds: [],
    ...nothingHeld,
  };
  const whole: MemberRead = { ...readOf({ profiles }), records: 'a' };
  const depsFor = (read: MemberRead): MembershipDeps => ({
    reader: { readMember: () => Promise.resolve(read) },
    rules: rules(),
    people: new People(() => Promise.resolve(null)),
    known: new KnownRecords(),
    gate: { admit: () => Promise.resolve(), admitWrite: () => Promise.resolve() },
    orders: { get: () => Promise.resolve(firstOrders('live', 0)) },
    guard: { weigh: () => Promise.resolve([]) },
    auditLog: { last: () => Promise.resolve(null), note: () => Promise.resolve() },
    ownership,
    now: () => now,
    possible: () => [now],
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
    assert.deepEqual(await isKnownAfter({ doubts: [{ passId: 900, why: 'half is missing' }] }), [false]);
  });

  it('keeps in mind that it was told of a check-in, and of nothing else that way', async () => {
    const deps = depsFor(whole);
    const at = request.notBefore;
    await assess(deps, request);
    assert.equal(deps.known.isJudgedForCheckIn(100, at), false);
    await assess(deps, { ...request, isCheckIn: true });
    assert.equal(deps.known.isJudgedForCheckIn(100, at), true);
    assert.equal(deps.known.isJudgedForCheckIn(100, at + 1), false);
  });
});
