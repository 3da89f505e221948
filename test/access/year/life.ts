/** One member's year as paper records that change at instants: what fast-check makes up, and what it means. */
import fc from 'fast-check';
import {
  dayMs,
  dayOf,
  hourMs,
  instantOf,
  minuteMs,
  monthEnd,
  weekdayOf,
  yearEnd,
  yearStart,
  type Place,
} from './clock.js';

export interface PaperPass {
  id: number;
  typeId: number;
  place: Place;
  used: boolean;
  usedAt: number | null;
  usesLeft: number | null;
  expiresAt: number | null;
  /** What issued it: a contract, or as much as is known of it: its plan. Null: bought. */
  from: { contractId: number } | { planId: number } | null;
}

export interface PaperContract {
  id: number;
  planId: number;
  startsAt: number;
  cancelledAt: number | null;
  pauses: { from: number; until: number | null }[];
}

/** The records as Nexudus would show them at one instant. */
export interface Facts {
  member: { email: string; active: boolean; archived: boolean };
  deleted: boolean;
  passes: PaperPass[];
  contracts: PaperContract[];
  /** A team whose paying member lends passes. */
  loan: { payerActive: boolean; passes: PaperPass[] } | null;
  cutOffMinute: number;
}

/** Something that happens to the records; all times are instants. */
export interface LifeEvent {
  at: number;
  what: string;
  change: (facts: Facts) => void;
}

const periods = ['day', 'week', 'month'] as const;
type Period = (typeof periods)[number];
/** Plans by how often they renew; 72 gives a pass for both locations. */
export const planIds: Record<Period, number> = { day: 70, week: 71, month: 72 };
const planTypes = (period: Period, place: Place): number => (period === 'month' ? 32 : place === 1 ? 30 : 31);

const minuteOfYear = fc.integer({ min: 0, max: 365 * 24 * 60 - 1 });
const place = fc.constantFrom<Place>(1, 2);
const plan = fc.record({
  period: fc.constantFrom(...periods),
  /** False: its passes name their plan's allowance but not their contract. */
  namesContract: fc.boolean(),
  passes: fc.integer({ min: 1, max: 4 }),
  place,
});

/**
 * What makes up a random life (`freq: 2`: one life in two has it; 3: two in three). Everything is plain data, so that a failing life
 * shrinks and prints.
 */
export const lifeArbitrary = fc.record({
  cutOffMinute: fc.constantFrom(0, 240),
  /** A key that someone gave by hand before Latchkey came. */
  byHand: fc.option(fc.constantFrom(12, 22), { freq: 2 }),
  joins: fc.integer({ min: 0, max: 200 * 24 * 60 }),
  plan: fc.option(plan, { freq: 6 }),
  planChange: fc.option(fc.record({ day: fc.integer({ min: 1, max: 364 }), to: plan }), { freq: 3 }),
  /** Minutes from a period's end to its renewal, taken in turn: a renewal appears within ten minutes. */
  lateMinutes: fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 7 }),
  bought: fc.array(
    fc.record({
      at: minuteOfYear,
      typeId: fc.constantFrom(30, 31, 32, 33),
      place,
      expiry: fc.oneof(
        fc.constant(null),
        fc.record({ afterMinutes: fc.integer({ min: 1, max: 30 * 24 * 60 }) }),
        fc.record({ lastDayIn: fc.integer({ min: 0, max: 30 }) }),
      ),
      uses: fc.option(fc.integer({ min: 1, max: 3 })),
    }),
    { maxLength: 4 },
  ),
  uses: fc.array(minuteOfYear, { maxLength: 40 }),
  suspensions: fc.array(fc.record({ at: minuteOfYear, minutes: fc.integer({ min: 1, max: 40 * 24 * 60 }) }), {
    maxLength: 2,
  }),
  archive: fc.option(fc.record({ at: minuteOfYear, minutes: fc.integer({ min: 1, max: 90 * 24 * 60 }) }), {
    freq: 2,
  }),
  pauses: fc.array(
    fc.record({
      announced: minuteOfYear,
      inMinutes: fc.integer({ min: 0, max: 20 * 24 * 60 }),
      minutes: fc.option(fc.integer({ min: 1, max: 40 * 24 * 60 })),
    }),
    { maxLength: 2 },
  ),
  cancellation: fc.option(
    fc.record({ announced: minuteOfYear, inMinutes: fc.integer({ min: 0, max: 40 * 24 * 60 }) }),
    { freq: 2 },
  ),
  loan: fc.option(
    fc.record({
      at: minuteOfYear,
      minutes: fc.integer({ min: 1, max: 120 * 24 * 60 }),
      payerSuspendedAfter: fc.option(fc.integer({ min: 1, max: 60 * 24 * 60 })),
    }),
    { freq: 2 },
  ),
  deletedAt: fc.option(minuteOfYear, { freq: 2 }),
  emails: fc.array(fc.record({ at: minuteOfYear, address: fc.integer({ min: 0, max: 2 }) }), {
    maxLength: 2,
  }),
});
export type Life = typeof lifeArbitrary extends fc.Arbitrary<infer T> ? T : never;
type Plan = NonNullable<Life['plan']>;

export const emailOf = (address: number): string => `person-${address}@example.org`;
const instant = (minute: number): number => yearStart + minute * minuteMs;

/** The records before anything has happened. */
export function bareFacts(life: Life): Facts {
  return {
    member: { email: emailOf(0), active: true, archived: false },
    deleted: false,
    passes: [],
    contracts: [],
    loan: null,
    cutOffMinute: life.cutOffMinute,
  };
}

/** Everything that happens in a life, in order of time. Nothing happens before the member joins. */
export function eventsOf(life: Life): LifeEvent[] {
  const events: LifeEvent[] = [];
  const ids = { next: 900 };
  const on = (at: number, what: string, change: LifeEvent['change']): void => {
    events.push({ at, what, change });
  };
  plansOf(life, ids, on);
  for (const one of life.bought) {
    const at = instant(one.at);
    const pass = boughtPass(one, at, ++ids.next);
    on(at, `buys pass ${pass.id}`, (facts) => facts.passes.push({ ...pass }));
  }
  for (const minute of life.uses)
    on(instant(minute), 'uses a pass', (facts) => {
      useOne(facts, instant(minute));
    });
  for (const { at, minutes } of life.suspensions) {
    on(instant(at), 'is suspended', (facts) => void (facts.member.active = false));
    on(instant(at + minutes), 'is active again', (facts) => void (facts.member.active = true));
  }
  if (life.archive !== null) {
    const { at, minutes } = life.archive;
    on(instant(at), 'is archived', (facts) => void (facts.member.archived = true));
    on(instant(at + minutes), 'is back from the archive', (facts) => void (facts.member.archived = false));
  }
  for (const pause of life.pauses) {
    const from = instant(pause.announced + pause.inMinutes);
    const until = pause.minutes === null ? null : from + pause.minutes * minuteMs;
    on(instant(pause.announced), 'announces a pause', (facts) =>
      facts.contracts.at(-1)?.pauses.push({ from, until }),
    );
  }
  if (life.cancellation !== null) {
    const { announced, inMinutes } = life.cancellation;
    on(instant(announced), 'cancels', (facts) => {
      cancel(facts, instant(announced + inMinutes));
    });
  }
  loanOf(life, ids, on);
  for (const { at, address } of life.emails)
    on(instant(at), 'changes the e-mail', (facts) => void (facts.member.email = emailOf(address)));
  if (life.deletedAt !== null)
    on(instant(life.deletedAt), 'is deleted', (facts) => void (facts.deleted = true));
  const joined = instant(life.joins);
  return events
    .map((event) => ({ ...event, at: Math.max(event.at, joined) }))
    .filter((event) => event.at < yearEnd)
    .sort((a, b) => a.at - b.at);
}

type On = (at: number, what: string, change: LifeEvent['change']) => void;

function plansOf(life: Life, ids: { next: number }, on: On): void {
  if (life.plan === null) return;
  const first = instant(life.joins);
  const changesAt =
    life.planChange === null ? null : instantOf(life.plan.place, life.planChange.day, life.cutOffMinute);
  if (life.planChange === null || changesAt === null || changesAt <= first + dayMs) {
    contractOf(life, life.plan, 500, first, yearEnd, ids, on);
    return;
  }
  contractOf(life, life.plan, 500, first, changesAt, ids, on);
  on(changesAt - 8 * hourMs, 'announces another plan', (facts) => {
    cancel(facts, changesAt);
  });
  contractOf(life, life.planChange.to, 501, changesAt, yearEnd, ids, on);
}

/** The contract and the passes that it issues, one batch a period; none while it is cancelled or paused. */
function contractOf(
  life: Life,
  plan: Plan,
  id: number,
  from: number,
  to: number,
  ids: { next: number },
  on: On,
): void {
  const contract: PaperContract = {
    id,
    planId: planIds[plan.period],
    startsAt: from,
    cancelledAt: null,
    pauses: [],
  };
  on(from, `contract ${id} begins`, (facts) => facts.contracts.push({ ...contract, pauses: [] }));
  let turn = 0;
  for (let start = from; start < to;) {
    const day = dayOf(plan.place, start, life.cutOffMinute);
    const last = lastDayOf(plan.period, day);
    const late = turn === 0 ? 0 : (life.lateMinutes[turn % life.lateMinutes.length] ?? 0);
    turn++;
    const at = start + late * minuteMs;
    on(at, `contract ${id} renews`, (facts) => {
      const own = facts.contracts.find((one) => one.id === id);
      if (own !== undefined && running(own, at)) issue(facts, plan, id, last, ids);
    });
    start = instantOf(plan.place, last + 1, life.cutOffMinute);
  }
}

function lastDayOf(period: Period, day: number): number {
  if (period === 'day') return day;
  return period === 'week' ? day + 6 - weekdayOf(day) : monthEnd(day);
}

function issue(facts: Facts, plan: Plan, contractId: number, lastDay: number, ids: { next: number }): void {
  for (let i = 0; i < (plan.period === 'day' ? 1 : plan.passes); i++) {
    facts.passes.push({
      id: ++ids.next,
      typeId: planTypes(plan.period, plan.place),
      place: plan.place,
      used: false,
      usedAt: null,
      usesLeft: null,
      expiresAt: instantOf(plan.place, lastDay),
      from: plan.namesContract ? { contractId } : { planId: planIds[plan.period] },
    });
  }
}

function running(contract: PaperContract, t: number): boolean {
  if (contract.cancelledAt !== null && contract.cancelledAt <= t) return false;
  return !contract.pauses.some((pause) => pause.from <= t && (pause.until === null || pause.until > t));
}

function cancel(facts: Facts, at: number): void {
  const contract = facts.contracts.at(-1);
  if (contract === undefined) return;
  contract.cancelledAt = Math.min(at, contract.cancelledAt ?? at);
}

function boughtPass(one: Life['bought'][number], at: number, id: number): PaperPass {
  const expiresAt =
    one.expiry === null
      ? null
      : 'afterMinutes' in one.expiry
        ? at + one.expiry.afterMinutes * minuteMs
        : instantOf(one.place, dayOf(one.place, at) + one.expiry.lastDayIn);
  return {
    id,
    typeId: one.typeId,
    place: one.place,
    used: false,
    usedAt: null,
    usesLeft: one.uses,
    expiresAt,
    from: null,
  };
}

/** A visit: the pass of today if one was used today, else the oldest that has a use left. */
function useOne(facts: Facts, at: number): void {
  const today = facts.passes.some(
    (pass) =>
      pass.usedAt !== null &&
      dayOf(pass.place, pass.usedAt, facts.cutOffMinute) === dayOf(pass.place, at, facts.cutOffMinute),
  );
  const pass = today
    ? undefined
    : facts.passes.find((one) => !one.used && (one.expiresAt ?? Infinity) > at - dayMs);
  if (pass === undefined) return;
  pass.usedAt = at;
  if (pass.usesLeft !== null) pass.usesLeft--;
  pass.used = pass.usesLeft === null || pass.usesLeft === 0;
}

function loanOf(life: Life, ids: { next: number }, on: On): void {
  if (life.loan === null) return;
  const { at, minutes, payerSuspendedAfter } = life.loan;
  const pass: PaperPass = {
    id: ++ids.next,
    typeId: 30,
    place: 1,
    used: false,
    usedAt: null,
    usesLeft: null,
    expiresAt: null,
    from: null,
  };
  on(
    instant(at),
    'joins a team that lends',
    (facts) => void (facts.loan = { payerActive: true, passes: [pass] }),
  );
  if (payerSuspendedAfter !== null) {
    on(instant(at + payerSuspendedAfter), 'the payer is suspended', (facts) => {
      if (facts.loan !== null) facts.loan.payerActive = false;
    });
  }
  on(instant(at + minutes), 'leaves the team', (facts) => void (facts.loan = null));
}
