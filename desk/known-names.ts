import type { KisiGroup } from '../kisi/records.js';
import type { Names } from '../space/names.js';
import type { Desk } from './desk.js';
import { LastKnown } from './last-known.js';

const maxAgeMs = 60_000;
/** Without an answer by then, a page shows ids. */
const waitMs = 200;

/** Groups of Kisi and locations of Nexudus, kept for a minute: every page names some. */
export class KnownNames {
  private readonly allGroups: LastKnown<KisiGroup[]>;
  private readonly allLocations: LastKnown<Names>;

  constructor({ kisi, nexudus, now }: Pick<Desk, 'kisi' | 'nexudus' | 'now'>) {
    const terms = { maxAgeMs, waitMs, now };
    this.allGroups = new LastKnown(() => kisi.listGroups(), terms);
    this.allLocations = new LastKnown(async () => {
      const locations = await nexudus.list('businesses');
      return new Map(locations.map(({ id, name }) => [id, name]));
    }, terms);
  }

  /** Names of groups by their ids; those that Kisi does not tell are left out. Throws nothing. */
  async groups(): Promise<Names> {
    const { value } = await this.allGroups.get();
    return new Map((value ?? []).map(({ id, name }) => [id, name]));
  }

  /** All groups as Kisi has them, and why they could not be read. Throws nothing. */
  groupRecords(): ReturnType<LastKnown<KisiGroup[]>['get']> {
    return this.allGroups.get();
  }

  /** Names of locations. Throws nothing. */
  async locations(): Promise<Names> {
    return (await this.allLocations.get()).value ?? new Map<number, string>();
  }
}
