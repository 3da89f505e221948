import { setMaxListeners } from 'node:events';
import type { Wait } from '../../simulators/server.js';

/** The clock of a world in which nobody really waits: whoever would wait goes on once somebody moves the clock on. */
export class JumpingClock {
  private aheadMs = 0;
  private waiting: { until: number; go: () => void }[] = [];

  readonly now = (): number => Date.now() + this.aheadMs;

  readonly wait: Wait = (ms, givenUp) =>
    new Promise((go) => {
      setMaxListeners(0, givenUp);
      this.waiting.push({ until: this.now() + ms, go });
      givenUp.addEventListener('abort', () => {
        go();
      });
    });

  /** Moves the clock on. Whoever has waited long enough by then goes on. */
  moveOn(ms: number): void {
    this.aheadMs += ms;
    const now = this.now();
    const due = this.waiting.filter(({ until }) => until <= now);
    this.waiting = this.waiting.filter(({ until }) => until > now);
    for (const { go } of due) go();
  }
}
