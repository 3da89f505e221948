/** The policies of `latchkey.yaml`: the one table of how each is read, its default, and what it does. */
import { z } from 'zod';
import { defaultDriftPolicy, type repairableKinds } from '../access/drift.js';
import { apiUsers } from '../access/ownership.js';
import type { Policies } from '../access/types.js';
import { durationHint, parseDuration } from '../lib/durations.js';
import { setting, settingRows, type SettingRow } from './settings.js';

/** Milliseconds. */
const duration = z.string({ error: durationHint }).transform((text, context) => {
  try {
    return parseDuration(text);
  } catch {
    context.addIssue({ code: 'custom', message: durationHint });
    return z.NEVER;
  }
});
const durationAboveZero = duration.refine((ms) => ms > 0, 'must be above zero');

/** A time by which keys are moved: nobody means more than a year, and no key should end in another century. */
const span = duration.refine((ms) => ms <= parseDuration('366d'), 'must be at most 366d');

/** A number from 0 to 1. */
const shareHint = 'must be a share like 10%';
const share = z
  .string({ error: shareHint })
  .regex(/^\d{1,2}(\.\d+)?%$|^100%$/, shareHint)
  .transform((text) => Number(text.slice(0, -1)) / 100);

const people = z.int('must be a whole number').min(0, 'must not be negative');

const oneOf = <const T extends readonly [string, ...string[]]>(...words: T) =>
  z.enum(words, { error: `must be ${words.join(' or ')}` });

const repairOrReport = (kind: (typeof repairableKinds)[number], means: string) =>
  setting(oneOf('repair', 'report'), defaultDriftPolicy[kind], means);

/** What may stand under `policies:`. Whatever is left out is read from its default. */
export const policiesSchema = z.strictObject({
  renewalGrace: setting(
    span,
    '15m',
    "How long access is held after a plan's pass expired, waiting for the next one. At most `366d`.",
  ),
  doorGrace: setting(
    span,
    '15m',
    'How long after a final end the key itself ends in Kisi, should Latchkey be down then. At most `366d`.',
  ),
  doorHorizon: setting(
    span.refine((ms) => ms > 0, 'must be above zero'),
    '7d',
    "How far ahead a key's own end lies where access is expected to go on. Above zero, at most `366d`.",
  ),
  usedPass: setting(
    oneOf('endOfDay', 'atOnce'),
    'endOfDay',
    '`endOfDay`: a day pass that was used still counts until that day ends. `atOnce`: it ends with its use.',
  ),
  lastDay: setting(
    oneOf('inclusive', 'exclusive'),
    'inclusive',
    'Whether the day that a pass expires on still counts: `inclusive` or `exclusive`.',
  ),
  inactiveContract: setting(
    oneOf('ignore', 'ends'),
    'ignore',
    'What becomes of the passes of a contract that has started, is not cancelled and not paused, and whose `Active` is false in Nexudus. `ignore`: nothing, its dates decide. `ends`: they count no more.',
  ),
  existingKeys: setting(
    oneOf('keep', 'adopt'),
    'keep',
    "What becomes of a key that is in Kisi already where the rules give one. `keep`: it stays what it is, and is never taken away. `adopt`: it becomes Latchkey's own, gets an end and ends with the access.",
  ),
  apiUser: setting(
    oneOf(...apiUsers),
    'shared',
    "Who gives keys as the Kisi user of the API key. `shared`: people too, so that who made a key tells nothing. `latchkeyOnly`: nobody but Latchkey, so that whatever that user made is Latchkey's, even where all of Latchkey's own records are lost.",
  ),
  findUsers: setting(
    oneOf('directory', 'search'),
    'directory',
    "How a new member's Kisi user is found. `directory`: in the list of all users, by the e-mail in lower case. `search`: by two requests each, for a Kisi that minds the case.",
  ),
  auditLogRetention: setting(durationAboveZero, '400d', 'How long the audit log keeps a record.'),
  undoWindow: setting(
    durationAboveZero.refine((ms) => ms <= parseDuration('90d'), 'must be at most 90d'),
    '24h',
    'For how long a plan that was applied can be undone. At most `90d`.',
  ),
  deskAllow: setting(
    span.refine((ms) => ms > 0, 'must be above zero'),
    '1d',
    'For how long at most somebody with the role `desk` may allow a member a group outside the rules, in the browser. An operator may for longer. Above zero, at most `366d`.',
  ),
  guardPeople: setting(
    people,
    5,
    'How many people may lose a key to one group at one location, unforeseen, within an hour. Keys of more people are held for a person to say.',
  ),
  guardShare: setting(
    share,
    '10%',
    'Which share of the people with access at the location may, where that is more.',
  ),
  latencyObjective: setting(
    durationAboveZero,
    '60s',
    'How soon a key is to be given, and to be taken away. `latchkey latency` tells whether that holds. Above zero.',
  ),
  latencyShare: setting(share, '95%', 'For this share of the keys given, and of those taken away, at least.'),
  inviteReminders: setting(
    oneOf('off', 'on'),
    'off',
    'Whether Kisi is had to mail its invitation again to members who have not accepted it. `on`: 2 and 7 days after it, so three mails in all at most; `off`: only where a person asks.',
  ),
  inviteMails: setting(
    oneOf('keyUpdate', 'none'),
    'keyUpdate',
    "How Kisi is had to mail an invitation again. `keyUpdate`: by an update of the member's key that changes nothing and asks for a mail; Kisi says that an update may mail, and it was not tried in a real space. `none`: not at all.",
  ),
  drift: z
    .strictObject({
      missing: repairOrReport(
        'missing',
        'A key that Latchkey gave is gone from Kisi. `repair`: it is given again. `report`: it is only told.',
      ),
      changed: repairOrReport(
        'changed',
        'Such a key ends at another time in Kisi. `repair`: its end is moved back.',
      ),
      userDeleted: repairOrReport(
        'userDeleted',
        'The Kisi user of a member is gone. `repair`: it is made again, and Kisi mails the invitation.',
      ),
      extra: repairOrReport(
        'extra',
        'A member has a key to a mapped group that Latchkey did not give. `repair`: it is taken away.',
      ),
      orphan: repairOrReport(
        'orphan',
        'Somebody who is not in Nexudus has such keys. `repair`: they are taken away; the user stays.',
      ),
    })
    .prefault({}),
});

/** The policies as they are read. */
export type ReadPolicies = z.output<typeof policiesSchema>;

/** Each policy with its default, as it is written, and what it does. The documentation is tested against these. */
export const policyRows: readonly SettingRow[] = settingRows(policiesSchema.shape);

/** The policies that decide who holds a key. */
export function decidingPolicies(policies: ReadPolicies): Policies {
  return {
    renewalGraceMs: policies.renewalGrace,
    doorGraceMs: policies.doorGrace,
    doorHorizonMs: policies.doorHorizon,
    usedPass: policies.usedPass,
    lastDay: policies.lastDay,
    existingKeys: policies.existingKeys,
    inactiveContract: policies.inactiveContract,
  };
}

/** What holds where `latchkey.yaml` says nothing. */
export const defaultPolicies: Policies = decidingPolicies(policiesSchema.parse({}));
