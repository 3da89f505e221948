/** Groups of Kisi and locations of Nexudus by their names, as people know them. */
import type { Config } from '../config/config.js';
import { ConfigError } from '../config/config-error.js';
import type { KisiClient } from '../kisi/client.js';
import { KisiError } from '../kisi/errors.js';
import type { NexudusClient } from '../nexudus/client.js';
import { NexudusError } from '../nexudus/errors.js';
import { remark } from './remark.js';
import { kisiOf, nexudusOf } from './apis.js';
import { readConfig } from './settings.js';

/** Names by ids. */
export type Names = ReadonlyMap<number, string>;

/** A command that needs no answer of Kisi or Nexudus waits no longer for names. */
const namesWithinMs = 2_000;

/** Names of groups, for display: without an answer of Kisi the ids do, and stderr says so. */
export function groupNames({ kisi }: { kisi: KisiClient }): Promise<Names> {
  return namesOf('groups', () => kisi.listGroups());
}

/** Names of locations, likewise. */
export function locationNames({ nexudus }: { nexudus: NexudusClient }): Promise<Names> {
  return namesOf('locations', () => nexudus.list('businesses'));
}

/** Names of groups for a command that works without Kisi, and without settings for it. */
export function groupNamesIfAny(): Promise<Names> {
  return ifSet('groups', (config) => groupNames({ kisi: kisiOf(config, namesWithinMs) }));
}

/** Names of locations for a command that works without Nexudus, and without settings for it. */
export function locationNamesIfAny(): Promise<Names> {
  return ifSet('locations', (config) => locationNames({ nexudus: nexudusOf(config, namesWithinMs) }));
}

async function namesOf(what: string, list: () => Promise<{ id: number; name: string }[]>): Promise<Names> {
  try {
    return new Map((await list()).map(({ id, name }) => [id, name]));
  } catch (error) {
    if (!(error instanceof KisiError || error instanceof NexudusError)) throw error;
    remark(`the names of ${what} are left out: ${error.message}`);
    return new Map();
  }
}

async function ifSet(what: string, read: (config: Config) => Promise<Names>): Promise<Names> {
  try {
    return await read(readConfig());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    remark(`the names of ${what} are left out: ${error.lines.join(' ')}`);
    return new Map();
  }
}

/** A group or location with its name: '12 (Office)'. */
export function idWords(id: number, names: Names): string {
  const name = names.get(id);
  return name === undefined ? String(id) : `${id} (${name})`;
}

/** Several with their names, in one cell of a table; null: none. */
export function idsWords(ids: readonly number[], names: Names): string | null {
  return ids.map((id) => idWords(id, names)).join(', ') || null;
}

/** A text of the rules, with the name behind each group that it names by its id. */
export function withGroupNames(text: string, names: Names): string {
  return text.replace(/\b(groups?|keys? to) (\d+(?:, \d+)*)\b(?! \()/g, (_, before: string, ids: string) => {
    const listed = ids.split(', ').map((id) => idWords(Number(id), names));
    return `${before} ${listed.join(', ')}`;
  });
}
