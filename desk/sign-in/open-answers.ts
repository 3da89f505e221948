import type { ServerResponse } from 'node:http';

/** How long the last answer of a session may go on after the session has ended. */
const lookEveryMs = 5_000;

/** Cuts answers that go on for long, such as a page's live changes, once the session that they were begun for has ended. */
export class OpenAnswers {
  private readonly tokens = new Map<ServerResponse, string>();
  private readonly timer: NodeJS.Timeout;

  /** `isOver`: whether the session with this secret has ended. */
  constructor(private readonly isOver: (token: string) => Promise<boolean>) {
    this.timer = setInterval(() => void this.look(), lookEveryMs).unref();
  }

  /** An answer that is about to be given. It is forgotten when it is over. */
  add(answer: ServerResponse, token: string): void {
    this.tokens.set(answer, token);
    answer.once('close', () => this.tokens.delete(answer));
  }

  /** Cuts the answers whose sessions have ended. Throws nothing: where the database does not answer, the next look tells. */
  async look(): Promise<void> {
    for (const token of new Set(this.tokens.values())) {
      if (!(await this.isOver(token).catch(() => false))) continue;
      for (const [answer, of] of this.tokens) if (of === token) answer.destroy();
    }
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
