import type { Instant, Snapshot } from '../access/types.js';

/** Nobody's e-mail is kept for longer in the memory of a process. */
const keptMs = 24 * 3_600_000;

/** A member's e-mail and name: personal data, so they stay in memory and never enter a workflow's history. */
export interface Person {
  email: string;
  name: string;
}

/** Who the members are, as last read; asked of Nexudus where this process has not read the member yet. */
export interface People {
  note(snapshot: Snapshot): void;
  find(memberId: number): Promise<Person | null>;
}

/**
 * `read` answers one member's record from Nexudus; null: there is none. Keeps the last `most` people, for a day
 * at most.
 */
export function createPeople(
  read: (memberId: number) => Promise<Person | null>,
  most = 20_000,
  now: () => Instant = Date.now,
): People {
  /** Those who were read last are last. */
  const known = new Map<number, Person & { readAt: Instant }>();
  function note(snapshot: Snapshot): void {
    for (const { member } of snapshot.profiles) {
      known.delete(member.id);
      known.set(member.id, { email: member.email, name: member.fullName, readAt: now() });
    }
    dropOld();
  }

  /** Who is gone is read no more, and is not kept for as long as the process runs. */
  function dropOld(): void {
    for (const [id, { readAt }] of known) {
      if (known.size <= most && now() - readAt < keptMs) break;
      known.delete(id);
    }
  }

  return {
    note,
    async find(memberId) {
      dropOld();
      const person = known.get(memberId);
      return person === undefined ? read(memberId) : { email: person.email, name: person.name };
    },
  };
}
