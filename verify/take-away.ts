import { idOf, idsOf } from './finding.js';
import type { Maker } from './maker.js';
import type { MadeKey, MadeUser, WriteJournal } from './write-journal.js';

/**
 * Takes away what the journal names, keys first. A user who holds a key that `verify` did not make stays. Answers what stays and
 * why, for an operator. Throws KisiError, DatabaseError; what is left then stays in the journal.
 */
export async function takeAway(maker: Maker, journal: WriteJournal): Promise<string[]> {
  for (const made of [...journal.made]) await find(maker, journal, made);
  for (const made of journal.made.filter(({ kind, id }) => kind === 'key' && id !== null))
    await maker.remove(made);
  const stays: string[] = [];
  for (const made of journal.made.filter((one) => one.kind === 'user')) {
    const why = await whyItStays(maker, journal, made);
    if (why !== null) stays.push(why);
    else await removeUser(maker, journal, made);
  }
  return stays;
}

async function find(maker: Maker, journal: WriteJournal, made: WriteJournal['made'][number]): Promise<void> {
  if (made.id !== null) return;
  const found = await maker.lost(made);
  if (found !== null) await journal.note(made, idOf(found, 'id'));
  else if (made.kind === 'user' || !hasUser(journal, made)) await journal.remove(made);
}

/** Whether the user of a key is still in the journal; else the user is gone, and the key too. */
const hasUser = ({ made }: WriteJournal, { userId }: MadeKey): boolean =>
  made.some(({ kind, id }) => kind === 'user' && id === userId);

async function removeUser(maker: Maker, journal: WriteJournal, user: MadeUser): Promise<void> {
  await maker.remove(user);
  for (const key of journal.made.filter((one) => one.kind === 'key' && one.userId === user.id))
    await journal.remove(key);
}

/** Lists may still show a key that is gone, so each is looked up by its id. */
async function whyItStays(maker: Maker, journal: WriteJournal, { id }: MadeUser): Promise<string | null> {
  if (id === null) return null;
  const ours = journal.made.map((one) => one.id);
  for (const key of idsOf(await maker.rightsOf(id), 'id')) {
    if (!ours.includes(key) && (await maker.isThere('/role_assignments/{id}', key)))
      return `user ${id} in Kisi holds the right ${key}, which somebody else has given: take it away there, then run \`latchkey verify --clean\``;
  }
  return null;
}
