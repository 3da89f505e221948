import { readConfig } from '../../space/settings.js';
import { createNexudusClient, type NexudusClient } from '../../nexudus/client.js';
import {
  createHook,
  mendHook,
  readHookState,
  type Hook,
  type HookPlace,
  type HookPurpose,
  type HookState,
} from '../../nexudus/webhooks.js';
import { httpUrl } from '../../config/variables.js';
import type { Config } from '../../config/config.js';
import { CommandError } from '../../space/failure.js';
import { isoTimes, print, printJson } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { zonesIfAny } from '../../space/rules-in-force.js';
import { idWords } from '../../space/names.js';
import { zoneOf, type Zones } from '../../space/zones.js';
import { timeWords } from '../../space/times.js';
import { joined } from '../../lib/words.js';
import { table, type Cell } from '../terminal/table.js';

export interface InstallOptions {
  url?: string;
  dryRun?: boolean;
}

/** Writes are limited to 60 a minute: one that is refused for that waits a second, and so for a minute at most. */
const throttleRetries = 60;

/** `latchkey hooks status`. Throws CommandError where a webhook is missing, switched off or calls another address. */
export async function hooksStatus({ json = false }: { json?: boolean }): Promise<void> {
  const config = readConfig();
  const state = await readHookState(clientOf(config), config.pushUrl);
  if (json) printJson(isoTimes(jsonOf(state)));
  else print(words(state, await zonesIfAny(config)));
  if (isWell(state)) return;
  throw new CommandError('Nexudus does not tell of every change: `latchkey hooks install` fixes that');
}

/**
 * `latchkey hooks install`: makes what is missing, switches on what is off and corrects addresses. Throws CommandError
 * where it does not know the address, or where Nexudus did not do what it said it did.
 */
export async function installHooks({ url, dryRun = false }: InstallOptions): Promise<void> {
  const config = readConfig();
  const publicUrl = url === undefined ? config.pushUrl : parseUrl(url);
  if (publicUrl === null) {
    throw new CommandError(
      'say where Nexudus reaches the listener from outside: set LATCHKEY_PUSH_URL, or give --url',
      2,
    );
  }
  const nexudus = clientOf(config);
  const before = await readHookState(nexudus, publicUrl);
  await fix(nexudus, before, publicUrl, dryRun);
  if (isWell(before)) print(`All ${before.hooks.length} webhooks are in place.`);
  if (dryRun) return;
  // Some writes of Nexudus are answered as done and are not.
  if (!isWell(before) && !isWell(await readHookState(nexudus, publicUrl))) {
    throw new CommandError(
      'Nexudus took the writes, and yet some webhooks are wrong: see `latchkey hooks status`',
    );
  }
  if (publicUrl.startsWith('http:'))
    remark('the address is plain http: records of members travel unencrypted, if Nexudus calls it at all');
  remark(
    'Nexudus signs each call with a shared secret. Its API neither shows nor sets it: NEXUDUS_WEBHOOK_SECRET must be ' +
      'the same, else Latchkey refuses every call',
  );
}

function clientOf({ nexudus }: Config): NexudusClient {
  return createNexudusClient({ ...nexudus, throttleRetries });
}

function parseUrl(text: string): string {
  const parsed = httpUrl.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new CommandError(`--url ${parsed.error.issues[0]?.message ?? 'is no address'}`, 2);
}

/** Tells each change once it is made, so that a failure leaves no doubt about those before it. */
async function fix(
  nexudus: NexudusClient,
  { places, missing, switchedOff, elsewhere }: HookState,
  publicUrl: string,
  dryRun: boolean,
): Promise<void> {
  for (const purpose of missing) {
    if (!dryRun) await createHook(nexudus, purpose, publicUrl);
    print(`${dryRun ? 'Would make' : 'Made'} ${nameOf(purpose)} at ${placeOf(places, purpose)}.`);
  }
  for (const hook of new Set([...switchedOff, ...elsewhere])) {
    if (!dryRun) await mendHook(nexudus, hook, publicUrl);
    const whys = [
      ...(hook.active ? [] : [`was switched off${errorWords(hook)}`]),
      ...(elsewhere.includes(hook) ? ['called another address'] : []),
    ];
    print(
      `${dryRun ? 'Would fix' : 'Fixed'} ${nameOf(hook)} at ${placeOf(places, hook)}: it ${whys.join(' and ')}.`,
    );
  }
}

function errorWords({ errorCount, lastError }: Hook): string {
  if (errorCount === 0) return '';
  return ` after ${errorCount} errors${lastError === '' ? '' : `, the last: ${lastError}`}`;
}

function isWell({ missing, switchedOff, elsewhere }: HookState): boolean {
  return missing.length + switchedOff.length + elsewhere.length === 0;
}

const headings = ['webhook', 'location', 'on', 'errors', 'last call', 'last error'];

function words(state: HookState, zones: Zones): string {
  const { places, hooks, missing, switchedOff, elsewhere } = state;
  const rows = hooks.map((hook) => cellsOf(hook, places, zones));
  return joined(
    rows.length === 0 ? null : [table(headings, rows), ''],
    problemsAt('Missing', missing, places),
    problemsAt('Switched off', switchedOff, places),
    problemsAt('Calling another address than LATCHKEY_PUSH_URL', elsewhere, places),
    isWell(state) ? `All ${hooks.length} webhooks are in place.` : null,
  );
}

function cellsOf(hook: Hook, places: readonly HookPlace[], zones: Zones): Cell[] {
  const { active, errorCount, lastCallAt, lastError, locationId } = hook;
  const at = lastCallAt === null ? null : timeWords(lastCallAt, zoneOf(zones, locationId));
  const on = active ? 'yes' : 'no';
  return [nameOf(hook), placeOf(places, hook), on, errorCount, at, lastError === '' ? null : lastError];
}

/** A line for each location. */
function problemsAt(what: string, purposes: readonly HookPurpose[], places: readonly HookPlace[]): string[] {
  const at = new Map<string, string[]>();
  for (const purpose of purposes) {
    const place = placeOf(places, purpose);
    at.set(place, [...(at.get(place) ?? []), nameOf(purpose)]);
  }
  return [...at].map(([place, names]) => `${what} at ${place}: ${names.join(', ')}.`);
}

function nameOf({ event, actionName }: HookPurpose): string {
  return `${event} (${actionName})`;
}

function placeOf(places: readonly HookPlace[], { locationId }: HookPurpose): string {
  return idWords(locationId, new Map(places.map(({ id, name }) => [id, name])));
}

/** As `--json` prints it, but for the times. */
function jsonOf({ hooks, missing, switchedOff, elsewhere }: HookState): object {
  const idsOf = (some: readonly Hook[]): number[] => some.map(({ id }) => id);
  return { hooks, missing, switchedOff: idsOf(switchedOff), elsewhere: idsOf(elsewhere) };
}
