import type { NexudusClient } from './client.js';
import { NexudusError } from './errors.js';
import { createLookups } from './lookups.js';
import type { WebhookRecord } from './records.js';
import { collections } from './schemas.js';
import { isThere } from './source.js';

/**
 * The actions (enum eWebhookAction) that say something about access, by the event that ends a webhook's address. There
 * is none for passes: AccessControlUpdate tells of them. CoworkerCheckin and CoworkerCheckout are left out: they tell of
 * the moments that CheckinCreated and CheckinUpdated tell of, and what they carry is not published.
 */
export const hookedActions = {
  access: { 61: 'AccessControlUpdate' },
  coworker: { 2: 'CoworkerUpdate', 3: 'CoworkerCreate', 50: 'CoworkerDelete' },
  contract: {
    10: 'CoworkerContractActivate',
    11: 'CoworkerContractCancel',
    12: 'CoworkerContractRenew',
    13: 'CoworkerContractUpgradeDowngrade',
    14: 'CoworkerContractActivateFirst',
    60: 'CoworkerContractUpdate',
    62: 'CoworkerContractCreate',
    77: 'CoworkerContractDelete',
  },
  team: { 57: 'TeamCreated', 58: 'TeamUpdated', 59: 'TeamDeleted' },
  checkin: { 47: 'CheckinCreated', 48: 'CheckinUpdated', 49: 'CheckinDeleted' },
} as const satisfies Record<string, Record<number, string>>;

const ourPrefix = 'Latchkey: ';

/** What one webhook is for. */
export interface HookPurpose {
  event: string;
  /** Its number, and its name. */
  action: number;
  actionName: string;
  locationId: number;
}

/** A webhook of ours, told by its name from those of others. */
export interface Hook extends HookPurpose {
  id: number;
  name: string;
  description: string;
  url: string;
  active: boolean;
  errorCount: number;
  lastError: string;
  lastCallAt: number | null;
}

/** A business that no other one is above: a network, or a location without one. */
export interface HookPlace {
  id: number;
  name: string;
}

/** Where webhooks are, or should be, and what is not as it should be. */
export interface HookState {
  places: HookPlace[];
  hooks: Hook[];
  missing: HookPurpose[];
  switchedOff: Hook[];
  /** Those that call another address; empty where ours is not known. */
  elsewhere: Hook[];
}

const purposes: Omit<HookPurpose, 'locationId'>[] = Object.entries(hookedActions).flatMap(
  ([event, actions]) =>
    Object.entries(actions).map(([action, actionName]) => ({ event, action: Number(action), actionName })),
);

/** The webhooks of ours, in full. Throws NexudusError. */
export async function readHooks(client: NexudusClient): Promise<Hook[]> {
  const named = (await client.list('webhooks')).filter(({ name }) => name.startsWith(ourPrefix));
  const lookups = createLookups(client);
  // What list rows leave out is not known for sure.
  const full = await Promise.all(named.map(({ id }) => lookups.find('webhooks', id)));
  return full.filter(isThere).map(hookOf).filter(isThere);
}

/**
 * How the webhooks stand: each action is to have one on each network, which covers its locations, and on each location
 * that is in none. `publicUrl`: where Nexudus reaches the listener; null: not known. Throws NexudusError.
 */
export async function readHookState(client: NexudusClient, publicUrl: string | null): Promise<HookState> {
  const [places, hooks] = await Promise.all([readPlaces(client), readHooks(client)]);
  const has = (wanted: HookPurpose): boolean =>
    hooks.some(({ action, locationId }) => action === wanted.action && locationId === wanted.locationId);
  return {
    places,
    hooks,
    missing: places
      .flatMap(({ id }) => purposes.map((purpose) => ({ ...purpose, locationId: id })))
      .filter((wanted) => !has(wanted)),
    switchedOff: hooks.filter(({ active }) => !active),
    elsewhere: hooks.filter(({ url, event }) => publicUrl !== null && url !== addressOf(publicUrl, event)),
  };
}

/** Makes a webhook. Throws NexudusError; `unavailable`: it may have been made. */
export async function createHook(
  client: NexudusClient,
  { event, action, locationId }: HookPurpose,
  publicUrl: string,
): Promise<void> {
  await client.write('POST', 'webhooks', {
    BusinessId: locationId,
    Name: `${ourPrefix}${event}`,
    Action: action,
    Description: 'Wakes Latchkey when something changes. Kept by `latchkey hooks install`.',
    URL: addressOf(publicUrl, event),
    Active: true,
  });
}

/** Switches a webhook on and corrects its address. Throws NexudusError. */
export async function mendHook(client: NexudusClient, hook: Hook, publicUrl: string): Promise<void> {
  await client.write('PUT', 'webhooks', {
    Id: hook.id,
    BusinessId: hook.locationId,
    Name: hook.name,
    Action: hook.action,
    Description: hook.description,
    URL: addressOf(publicUrl, hook.event),
    Active: true,
  });
}

function addressOf(publicUrl: string, event: string): string {
  return `${publicUrl}/nexudus/${event}`;
}

async function readPlaces(client: NexudusClient): Promise<HookPlace[]> {
  const businesses = await client.list('businesses');
  const top = businesses.filter(({ parentId }) => !businesses.some(({ id }) => id === parentId));
  if (top.length > 0) return top.map(({ id, name }) => ({ id, name }));
  const says = 'no location was answered, though there must be one.';
  throw new NexudusError({ kind: 'implausible', path: collections.businesses.path, says });
}

/**
 * Null: the webhook is for an action that is not among `hookedActions`. Throws `malformed` where it does not say what it is
 * for.
 */
function hookOf(record: WebhookRecord): Hook | null {
  const { id, name, description, url, locationId, action, active, errorCount, lastError, lastCallAt } =
    record;
  if (locationId === null || action === null || active === null) {
    throw new NexudusError({
      kind: 'malformed',
      path: `${collections.webhooks.path}/{id}`,
      says: `webhook ${id} does not say its location, its action or whether it is on.`,
    });
  }
  const purpose = purposes.find((one) => one.action === action);
  if (purpose === undefined) return null;
  const stands = { active, errorCount: errorCount ?? 0, lastError, lastCallAt };
  return { ...purpose, locationId, id, name, description, url, ...stands };
}
