import { setTimeout as sleep } from 'node:timers/promises';

/** Half of the second within which a change is to show: the rest is for drawing the page. */
const lookEveryMs = 400;

/** Looks at one thing again and again, for as long as anybody wants to know, and tells when it has changed. */
export class Watcher {
  private readonly hearers = new Set<() => void>();
  private lastSeen: string | null = null;
  private isRunning = false;

  /** `look` answers what it sees as a text: the same one while nothing has changed. A look that fails sees nothing. */
  constructor(private readonly look: () => Promise<string>) {}

  /** What was seen last; null: nothing yet. */
  get seen(): string | null {
    return this.lastSeen;
  }

  /** Whether nobody wants to know. */
  isIdle(): boolean {
    return this.hearers.size === 0;
  }

  /** Calls `hear` each time that something else is seen. Answers how to stop that. */
  watch(hear: () => void): () => void {
    this.hearers.add(hear);
    if (!this.isRunning) void this.run();
    return () => {
      this.hearers.delete(hear);
    };
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.hearers.size > 0) {
      const seen = await this.look().catch(() => 'nothing: the look failed');
      if (seen !== this.lastSeen) this.tell(seen);
      await sleep(lookEveryMs);
    }
    this.isRunning = false;
    this.lastSeen = null;
  }

  private tell(seen: string): void {
    this.lastSeen = seen;
    for (const hear of [...this.hearers]) hear();
  }
}
