/** Nexudus' Custom ACS: it asks for our groups, works out itself who should have which, and tells us when that changes. */
import { z } from 'zod';
import { headerOf, parsed, type Answer, type Headers } from './answers.js';
import type { Herald } from './herald.js';
import { hasBearer } from './signatures.js';

/** What Custom ACS needs to know, and whom it tells. */
export interface AcsDoor {
  /** The bearer token that Nexudus sends. */
  token: string;
  /** Kisi's groups. Rejects where they cannot be read now. */
  groups: () => Promise<{ id: number; name: string }[]>;
  /** Whether a location or network of the space has this UniqueId. */
  isKnown: (businessUniqueId: string) => Promise<boolean>;
  /** Takes on what Nexudus worked out. It must neither throw nor hold anything up. */
  onClaim: (claim: Claim) => void;
}

/** The groups that a member should have by Nexudus' own working out. */
export interface Claim {
  memberId: number;
  /** The location, or network, that told so. */
  locationId: number | null;
  /** Ascending, each once. */
  groupIds: number[];
  /** When it was so; null: it does not say. */
  at: number | null;
}

/** `GET /acs/groups`: all groups of Kisi, whichever location asks. */
export async function answerGroups(headers: Headers, acs: AcsDoor): Promise<Answer> {
  if (!hasBearer(headers.authorization, acs.token)) return { outcome: 'forged' };
  const business = headerOf(headers, 'x-nexudus-business-uniqueid');
  if (business !== null && !(await acs.isKnown(business))) return { outcome: 'unknownLocation' };
  const groups = await acs.groups().catch(() => null);
  if (groups === null) return { outcome: 'failed' };
  return { outcome: 'taken', body: groups.map(({ id, name }) => ({ id: String(id), name })) };
}

/** `POST /acs/changes`: wakes the member, and passes on what Nexudus worked out. */
export async function takeChange(
  body: Buffer,
  headers: Headers,
  acs: AcsDoor,
  herald: Herald,
): Promise<Answer> {
  if (!hasBearer(headers.authorization, acs.token)) return { outcome: 'forged' };
  const read = change.safeParse(parsed(body));
  if (!read.success) return { outcome: 'malformed' };
  const { business, coworker, groups, time } = read.data;
  if (!(await acs.isKnown(business.uniqueId))) return { outcome: 'unknownLocation' };
  herald.tell(coworker.id, true);
  acs.onClaim({ memberId: coworker.id, locationId: business.id, groupIds: groups, at: time });
  return { outcome: 'taken' };
}

/** Whether ids come as numbers or as texts is not known. */
const id = z.union([
  z.int().positive(),
  z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
]);
/** One that is no group of Kisi's stands for nothing here. */
const groupIds = z
  .array(z.union([z.number(), z.string()]))
  .max(1000)
  .transform((all) => all.flatMap((one) => id.safeParse(one).data ?? []))
  .transform((ids) => [...new Set(ids)].sort((a, b) => a - b));
/** How it is written is not known either. */
const time = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => {
    const at = typeof value === 'string' ? Date.parse(value) : NaN;
    return Number.isNaN(at) ? null : at;
  });
const change = z.object({
  time,
  business: z.object({ id: id.nullish().transform((one) => one ?? null), uniqueId: z.string().min(1) }),
  coworker: z.object({ id }),
  groups: groupIds,
});
