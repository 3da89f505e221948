import { z } from 'zod';
import { anyId, headerOf, idIn, mostOfACall, recordsIn, type Answer, type Headers } from './answers.js';
import type { Herald } from './herald.js';
import { isSignedByNexudus } from './signatures.js';

/** A webhook of Nexudus: wakes those whom its records are about, and reads what changed where one does not say. */
export function takeWebhook(
  body: Buffer,
  event: string,
  headers: Headers,
  secret: string,
  herald: Herald,
): Answer {
  const signature = headerOf(headers, 'x-nexudus-hook-signature');
  if (signature === null || !isSignedByNexudus(body, signature, secret)) return { outcome: 'forged' };
  const { memberIds, isClear } = membersIn(body, event);
  for (const id of memberIds) herald.tell(id, event !== 'coworker');
  if (isClear) return { outcome: 'taken' };
  herald.tellSomething();
  return { outcome: 'unclear' };
}

const record = z.object({
  Id: anyId,
  CoworkerId: anyId,
  TeamMembers: z.array(z.unknown()).catch([]),
});

/** Events whose record is the coworker itself; others name one as `CoworkerId`. */
const ofCoworkers = ['access', 'coworker'];

/** Whom a webhook is about, as far as it says. `isClear`: every record in it names somebody. */
export function membersIn(body: Buffer, event: string): { memberIds: number[]; isClear: boolean } {
  const { records, isWhole } = recordsIn(body);
  const concerned = records.map((one) => namedIn(one, event));
  const ids = [...new Set(concerned.flat())];
  return {
    memberIds: ids.slice(0, mostOfACall),
    isClear: isWhole && concerned.every((one) => one.length > 0) && ids.length <= mostOfACall,
  };
}

function namedIn(one: object, event: string): number[] {
  const { Id, CoworkerId, TeamMembers } = record.parse(one);
  const ids = ofCoworkers.includes(event)
    ? [Id ?? CoworkerId]
    : [CoworkerId, ...TeamMembers.map((member) => idIn(member) ?? idOf(member))];
  return ids.filter((id) => id !== null);
}

/** Of a team's member: a coworker, or a record that names one. */
function idOf(member: unknown): number | null {
  const read = record.safeParse(member);
  return read.success ? (read.data.CoworkerId ?? read.data.Id) : null;
}
