/** Nexudus' Custom ACS: it asks for our groups, works out itself who should have which, and tells us when that changes. */
import { z } from 'zod';
import { anyId, anyTime, headerOf, idIn, recordsIn, type Answer, type Headers } from './answers.js';
import type { Debouncer } from './debouncer.js';
import { hasBearer } from './signatures.js';

/** What Custom ACS needs to know, and what takes on what it tells. */
export interface AcsRoute {
  /** The bearer token that Nexudus sends. */
  token: string;
  /** Kisi's groups. Rejects where they cannot be read now. */
  groups: () => Promise<{ id: number; name: string }[]>;
  /** Whether a location or network of the space has this UniqueId. */
  isKnown: (businessUniqueId: string) => Promise<boolean>;
  /** Takes on what Nexudus worked out. It must neither throw nor hold anything up. */
  onOpinion: (opinion: Opinion) => void;
}

/** The groups that a member should have by Nexudus' own working out. */
export interface Opinion {
  memberId: number;
  /** The location, or network, that told so. */
  locationId: number | null;
  /** Ascending, each once. */
  groupIds: number[];
  /** When it was so; null: it does not say. */
  at: number | null;
}

/** Whether a call carries the token that it should: its body need not be read for that. */
export function isOfAcs(headers: Headers, { token }: AcsRoute): boolean {
  return hasBearer(headers.authorization, token);
}

/** `GET /acs/groups`: all groups of Kisi, whichever location asks. */
export async function answerGroups(headers: Headers, acs: AcsRoute): Promise<Answer> {
  const business = headerOf(headers, 'x-nexudus-business-uniqueid');
  if (business !== null && !(await acs.isKnown(business))) return { outcome: 'unknownLocation' };
  const groups = await acs.groups().catch(() => null);
  if (groups === null) return { outcome: 'failed' };
  return { outcome: 'taken', body: groups.map(({ id, name }) => ({ id: String(id), name })) };
}

/**
 * `POST /acs/changes`: wakes the member, and passes on what Nexudus worked out. A change that does not name its member makes
 * Latchkey read what changed.
 */
export async function takeChange(
  body: Buffer,
  headers: Headers,
  acs: AcsRoute,
  debouncer: Pick<Debouncer, 'tell' | 'tellSomething'>,
): Promise<Answer> {
  const { records, isWhole } = recordsIn(body);
  const changes = records.map((one) => change.parse(one));
  for (const { business } of changes)
    if (business.uniqueId !== null && !(await acs.isKnown(business.uniqueId)))
      return { outcome: 'unknownLocation' };
  for (const { coworker, business, groups, time } of changes) {
    if (coworker.id === null) continue;
    debouncer.tell(coworker.id, { mayStart: true });
    if (groups !== null)
      acs.onOpinion({ memberId: coworker.id, locationId: business.id, groupIds: groups, at: time });
  }
  if (isWhole && changes.every(({ coworker }) => coworker.id !== null)) return { outcome: 'taken' };
  debouncer.tellSomething();
  return { outcome: 'unclear' };
}

/** The groups' ids; what is no id of Kisi's is left out. Null: the change does not say. */
const groupIds = z
  .array(z.unknown())
  .max(1000)
  .transform((all) => all.map(idIn).filter((one) => one !== null))
  .transform((ids) => [...new Set(ids)].sort((a, b) => a - b))
  .nullable()
  .catch(null);
/** Nexudus' own shape (nexudus.md). Any of its fields may be missing, or hold something else. */
const change = z.object({
  time: anyTime,
  business: z
    .object({ id: anyId, uniqueId: z.string().min(1).nullable().catch(null) })
    .catch({ id: null, uniqueId: null }),
  coworker: z.object({ id: anyId }).catch({ id: null }),
  groups: groupIds,
});
