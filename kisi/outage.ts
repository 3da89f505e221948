/**
 * While Kisi is down, waiting for each request's time limit would hold up everybody who has something to ask: so after a
 * few failures in a row only one request every while tries whether it is back, and the others fail at once.
 */
export interface OutageWatch {
  /** Whether a request may be sent now. */
  admits(): boolean;
  /** Tells how a request ended: with an answer of Kisi's own, even a refusal, or without (no answer, 5xx). */
  note(answered: boolean): void;
}

const failuresInARow = 3;
const probeEveryMs = 2_000;

/** A watch. `clockMs`: a monotonic clock in milliseconds. */
export function createOutageWatch(clockMs: () => number = () => performance.now()): OutageWatch {
  let failures = 0;
  let nextProbeAt = -Infinity;
  return {
    admits() {
      if (failures < failuresInARow) return true;
      if (clockMs() < nextProbeAt) return false;
      nextProbeAt = clockMs() + probeEveryMs;
      return true;
    },
    note(answered) {
      failures = answered ? 0 : failures + 1;
      if (failures === failuresInARow) nextProbeAt = clockMs() + probeEveryMs;
    },
  };
}
