import { readConfig } from '../space/settings.js';
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
import { iso } from '../../access/types.js';
import { httpUrl } from '../../config/variables.js';
import type { Config } from '../../config/config.js';
import { CommandError } from '../terminal/failure.js';
import { print, printJson, remark } from '../terminal/output.js';
import { timeWords } from '../terminal/times.js';
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
  if (json) printJson(jsonOf(state));
  else print(words(state));
  if (isWell(state)) return;
  throw new CommandError('Nexudus does not tell of every change: `latchkey hooks install` mends that');
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
  await mend(nexudus, before, publicUrl, dryRun);
  if (isWell(before)) print(`All ${before.hooks.length} webhooks are in place.`);
  if (dryRun) return;
  // Some writes of Nexudus are answered as done and are not.
  if (!isWell(before) && !isWell(await readHookState(nexudus, publicUrl))) {
    throw new CommandError(
      'Nexudus took the writes, and yet webhooks are not right: see `latchkey hooks status`',
    );
  }
  if (publicUrl.startsWith('http:'))
    remark(
      'the address is plain http: records of members would travel unencrypted, if Nexudus calls it at all',
    );
  remark(
    'Nexudus signs each call with a shared secret, which this API neither shows nor sets: it must be the same as ' +
      'NEXUDUS_WEBHOOK_SECRET, else every call is refused',
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

/** Tells each deed once it is done, so that one that fails leaves no doubt about those before it. */
async function mend(
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
      `${dryRun ? 'Would mend' : 'Mended'} ${nameOf(hook)} at ${placeOf(places, hook)}: it ${whys.join(' and ')}.`,
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

function words(state: HookState): string {
  const { places, hooks, missing, switchedOff, elsewhere } = state;
  return [
    ...(hooks.length === 0
      ? []
      : [
          table(
            headings,
            hooks.map((hook) => cellsOf(hook, places)),
          ),
          '',
        ]),
    ...linesOf('Missing', missing, places),
    ...linesOf('Switched off', switchedOff, places),
    ...linesOf('Calling another address than LATCHKEY_PUSH_URL', elsewhere, places),
    ...(isWell(state) ? [`All ${hooks.length} webhooks are in place.`] : []),
  ].join('\n');
}

function cellsOf(hook: Hook, places: readonly HookPlace[]): Cell[] {
  const { active, errorCount, lastCallAt, lastError } = hook;
  const said = lastError === '' ? null : lastError;
  return [
    nameOf(hook),
    placeOf(places, hook),
    active ? 'yes' : 'no',
    errorCount,
    lastCallAt === null ? null : timeWords(lastCallAt, null),
    said,
  ];
}

/** A line for each location. */
function linesOf(what: string, purposes: readonly HookPurpose[], places: readonly HookPlace[]): string[] {
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
  const name = places.find(({ id }) => id === locationId)?.name;
  return name === undefined ? String(locationId) : `${locationId} (${name})`;
}

/** As `--json` prints it: times as ISO 8601 in UTC. */
function jsonOf({ hooks, missing, switchedOff, elsewhere }: HookState): object {
  return {
    hooks: hooks.map((hook) => ({
      ...hook,
      lastCallAt: hook.lastCallAt === null ? null : iso(hook.lastCallAt),
    })),
    missing,
    switchedOff: switchedOff.map(({ id }) => id),
    elsewhere: elsewhere.map(({ id }) => id),
  };
}
