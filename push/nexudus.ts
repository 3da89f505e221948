import { z } from 'zod';
import { headerOf, parsed, type Answer, type Headers } from './answers.js';
import type { Herald } from './herald.js';
import { isSignedByNexudus } from './signatures.js';

/** A webhook of Nexudus: wakes those whom its record is about. */
export function takeWebhook(
  body: Buffer,
  event: string,
  headers: Headers,
  secret: string,
  herald: Herald,
): Answer {
  const signature = headerOf(headers, 'x-nexudus-hook-signature');
  if (signature === null || !isSignedByNexudus(body, signature, secret)) return { outcome: 'forged' };
  const concerned = membersIn(body, event);
  if (concerned === null) return { outcome: 'malformed' };
  for (const id of concerned) herald.tell(id, event !== 'coworker');
  if (concerned.length === 0) herald.tellSomething();
  return { outcome: 'taken' };
}

const id = z.int().positive();
const member = z.looseObject({ Id: id.optional(), CoworkerId: id.nullish() });
const records = z
  .array(
    member
      .extend({ TeamMembers: z.array(z.union([id, member])).nullish() })
      .refine(({ Id, CoworkerId, TeamMembers }) => (Id ?? CoworkerId ?? TeamMembers ?? null) !== null),
  )
  .min(1)
  .max(1000);

/** Events whose record is the coworker itself; others name one as `CoworkerId`. */
const ofCoworkers = ['access', 'coworker'];

/** Whom a webhook is about; empty: it does not say. Null: it is no webhook of Nexudus. */
export function membersIn(body: Buffer, event: string): number[] | null {
  const read = records.safeParse(parsed(body));
  if (!read.success) return null;
  const ids = read.data.flatMap((record) => {
    if (ofCoworkers.includes(event)) return [record.Id];
    const team = (record.TeamMembers ?? []).map((one) => (typeof one === 'number' ? one : idOf(one)));
    return [record.CoworkerId, ...team];
  });
  return [...new Set(ids.filter((one) => typeof one === 'number'))];
}

/** Of a team's member: a coworker, or a record that names one. */
function idOf({ CoworkerId, Id }: z.infer<typeof member>): number | undefined {
  return CoworkerId ?? Id;
}
