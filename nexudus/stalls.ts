/** A request that was sent, to be told how it ended. */
export interface Sent {
  /** It was answered, or given up. */
  over(isAnswered: boolean): void;
}

/** Finds requests that hang. One for all clients of a process. */
export interface Stalls {
  /**
   * To be called as a request is sent. `onStalled`: called once the request has taken long while another one that was sent
   * after it has been answered: its answer got lost, and Nexudus is not slow.
   */
  sent(path: string, onStalled: () => void): Sent;
}

interface Pending {
  path: string;
  sentMs: number;
  onStalled: () => void;
}

/** Much longer than Nexudus takes for a page, and much shorter than a request may take. */
const shortestStallMs = 2_000;

/** `nowMs`: of a clock that nobody sets. */
export function createStalls(nowMs: () => number = () => performance.now()): Stalls {
  const pending = new Set<Pending>();
  /** How long the last answer of each path took: some lists are slow by themselves. */
  const tookMs = new Map<string, number>();
  /** When the latest request of all that were answered was sent. */
  let answeredMs = -Infinity;

  const stalledAfterMs = (path: string): number => Math.max(shortestStallMs, 2 * (tookMs.get(path) ?? 0));

  function look(): void {
    for (const one of [...pending]) {
      const isLate = nowMs() - one.sentMs >= stalledAfterMs(one.path);
      if (!isLate || answeredMs <= one.sentMs) continue;
      pending.delete(one);
      one.onStalled();
    }
  }

  return {
    sent(path, onStalled) {
      const mine: Pending = { path, sentMs: nowMs(), onStalled };
      pending.add(mine);
      const timer = setTimeout(look, stalledAfterMs(path) + 1);
      return {
        over(isAnswered) {
          clearTimeout(timer);
          pending.delete(mine);
          if (!isAnswered) return;
          tookMs.set(path, nowMs() - mine.sentMs);
          answeredMs = Math.max(answeredMs, mine.sentMs);
          look();
        },
      };
    },
  };
}
