/** Groups of Kisi by their names, as people know them. */
import { ConfigError } from '../../config/config-error.js';
import type { KisiClient } from '../../kisi/client.js';
import { KisiError } from '../../kisi/errors.js';
import { remark } from '../terminal/output.js';
import { kisiOf } from './apis.js';
import { readConfig } from './settings.js';

/** Names of groups by their ids. */
export type GroupNames = ReadonlyMap<number, string>;

/** A command that needs no answer of Kisi waits no longer for names. */
const namesWithinMs = 2_000;

/** Names of groups, for display: without Kisi the ids do, which is said on stderr. */
export async function groupNames({ kisi }: { kisi: KisiClient }): Promise<GroupNames> {
  try {
    const groups = await kisi.listGroups();
    return new Map(groups.map(({ id, name }) => [id, name]));
  } catch (error) {
    if (!(error instanceof KisiError)) throw error;
    remark(`the names of groups are left out: ${error.message}`);
    return new Map();
  }
}

/** The same for a command that works without Kisi, and without settings for it. */
export async function groupNamesIfAny(): Promise<GroupNames> {
  try {
    return await groupNames({ kisi: kisiOf(readConfig(), namesWithinMs) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    remark(`the names of groups are left out: ${error.lines.join(' ')}`);
    return new Map();
  }
}

/** A group with its name: '12 (Office)'. */
export function groupWords(groupId: number, names: GroupNames): string {
  const name = names.get(groupId);
  return name === undefined ? String(groupId) : `${groupId} (${name})`;
}

/** Groups with their names, in one cell of a table; null: none. */
export function groupsWords(groupIds: readonly number[], names: GroupNames): string | null {
  return groupIds.map((id) => groupWords(id, names)).join(', ') || null;
}

/** A text of the rules, with the name behind each group that it names by its id. */
export function withGroupNames(text: string, names: GroupNames): string {
  return text.replace(/\b(groups?|keys? to) (\d+(?:, \d+)*)\b(?! \()/g, (_, before: string, ids: string) => {
    const listed = ids.split(', ').map((id) => groupWords(Number(id), names));
    return `${before} ${listed.join(', ')}`;
  });
}
