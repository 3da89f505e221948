import type { Instant, MappingRule } from '../access/types.js';
import type { KisiClient } from '../kisi/client.js';
import type { Directory } from '../kisi/directory.js';
import type { KisiGroup } from '../kisi/records.js';
import { plausible } from '../nexudus/changes.js';
import type { NexudusClient } from '../nexudus/client.js';
import type { BaselineBook } from './baselines.js';
import type { KisiState } from './comparison.js';
import { finalFailure } from './failures.js';

/** What the lists that are compared are read from. */
export interface ListDeps {
  nexudus: Pick<NexudusClient, 'listSparing'>;
  kisi: Pick<KisiClient, 'listAllKeys' | 'listGroups'>;
  directory: Pick<Directory, 'read' | 'known'>;
  mapping: readonly MappingRule[];
  baselines: Pick<BaselineBook, 'read'>;
  now: () => Instant;
}

/** For how long users and groups are kept: keys do not show who is suspended, or what a group is called. */
const listLastsMs = 55 * 60_000;

/** What a comparison holds the ledgers against. Users and groups are kept from one comparison to the next. */
export class ComparisonLists {
  private groups: { readAt: Instant; rows: KisiGroup[] } | null = null;

  constructor(private readonly deps: ListDeps) {}

  /** What every comparison reads: a request for each 250 keys. */
  async readKeys(): Promise<Pick<KisiState, 'keys' | 'mappedIds'>> {
    const { kisi, nexudus, mapping } = this.deps;
    const keys = await kisi.listAllKeys();
    const configured = new Set(mapping.map(({ passTypeId }) => passTypeId));
    const types = await nexudus.listSparing('timepasses');
    const byField = types.rows.filter(({ id }) => !configured.has(id)).flatMap((type) => type.kisiGroupIds);
    const mappedIds = [...new Set([...mapping.flatMap(({ groupIds }) => groupIds), ...byField])];
    return { keys, mappedIds: mappedIds.sort((a, b) => a - b) };
  }

  /** What an earlier comparison read, while that is young enough; null: it is not. */
  known(): UsersAndGroups | null {
    const { directory, now } = this.deps;
    const users = directory.known(listLastsMs);
    if (users === null || this.groups === null || now() - this.groups.readAt >= listLastsMs) return null;
    return { users, groups: this.groups.rows };
  }

  /** A request for each 100 users and each 250 groups. */
  async readUsersAndGroups(): Promise<UsersAndGroups> {
    const { directory, kisi, now } = this.deps;
    const users = await directory.read();
    const readAt = now();
    const groups = await kisi.listGroups();
    this.groups = { readAt, rows: groups };
    return { users, groups };
  }

  /** Coworkers' ids by e-mail. Null: it cannot be told whose each e-mail is. */
  async readCoworkers(): Promise<Map<string, number> | null> {
    const { nexudus, baselines } = this.deps;
    const { rows, broken } = await nexudus.listSparing('coworkers');
    const baseline = (await baselines.read())?.['coworkers'];
    if (!plausible(baseline, rows.length)) {
      throw finalFailure(
        'Nexudus',
        `Nexudus lists ${rows.length} coworkers where there were ${baseline?.count ?? 'more'}, so it cannot be told whose keys are extra.`,
      );
    }
    if (broken.length > 0) return null;
    // Of several profiles with the same e-mail the lowest id owns the keys.
    const known = rows.filter(({ email }) => email !== '').toSorted((a, b) => b.id - a.id);
    return new Map(known.map(({ email, id }) => [email, id]));
  }
}

type UsersAndGroups = Pick<KisiState, 'users' | 'groups'>;
