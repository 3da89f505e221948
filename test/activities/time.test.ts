import assert from 'node:assert/strict';
import { createTimekeeper, type Timekeeper } from '../../activities/time.js';
import { createServerClock, type ServerClock } from '../../nexudus/clock.js';

const noon = Date.parse('2026-11-28T12:00:00Z');
const hour = 3_600_000;

/** A process whose clock can be set; the truth is what the servers say. */
class Process {
  truth = noon;
  off = 0;
  asleep = 0;
  readonly clocks: Record<'nexudus' | 'kisi' | 'temporal', ServerClock>;
  readonly time: Timekeeper;

  constructor() {
    const wallMs = (): number => this.truth + this.off;
    const steadyMs = (): number => this.truth - this.asleep;
    const clock = (): ServerClock => createServerClock({ wallMs, steadyMs });
    this.clocks = { nexudus: clock(), kisi: clock(), temporal: clock() };
    this.time = createTimekeeper({ clocks: this.clocks, wallMs, steadyMs });
  }

  hears(name: 'nexudus' | 'kisi' | 'temporal', off = 0): void {
    const clock = this.clocks[name];
    clock.note(new Date(this.truth + off).toUTCString(), clock.steadyMs());
  }

  /** By how much the time that is believed is off. */
  offBy(): number {
    return this.time.now() - this.truth;
  }
}

describe('the time', () => {
  it('is that of the servers while this machine’s clock is off, and this machine’s as soon as it is right', () => {
    const one = new Process();
    one.hears('nexudus');
    one.hears('kisi');
    for (const off of [6 * hour, -6 * hour, 144 * hour, 87_600 * hour, -87_600 * hour, 90_000, -30_000, 0]) {
      one.off = off;
      assert.ok(Math.abs(one.offBy()) <= 1_000, `${off}: ${one.offBy()}`);
      assert.deepEqual(one.time.possible(), [one.time.now()]);
    }
    assert.equal(one.offBy(), 0);
  });

  it('goes on from when two clocks last agreed, where the only other clock contradicts this machine’s', () => {
    const one = new Process();
    one.hears('nexudus');
    assert.equal(one.offBy(), 0);
    one.off = 6 * hour;
    one.truth += 60_000;
    assert.equal(one.time.verdict().state, 'disputed');
    assert.ok(Math.abs(one.offBy()) <= 1_000, String(one.offBy()));
    assert.equal(one.time.possible().length, 2);
    one.hears('kisi');
    assert.equal(one.time.verdict().state, 'agreed');
    assert.equal(one.time.possible().length, 1);
  });

  it('is found again after this machine slept, or starts in 1970 until it asks for the time', () => {
    const one = new Process();
    one.hears('nexudus');
    one.hears('kisi');
    one.truth += 8 * hour;
    one.asleep += 8 * hour;
    // Its own clock is right, or as it was before.
    for (const off of [0, -8 * hour]) {
      one.off = off;
      one.hears('nexudus');
      one.hears('kisi');
      assert.ok(Math.abs(one.offBy()) <= 1_000, `${off}: ${one.offBy()}`);
    }
    one.off = -one.truth;
    assert.ok(Math.abs(one.offBy()) <= 1_000);
    const other = new Process();
    other.off = -other.truth;
    assert.equal(other.time.now(), 0, 'nobody says otherwise');
    other.hears('nexudus');
    assert.equal(other.time.verdict().state, 'disputed');
    other.hears('kisi');
    assert.ok(Math.abs(other.offBy()) <= 1_000);
  });

  it('is not that of one server of an API that is wrong among others, nor of a header that makes no sense', () => {
    const one = new Process();
    one.hears('nexudus');
    one.hears('kisi');
    one.hears('nexudus', 6 * hour);
    assert.equal(one.offBy(), 0);
    one.clocks.kisi.note('Thu, 01 Jan 1970 00:00:00 GMT', 0);
    one.clocks.kisi.note('Fri, 31 Dec 9999 23:59:59 GMT', 0);
    assert.equal(one.offBy(), 0);
  });
});
