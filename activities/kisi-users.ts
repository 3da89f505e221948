import type { KisiClient } from '../kisi/client.js';
import type { Conflicts } from '../kisi/conflicts.js';
import type { Directory } from '../kisi/directory.js';
import type { KnownKisi } from '../kisi/known.js';
import { findUser, makeUser } from '../kisi/make-user.js';
import type { Ownership } from '../database/ownership.js';
import type { WriteNote } from '../messages/to-activities.js';
import { runningMember } from './asker.js';
import { emailDigestOf } from './email-digest.js';
import { finalFailure } from './failures.js';
import type { About, Gate } from './gate.js';
import type { People, Person } from './people.js';
import type { Recorder, Sight, Written } from './recorder.js';

export interface KisiUserDeps {
  kisi: KisiClient;
  directory: Directory;
  /** What was verified of Kisi. Left out: nothing. */
  known?: () => KnownKisi;
  people: Pick<People, 'note' | 'find'>;
  gate: Gate;
  recorder: Recorder;
  ownership: Pick<Ownership, 'noteUser' | 'userOf'>;
}

/** What `KeyActivities` says of members' Kisi users. */
export class KisiUsers {
  constructor(
    private readonly deps: KisiUserDeps,
    private readonly conflicts: Conflicts,
  ) {}

  async find(
    memberId: number,
    how: 'filter' | 'search',
    about: Omit<About, 'memberId'>,
  ): Promise<number | 'nobody' | null> {
    const { gate, directory, recorder } = this.deps;
    const asker = runningMember();
    // It reads only, but to no purpose where no key may be given.
    await gate.admit('grant', { memberId: asker, ...about });
    const { email } = await this.personOf(memberId);
    // The directory knew nothing of a person who is searched for in the second way.
    const known = how === 'filter' ? await directory.find(email) : null;
    if (known === 'nobody') return known;
    const userId = known ?? (await this.search(email, how));
    if (userId === null) return this.isSure(how) ? 'nobody' : null;
    // The user is there, so none will be made, and no later write would show what became of an earlier one.
    await recorder.settle(asker, null, { keyId: null, shows: () => true });
    return userId;
  }

  async create(memberId: number, note: WriteNote): Promise<number> {
    const { gate, recorder } = this.deps;
    const noted = { memberId: runningMember(), ...note };
    await gate.admit('grant', noted);
    const person = await this.personOf(memberId);
    return recorder.write(noted, {
      what: 'createUser',
      groupId: null,
      before: null,
      after: null,
      look: () => this.look(person),
      make: (again) => this.make(memberId, person, again),
    });
  }

  /** Has the record know which Kisi user a member has, before a key is made for it. */
  async noteOnRecord(memberId: number | null, userId: number): Promise<void> {
    const { ownership } = this.deps;
    if (memberId === null) return;
    const known = await ownership.userOf(memberId);
    if (known?.id === userId) return;
    const { email } = await this.personOf(memberId);
    await ownership.noteUser(memberId, { id: userId, emailDigest: emailDigestOf(email) });
  }

  private async personOf(memberId: number): Promise<Person> {
    const person = await this.deps.people.find(memberId);
    if (person !== null && person.email !== '') return person;
    const message = `Coworker ${memberId} has no e-mail in Nexudus (any more), so no Kisi user can be found or made.`;
    throw finalFailure('Nexudus', message);
  }

  /** Whether the other way cannot find a person either that this way does not find. */
  private isSure(how: 'filter' | 'search'): boolean {
    return how === 'filter' && this.deps.known?.().filterFindsEveryCase === true;
  }

  private async search(email: string, how: 'filter' | 'search'): Promise<number | null> {
    const user = await this.deps.kisi.findUserByEmail(email, how);
    if (user !== null) this.deps.directory.note(user);
    return user && user.id;
  }

  private async look({ email }: Person): Promise<Sight<number>> {
    const user = await findUser(this.deps.kisi, email);
    if (user !== null) this.deps.directory.note(user);
    return { keyId: null, before: null, shows: () => user !== null, isSo: user && { result: user.id } };
  }

  private async make(memberId: number, person: Person, again: boolean): Promise<Written<number>> {
    const { user, created } = await this.conflicts.watch(`user ${memberId} ${person.email}`, () =>
      makeUser(this.deps.kisi, person, again),
    );
    this.deps.directory.note(user);
    return {
      result: user.id,
      done: created ? 'now' : 'before',
      after: { userId: user.id },
      answer: created ? `user ${user.id} made, and mailed by Kisi` : `user ${user.id} was there`,
    };
  }
}
