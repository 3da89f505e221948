import type { Instant } from '../access/types.js';
import { readingRules } from '../access/pass-rules.js';
import { createKisiClient, type KisiClient } from '../kisi/client.js';
import { createKisiPacer } from '../kisi/pace.js';
import { createNexudusClient, type NexudusClient } from '../nexudus/client.js';
import { createReader, type MemberRead } from '../nexudus/reader.js';
import { Login, type LoginState } from '../worker/login.js';
import { checkSpace, UnreadSpaceError, type CheckedSpace } from '../worker/check.js';
import { ConfigError } from '../config/config-error.js';
import type { Config } from '../config/config.js';
import type { Credentials, NexudusAuth } from '../config/credentials.js';
import { network, type Wire } from '../lib/http.js';
import { remark } from './remark.js';

/**
 * Nexudus as this configuration reaches it. Nothing is sent yet. `hastyMs`: nobody waits longer for an answer. `wire`: what
 * carries the requests.
 */
export function nexudusOf({ nexudus }: Config, hastyMs?: number, wire: Wire = network): NexudusClient {
  const { baseUrl, auth } = nexudus;
  const haste = hastyMs === undefined ? {} : { timeoutMs: hastyMs, throttleRetries: 0 };
  return createNexudusClient({ baseUrl, auth, wire, ...haste });
}

/** Kisi, likewise. Throws ConfigError where the key cannot be one. */
export function kisiOf({ kisi }: Config, hastyMs?: number, wire: Wire = network): KisiClient {
  const { baseUrl, apiKey } = kisi;
  // The worker shares the limit of this key: it goes first.
  const pace = createKisiPacer({ most: 2 }).urgent;
  const patience = hastyMs === undefined ? { throttleRetries: 10 } : { timeoutMs: hastyMs };
  return usable(() => createKisiClient({ baseUrl, apiKey, pace, wire, ...patience }));
}

/** Both clients, for as long as a process lives, also when their credentials change. */
export function lastingApis(
  config: Config,
  readCredentials: () => Credentials | null,
): { nexudus: NexudusClient; kisi: KisiClient; logins: LoginState[] } {
  const nexudusBy = (auth: NexudusAuth): NexudusClient =>
    nexudusOf({ ...config, nexudus: { ...config.nexudus, auth } });
  const kisiBy = (apiKey: string): KisiClient => kisiOf({ ...config, kisi: { ...config.kisi, apiKey } });
  const nexudus = new Login({
    api: 'Nexudus',
    credential: config.nexudus.auth,
    readCredential: () => readCredentials()?.nexudus ?? null,
    tryOut: (auth) => nexudusBy(auth).me(),
  });
  const kisi = new Login({
    api: 'Kisi',
    credential: config.kisi.apiKey,
    readCredential: () => readCredentials()?.kisi ?? null,
    tryOut: (apiKey) => kisiBy(apiKey).currentUser(),
  });
  return {
    nexudus: nexudus.clientOf(nexudusBy),
    kisi: kisi.clientOf(kisiBy),
    logins: [nexudus, kisi],
  };
}

/** One member's records, read now: no earlier read to compare with, which only matters where keys are taken away. */
export function readMember(
  nexudus: NexudusClient,
  { timeZones }: Pick<CheckedSpace, 'timeZones'>,
  memberId: number,
): Promise<MemberRead> {
  return memberReader({ nexudus, timeZones })(memberId);
}

/** What a reader of members reads. */
export interface MemberReading {
  nexudus: NexudusClient;
  timeZones: CheckedSpace['timeZones'];
  /** What time it is. Default: this machine's clock. */
  now?: () => Instant;
  /** True: all members are read at once, whoever is asked for first. */
  everybody?: boolean;
}

/** Reads members as `readMember` does, with all that they share read once. */
export function memberReader({
  nexudus,
  timeZones,
  now = Date.now,
  everybody = false,
}: MemberReading): (memberId: number) => Promise<MemberRead> {
  const baselines = (): Promise<null> => Promise.resolve(null);
  const once = { gatherMs: 0, lookLaterMs: 0, pastPasses: everybody };
  const reader = createReader({
    ...{ client: nexudus, readingRules, now, timeZones, baselines, ...once },
  });
  const how = { isCheckIn: false, isBatch: false, siblingIds: [], standsOn: [] };
  const reference = everybody ? 'kept' : 'anew';
  return (memberId) => reader.readMember({ ...how, memberId, notBefore: now(), reference });
}

/** What `make` makes of the configuration; its complaint (a TypeError) becomes a ConfigError. */
export function usable<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof TypeError) throw new ConfigError([error.message]);
    throw error;
  }
}

/**
 * The space, as far as the configuration can be resolved now: a name that leads nowhere opens nothing, and stderr says so.
 * Reads only. Throws ConfigError where one of the APIs does not answer.
 */
export async function checkedSpace(
  config: Config,
  nexudus: NexudusClient,
  kisi: KisiClient,
): Promise<CheckedSpace> {
  const space = await tryCheck(config, nexudus, kisi);
  for (const problem of space.problems) remark(problem);
  return space;
}

/** The space, checked as before a first start. Reads only. Throws ConfigError with a line for each thing to mend. */
export async function soundSpace(
  config: Config,
  nexudus: NexudusClient,
  kisi: KisiClient,
): Promise<CheckedSpace> {
  const space = await tryCheck(config, nexudus, kisi);
  if (space.problems.length > 0) throw new ConfigError(space.problems);
  return space;
}

async function tryCheck(config: Config, nexudus: NexudusClient, kisi: KisiClient): Promise<CheckedSpace> {
  try {
    return await checkSpace(config, nexudus, kisi);
  } catch (error) {
    if (error instanceof UnreadSpaceError) throw new ConfigError([...error.lines]);
    throw error;
  }
}
