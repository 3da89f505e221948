import type { KisiAssignment, KisiSimulator } from '../../../simulators/kisi.js';

/** A key that came or went. */
export interface KeyChange {
  what: 'given' | 'taken';
  email: string;
  groupId: number;
  /** Whether somebody who is entitled to it held it at that instant. */
  wasDue: boolean;
}

/** All keys that come and go over the API of the simulated Kisi, and what each member is entitled to meanwhile. */
export class KeyWatch {
  readonly changes: KeyChange[] = [];
  /** For each e-mail the groups that it is entitled to now. */
  private readonly due = new Map<string, Set<number>>();
  private readonly removeByHand: (id: number) => boolean;
  private removedByHand = 0;

  constructor(private readonly kisi: KisiSimulator) {
    const { org } = kisi;
    this.removeByHand = org.removeAssignment.bind(org);
    org.removeAssignment = (id) => {
      const role = org.roles.get(id);
      if (role !== undefined) this.note('taken', role);
      return this.removeByHand(id);
    };
    const add = org.addRole.bind(org);
    org.addRole = (role) => {
      const made = add(role);
      this.note('given', made);
      return made;
    };
  }

  /** Says what an e-mail is entitled to from now on. */
  entitle(email: string, ...groupIds: number[]): void {
    this.due.set(email, new Set(groupIds));
  }

  /** Somebody takes a key away in Kisi's own web interface. */
  takeByHand(email: string, groupId: number): void {
    const role = this.keysOf(email).find(({ applies_to_id }) => applies_to_id === groupId);
    if (role === undefined) throw new Error(`${email} has no key to group ${groupId}.`);
    this.removeByHand(role.id);
    this.removedByHand++;
  }

  /** Everybody who does not hold just what is due, in words. */
  wrong(): string[] {
    const { org } = this.kisi;
    const emails = new Set([...this.due.keys(), ...org.users().map((user) => user.email.toLowerCase())]);
    return [...emails].flatMap((email) => {
      const [held, due] = [org.keysOf(email).join(), this.dueTo(email).join()];
      return held === due ? [] : [`${email} holds ${held || 'nothing'} instead of ${due || 'nothing'}`];
    });
  }

  holdsDue(email: string): boolean {
    return this.kisi.org.keysOf(email).join() === this.dueTo(email).join();
  }

  /**
   * Keys that were taken from somebody who was entitled to them, in words. `mayReplace`: a key that was given anew next does
   * not count, since its end was moved in the only way that there is.
   */
  takenWrongly(mayReplace: boolean): string[] {
    return this.changes.flatMap((change, index) => {
      const { what, email, groupId, wasDue } = change;
      if (what !== 'taken' || !wasDue) return [];
      const next = this.changes
        .slice(index + 1)
        .find((other) => other.email === email && other.groupId === groupId);
      if (mayReplace && next?.what === 'given') return [];
      return [`group ${groupId} was taken from ${email}, and then ${next?.what ?? 'nothing'}`];
    });
  }

  /** How many keys the log of Kisi says that it took away, and how many of them were not seen here. */
  unseen(): number {
    const deletes = this.kisi.requests
      .list()
      .filter(
        ({ method, path, status }) =>
          method === 'DELETE' && path.startsWith('/role_assignments/') && status === 204,
      );
    return deletes.length - this.changes.filter(({ what }) => what === 'taken').length;
  }

  /** The keys to groups of an e-mail, whether valid now or not. */
  keysOf(email: string): KisiAssignment[] {
    const { org } = this.kisi;
    return org.assignments().filter((role) => org.people.get(role.user_id)?.email.toLowerCase() === email);
  }

  private dueTo(email: string): number[] {
    return [...(this.due.get(email) ?? [])].sort((one, other) => one - other);
  }

  private note(what: KeyChange['what'], { user_id, applies_to_id: groupId }: KisiAssignment): void {
    const email = this.kisi.org.people.get(user_id)?.email.toLowerCase() ?? '';
    const wasDue = this.due.get(email)?.has(groupId) ?? false;
    this.changes.push({ what, email, groupId, wasDue });
  }
}
