import { isKisiError } from '../kisi/errors.js';
import { counted } from '../lib/words.js';
import { idOf, idsOf, type Finding, type Row } from './finding.js';
import type { KisiLook } from './kisi-look.js';

/** Who the key at Kisi acts as, and what it may do. Every function throws KisiError. */

const dayMs = 86_400_000;
const longUnusedMs = 60 * dayMs;

export async function kisiRole(look: KisiLook): Promise<Finding> {
  const id = idOf(await look.record('/user'), 'id');
  if (id === null) return { untold: 'Kisi does not say who asks. Report it.' };
  const query = { assignee_type: 'User', assignee_id: id, limit: 250 };
  const { rows } = await look.page('/role_assignments', query);
  const own = rows.filter((right) => (right['assignee_id'] ?? right['user_id']) === id);
  const role = own.find((right) => right['applies_to_type'] === 'Organization')?.['role_id'];
  const evidence = [`user ${id}, ${counted(own.length, 'right')} of any kind`];
  if (role === undefined) return { value: 'none', evidence };
  if (typeof role !== 'string' || !/^\w{1,60}$/.test(role))
    return { untold: 'The role has no plain name. Look at it in Kisi.', evidence };
  return { value: role, evidence };
}

/** API logins of the person behind the key. A text: why it cannot be told. */
async function ownApiLogins(look: KisiLook): Promise<Row[] | string> {
  try {
    const { rows } = await look.page('/logins', { limit: 250 });
    const own = rows.filter(({ type }) => type === 'api');
    if (own.length > 0) return own;
    return 'Kisi lists no API key of this person. Look under My Account, API, in Kisi.';
  } catch (error) {
    // An address that does not exist is `invalid`.
    if (isKisiError(error, 'notFound', 'refused', 'invalid'))
      return 'Kisi does not show the logins of this person. Look under My Account, API, in Kisi.';
    throw error;
  }
}

export async function kisiKeyLasts(look: KisiLook): Promise<Finding> {
  const logins = await ownApiLogins(look);
  if (typeof logins === 'string') return { untold: logins };
  const expiring = logins.filter(({ expire }) => expire === true).length;
  const evidence = [`${expiring} of ${counted(logins.length, 'API key')} of this person expire`];
  if (logins.some(({ expire }) => typeof expire !== 'boolean'))
    return { untold: 'Kisi does not say which keys expire. Look under My Account, API.', evidence };
  if (expiring === 0) return { value: true, evidence };
  if (expiring === logins.length) return { value: false, evidence };
  return {
    untold: 'Some of the keys expire, and Kisi does not say which of them asks. Look under My Account, API.',
    evidence,
  };
}

export async function kisiKeysInUse(look: KisiLook): Promise<Finding> {
  const logins = await ownApiLogins(look);
  if (typeof logins === 'string') return { untold: logins };
  const unused = logins.filter(({ last_used_at: used }) => {
    const at = typeof used === 'string' ? Date.parse(used) : NaN;
    return look.now() - at > longUnusedMs;
  });
  const ids = idsOf(unused, 'id').join(', ');
  return {
    value: logins.length,
    evidence: [`unused for 60 days: ${ids === '' ? 'none' : `keys ${ids}`}`],
  };
}

/** The most other users whose logins are asked for, until one shows a login. */
const mostOthers = 3;

export async function deviceLoginsReadable(look: KisiLook): Promise<Finding> {
  const me = idOf(await look.record('/user'), 'id');
  const { rows } = await look.sample('users');
  const others = idsOf(rows, 'id').filter((id) => id !== me);
  if (others.length === 0) return { untold: 'Nobody else is there. Run it again once there is a member.' };
  const asked = others.slice(0, mostOthers);
  const evidence = [`the logins of ${asked.map((id) => `user ${id}`).join(', ')}`];
  try {
    const own = idsOf((await look.page('/logins', { limit: 250 })).rows, 'id');
    for (const id of asked) {
      const theirs = idsOf((await look.page('/logins', { user_id: id, limit: 250 })).rows, 'id');
      // A user who may not ask for the logins of others may be shown the own ones.
      if (theirs.some((one) => own.includes(one))) return { value: false, evidence };
      if (theirs.length > 0) return { value: true, evidence };
    }
    return {
      untold: 'They have none, or none is shown. Run it again once a member has signed in to the app.',
      evidence,
    };
  } catch (error) {
    if (isKisiError(error, 'refused')) return { value: false, evidence };
    if (isKisiError(error, 'notFound', 'invalid'))
      return { untold: 'Kisi does not know this address, or not this question.', evidence };
    throw error;
  }
}

/** To be asked last. */
export function kisiPace({ requests, throttles }: KisiLook): Promise<Finding> {
  const evidence = [`${throttles} of ${requests} requests were refused`];
  if (throttles === 0) return Promise.resolve({ value: 'admitted', evidence });
  const untold =
    'Kisi asked to slow down: something else may use keys of this person. Run it again while nothing else does.';
  return Promise.resolve({ untold, evidence });
}

/** To be asked last. */
export function retryAfterHeader({ throttles, throttlesWithWait }: KisiLook): Promise<Finding> {
  const evidence = [`${throttlesWithWait} of ${throttles} refusals said how long to wait`];
  if (throttles === 0)
    return Promise.resolve({ untold: 'Kisi never asked to slow down, and is not provoked.', evidence });
  if (throttlesWithWait > 0 && throttlesWithWait < throttles)
    return Promise.resolve({ untold: 'Some did and some did not.', evidence });
  return Promise.resolve({ value: throttlesWithWait > 0, evidence });
}

/** Groups in which a key opens nothing with the app. */
export async function groupsOpen(look: KisiLook): Promise<Finding> {
  const { rows } = await look.sample('groups');
  if (rows.length === 0) return { untold: 'There is no group. Run it again once there is one.' };
  const shut = rows.flatMap((group) => {
    const id = idOf(group, 'id') ?? '';
    const why = [
      ...(group['locks_count'] === 0 ? ['no doors'] : []),
      ...(group['login_enabled'] === false ? ['no app access'] : []),
    ];
    return why.length === 0 ? [] : [`group ${id} has ${why.join(' and ')}`];
  });
  return { value: shut, evidence: [counted(rows.length, 'group')] };
}
