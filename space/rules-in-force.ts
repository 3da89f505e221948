/** The rules by which a command answers: those in force, as the process says that works by them, or those of a file. */
import { readConfig, readSettings } from './settings.js';
import type { Ground, InForce } from '../messages/to-leader.js';
import { existsSync } from 'node:fs';
import { distrustWords } from '../activities/gate.js';
import { readInForce } from '../activities/in-force.js';
import { digestOfRules } from '../activities/membership.js';
import { readOrders } from '../activities/orders.js';
import { iso, type Exception, type Instant } from '../access/types.js';
import { network, type Wire } from '../lib/http.js';
import type { KisiClient } from '../kisi/client.js';
import type { NexudusClient } from '../nexudus/client.js';
import type { CheckedSpace } from '../worker/check.js';
import { ConfigError } from '../config/config-error.js';
import type { Config } from '../config/config.js';
import { digestOfFile, groundOf, settingsOf } from '../worker/in-force.js';
import { readKnownApis } from '../worker/profile-book.js';
import { failureOf } from './failure.js';
import { remark } from './remark.js';
import { withSession } from './session.js';
import { checkedSpace, kisiOf, memberReader, nexudusOf, soundSpace } from './apis.js';
import type { MemberRead } from '../nexudus/reader.js';
import { timeWords } from './times.js';
import { spaceZone, type Zones } from './zones.js';

/** A space with both its APIs, and the rules by which a command answers. */
export interface Space {
  config: Config;
  nexudus: NexudusClient;
  kisi: KisiClient;
  ground: Ground;
  /** Where the ground is from. `worker`: it is in force. */
  from: 'worker' | 'file';
  /** Null: no worker has said yet by which rules it works, or Temporal was not asked. */
  inForce: InForce | null;
  /** Null: they cannot be read. */
  exceptions: readonly Exception[] | null;
  /** What time it is for all that is asked. */
  now: () => Instant;
  /** One member's records, as they are now. Throws NexudusError. */
  readMember: (memberId: number) => Promise<MemberRead>;
}

export interface RulesWanted {
  /** `--config`: this file's rules, whatever is in force. */
  file?: string | undefined;
  /** The command answers without a Temporal server too. */
  mayLackWorker?: boolean;
  /** The wire to an API, so that requests can be listened in on. */
  wireTo?: (api: 'nexudus' | 'kisi') => Wire;
  /** What time it is for all that is asked. Default: as this machine's clock says. */
  now?: () => Instant;
  /** True: all members are read at once, whoever is asked for first. */
  everybody?: boolean;
}

/** What Temporal keeps of the rules; `why`: why nothing is known, in a few words; null: something is. */
interface Known extends Pick<Space, 'inForce' | 'exceptions'> {
  why: string | null;
}

/**
 * The space that the settings name, with the rules in force: where the file in this folder differs, that is said on
 * stderr, and where nothing is known to be in force, the file stands in. Throws ConfigError, CommandError where there is
 * no Temporal server and the command needs one, NexudusError and KisiError.
 */
export async function openSpace(wanted: RulesWanted = {}): Promise<Space> {
  const { file, mayLackWorker = false, wireTo = () => network, now = Date.now, everybody = false } = wanted;
  const { config, problems } =
    file === undefined ? readSettings() : { config: readConfig(file), problems: [] };
  const nexudus = nexudusOf(config, undefined, wireTo('nexudus'));
  const apis = { nexudus, kisi: kisiOf(config, undefined, wireTo('kisi')) };
  const readingBy = ({ timeZones }: Ground): Pick<Space, 'now' | 'readMember'> => ({
    now,
    readMember: memberReader({ nexudus, timeZones, now, everybody }),
  });
  const known = mayLackWorker ? await knownIfAny(config) : await readKnown(config);
  await tellDistrust(config);
  const { inForce, exceptions } = known;
  if (file === undefined && inForce !== null && inForce.ground !== null) {
    const { ground } = inForce;
    const known = { ground, from: 'worker', inForce, exceptions } as const;
    const space: Space = { config, ...apis, ...known, ...readingBy(ground) };
    await tellDifference(space, ground, problems);
    return space;
  }
  if (problems.length > 0) throw new ConfigError(problems);
  // A file that somebody has just written is to be mended before anything is told by it.
  const check = file === undefined ? checkedSpace : soundSpace;
  const checked = await check(config, apis.nexudus, apis.kisi);
  const ground = groundOf(config.file, checked);
  if (file === undefined) tellStandIn(config, known, digestOfRules(ground.rules));
  return { config, ...apis, ground, from: 'file', inForce, exceptions, ...readingBy(ground) };
}

/**
 * Says on stderr where a worker works, or worked last, by other rules than those of this file, or where that cannot be told.
 * Where no worker ever ran there is nothing to say. Throws nothing.
 */
export async function tellWhetherInForce(config: Config, checked: CheckedSpace): Promise<void> {
  if (hasNoServer(config)) return;
  const { inForce, why } = await knownIfAny(config);
  if (why !== null) remark(why);
  if (inForce === null) return;
  const own = groundOf(config.file, checked);
  const differences = differencesFrom(inForce, own);
  if (differences.length === 0) return;
  remark(
    `not in force yet: the rules in force (${inForceWords(inForce)}) differ in ${differences.join(', ')}; ` +
      'restart the worker to put the file in force',
  );
}

/** The zones of all locations, as a worker knew them last; empty: none has said, or Temporal cannot be reached. */
export async function zonesIfAny(config: Config): Promise<Zones> {
  return (await knownIfAny(config)).inForce?.ground?.knownZones ?? {};
}

/** The settings and the choices in force besides the rules; reads neither API. Throws ConfigError. */
export async function openSettings(): Promise<{
  config: Config;
  settings: Ground['settings'];
  zones: Zones;
}> {
  const { config, problems } = readSettings();
  const { inForce, why } = await knownIfAny(config);
  const own = settingsOf(config.file);
  if (inForce?.ground) {
    const differences = settingDifferences(own, inForce.ground.settings);
    if (config.file.present && problems.length === 0 && differences.length > 0)
      remark(differenceWords(config, inForce, differences));
    return { config, settings: inForce.ground.settings, zones: inForce.ground.knownZones };
  }
  if (problems.length > 0) throw new ConfigError(problems);
  if (why !== null) remark(`${why}: the policies are ${ownWords(config)}`);
  return { config, settings: own, zones: {} };
}

/** Says on stderr where `latchkey verify` found that an API cannot be trusted, as a worker does by the same profile. Throws nothing. */
async function tellDistrust(config: Config): Promise<void> {
  const known = await readKnownApis(config.databaseUrl, config).catch(() => null);
  if (known !== null && known.falseHere.length > 0) remark(distrustWords(known.falseHere));
}

/** The rules that an answer is by, as `--json` prints them. */
export function rulesJson({ ground, from, inForce }: Space): object {
  return {
    from,
    digest: digestOfRules(ground.rules),
    inForce: inForce === null ? null : { digest: inForce.digest, workerStartedAt: iso(inForce.startedAt) },
  };
}

/** The rules in force, as they are named in a sentence. */
export function inForceWords({ startedAt, digest, ground }: InForce): string {
  return `worker of ${timeWords(startedAt, spaceZone(ground?.knownZones ?? {}))}, digest ${digest}`;
}

async function readKnown(config: Config): Promise<Known> {
  return withSession(config, async ({ client }) => ({
    inForce: await readInForce(client),
    exceptions: (await readOrders(client)).exceptions,
    why: null,
  }));
}

/** Whether no server is named and none ever ran in this folder. */
function hasNoServer({ temporalAddress }: Config): boolean {
  return temporalAddress === null && !existsSync('.latchkey/temporal.db');
}

async function knownIfAny(config: Config): Promise<Known> {
  if (hasNoServer(config))
    return { inForce: null, exceptions: null, why: 'no worker has run in this folder' };
  try {
    return await readKnown(config);
  } catch (error) {
    const why = `what is in force cannot be read (${failureOf(error).lines.join(' ')})`;
    return { inForce: null, exceptions: null, why };
  }
}

/** Says in one line that the file stands in for the rules in force. */
function tellStandIn(config: Config, { inForce, exceptions, why }: Known, digest: string): void {
  if (inForce?.digest === digest) return;
  if (inForce !== null) {
    const own = `${ownWords(config)}, which differ (digest ${digest})`;
    remark(
      `the rules in force (${inForceWords(inForce)}) are too large to be shown: this answer uses ${own}`,
    );
    return;
  }
  const without = exceptions === null ? '; exceptions are left out' : '';
  remark(`${why ?? 'no worker has said yet what is in force'}: the rules are ${ownWords(config)}${without}`);
}

function ownWords({ file }: Config): string {
  const name = nameOf(file.path);
  return file.present ? `those of ${name} here` : `the defaults (there is no ${name} here)`;
}

/** Says in one line that the file of this folder is not in force, and what differs. */
async function tellDifference(space: Space, ground: Ground, problems: readonly string[]): Promise<void> {
  const { config, inForce } = space;
  if (inForce === null) return;
  if (problems.length > 0) {
    remark(`${problems.join('; ')}: the rules in force (${inForceWords(inForce)}) are used`);
    return;
  }
  // Run from another folder, a command says nothing of a file that nobody has there.
  if (!config.file.present || digestOfFile(config.file) === inForce.fileDigest) return;
  try {
    const checked = await checkedSpace(config, space.nexudus, space.kisi);
    const differences = differencesOf(groundOf(config.file, checked), ground);
    if (differences.length > 0) remark(differenceWords(config, inForce, differences));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    remark(
      `${nameOf(config.file.path)} here differs from the rules in force (${inForceWords(inForce)}) and cannot be used ` +
        `(${error.lines.join('; ')}): those in force are used`,
    );
  }
}

function differenceWords({ file }: Config, inForce: InForce, differences: readonly string[]): string {
  const name = nameOf(file.path);
  return (
    `${name} here differs from the rules in force (${inForceWords(inForce)}) in ${differences.join(', ')}: ` +
    `those in force are used; \`latchkey plan --config ${name}\` shows what the file would change, and a restart of the worker puts it in force`
  );
}

const nameOf = (path: string): string => path.replace(/^\.\//, '');

/** What differs between a ground and the one in force, in plain words; empty: nothing that matters. */
export function differencesFrom(inForce: InForce, ground: Compared): string[] {
  if (inForce.ground !== null) return differencesOf(ground, inForce.ground);
  // Too large to be shown: then only their digest is known.
  return digestOfRules(ground.rules) === inForce.digest ? [] : ['more than can be shown'];
}

/** The parts of a ground that anything is decided by. */
type Compared = Pick<Ground, 'rules' | 'timeZones' | 'settings'>;

/** What differs between two grounds, in plain words; empty: nothing that matters. */
export function differencesOf(one: Compared, other: Compared): string[] {
  const types = unlike(groupsByType(one), groupsByType(other));
  const places = unlike(one.timeZones, other.timeZones);
  return [
    ...(types.length === 0 ? [] : [`the mapping of ${listed('pass type', types)}`]),
    ...(places.length === 0 ? [] : [`the time zone of ${listed('location', places)}`]),
    ...settingDifferences(
      { ...one.rules.policies, ...one.settings },
      { ...other.rules.policies, ...other.settings },
    ),
  ];
}

function settingDifferences(one: object, other: object): string[] {
  const keys = unlike(one, other);
  const names = keys.map((key) => policyNames[key] ?? key.replace(/Ms$/, ''));
  return names.length === 0 ? [] : [`the ${names.length === 1 ? 'policy' : 'policies'} ${names.join(', ')}`];
}

/** The most ids that are named in one line. */
const mostNamed = 5;

function listed(what: string, ids: readonly string[]): string {
  const more = ids.length > mostNamed ? ` and ${ids.length - mostNamed} more` : '';
  return `${what}${ids.length === 1 ? '' : 's'} ${ids.slice(0, mostNamed).join(', ')}${more}`;
}

/** Policies that have another name in `latchkey.yaml` than in the code. */
const policyNames: Record<string, string> = {
  guard: 'guardPeople or guardShare',
  latency: 'latencyObjective or latencyShare',
};

/** The groups that each pass type opens, each with its location, in one order. */
function groupsByType({ rules }: Compared): Record<number, string[]> {
  const byType: Record<number, string[]> = {};
  for (const { passTypeId, locationId, groupIds } of rules.mapping) {
    const opens = groupIds.map((groupId) => `${locationId ?? 'all'}:${groupId}`);
    byType[passTypeId] = [...new Set([...(byType[passTypeId] ?? []), ...opens])].sort();
  }
  return byType;
}

/** The keys under which the two hold different things. */
function unlike(one: object, other: object): string[] {
  const [left, right] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  const keys = [...new Set([...left.keys(), ...right.keys()])];
  return keys.filter((key) => JSON.stringify(left.get(key)) !== JSON.stringify(right.get(key)));
}
