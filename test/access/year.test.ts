/**
 * A year of random lives: a proof over the pure rules and a model. Kisi, the records and the clock are models (see
 * year/driver.ts); what is proved are decide, planSteps and nextWake, against the rules written a second time
 * (year/oracle.ts). That the workflow does the same on Temporal is the matter of test/workflows.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dayMs, dayOf, hourMs, instantOf, minuteMs, yearEnd, yearStart } from './year/clock.js';
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
    if (now >= yearEnd) return driver;
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
      const valid = keys.filter((key) => key.validUntil > t);
      // The message is put together only when it is needed: there are a million probes.
      if (answer === 'must' && valid.length !== 1)
        assert.fail(`at ${iso(t)} ${valid.length} valid keys to group ${groupId} where one must be`);
      if (answer === 'mustNot' && keys.length > 0)
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

function checkYear(driver: Driver): void {
  for (const email of emails) {
    const mails = driver.writes.filter((write) => write.kind === 'mail' && write.email === email).length;
    assert.ok(mails <= 1, `${mails} invitations to one Kisi user`);
  }
}

describe('a year of 200 members with random lives', () => {
  it('has a key exactly when the rules say so, none made twice, no mail twice', () => {
    const tally = emptyTally();
    fc.assert(
      fc.property(lifeArbitrary, (life) => {
        checkYear(live(life, product, tally));
      }),
      { seed, numRuns: 200 },
    );
    console.log(tally);
  });
});
