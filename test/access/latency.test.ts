import assert from 'node:assert/strict';
import fc from 'fast-check';
import { latencyRows, nearestRank, objectiveHolds, type Wait } from '../../access/latency.js';

const objective = { withinMs: 60_000, share: 0.95 };

function waits(what: Wait['what'], locationId: number | null, ...tookMs: number[]): Wait[] {
  return tookMs.map((ms, i) => ({ what, locationId, since: i * 1_000, until: i * 1_000 + ms }));
}

describe('the nearest rank', () => {
  it('is a value that at least the share do not exceed, and the least of those', () => {
    const values = fc.array(fc.nat(50), { minLength: 1, maxLength: 200 });
    const property = fc.property(values, fc.constantFrom(50, 95, 99), (all, percent) => {
      const sorted = [...all].sort((a, b) => a - b);
      const rank = nearestRank(sorted, percent / 100);
      const upTo = (limit: number): number => all.filter((value) => value <= limit).length;
      const least = all.filter((value) => 100 * upTo(value) >= percent * all.length);
      assert.equal(rank, Math.min(...least));
    });
    fc.assert(property);
  });

  it('is not led astray by how fractions are kept', () => {
    const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
    assert.deepEqual(
      [20, 40, 60, 100].map((n) => nearestRank(upTo(n), 0.95)),
      [19, 38, 57, 95],
    );
    assert.equal(nearestRank(upTo(100), 0.99), 99);
  });
});

describe('how long keys were waited for', () => {
  it('is told of keys given and of keys taken away, each in all and by location', () => {
    const rows = latencyRows(
      [
        ...waits('revoke', 2, 1_000),
        ...waits('grant', 2, 5_000, 70_000),
        ...waits('grant', 1, 3_000),
        ...waits('grant', null, 4_000),
      ],
      objective,
    );
    assert.deepEqual(
      rows.map(({ what, location, count, p50Ms, p99Ms, within }) => [
        what,
        location,
        count,
        p50Ms,
        p99Ms,
        within,
      ]),
      [
        ['grant', 'all', 4, 4_000, 70_000, 0.75],
        ['grant', null, 1, 4_000, 4_000, 1],
        ['grant', 1, 1, 3_000, 3_000, 1],
        ['grant', 2, 2, 5_000, 70_000, 0.5],
        ['revoke', 'all', 1, 1_000, 1_000, 1],
        ['revoke', 2, 1, 1_000, 1_000, 1],
      ],
    );
  });
});

describe('the objective', () => {
  const holds = (...all: Wait[]): boolean | null => objectiveHolds(latencyRows(all, objective), objective);
  const quick = Array.from({ length: 19 }, () => 60_000);

  it('holds where just the share was in time', () => {
    assert.equal(holds(...waits('grant', 1, ...quick, 60_001)), true);
    assert.equal(holds(...waits('grant', 1, ...quick.slice(1), 60_001)), false);
  });

  it('does not hold where keys are given in time and taken away too late', () => {
    assert.equal(holds(...waits('grant', 1, ...quick), ...waits('revoke', 1, 61_000)), false);
  });

  it('does not hold for a location alone', () => {
    assert.equal(holds(...waits('grant', 1, ...quick), ...waits('grant', 2, 61_000)), true);
  });

  it('is not known where nobody waited', () => {
    assert.equal(holds(), null);
  });
});
