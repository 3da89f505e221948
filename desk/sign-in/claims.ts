/** What a sign-in service says of a person, and what that makes the person here. Pure. */
import { createHmac } from 'node:crypto';
import type { OpenIdConfig } from '../../config/desk.js';
import type { DeskPeople } from '../../config/rules-file.js';
import { normalEmail } from '../../lib/emails.js';
import { roles, type Role } from '../../lib/roles.js';
import { giverProblem } from '../../messages/to-control.js';

/** What the service says of a person: claims by their names. */
export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** The longest part of an account, see `giverProblem`. */
const longestPart = 49;

/**
 * What a person may do; null: nothing is said of the person. A person that `people` names has the role there; for anybody else
 * the highest role of the claim counts. An e-mail names a person only where the service says that it is verified: else people
 * who change their own e-mail could become another.
 */
export function roleOf(
  claims: Claims,
  { roleClaim }: Pick<OpenIdConfig, 'roleClaim'>,
  people: DeskPeople,
): Role | null {
  const { sub, email, email_verified: isVerified } = claims;
  const names = [sub, ...(typeof email === 'string' && isVerified === true ? [normalEmail(email)] : [])];
  for (const name of names) if (Object.hasOwn(people, name)) return people[name] ?? null;
  const claimed = roleClaim === null ? [] : [valueAt(claims, roleClaim)].flat();
  return roles.findLast((role) => claimed.includes(role)) ?? null;
}

/** The value of a claim, which may be within others: 'realm_access.roles'. A name with dots in it goes first. */
function valueAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path.split('.').reduce<unknown>((within, name) => {
    const isObject = typeof within === 'object' && within !== null;
    return isObject && Object.hasOwn(within, name) ? (within as Record<string, unknown>)[name] : undefined;
  }, claims);
}

/** The name that the audit log keeps: the first one that can be kept, and is no e-mail. Else the account. */
export function nameOf(
  { name, preferred_username: userName, given_name: firstName }: Claims,
  account: string,
): string {
  const first = [name, userName, firstName].find(
    (one) => typeof one === 'string' && giverProblem({ by: one.trim(), why: '' }) === null,
  );
  return typeof first === 'string' ? first.trim() : account.replaceAll('@', ' of ');
}

/**
 * The account of a person, which the audit log keeps beside the name: the service's subject and the service,
 * 'f3a1@sso.example.com'. A subject that holds an e-mail, or cannot be kept as it is, is told by a digest. `secret`: this
 * installation's, so that nobody can try e-mails on the digest.
 */
export function accountOf({ sub }: Claims, issuer: string, secret: Buffer): string {
  const isPlain = /^[A-Za-z0-9._-]+$/.test(sub) && sub.length <= longestPart;
  const digest = (): string =>
    createHmac('sha256', secret).update(`${issuer} ${sub}`).digest('hex').slice(0, 32);
  const service = new URL(issuer).host.replace(/[^A-Za-z0-9.-]/g, '_').slice(0, longestPart);
  return `${isPlain ? sub : digest()}@${service}`;
}
