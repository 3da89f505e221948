import { keysOf, type KisiFieldsName, type NexudusFieldsName } from './assumptions.js';
import type { Finding } from './finding.js';
import * as kisiAccount from './kisi-account.js';
import * as kisiEmails from './kisi-emails.js';
import { kisiFields } from './kisi-fields.js';
import * as kisiLists from './kisi-lists.js';
import type { KisiLook } from './kisi-look.js';
import * as nexudusAccount from './nexudus-account.js';
import * as nexudusDates from './nexudus-dates.js';
import { nexudusFields } from './nexudus-fields.js';
import { filtersObeyed } from './nexudus-filters.js';
import * as nexudusLists from './nexudus-lists.js';
import type { NexudusLook } from './nexudus-look.js';

/** What answers an assumption by reading. Throws NexudusError or KisiError. */
export type Probe<Look> = (look: Look) => Promise<Finding>;

type NexudusName = NexudusFieldsName | keyof ReturnType<typeof nexudusPlain>;
type KisiName = KisiFieldsName | keyof typeof kisiPlain;

/** The probes of Nexudus, in the order in which they ask. `zoned`: locations whose time zone is configured, by id or name. */
export function nexudusProbes(zoned: readonly (number | string)[]): [NexudusName, Probe<NexudusLook>][] {
  const fields = keysOf(nexudusFields).map((name): [NexudusFieldsName, Probe<NexudusLook>] => [
    `nexudusFields.${name}`,
    (look) => nexudusAccount.nexudusFieldsOf(look, name),
  ]);
  const plain = nexudusPlain(zoned);
  const { throttleStatus, nexudusPace, nexudusClock, ...first } = plain;
  return [...entriesOf(first), ...fields, ...entriesOf({ throttleStatus, nexudusPace, nexudusClock })];
}

/** The probes of Kisi, likewise. */
export function kisiProbes(): [KisiName, Probe<KisiLook>][] {
  const fields = keysOf(kisiFields).map((name): [KisiFieldsName, Probe<KisiLook>] => [
    `kisiFields.${name}`,
    (look) => kisiLists.kisiFieldsOf(look, name),
  ]);
  const { retryAfterHeader, kisiPace, kisiClock, ...first } = kisiPlain;
  return [...entriesOf(first), ...fields, ...entriesOf({ retryAfterHeader, kisiPace, kisiClock })];
}

function nexudusPlain(zoned: readonly (number | string)[]) {
  return {
    nexudusUser: nexudusAccount.nexudusUser,
    nexudusReadable: nexudusAccount.nexudusReadable,
    authFailureStatus: nexudusAccount.authFailureStatus,
    orderByObeyed: nexudusLists.orderByObeyed,
    dirSemantics: nexudusLists.dirSemantics,
    unsetSorts: nexudusLists.unsetSorts,
    sizeCap: nexudusLists.sizeCap,
    mostRows: nexudusLists.mostRows,
    nexudusPaging: nexudusLists.paging,
    batchEnveloped: nexudusLists.batchEnveloped,
    nexudusFilters: filtersObeyed,
    simpleTimeZoneNames: nexudusDates.simpleTimeZoneNames,
    timeZonesKnown: (look: NexudusLook) => nexudusDates.timeZonesKnown(look, zoned),
    localDatesWithZ: nexudusDates.localDatesWithZ,
    teamCoworkerIds: nexudusLists.teamCoworkerIds,
    coworkerUpdatedOnFollows: nexudusDates.coworkerUpdatedOnFollows,
    planPassExpires: nexudusDates.planPassExpires,
    webhooksOn: nexudusAccount.webhooksOn,
    throttleStatus: (look: NexudusLook) => nexudusAccount.throttleStatus(look),
    nexudusPace: (look: NexudusLook) => nexudusAccount.nexudusPace(look),
    nexudusClock: (look: NexudusLook) => Promise.resolve(look.dates.finding()),
  };
}

const kisiPlain = {
  kisiRole: kisiAccount.kisiRole,
  kisiKeyLasts: kisiAccount.kisiKeyLasts,
  kisiKeysInUse: kisiAccount.kisiKeysInUse,
  deviceLoginsReadable: kisiAccount.deviceLoginsReadable,
  kisiPaging: kisiLists.kisiPaging,
  headerRanges: kisiLists.headerRanges,
  limitOverMax: kisiLists.limitOverMax,
  kisiFilters: kisiLists.kisiFilters,
  emailFilterExact: kisiEmails.emailFilterExact,
  userEmailCaseSensitive: kisiEmails.userEmailCaseSensitive,
  listsExpired: kisiLists.listsExpired,
  groupsOpen: kisiAccount.groupsOpen,
  retryAfterHeader: kisiAccount.retryAfterHeader,
  kisiPace: kisiAccount.kisiPace,
  kisiClock: (look: KisiLook) => Promise.resolve(look.dates.finding()),
};

function entriesOf<K extends string, V>(table: Readonly<Record<K, V>>): [K, V][] {
  return keysOf(table).map((name) => [name, table[name]]);
}
