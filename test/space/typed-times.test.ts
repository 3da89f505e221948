import assert from 'node:assert/strict';
import type { Location } from '../../access/types.js';
import { endAt, endIn, parseUntil } from '../../space/typed-times.js';

/** A Monday; in Rome it is 00:30 on Tuesday. */
const now = Date.parse('2026-11-30T23:30:00Z');
const hourMs = 3_600_000;

describe('an end as typed', () => {
  const ends: [typed: string, at: string][] = [
    ['2h', '2026-12-01T01:30:00Z'],
    ['3d', '2026-12-03T23:30:00Z'],
    ['18:00', '2026-12-01T17:00:00Z'],
    ['today', '2026-12-01T23:00:00Z'],
    ['tomorrow', '2026-12-02T23:00:00Z'],
    ['tomorrow 09:30', '2026-12-02T08:30:00Z'],
    ['2027-01-01', '2027-01-01T23:00:00Z'],
    ['2027-01-01T09:00', '2027-01-01T08:00:00Z'],
    ['2027-01-01T09:00Z', '2027-01-01T09:00:00Z'],
  ];
  for (const [typed, at] of ends) {
    it(`is taken in the zone of the place: ${typed}`, () => {
      assert.equal(endIn(parseUntil(typed, now), 'Europe/Rome', now), Date.parse(at));
    });
  }

  for (const typed of ['', 'today tomorrow', '25:00', '2 hours', '-2h', 'tomorrow18:00x', '2027-02-30'])
    it(`says what is taken instead of: "${typed}"`, () => {
      assert.throws(() => parseUntil(typed, now), /--until takes how long from now .* "tomorrow 18:00"/);
    });

  it('needs no zone where it is a duration, and asks for one where it is a clock time', () => {
    const nowhere: Location | null = null;
    assert.equal(endAt(parseUntil('2h', now), nowhere, now), now + 2 * hourMs);
    assert.throws(() => endAt(parseUntil('18:00', now), nowhere, now), /--until needs a zone here/);
  });
});
