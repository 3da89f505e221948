import { openDatabase } from '../../database/database.js';
import { createKept, type Kept } from '../../database/kept.js';
import { verifyByWriting, type WritingOptions } from '../../verify/by-writing.js';
import type { Ask, Findings } from '../../verify/trial.js';
import type { World } from './world.js';

export const testEmail = 'kisi-test@space.example';

/** Says of each mail whether it came, as somebody does who reads the mails of the address. */
export function reader({ kisi }: Pick<World, 'kisi'>, email = testEmail): Ask {
  let seen = kisi.mails.length;
  return () => {
    const fresh = kisi.mails.slice(seen);
    seen = kisi.mails.length;
    return Promise.resolve(fresh.some(({ to }) => to === email) ? 'yes' : 'no');
  };
}

export async function keptInMemory(): Promise<Kept> {
  return createKept(await openDatabase(':memory:'));
}

/** How `verify --write` reaches a world. */
export function writingIn(world: World, kept: Kept): WritingOptions {
  const { nexudus, kisi, pauseMs = 5 } = world.options;
  const [group] = world.kisi.org.groups.all();
  if (group === undefined) throw new Error('There is no group.');
  return {
    ...{ nexudus, kisi, kept, pauseMs, settleMs: 300, groupId: group.id },
    ...{ email: testEmail, ask: reader(world) },
  };
}

export async function writeIn(world: World, more: Partial<WritingOptions> = {}): Promise<Findings> {
  const options = { ...writingIn(world, more.kept ?? (await keptInMemory())), ...more };
  const { findings, stays } = await verifyByWriting(options);
  if (stays.length > 0) throw new Error(stays.join());
  return findings;
}

/** All users, groups and keys of Kisi, to be compared. */
export function allIn({ kisi }: World): string {
  const { people, groups, roles } = kisi.org;
  return JSON.stringify([people.all(), groups.all(), roles.all()]);
}
