/**
 * A year of random lives: a proof over the pure rules and a model. Kisi, the records and the clock are models (see
 * year/driver.ts); what is proved are decide, planSteps and nextWake, against the rules written a second time
 * (year/oracle.ts). That the workflow does the same on Temporal is the matter of test/workflows.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decide } from '../../access/decide.js';
import { planSteps } from '../../access/plan.js';
import type { Snapshot } from '../../access/types.js';
import { rules } from '../support/builders.js';
import { dayMs, dayOf, instantOf, minuteMs, yearEnd, yearStart, type Place } from './year/clock.js';
import { Driver, iso, product, type Product, type Write } from './year/driver.js';
import { bareFacts, emailOf, eventsOf, lifeArbitrary, type Facts, type Life } from './year/life.js';
import { allGroups, answerOf, type Answer } from './year/oracle.js';

const seed = 20260;
const emails = [0, 1, 2].map(emailOf);

/** What a life was made of, to show that the proof is not about empty years. */
interface Tally {
  answers: Record<Answer, number>;
  writes: Record<Write['kind'], number>;
}

const emptyTally = (): Tally => ({
  answers: { must: 0, may: 0, mustNot: 0 },
  writes: { mail: 0, grant: 0, move: 0, revoke: 0 },
});

/** Lives one year and asks the second set of rules at every instant that may matter, and at odd ones. */
function live(life: Life, wanted: Product, tally = emptyTally()): Driver {
  const driver = new Driver(wanted);
  const facts = bareFacts(life);
  if (life.byHand !== null) driver.giveByHand(emailOf(0), life.byHand);
  const events = eventsOf(life);
  const probes = probesOf(
    life,
    events.map((event) => event.at),
  );
  let [eventIndex, probeIndex] = [0, 0];
  for (;;) {
    const eventAt = events[eventIndex]?.at ?? Infinity;
    const now = Math.min(eventAt, driver.dueAt ?? Infinity);
    for (; (probes[probeIndex] ?? Infinity) < now && probeIndex < probes.length; probeIndex++)
      checkKeys(driver, facts, probes[probeIndex] ?? 0, tally);
    if (now >= yearEnd) {
      checkYear(life, driver);
      return driver;
    }
    for (; events[eventIndex]?.at === now; eventIndex++) events[eventIndex]?.change(facts);
    forgetLongGone(facts, now);
    const before = driver.writes.length;
    driver.look(facts, now);
    for (const write of driver.writes.slice(before)) checkWrite(write, facts, tally);
    checkKeys(driver, facts, now, tally);
  }
}

/** Every event's instant and the millisecond before; day ends and grace ends likewise; and noon-ish odd times. */
function probesOf(life: Life, eventTimes: number[]): number[] {
  const times = eventTimes.flatMap((t) => [t - 1, t]);
  for (let day = 0; day < 365; day++) {
    for (const place of [1, 2] as const) {
      const ends = instantOf(place, day, life.cutOffMinute);
      times.push(ends - 1, ends, ends + 15 * minuteMs - 1, ends + 15 * minuteMs);
    }
    times.push(yearStart + day * dayMs + ((day * 7919 + life.joins) % 1440) * minuteMs + 30_001);
  }
  return times.filter((t) => t >= yearStart && t < yearEnd).sort((a, b) => a - b);
}

/** Nexudus keeps every pass for ever; here those that ended two days ago leave, for speed. */
function forgetLongGone(facts: Facts, now: number): void {
  const gone = now - 3 * dayMs;
  facts.passes = facts.passes.filter(
    (pass) => (pass.expiresAt ?? Infinity) > gone && (!pass.used || (pass.usedAt ?? Infinity) > gone),
  );
}

function checkKeys(driver: Driver, facts: Facts, t: number, tally: Tally): void {
  for (const groupId of allGroups) {
    for (const email of driver.users.keys()) {
      const answer = answerFor(email, facts, groupId, t);
      tally.answers[answer]++;
      const keys = driver.keysOf(email, groupId);
      const ours = keys.filter((key) => key.validUntil !== null);
      const valid = keys.filter((key) => key.validUntil === null || key.validUntil > t);
      // The message is put together only when it is needed: there are a million probes.
      if (answer === 'must' && valid.length !== 1)
        assert.fail(`at ${iso(t)} ${valid.length} valid keys to group ${groupId} where one must be`);
      if (answer === 'mustNot' && ours.length > 0)
        assert.fail(`at ${iso(t)} a key to group ${groupId} that must not be`);
      if (keys.length > 1) assert.fail(`at ${iso(t)} ${keys.length} keys to group ${groupId}`);
    }
    if (!driver.users.has(facts.member.email) && answerOf(facts, groupId, t) === 'must')
      assert.fail(`at ${iso(t)} nobody holds a key to group ${groupId} where one must be`);
  }
}

/** A key on an earlier e-mail's Kisi user must be gone. */
function answerFor(email: string, facts: Facts, groupId: number, t: number): Answer {
  return email === facts.member.email ? answerOf(facts, groupId, t) : 'mustNot';
}

/** A key begins only where it must be, ends only where it must not be: so nothing flaps while a renewal is awaited. */
function checkWrite(write: Write, facts: Facts, tally: Tally): void {
  tally.writes[write.kind]++;
  const answers = (write.groupId === null ? allGroups : [write.groupId]).map((groupId) =>
    answerFor(write.email, facts, groupId, write.at),
  );
  const what = `at ${iso(write.at)} a ${write.kind} where a key ${answers.join('/')} be`;
  if (write.kind === 'revoke') assert.ok(answers.includes('mustNot'), what);
  else if (write.kind === 'move') assert.ok(!answers.includes('mustNot'), what);
  else assert.ok(answers.includes('must'), what);
}

function checkYear(life: Life, driver: Driver): void {
  for (const email of emails) {
    const mails = driver.writes.filter((write) => write.kind === 'mail' && write.email === email).length;
    assert.ok(mails <= 1, `${mails} invitations to one Kisi user`);
  }
  if (life.byHand === null) return;
  const kept = driver.keysOf(emailOf(0), life.byHand);
  assert.deepEqual(
    kept.map((key) => key.validUntil),
    [null],
    'the key that was given by hand is still there',
  );
}

const hasAny = (part: unknown): boolean => (Array.isArray(part) ? part.length > 0 : part !== null);

/** A life in which nothing happens. */
const quietLife: Life = {
  cutOffMinute: 0,
  joins: 0,
  lateMinutes: [0],
  plan: null,
  planChange: null,
  byHand: null,
  bought: [],
  uses: [],
  suspensions: [],
  archive: null,
  pauses: [],
  cancellation: null,
  loan: null,
  deletedAt: null,
  emails: [],
};

/** Nothing happens in this life but a plan that gives a pass a day. */
const passADay = fc
  .record({
    place: fc.constantFrom<Place>(1, 2),
    cutOffMinute: fc.constantFrom(0, 240),
    day: fc.integer({ min: 0, max: 200 }),
    // Keys are renewed ahead every 3.5 days from the morning of the first: never at a day's end, so no write there is chance.
    minuteOfDay: fc.integer({ min: 9 * 60, max: 11 * 60 - 1 }),
    lateMinutes: fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 7 }),
  })
  .map(({ place, cutOffMinute, day, minuteOfDay, lateMinutes }): Life => ({
    ...quietLife,
    cutOffMinute,
    lateMinutes,
    joins: (instantOf(place, day, minuteOfDay) - yearStart) / minuteMs,
    plan: { period: 'day', passes: 1, place, namesContract: true },
  }));

describe('a year of 200 members with random lives', () => {
  it('has a key exactly when the rules say so, none made twice, no mail twice', () => {
    const tally = emptyTally();
    const lives = new Map<string, number>();
    const count = (part: string): void => void lives.set(part, (lives.get(part) ?? 0) + 1);
    fc.assert(
      fc.property(lifeArbitrary, (life) => {
        live(life, product, tally);
        for (const [part, value] of Object.entries(life)) if (hasAny(value)) count(part);
      }),
      { seed, numRuns: 200 },
    );
    for (const part of Object.keys(quietLife))
      assert.ok((lives.get(part) ?? 0) > 40, `few lives have ${part}`);
    const { answers, writes } = tally;
    assert.ok(
      Math.min(answers.must, answers.may, answers.mustNot) > 1000,
      `few probes: ${JSON.stringify(answers)}`,
    );
    assert.ok(
      Math.min(writes.mail, writes.grant, writes.move, writes.revoke) > 100,
      `quiet: ${JSON.stringify(writes)}`,
    );
  });

  it('costs a member with a pass a day no write at any day’s end', () => {
    fc.assert(
      fc.property(passADay, (life) => {
        const { writes } = live(life, product);
        const place = life.plan?.place ?? 1;
        const atDayEnd = writes.filter(({ at }) => {
          const began = instantOf(place, dayOf(place, at, life.cutOffMinute), life.cutOffMinute);
          return at < began + 15 * minuteMs;
        });
        assert.deepEqual(atDayEnd, []);
        const days = 365 - life.joins / (24 * 60);
        assert.deepEqual(
          writes.slice(0, 2).map((write) => write.kind),
          ['mail', 'grant'],
        );
        const moves = writes.filter((write) => write.kind === 'move').length;
        assert.equal(writes.length, moves + 2, 'the rest are moves');
        assert.ok(moves <= days / 3.5, `${moves} moves in ${days} days`);
      }),
      { seed, numRuns: 20 },
    );
  });

  const sabotage: [string, Partial<Product>, RegExp][] = [
    ['has no renewal grace', { rules: rules({ renewalGraceMs: 0 }) }, /a revoke where a key may be/],
    [
      'ends a date-only pass as its last day begins',
      { rules: rules({ lastDay: 'exclusive' }) },
      /one must be|where a key must be/,
    ],
    [
      'ends a pass at once when it is used',
      { rules: rules({ usedPass: 'atOnce' }) },
      /one must be|where a key must be/,
    ],
    [
      'never wakes for a change',
      { decide: (...args) => ({ ...decide(...args), next: null }) },
      /that must not be/,
    ],
    ['never renews a key ahead', { nextWake: (next) => next }, /0 valid keys/],
    [
      'overlooks a pause',
      { decide: (facts, ...rest) => decide(withoutPauses(facts), ...rest) },
      /must not be|mustNot be/,
    ],
    [
      'lends a suspended member’s passes',
      { decide: (facts, ...rest) => decide(payersActive(facts), ...rest) },
      /must not be|mustNot be/,
    ],
    [
      'leaves the keys with an earlier e-mail',
      {
        planSteps: (ledger, wishes, holds, userId) =>
          planSteps(ledger, wishes, holds, ledger[0]?.userId ?? userId),
      },
      /that must not be|one must be/,
    ],
    [
      'forgets what it granted',
      { planSteps: (_ledger, wishes, holds, userId) => planSteps([], wishes, holds, userId) },
      /granted twice/,
    ],
    [
      'takes a key that was given by hand',
      {
        planSteps: (ledger, ...rest) =>
          planSteps(
            ledger.map((key) => ({ ...key, byHand: false })),
            ...rest,
          ),
      },
      /given by hand|Kisi does not have/,
    ],
  ];
  for (const [what, broken, complaint] of sabotage) {
    it(`would notice a program that ${what}`, () => {
      const found = fc.check(
        fc.property(lifeArbitrary, (life) => void live(life, { ...product, ...broken })),
        { seed, numRuns: 200, endOnFailure: true },
      );
      assert.ok(found.failed, 'no life shows it');
      assert.match(String(found.errorInstance), complaint);
    });
  }
});

function payersActive(facts: Snapshot): Snapshot {
  const profiles = facts.profiles.map((one) => ({
    ...one,
    loans: one.loans.map((loan) => ({ ...loan, payer: { ...loan.payer, active: true } })),
  }));
  return { ...facts, profiles };
}

function withoutPauses(facts: Snapshot): Snapshot {
  const profiles = facts.profiles.map((one) => ({
    ...one,
    contracts: one.contracts.map((contract) => ({ ...contract, pauses: [] })),
  }));
  return { ...facts, profiles };
}
