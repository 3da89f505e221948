import type { MetricMeter } from '@temporalio/common';
import type { PrometheusMetricsExporter } from '@temporalio/worker';
import type { Wait } from '../access/latency.js';
import { apiBucketsS } from './api-meters.js';

/** What is measured of how long changes take, in milliseconds. */
export interface LatencyMeters {
  /** From the instant in Nexudus to Kisi's answer. */
  key(wait: Wait): void;
  /** From the write of a record in Nexudus to the poll that noticed it. */
  pollLag(collection: string, lagMs: number): void;
  /** From the arrival of a webhook to the wake that Temporal took. */
  pushWake: (waitedMs: number) => void;
  /** How far each clock is ahead of this machine's (null: not known), and whether they contradict each other. */
  clocks: (skewMs: Record<string, number | null>, isDisputed: boolean) => void;
}

const histograms = {
  key: 'latchkey_key_latency_seconds',
  pollLag: 'latchkey_poll_lag_seconds',
  pushWake: 'latchkey_push_wake_seconds',
} as const;

/** From half a second to an hour; a webhook takes less. */
const bucketsS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];
const pushBucketsS = [0.01, 0.05, 0.1, ...bucketsS];

/** How the SDK serves its metrics and these, at an address of this machine. */
export function metricsAt(bindAddress: string): PrometheusMetricsExporter {
  const { key, pollLag, pushWake } = histograms;
  const ofLatency = { [key]: bucketsS, [pollLag]: bucketsS, [pushWake]: pushBucketsS };
  const histogramBucketOverrides = { ...ofLatency, ...apiBucketsS };
  return { prometheus: { bindAddress, histogramBucketOverrides } };
}

/** Histograms on the SDK's own meter. Nothing that a person could be told by has a place in a tag. */
export function createLatencyMeters(meter: MetricMeter): LatencyMeters {
  const histogram = (name: string, description: string) =>
    meter.createHistogram(name, 'float', 's', description);
  const key = histogram(histograms.key, 'From the instant in Nexudus to the answer of Kisi');
  const pollLag = histogram(histograms.pollLag, 'From a write in Nexudus to the poll that noticed it');
  const pushWake = histogram(histograms.pushWake, 'From the arrival of a webhook to the wake');
  const skew = meter.createGauge(
    'latchkey_clock_skew_seconds',
    'float',
    's',
    "How far another clock is ahead of this machine's, or behind it",
  );
  const disputed = meter.createGauge(
    'latchkey_clocks_disputed',
    'int',
    '',
    'Whether clocks disagree and it is not known which is right',
  );
  return {
    clocks(skewMs, isDisputed) {
      for (const [clock, ms] of Object.entries(skewMs)) {
        if (ms === null) continue;
        // A gauge takes nothing below nought.
        skew.set(Math.max(0, ms) / 1000, { clock, side: 'ahead' });
        skew.set(Math.max(0, -ms) / 1000, { clock, side: 'behind' });
      }
      disputed.set(isDisputed ? 1 : 0);
    },
    key({ what, locationId, since, until }) {
      key.record((until - since) / 1000, { what, location: locationId ?? 'none' });
    },
    pollLag(collection, lagMs) {
      pollLag.record(Math.max(0, lagMs) / 1000, { collection });
    },
    pushWake(waitedMs) {
      pushWake.record(waitedMs / 1000);
    },
  };
}
