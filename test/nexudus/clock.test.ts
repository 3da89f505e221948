import assert from 'node:assert/strict';
import { createServerClock } from '../../nexudus/clock.js';

const noon = Date.parse('2026-11-24T12:00:00Z');
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A server's clock, and the two clocks that this machine has. */
function onFakeClocks() {
  const here = { wall: noon, steady: 5_000 };
  const clock = createServerClock({ wallMs: () => here.wall, steadyMs: () => here.steady });
  const pass = (ms: number): void => {
    here.wall += ms;
    here.steady += ms;
  };
  /** An answer that took `tookMs`, by a server whose clock said `at` when it was asked. */
  const answered = (at: number, tookMs = 100): void => {
    const header = new Date(Math.floor(at / 1_000) * 1_000).toUTCString();
    const startedMs = here.steady;
    pass(tookMs);
    clock.note(header, startedMs);
  };
  return { clock, here, pass, answered };
}

describe("Nexudus' clock", () => {
  it("is this machine's, and the skew not known, before any answer told", () => {
    const { clock } = onFakeClocks();
    assert.equal(clock.now(), noon);
    assert.equal(clock.skewMs(), null);
  });

  for (const skewMs of [-4 * minuteMs, -400, 0, 400, 4 * minuteMs, 5 * hourMs]) {
    it(`is never ahead of what it is, nor far behind (${skewMs} ms from ours)`, () => {
      const { clock, here, pass, answered } = onFakeClocks();
      for (let i = 0; i < 30; i++) {
        answered(here.wall + skewMs);
        pass(1_370);
        const late = here.wall + skewMs - clock.now();
        assert.ok(late >= 0 && late <= 1_100, `${late} ms behind`);
      }
      // By then the whole seconds of the header have come at many moments of ours.
      assert.ok(Math.abs((clock.skewMs() ?? NaN) - skewMs) < 100, `${clock.skewMs()}`);
      assert.ok(here.wall + skewMs - clock.now() < 200);
    });
  }

  it('goes on as it was while this machine’s own is set back and forth by hours', () => {
    const { clock, here, pass, answered } = onFakeClocks();
    answered(noon);
    const before = clock.now();
    for (const stepMs of [3 * hourMs, -7 * hourMs, 4 * hourMs]) {
      here.wall += stepMs;
      pass(1_000);
    }
    assert.equal(clock.now(), before + 3_000);
    here.wall -= 3 * hourMs;
    assert.ok(Math.abs((clock.skewMs() ?? NaN) - 3 * hourMs) < 1_000);
  });

  it('follows the server’s at once when that is set, and when this machine slept', () => {
    const { clock, here, pass, answered } = onFakeClocks();
    answered(noon);
    for (const at of [noon + 4 * minuteMs, noon - 4 * minuteMs, noon + 9 * hourMs]) {
      pass(10);
      answered(at);
      assert.ok(at - clock.now() >= 0 && at - clock.now() <= 1_100);
    }
    here.wall += hourMs;
    answered(here.wall);
    assert.ok(Math.abs(clock.skewMs() ?? NaN) < 1_000);
  });

  it('takes a slow answer for what it tells: some time between its start and its end', () => {
    const { clock, answered } = onFakeClocks();
    answered(noon, 8_000);
    assert.ok(clock.now() <= noon);
    answered(noon, 100);
    answered(noon, 8_000);
    assert.ok(noon - clock.now() <= 1_100, 'a quick one before it is not forgotten');
  });

  const absurd = [
    undefined,
    null,
    5,
    '',
    '0',
    '-1',
    'NaN',
    'soon',
    '1e30',
    noon.toString(),
    '2026-11-24T12:00:00Z',
  ];
  const years = [
    'Mon, 01 Jan 0001 00:00:00 GMT',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    'Fri, 31 Dec 9999 23:59:59 GMT',
  ];
  for (const header of [...absurd, ...years, 'Tue, 99 Nov 2026 12:00:00 GMT']) {
    it(`learns nothing from the header ${JSON.stringify(header)}`, () => {
      const { clock, answered } = onFakeClocks();
      clock.note(header, 0);
      assert.equal(clock.skewMs(), null);
      answered(noon + minuteMs);
      const known = clock.skewMs();
      clock.note(header, 0);
      assert.equal(clock.skewMs(), known);
    });
  }

  it('is the earlier of the server’s and this machine’s where they are days apart, since nobody knows which is right', () => {
    const { clock, here, answered } = onFakeClocks();
    answered(noon + 48 * hourMs);
    assert.equal(clock.now(), here.wall);
    here.wall += 96 * hourMs;
    assert.ok(Math.abs(clock.now() - (noon + 48 * hourMs)) <= 1_100);
    assert.ok(Math.abs((clock.skewMs() ?? NaN) + 48 * hourMs) <= 1_000, 'it is told all the same');
  });
});
