import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Kept } from '../database/kept.js';
import { WriteRefused } from './write-refused.js';

const keptName = 'verify --write';

const madeUser = z.object({
  kind: z.literal('user'),
  /** When its making was tried last, in milliseconds since the epoch. */
  at: z.int(),
  /** Stands in the user's name and notes, so that the user is found where the answer was lost. */
  mark: z.string(),
  /** Null: the answer of Kisi has not come. */
  id: z.int().nullable(),
});
const madeKey = z.object({
  kind: z.literal('key'),
  at: z.int(),
  userId: z.int(),
  id: z.int().nullable(),
});
const state = z.object({
  version: z.literal(1),
  run: z.string(),
  /** Ids mean something in one organization of Kisi only. */
  organizationId: z.int(),
  groupId: z.int(),
  made: z.array(z.discriminatedUnion('kind', [madeUser, madeKey])),
});

export type MadeUser = z.infer<typeof madeUser>;
export type MadeKey = z.infer<typeof madeKey>;
export type Made = MadeUser | MadeKey;
type State = z.infer<typeof state>;

/** What `verify --write` has made in Kisi and not taken away yet, written down before each thing is made: ids only. */
export class WriteJournal {
  private constructor(
    private readonly kept: Kept,
    private readonly state: State,
  ) {}

  /** What a run before left; null: nothing. Throws WriteRefused where it is of another release, DatabaseError. */
  static async left(kept: Kept): Promise<WriteJournal | null> {
    const value = (await kept.read(keptName))?.value ?? null;
    if (value === null) return null;
    const read = state.safeParse(value);
    if (!read.success)
      throw new WriteRefused(
        'Another release of Latchkey has left something in Kisi with `verify --write`. Run `latchkey verify --clean` with that release',
      );
    return new WriteJournal(kept, read.data);
  }

  /** A new journal, for a group in an organization of Kisi. */
  static begin(kept: Kept, organizationId: number, groupId: number): WriteJournal {
    const run = randomBytes(6).toString('hex');
    return new WriteJournal(kept, { version: 1, run, organizationId, groupId, made: [] });
  }

  get made(): readonly Made[] {
    return this.state.made;
  }
  get organizationId(): number {
    return this.state.organizationId;
  }
  get groupId(): number {
    return this.state.groupId;
  }

  /** Notes something before it is made. Throws WriteRefused where another run has taken over, DatabaseError. */
  async add(made: Made): Promise<void> {
    const before = await WriteJournal.left(this.kept);
    if (before !== null && before.state.run !== this.state.run)
      throw new WriteRefused('Another `latchkey verify --write` has begun meanwhile, so this one stops');
    this.state.made.push(made);
    await this.write();
  }

  /** Notes that something is about to be made again (`id` null), or its id once that is known. Throws DatabaseError. */
  async note(made: Made, id: number | null): Promise<void> {
    if (id === null) made.at = Date.now();
    made.id = id;
    await this.write();
  }

  /** Strikes something out once it is surely not there. Throws DatabaseError. */
  async remove(made: Made): Promise<void> {
    const { state } = this;
    state.made = state.made.filter((one) => one !== made);
    await this.write();
  }

  private write(): Promise<void> {
    const value = this.state.made.length === 0 ? null : z.json().parse(this.state);
    return this.kept.write(keptName, value, Date.now());
  }
}
