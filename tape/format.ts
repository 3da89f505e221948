/** The lines of a tape: a header, what people and Latchkey itself say, each exchange, and an end. */
import { z } from 'zod';
import type { Exception, Rules } from '../access/types.js';
import type { Ground } from '../messages/to-leader.js';
import type { TapedStanding } from './standing.js';

/** A tape of this form is read by this release; a later form has a higher number. */
export const format = 'latchkey tape 1';

const instant = z.number().min(0).max(8_640_000_000_000);
const id = z.int();
const name = z.string().max(1_000);

const rules = z
  .object({
    mapping: z.array(z.object({ locationId: id.nullable(), passTypeId: id, groupIds: z.array(id) })),
    policies: z.object({
      renewalGraceMs: z.number(),
      doorGraceMs: z.number(),
      doorHorizonMs: z.number(),
      usedPass: z.enum(['endOfDay', 'atOnce']),
      lastDay: z.enum(['inclusive', 'exclusive']),
      existingKeys: z.enum(['keep', 'adopt']),
      inactiveContract: z.enum(['ignore', 'ends']),
    }),
    unresolved: z
      .array(z.object({ passTypeId: id.nullable(), groupId: id.nullable(), why: name }))
      .optional(),
  })
  .transform(({ unresolved, ...row }): Rules => ({
    ...row,
    ...(unresolved === undefined ? {} : { unresolved }),
  }));

/** IANA time zones by location id: a name that this machine does not know would end in no time at all. */
const zones = z.record(z.string().regex(/^\d{1,15}$/), z.string().max(80).refine(isTimeZone));

function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

const exception = z
  .object({
    id,
    kind: z.enum(['allow', 'block']),
    memberId: id,
    groupId: id.nullable(),
    from: instant,
    until: instant,
    by: name,
    reason: name,
  })
  .transform((row): Exception => row);

const ground = z
  .object({ rules, timeZones: zones, knownZones: zones })
  .transform((row): Omit<Ground, 'settings'> => row);

/** The header of a tape: what it answers, and by which rules. */
export const header = z.object({
  format: z.literal(format),
  /** Of Latchkey. */
  release: z.string().max(40),
  /** The instant that the tape answers for. */
  now: instant,
  machine: z.object({ zone: z.string().max(80), minutesAheadOfUtc: z.number() }),
  /** The member that `explain` was about; null: everybody was read. */
  memberId: id.nullable(),
  nexudusLogin: z.enum(['password', 'token']),
  /** Null: what was asked needs no rules. */
  ground: ground.nullable(),
  /** Locations whose time zone is configured, by id or name, where that was asked for. */
  zoned: z.array(z.union([id, name])).nullable(),
  from: z.enum(['worker', 'file']),
  inForce: z
    .object({ digest: z.string().max(64), startedAt: instant, version: z.string().max(40) })
    .nullable(),
  /** Null: they could not be read. */
  exceptions: z.array(exception).nullable(),
});
export type Header = z.infer<typeof header>;

/** What an answer or a request holds on a tape: JSON, another text, or nothing since it was left out. */
export type Content = { json: unknown } | { text: string } | { leftOut: true };

const content: z.ZodType<Content> = z.union([
  z.object({ text: z.string() }),
  z.object({ leftOut: z.literal(true) }),
  z.object({ json: z.json() }),
]);

/** One exchange as it stands on a tape. */
export const taped = z.object({
  api: z.enum(['nexudus', 'kisi']),
  /** Who asked: the command, for the answer to that question, or a worker that went about its work meanwhile. */
  by: z.enum(['explain', 'plan', 'verify', 'worker']),
  at: instant,
  durationMs: z.number(),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  path: z.string().max(2_000),
  query: z.array(z.tuple([z.string(), z.string()])).max(50),
  sent: content.nullable(),
  status: z.int().min(100).max(599).nullable(),
  failure: z.string().max(60).nullable(),
  headers: z.record(z.string(), z.string()),
  answer: content,
});
export type Taped = z.infer<typeof taped>;

/** Says that nothing was cut off. */
export const end = z.object({ exchanges: z.int(), leftOut: z.int() });
export type End = z.infer<typeof end>;

/** A whole tape. */
export interface Tape {
  header: Header;
  /** Null: Latchkey itself was not asked. */
  standing: TapedStanding | null;
  exchanges: Taped[];
  end: End;
}
