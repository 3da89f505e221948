import { z } from 'zod';
import { NexudusError } from '../nexudus/errors.js';
import type { CollectionName } from '../nexudus/records.js';
import { parsed, soundRows } from '../nexudus/rows.js';
import { collections } from '../nexudus/schemas.js';
import { hookedActions } from '../nexudus/webhooks.js';
import { keysOf } from './assumptions.js';
import { lookAtFields } from './fields.js';
import { idOf, type Finding } from './finding.js';
import { nexudusFields } from './nexudus-fields.js';
import type { NexudusLook } from './nexudus-look.js';

/** What the account at Nexudus is and may do. Every function throws NexudusError. */

const user = z.object({ APIAccess: z.boolean().nullish(), DefaultBusinessId: z.int().nullish() });

/** Logs in, and reads who asks. */
export async function whoAsks(
  look: NexudusLook,
): Promise<{ hasApiAccess: boolean | null; locationId: number | null }> {
  const path = '/auth/me';
  const answer = parsed(user, await look.ask(path), path);
  return { hasApiAccess: answer.APIAccess ?? null, locationId: answer.DefaultBusinessId ?? null };
}

export async function nexudusUser(look: NexudusLook): Promise<Finding> {
  const { hasApiAccess } = await whoAsks(look);
  if (hasApiAccess === null) return { untold: 'Nexudus does not say. Look at the user in Nexudus.' };
  return { value: hasApiAccess, evidence: ['field APIAccess of the user'] };
}

/** Collections that Latchkey can do without: their address is inferred. */
const spare: readonly CollectionName[] = ['businesssettings'];

export async function nexudusReadable(look: NexudusLook): Promise<Finding> {
  const refused: string[] = [];
  const failed: string[] = [];
  const absent: string[] = [];
  for (const name of keysOf(collections)) {
    try {
      await look.sample(name);
    } catch (error) {
      if (!(error instanceof NexudusError)) throw error;
      const { path } = collections[name];
      if (error.kind === 'refused') refused.push(path);
      else if (error.kind === 'notFound' && spare.includes(name)) absent.push(path);
      else failed.push(path);
    }
  }
  const evidence = [
    `${keysOf(collections).length} lists asked for`,
    ...(absent.length === 0 ? [] : [`not there: ${absent.join(', ')}`]),
    ...(failed.length === 0 ? [] : [`without a good answer: ${failed.join(', ')}`]),
  ];
  if (refused.length === 0 && failed.length > 0)
    return { untold: 'Not every list was answered. Run it again.', evidence };
  return { value: refused, evidence };
}

export async function authFailureStatus(look: NexudusLook): Promise<Finding> {
  const status = await look.refusalOfStranger();
  const evidence = ['a request with a token that is none'];
  if (status === null)
    return { untold: 'Nexudus took a token that is none. Check NEXUDUS_BASE_URL.', evidence };
  if (status !== 401 && status !== 403)
    return { untold: `It was HTTP ${status}, which says nothing of logins.`, evidence };
  return { value: status, evidence };
}

/** To be asked last. */
export function throttleStatus({ throttles, requests }: NexudusLook): Promise<Finding> {
  const [first] = throttles;
  const evidence = [`${throttles.length} of ${requests} requests were refused`];
  if (first !== undefined && throttles.every((one) => one === first))
    return Promise.resolve({ value: first, evidence });
  const untold =
    first === undefined ? 'Nexudus never asked to slow down, and is not provoked.' : 'It was both.';
  return Promise.resolve({ untold, evidence });
}

/** To be asked last. */
export function nexudusPace({ throttles, requests }: NexudusLook): Promise<Finding> {
  const evidence = [`${throttles.length} of ${requests} requests were refused`];
  if (throttles.length === 0) return Promise.resolve({ value: 'admitted', evidence });
  return Promise.resolve({
    untold:
      'Nexudus asked to slow down: something else may use this login. Run it again while nothing else does.',
    evidence,
  });
}

const ourPrefix = 'Latchkey: ';
const actionNames = new Map(
  Object.values(hookedActions).flatMap((actions) =>
    Object.entries(actions).map(([action, name]: [string, string]) => [Number(action), name] as const),
  ),
);

/** Which webhooks of Latchkey there are, and which are off. */
export async function webhooksOn(look: NexudusLook): Promise<Finding> {
  const { rows, total } = await look.sample('webhooks');
  const ours = rows.filter(({ Name }) => typeof Name === 'string' && Name.startsWith(ourPrefix));
  const others = rows.length - ours.length;
  const told = ours.map((hook) => {
    const action = Number(hook['Action']);
    return {
      hook,
      words: `webhook ${idOf(hook, 'Id') ?? ''} (${actionNames.get(action) ?? `action ${action}`})`,
    };
  });
  if (told.some(({ hook }) => typeof hook['Active'] !== 'boolean') || rows.length < total)
    return { untold: 'The list does not say it of all. `latchkey hooks status` does.' };
  return {
    value: told.filter(({ hook }) => hook['Active'] === false).map(({ words }) => `${words} is off`),
    evidence: [
      ours.length === 0
        ? 'no webhook of Latchkey is installed'
        : `on: ${
            told
              .filter(({ hook }) => hook['Active'] === true)
              .map(({ words }) => words)
              .join(', ') || 'none'
          }`,
      `webhooks of others: ${others}`,
    ],
  };
}

/** Arrays, which lists leave out; that teams' rows may lack CoworkerIds is an assumption of its own. */
const notListed: Partial<Record<CollectionName, readonly string[]>> = {
  coworkers: ['Teams'],
  timepasses: ['Businesses'],
  teams: ['TeamMembers', 'CoworkerIds'],
};

export async function nexudusFieldsOf(look: NexudusLook, name: CollectionName): Promise<Finding> {
  const { rows } = await look.sample(name);
  const newest = rows.at(-1);
  const id = newest === undefined ? null : idOf(newest, 'Id');
  const single = id === null ? null : await look.record(name, id);
  const all = single === null ? rows : [...rows, single];
  const unreadable = all.length - soundRows(name, all).length;
  return lookAtFields(nexudusFields[name], { rows, single, unreadable, notListed: notListed[name] ?? [] });
}
