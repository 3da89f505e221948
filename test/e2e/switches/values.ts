import { defaultSwitches as kisiDefaults } from '../../../simulators/kisi-switches.js';
import { defaultSwitches as nexudusDefaults } from '../../../simulators/nexudus-switches.js';
import type { KisiSwitches } from '../../../simulators/kisi.js';
import type { NexudusSwitches } from '../../../simulators/nexudus.js';

/** Each value that a switch can have; a switch without values does not compile. */
type Values<Switches> = { readonly [Name in keyof Switches]: readonly Switches[Name][] };

/** What the webhooks of Nexudus are signed with. */
export const hookSecret = 'a shared secret of Nexudus';
/** An e-mail that Kisi says is taken, though it shows nobody with it. */
export const takenEmail = 'tia@example.com';

const dates = ['clock', 'Tue, 01 Jan 2019 00:00:00 GMT', 'not a date', null] as const;
const ways = ['down', 'up', 'nearest'] as const;

const nexudusValues: Values<NexudusSwitches> = {
  throttleStatus: [409, 429],
  dirSemantics: ['signed', 'zeroBased', 'words'],
  coworkerUpdatedOnFollows: [false, true],
  authFailureStatus: [401, 403],
  sizeCap: ['clamp', 'allow'],
  unsetSorts: ['first', 'last'],
  // With fewer rows than there are members, so that each list has many pages.
  mostRows: [1000, 7],
  dateHeader: dates,
  rateLimits: [null, nexudusDefaults.rateLimits],
  simpleTimeZoneNames: ['windows', 'iana'],
  localDatesWithZ: [false, true],
  teamCoworkerIds: [true, false],
  batchEnveloped: [false, true],
  planPassExpires: ['lastDay', 'periodEnd'],
  hookSecret: [null, hookSecret],
  hookSignatureFold: ['ascii', 'utf8'],
  hookSignatureLetters: ['upper', 'lower'],
  hookBody: ['array', 'object'],
  hooksTwice: [false, true],
  hookDelayMs: [0, 2_000],
  hooksCoverNetworks: [true, false],
  checkinHookRecord: ['checkin', 'coworker'],
};

const kisiValues: Values<KisiSwitches> = {
  duplicateGrantStatus: [409, 422, 200],
  patchMovesValidity: [true, false],
  retryAfterHeader: [false, true],
  limitOverMax: ['clamp', 'error'],
  listsExpired: [true, false],
  hiddenStillCount: [false, true],
  endRounding: [null, ...ways.flatMap((how) => [1_000, 60_000].map((toMs) => ({ toMs, how })))],
  longestName: [null, 255, 40],
  plainNames: [false, true],
  takenEmails: [[], [takenEmail]],
  emailFilterExact: [true, false],
  userEmailCaseSensitive: [false, true],
  dateHeader: dates,
  rateLimit: [null, kisiDefaults.rateLimit],
  notifyDefault: [true, false],
  notifyOnUpdate: [true, false],
  sendEmailsDefault: [true, false],
  loginsOfOthers: ['shown', 'refused', 'empty', 'own'],
  duplicateUserEmail: ['reject', 'allow'],
  listLagMs: [0, 500, 3_000],
  eventSignaturePrefix: [true, false],
  eventSignatureEncoding: ['hex', 'base64'],
  eventDelayMs: [0, 2_000],
  eventsTwice: [false, true],
};

/** Without a limit, which would only make each row slow; the rows about the limits have the published ones. */
const usual = {
  nexudus: { ...nexudusDefaults, rateLimits: null },
  kisi: { ...kisiDefaults, rateLimit: null },
};

/** One way in which the APIs may be. */
export interface Row {
  title: string;
  nexudus: Partial<NexudusSwitches>;
  kisi: Partial<KisiSwitches>;
  /** Whether pushes are taken in, which these switches are about. */
  hasPushes: boolean;
  /** Whether the row is about what an API says when it throttles. */
  isThrottled: boolean;
}

const plain = { nexudus: {}, kisi: {}, hasPushes: false, isThrottled: false };

/** One row for each value of each switch that is not the usual one. */
export const rows: readonly Row[] = [
  ...keysOf(nexudusValues).flatMap((name) =>
    others(nexudusValues[name], usual.nexudus[name]).map((value) => ({
      ...{ ...plain, title: `Nexudus ${name}: ${JSON.stringify(value)}` },
      // Unsigned pushes are refused.
      nexudus: { ...(/hook/i.test(name) ? { hookSecret } : {}), [name]: value },
      hasPushes: /hook/i.test(name),
      isThrottled: name === 'throttleStatus',
    })),
  ),
  ...keysOf(kisiValues).flatMap((name) =>
    others(kisiValues[name], usual.kisi[name]).map((value) => ({
      ...{ ...plain, title: `Kisi ${name}: ${JSON.stringify(value)}` },
      // What is hidden is in the way only where something is hidden.
      kisi: { ...(name === 'hiddenStillCount' ? { listsExpired: false } : {}), [name]: value },
      nexudus: name.startsWith('event') ? { hookSecret } : {},
      hasPushes: name.startsWith('event'),
      isThrottled: name === 'retryAfterHeader',
    })),
  ),
];

/** Every switch that of itself takes no key from anybody, away from its usual value. */
export const allAtOnce: Row = {
  ...plain,
  title: 'every switch at once',
  nexudus: {
    ...{ throttleStatus: 429, dirSemantics: 'zeroBased', coworkerUpdatedOnFollows: true },
    ...{ authFailureStatus: 403, sizeCap: 'allow', unsetSorts: 'last', simpleTimeZoneNames: 'iana' },
    ...{ localDatesWithZ: true, teamCoworkerIds: false, batchEnveloped: true, planPassExpires: 'periodEnd' },
  },
  kisi: {
    ...{ duplicateGrantStatus: 422, patchMovesValidity: false, retryAfterHeader: true },
    ...{ limitOverMax: 'error', listsExpired: false, plainNames: true, emailFilterExact: false },
    ...{ userEmailCaseSensitive: true, notifyDefault: false, sendEmailsDefault: false },
    ...{ duplicateUserEmail: 'allow', listLagMs: 500, endRounding: { toMs: 60_000, how: 'down' } },
  },
  isThrottled: true,
};

/** What is switched in a row. */
export function usualBut({ nexudus, kisi }: Row): { nexudus: NexudusSwitches; kisi: KisiSwitches } {
  return { nexudus: { ...usual.nexudus, ...nexudus }, kisi: { ...usual.kisi, ...kisi } };
}

function others(values: readonly unknown[], usualValue: unknown): unknown[] {
  return values.filter((value) => JSON.stringify(value) !== JSON.stringify(usualValue));
}

function keysOf<T extends object>(of: T): (keyof T & string)[] {
  return Object.keys(of) as (keyof T & string)[];
}
