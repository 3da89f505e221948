import { z } from 'zod';
import { anyId, headerOf, idIn, mostOfACall, recordsIn, type Answer, type Headers } from './answers.js';
import type { Debouncer, News } from './debouncer.js';
import { isSignedByNexudus, looksSignedByNexudus } from './signatures.js';

/** What a webhook at one address may say. */
export interface NexudusEvent {
  /** The field in which its record names the members that it is about. */
  names: 'Id' | 'CoworkerId' | 'TeamMembers';
  news: News;
}

/** The events that there are addresses for: `/nexudus/<event>`. A coworker's own record and a check-in give no access. */
export const nexudusEvents = {
  access: { names: 'Id', news: { mayStart: true, about: 'access' } },
  coworker: { names: 'Id', news: { mayStart: false } },
  contract: { names: 'CoworkerId', news: { mayStart: true } },
  team: { names: 'TeamMembers', news: { mayStart: true } },
  checkin: { names: 'CoworkerId', news: { mayStart: false, about: 'checkIn' } },
} as const satisfies Record<string, NexudusEvent>;

export const signatureHeader = 'x-nexudus-hook-signature';

/** Whether a call may be signed at all: its body need not be read where not. */
export function mayBeOfNexudus(headers: Headers): boolean {
  return looksSignedByNexudus(headerOf(headers, signatureHeader));
}

/** A webhook of Nexudus: wakes the members that its records are about, and has what changed read where a record names none. */
export function takeWebhook(
  body: Buffer,
  event: NexudusEvent,
  headers: Headers,
  secret: string,
  debouncer: Pick<Debouncer, 'tell' | 'tellSomething'>,
): Answer {
  const signature = headerOf(headers, signatureHeader);
  if (signature === null || !isSignedByNexudus(body, signature, secret)) return { outcome: 'forged' };
  const { memberIds, isClear } = membersIn(body, event);
  for (const id of memberIds) debouncer.tell(id, event.news);
  if (isClear) return { outcome: 'taken' };
  debouncer.tellSomething();
  return { outcome: 'unclear' };
}

const record = z.object({
  Id: anyId,
  CoworkerId: anyId,
  /** One more than are seen to is enough to know that they are too many. */
  TeamMembers: z
    .array(z.unknown())
    .transform((all) => all.slice(0, mostOfACall + 1))
    .catch([]),
});

/**
 * The members that a webhook is about, as far as it says; none where they are too many. `isClear`: every record in it names
 * somebody.
 */
export function membersIn(body: Buffer, event: NexudusEvent): { memberIds: number[]; isClear: boolean } {
  const { records, isWhole } = recordsIn(body);
  const concerned = records.map((one) => namedIn(one, event));
  const memberIds = [...new Set(concerned.flat())];
  if (memberIds.length > mostOfACall) return { memberIds: [], isClear: false };
  return { memberIds, isClear: isWhole && concerned.every((one) => one.length > 0) };
}

function namedIn(one: object, { names }: NexudusEvent): number[] {
  const { Id, CoworkerId, TeamMembers } = record.parse(one);
  if (names === 'TeamMembers') return TeamMembers.map((member) => idIn(member) ?? idOf(member)).filter(isId);
  return [names === 'Id' ? (Id ?? CoworkerId) : CoworkerId].filter(isId);
}

const isId = (id: number | null): id is number => id !== null;

/** The id of a team's member, whose record is a coworker's or names one. */
function idOf(member: unknown): number | null {
  const read = record.safeParse(member);
  return read.success ? (read.data.CoworkerId ?? read.data.Id) : null;
}
