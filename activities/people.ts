import { emailForKeys } from '../access/ownership.js';
import type { Instant, Snapshot } from '../access/types.js';

/** Nobody's e-mail is kept for longer in the memory of a process. */
const keptMs = 24 * 3_600_000;

/** A member's e-mail and name: personal data, so they stay in memory and never enter a workflow's history. */
export interface Person {
  email: string;
  name: string;
}

/**
 * Who the members are, as last read; asked of Nexudus where this process has not read the member yet. Keeps the last `most`
 * people, for a day at most.
 */
export class People {
  /** Those who were read last are last. */
  private readonly known = new Map<number, Person & { readAt: Instant }>();

  /** `read` answers one member's record from Nexudus; null: there is none. */
  constructor(
    private readonly read: (memberId: number) => Promise<Person | null>,
    private readonly most = 20_000,
    private readonly now: () => Instant = Date.now,
  ) {}

  /** Keeps the names of these profiles, and the e-mails that their keys are given to. */
  note({ profiles }: Snapshot): void {
    const members = profiles.map(({ member }) => member);
    for (const { id, fullName } of members) {
      this.known.delete(id);
      const email = emailForKeys(members, id) ?? '';
      this.known.set(id, { email, name: fullName, readAt: this.now() });
    }
    this.dropOld();
  }

  /** A member's e-mail and name; null: Nexudus has no such member. */
  async find(memberId: number): Promise<Person | null> {
    this.dropOld();
    const person = this.known.get(memberId);
    return person === undefined ? this.read(memberId) : { email: person.email, name: person.name };
  }

  /** Drops people who are read no more, so that nobody who is gone is kept for as long as the process runs. */
  private dropOld(): void {
    for (const [id, { readAt }] of this.known) {
      if (this.known.size <= this.most && this.now() - readAt < keptMs) break;
      this.known.delete(id);
    }
  }
}
