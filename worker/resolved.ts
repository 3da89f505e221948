/**
 * What the configuration names, as ids, from one start to the next: a name that is changed in Nexudus or Kisi while nobody
 * looks must keep no worker from starting, and take nothing away.
 */
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { mayExist, openDatabase } from '../database/database.js';
import { createKept } from '../database/kept.js';
import type { Tables } from '../database/tables.js';
import type { Resolved } from './check.js';

const name = 'what the configuration names';
const shape = z.record(z.string(), z.int().positive());

/** What the last start resolved; none before the first. Throws a DatabaseError. */
export async function readResolved(databaseUrl: string): Promise<Resolved> {
  if (!mayExist(databaseUrl)) return {};
  const db = await openDatabase(databaseUrl);
  try {
    const kept = await createKept(db).read(name);
    return kept === null ? {} : shape.parse(kept.value);
  } finally {
    await db.destroy();
  }
}

/** Keeps the ids for the next start. Throws a DatabaseError. */
export function keepResolved(db: Kysely<Tables>, resolved: Resolved): Promise<void> {
  return createKept(db).write(name, { ...resolved }, Date.now());
}
