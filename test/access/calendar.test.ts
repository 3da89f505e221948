import assert from 'node:assert/strict';
import fc from 'fast-check';
import { endOfLocationDay, expiryEnd, isLocalMidnight } from '../../access/calendar.js';
import type { Location } from '../../access/types.js';
import { at, rome } from '../support/builders.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const first = at('2026-01-01T00:00:00Z');
const last = at('2036-01-01T00:00:00Z');

const placeIn = (timeZone: string, dayStartsAtMinute = 0): Location => ({
  ...rome,
  timeZone,
  dayStartsAtMinute,
});
const utc = (instant: number): string => new Date(instant).toISOString().replace('.000Z', 'Z');

describe('the day’s end', () => {
  const cases: [where: string, timeZone: string, cutOff: number, used: string, ends: string, why: string][] =
    [
      [
        'Havana',
        'America/Havana',
        0,
        '2026-10-31T16:00Z',
        '2026-11-01T04:00:00Z',
        'comes at the first of two midnights',
      ],
      [
        'Havana',
        'America/Havana',
        0,
        '2026-11-01T04:30Z',
        '2026-11-02T05:00:00Z',
        'does not come at the second of two',
      ],
      [
        'Havana',
        'America/Havana',
        30,
        '2026-10-31T16:00Z',
        '2026-11-01T04:30:00Z',
        'comes at the first of two cut-offs',
      ],
      [
        'Havana',
        'America/Havana',
        0,
        '2026-03-07T16:00Z',
        '2026-03-08T05:00:00Z',
        'comes as a midnight is skipped',
      ],
      [
        'Scoresbysund',
        'America/Scoresbysund',
        0,
        '2026-03-27T12:00Z',
        '2026-03-28T02:00:00Z',
        'comes as on any day',
      ],
      [
        'Scoresbysund',
        'America/Scoresbysund',
        0,
        '2026-03-28T12:00Z',
        '2026-03-29T01:00:00Z',
        'comes an hour early',
      ],
      [
        'Scoresbysund',
        'America/Scoresbysund',
        0,
        '2026-03-29T00:59Z',
        '2026-03-29T01:00:00Z',
        'comes to the minute',
      ],
      [
        'Scoresbysund',
        'America/Scoresbysund',
        0,
        '2026-03-29T12:00Z',
        '2026-03-30T01:00:00Z',
        'comes by summer time',
      ],
      [
        'Scoresbysund',
        'America/Scoresbysund',
        0,
        '2026-10-24T12:00Z',
        '2026-10-25T02:00:00Z',
        'comes an hour late',
      ],
      [
        'Cairo',
        'Africa/Cairo',
        0,
        '2026-04-23T12:00Z',
        '2026-04-23T22:00:00Z',
        'comes where midnight is skipped',
      ],
      [
        'Santiago',
        'America/Santiago',
        0,
        '2026-04-04T12:00Z',
        '2026-04-05T04:00:00Z',
        'comes after an hour shown twice',
      ],
      [
        'Rome',
        'Europe/Rome',
        150,
        '2026-03-28T12:00Z',
        '2026-03-29T01:00:00Z',
        'comes where the cut-off is skipped',
      ],
      [
        'Rome',
        'Europe/Rome',
        150,
        '2026-10-24T12:00Z',
        '2026-10-25T00:30:00Z',
        'comes at the first of two cut-offs',
      ],
      [
        'Lord Howe',
        'Australia/Lord_Howe',
        120,
        '2026-10-03T12:00Z',
        '2026-10-03T15:30:00Z',
        'skips half an hour',
      ],
    ];
  for (const [where, timeZone, cutOff, used, ends, why] of cases) {
    it(`${why} (${where}, ${used}, day from minute ${cutOff})`, () => {
      assert.equal(utc(endOfLocationDay(at(used), placeIn(timeZone, cutOff))), ends);
    });
  }

  it('is exact around every clock change that any IANA zone makes in ten years', () => {
    const wrong: string[] = [];
    for (const [[timeZone = ''], changes] of zonesByChanges()) {
      for (const { from } of changes.slice(1)) {
        for (const cutOff of [0, 150]) {
          const starts = dayStarts(changes, from - 2 * dayMs, from + 2 * dayMs, cutOff);
          wrong.push(...wrongIn(placeIn(timeZone, cutOff), starts));
        }
      }
    }
    assert.deepEqual(wrong.slice(0, 5), []);
  });

  it('is exact in every IANA zone on any day, whatever the cut-off', () => {
    const all = zonesByChanges().flatMap(([timeZones, changes]) =>
      timeZones.map((timeZone) => ({ timeZone, changes })),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc.integer({ min: first + 3 * dayMs, max: last - 3 * dayMs }),
        fc.integer({ min: 0, max: 24 * 60 - 1 }),
        ({ timeZone, changes }, day, cutOff) => {
          const starts = dayStarts(changes, day - 2 * dayMs, day + 3 * dayMs, cutOff);
          const expected = starts.find((start) => start > day);
          assert.equal(endOfLocationDay(day, placeIn(timeZone, cutOff)), expected);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a date-only expiry', () => {
  it('counts in full on each day around every clock change that any IANA zone makes in ten years', () => {
    const wrong: string[] = [];
    for (const [[timeZone = ''], changes] of zonesByChanges()) {
      const place = placeIn(timeZone);
      for (const { from } of changes.slice(1)) {
        const starts = dayStarts(changes, from - 2 * dayMs, from + 3 * dayMs, 0);
        for (const [index, start] of starts.slice(0, -1).entries()) {
          if (expiryEnd(start, place, 'inclusive') !== starts[index + 1])
            wrong.push(`${timeZone}: ${utc(start)}`);
        }
      }
    }
    assert.deepEqual(wrong.slice(0, 5), []);
  });

  it('may be either of two midnights', () => {
    const havana = placeIn('America/Havana');
    for (const written of ['2026-11-01T04:00:00Z', '2026-11-01T05:00:00Z']) {
      assert.equal(isLocalMidnight(at(written), havana), true);
      assert.equal(utc(expiryEnd(at(written), havana, 'inclusive')), '2026-11-02T05:00:00Z');
    }
  });

  it('is where the day begins, if clocks skip midnight', () => {
    const cairo = placeIn('Africa/Cairo');
    assert.equal(isLocalMidnight(at('2026-04-23T22:00:00Z'), cairo), true);
    assert.equal(isLocalMidnight(at('2026-04-23T21:00:00Z'), cairo), false);
    assert.equal(utc(expiryEnd(at('2026-04-23T22:00:00Z'), cairo, 'inclusive')), '2026-04-24T21:00:00Z');
  });

  it('is any whole hour at a place whose zone has that offset, and no other instant', () => {
    assert.equal(isLocalMidnight(at('2026-06-01T04:00:00Z'), placeIn('America/New_York')), true);
    assert.equal(isLocalMidnight(at('2026-06-01T05:00:00Z'), placeIn('America/New_York')), false);
    assert.equal(isLocalMidnight(at('2026-06-01T04:00:01Z'), placeIn('America/New_York')), false);
  });
});

/**
 * The calendar once more, from Intl alone and in the plainest form: a zone is a list of offsets, and a day begins at the
 * first minute at which clocks show at least its cut-off.
 */
interface Change {
  from: number;
  offsetMs: number;
}

/** Zones with the same clock changes, together. */
function zonesByChanges(): [timeZones: string[], changes: Change[]][] {
  known ??= group();
  return known;
}
let known: [string[], Change[]][] | undefined;

function group(): [string[], Change[]][] {
  const byChanges = new Map<string, [string[], Change[]]>();
  for (const timeZone of Intl.supportedValuesOf('timeZone')) {
    const changes = changesOf(timeZone);
    const key = JSON.stringify(changes);
    const same = byChanges.get(key);
    if (same === undefined) byChanges.set(key, [[timeZone], changes]);
    else same[0].push(timeZone);
  }
  return [...byChanges.values()];
}

function changesOf(timeZone: string): Change[] {
  const offsetAt = offsetsOf(timeZone);
  const changes: Change[] = [{ from: -Infinity, offsetMs: offsetAt(first) }];
  const stepMs = 10 * dayMs;
  for (let start = first; start < last; start += stepMs) {
    let [before, after] = [start, start + stepMs];
    if (offsetAt(before) === offsetAt(after)) continue;
    const old = offsetAt(before);
    while (after - before > minuteMs) {
      const middle = Math.floor((before + after) / 2 / minuteMs) * minuteMs;
      if (offsetAt(middle) === old) before = middle;
      else after = middle;
    }
    changes.push({ from: after, offsetMs: offsetAt(after) });
  }
  return changes;
}

function offsetsOf(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  return (instant) => {
    const name = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign = '+', hours = '0', minutes = '0'] = /GMT([+-])?(\d\d)?(?::(\d\d))?/.exec(name) ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * minuteMs;
  };
}

function dayStarts(changes: readonly Change[], from: number, to: number, cutOff: number): number[] {
  const starts: number[] = [];
  let reached = -Infinity;
  for (let minute = Math.floor(from / minuteMs) * minuteMs; minute <= to; minute += minuteMs) {
    const offsetMs = changes.findLast((change) => change.from <= minute)?.offsetMs ?? 0;
    const day = Math.floor((minute + offsetMs - cutOff * minuteMs) / dayMs);
    if (reached !== -Infinity && day > reached) starts.push(minute);
    reached = Math.max(reached, day);
  }
  return starts;
}

/** The instants whose day's end is wrong. They are taken right before each start, right at it, and in the middle of the day. */
function wrongIn(place: Location, starts: readonly number[]): string[] {
  return starts.slice(0, -1).flatMap((start, index) => {
    const next = starts[index + 1] ?? NaN;
    const looks: [when: number, ends: number][] = [
      [start - 1, start],
      [start, next],
      [(start + next) / 2, next],
      [next - 1, next],
    ];
    return looks
      .filter(([when, ends]) => endOfLocationDay(when, place) !== ends)
      .map(([when]) => `${place.timeZone ?? ''} from minute ${place.dayStartsAtMinute}: ${utc(when)}`);
  });
}
