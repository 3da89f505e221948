/** Has both simulators behave as a verified profile says that an account does. */
import { z } from 'zod';
import { readTextFile, whyUnread } from '../../config/text-file.js';
import { CommandError } from '../../space/failure.js';
import type { KisiSimulator, KisiSwitches } from '../../simulators/kisi.js';
import type { NexudusSimulator, NexudusSwitches } from '../../simulators/nexudus.js';
import type { Assumption } from '../../verify/assumption.js';
import { assumptions } from '../../verify/assumptions.js';
import { parseProfile, type Answer, type Profile } from '../../verify/profile.js';

type Shapes<S> = { [K in keyof S]?: z.ZodType<S[K]> };

/** What was found of an API's clock, and a `Date` header that is like it. */
const dates: Readonly<Record<string, string | null>> = {
  clock: 'clock',
  none: null,
  otherClock: 'Tue, 01 Jan 2019 00:00:00 GMT',
  unusable: 'not a date',
};
const dateHeader = z
  .enum(['clock', 'none', 'otherClock', 'unusable'])
  .transform((found) => dates[found] ?? null);

/** How long after a change its webhook is sent, in milliseconds. */
const delays: Readonly<Record<string, number>> = { seconds: 0, minute: 30_000, later: 120_000 };
const delay = z.enum(['seconds', 'minute', 'later']).transform((found) => delays[found] ?? 0);

const nexudusShapes: Shapes<NexudusSwitches> = {
  throttleStatus: z.literal([409, 429]),
  dirSemantics: z.enum(['signed', 'zeroBased', 'words']),
  coworkerUpdatedOnFollows: z.boolean(),
  authFailureStatus: z.literal([401, 403]),
  sizeCap: z.enum(['clamp', 'allow']),
  unsetSorts: z.enum(['first', 'last']),
  mostRows: z.int().min(1).max(1000),
  dateHeader,
  simpleTimeZoneNames: z.enum(['windows', 'iana']),
  localDatesWithZ: z.boolean(),
  teamCoworkerIds: z.boolean(),
  batchEnveloped: z.boolean(),
  planPassExpires: z.enum(['lastDay', 'periodEnd']),
  hookSignatureFold: z.enum(['utf8', 'ascii']),
  hookSignatureLetters: z.enum(['upper', 'lower']),
  hookBody: z.enum(['array', 'object']),
  hooksTwice: z.boolean(),
  hookDelayMs: delay,
  hooksCoverNetworks: z.boolean(),
  checkinHookRecord: z.enum(['checkin', 'coworker']),
};

const kisiShapes: Shapes<KisiSwitches> = {
  duplicateGrantStatus: z.literal([409, 422, 200]),
  patchMovesValidity: z.boolean(),
  retryAfterHeader: z.boolean(),
  limitOverMax: z.enum(['clamp', 'error']),
  listsExpired: z.boolean(),
  hiddenStillCount: z.boolean(),
  plainNames: z.boolean(),
  emailFilterExact: z.boolean(),
  userEmailCaseSensitive: z.boolean(),
  dateHeader,
  notifyDefault: z.boolean(),
  sendEmailsDefault: z.boolean(),
  duplicateUserEmail: z.enum(['reject', 'allow']),
  listLagMs: z.number().min(0).max(60_000),
  eventSignaturePrefix: z.boolean(),
  eventSignatureEncoding: z.enum(['hex', 'base64']),
  eventDelayMs: delay,
  eventsTwice: z.boolean(),
};

/** The profile in a file that `latchkey verify --show --json` wrote. Throws CommandError where it is none. */
export function readProfileFile(path: string): Profile {
  const written = z.looseObject({ at: z.iso.datetime().transform((at) => Date.parse(at)) });
  const profile = parseProfile(written.safeParse(readJson(path)).data);
  if (profile !== null) return profile;
  throw new CommandError(
    `${path} is no verified profile of this release: make one by \`latchkey verify --show --json\``,
  );
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readTextFile(path)) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw new CommandError(`${path} cannot be read: ${whyUnread(error)}`);
  }
}

/** Sets the switches. Answers one line for each thing that is not as usual there: whether it is played here, or cannot be. */
export function behaveLike(
  { answers }: Profile,
  { nexudus, kisi }: { nexudus: Pick<NexudusSimulator, 'switches'>; kisi: Pick<KisiSimulator, 'switches'> },
): string[] {
  return assumptions.flatMap((assumption) => {
    const answer = answers[assumption.name];
    if (answer?.result !== 'differs') return [];
    const isPlayed =
      assumption.api === 'Nexudus'
        ? take(nexudus.switches, nexudusShapes, assumption, answer.value)
        : take(kisi.switches, kisiShapes, assumption, answer.value);
    return [lineOf(assumption, answer, isPlayed)];
  });
}

function lineOf(
  { api, says }: Assumption,
  { value }: Extract<Answer, { value: unknown }>,
  isPlayed: boolean,
): string {
  const here = isPlayed ? 'played here' : 'cannot be played here';
  return `${api}, ${here}: “${says}” is not so there (${JSON.stringify(value)}).`;
}

/** Sets the switch of an assumption; false: the simulator has none, or not with this value. */
function take<S extends object>(
  switches: S,
  shapes: Shapes<S>,
  assumption: Assumption,
  value: unknown,
): boolean {
  for (const key in shapes) if (key === assumption.switch) return setOne(switches, key, shapes[key], value);
  return false;
}

function setOne<S extends object, K extends keyof S>(
  switches: S,
  key: K,
  shape: z.ZodType<S[K]> | undefined,
  value: unknown,
): boolean {
  const parsed = shape?.safeParse(value);
  if (parsed?.success !== true) return false;
  switches[key] = parsed.data;
  return true;
}
