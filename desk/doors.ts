import type { Instant } from '../access/types.js';
import type { KisiClient } from '../kisi/client.js';
import type { KisiGroup } from '../kisi/records.js';
import type { Names } from '../space/names.js';

/** What Kisi's groups are, as last read. */
export interface Doors {
  groups: ReadonlyMap<number, KisiGroup>;
  /** For links into Kisi; null: not known yet. */
  organizationId: number | null;
}

/** Nothing is known of any group. */
export const noDoors: Doors = { groups: new Map(), organizationId: null };

const freshMs = 60_000;

/**
 * Kisi's groups for the pages of this process, asked for once a minute at most, while somebody looks. A page waits for them only
 * where none are known yet.
 */
export class DoorBook {
  private last: { groups: Doors['groups']; readAt: Instant } | null = null;
  private organizationId: number | null = null;
  private reading: Promise<Doors> | null = null;

  constructor(
    private readonly kisi: Pick<KisiClient, 'listGroups' | 'currentUser'>,
    private readonly now: () => Instant,
  ) {}

  /** Throws KisiError where no groups are known and Kisi does not answer. */
  read(): Promise<Doors> {
    const { last } = this;
    if (last !== null && this.now() - last.readAt < freshMs) return Promise.resolve(this.doors());
    const reading = (this.reading ??= this.ask());
    if (last === null) return reading;
    reading.catch(() => undefined);
    return Promise.resolve(this.doors());
  }

  private doors(): Doors {
    return { groups: this.last?.groups ?? noDoors.groups, organizationId: this.organizationId };
  }

  private async ask(): Promise<Doors> {
    const readAt = this.now();
    try {
      const groups = new Map((await this.kisi.listGroups()).map((group) => [group.id, group]));
      this.last = { groups, readAt };
    } finally {
      this.reading = null;
    }
    // Only links need the organization's id, so nobody waits for it.
    if (this.organizationId === null) void this.askOrganization();
    return this.doors();
  }

  private async askOrganization(): Promise<void> {
    try {
      this.organizationId = (await this.kisi.currentUser()).organizationId;
    } catch {
      // It is asked for again with the groups.
    }
  }
}

/** The names of the groups. */
export function namesOf({ groups }: Doors): Names {
  return new Map([...groups.values()].map(({ id, name }) => [id, name]));
}
