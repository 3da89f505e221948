import assert from 'node:assert/strict';
import type { MetricMeter } from '@temporalio/common';
import { createLatencyMeters } from '../../monitoring/latency.js';

describe('the metrics of clocks', () => {
  it('are never below nought, which the meter refuses, and say which way a clock is off', () => {
    const told: string[] = [];
    const gauge = (name: string) => ({
      set(value: number, tags: object = {}) {
        assert.ok(value >= 0);
        told.push(`${name} ${value} ${JSON.stringify(tags)}`);
      },
    });
    const meter = { createHistogram: () => ({}), createGauge: gauge } as unknown as MetricMeter;
    createLatencyMeters(meter).clocks({ nexudus: -2_500, kisi: 300, temporal: null }, true);
    assert.deepEqual(told, [
      'latchkey_clock_skew_seconds 0 {"clock":"nexudus","side":"ahead"}',
      'latchkey_clock_skew_seconds 2.5 {"clock":"nexudus","side":"behind"}',
      'latchkey_clock_skew_seconds 0.3 {"clock":"kisi","side":"ahead"}',
      'latchkey_clock_skew_seconds 0 {"clock":"kisi","side":"behind"}',
      'latchkey_clocks_disputed 1 {}',
    ]);
  });
});
