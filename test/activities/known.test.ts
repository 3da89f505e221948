import assert from 'node:assert/strict';
import { KnownRecords } from '../../activities/known.js';
import { writtenOf, type Written } from '../../nexudus/written.js';

const minuteMs = 60_000;
const pass = (remaining: number): Written =>
  writtenOf('coworkertimepasses', { id: 900, updatedOn: '2026-11-26T10:00:00Z', ...{ remaining } });

describe('what members were judged by', () => {
  it('is this content of this record, for this member', () => {
    const known = new KnownRecords();
    known.note(100, 0, [pass(1)]);
    assert.equal(known.includes({ ...pass(1), memberId: 100 }), true);
    assert.equal(known.includes({ ...pass(2), memberId: 100 }), false);
    assert.equal(known.includes({ ...pass(1), memberId: 101 }), false);
    assert.equal(known.includes({ ...pass(1), memberId: 100, record: 'pass 901' }), false);
  });

  it('is what the latest read saw, however late an earlier one comes to its end', () => {
    const known = new KnownRecords();
    known.note(100, 2, [pass(2)]);
    known.note(100, 1, [pass(1)]);
    assert.equal(known.includes({ ...pass(2), memberId: 100 }), true);
    assert.equal(known.includes({ ...pass(1), memberId: 100 }), false);
    known.note(100, 3, []);
    assert.equal(known.includes({ ...pass(2), memberId: 100 }), false);
  });

  it('includes the last check-in that was told, however late an earlier read comes to its end', () => {
    const known = new KnownRecords();
    assert.equal(known.isJudgedForCheckIn(100, 0), false);
    known.note(100, 20, [], 15);
    known.note(100, 10, [], 5);
    known.note(100, 30, []);
    assert.equal(known.isJudgedForCheckIn(100, 15), true);
    assert.equal(known.isJudgedForCheckIn(100, 16), false);
    known.note(100, 25, [], 22);
    assert.equal(known.isJudgedForCheckIn(100, 22), true);
    assert.equal(known.isJudgedForCheckIn(101, 0), false);
  });

  it('is forgotten ten minutes later for members who sleep', () => {
    const known = new KnownRecords();
    for (const memberId of [100, 101]) known.note(memberId, 0, [pass(1)]);
    known.note(100, minuteMs, [pass(1)]);
    known.note(102, 10.5 * minuteMs, []);
    assert.equal(known.includes({ ...pass(1), memberId: 100 }), true);
    assert.equal(known.includes({ ...pass(1), memberId: 101 }), false);
  });
});
