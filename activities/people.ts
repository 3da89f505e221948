import type { Snapshot } from '../access/types.js';

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

/** `read` answers one member's record from Nexudus; null: there is none. Keeps the last `most` people. */
export function createPeople(read: (memberId: number) => Promise<Person | null>, most = 20_000): People {
  const known = new Map<number, Person>();
  function note(snapshot: Snapshot): void {
    for (const { member } of snapshot.profiles) {
      known.delete(member.id);
      known.set(member.id, { email: member.email, name: member.fullName });
    }
    for (const id of known.keys()) {
      if (known.size <= most) break;
      known.delete(id);
    }
  }
  return { note, find: async (memberId) => known.get(memberId) ?? (await read(memberId)) };
}
