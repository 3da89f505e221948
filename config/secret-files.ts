/** Secrets that may be in a file of their own, as Docker hands them in: `<name>_FILE` names it. */
import { resolve } from 'node:path';
import { whyUnread } from './text-file.js';
import { valueOf, type Env } from './variables.js';

/** What stands in for a secret that cannot be read, so that nothing else is said of it. */
const standIns = {
  NEXUDUS_PASSWORD: 'unread',
  NEXUDUS_TOKEN: 'unread',
  KISI_API_KEY: 'unread',
  NEXUDUS_WEBHOOK_SECRET: 'unread-unread-unread',
  NEXUDUS_ACS_TOKEN: 'unread-unread-unread',
  KISI_WEBHOOK_KEY: 'unread-unread-unread',
  LATCHKEY_OIDC_CLIENT_SECRET: 'unread',
  LATCHKEY_DATABASE_URL: 'file:unread',
  LATCHKEY_ALERT_URL: 'https://unread.invalid',
  LATCHKEY_ALERT_SMTP_URL: 'smtp://unread.invalid:587',
} as const;
type Secret = keyof typeof standIns;
const secretNames = Object.keys(standIns) as Secret[];

/** The secrets that both APIs are shown. */
export const credentialNames: readonly Secret[] = ['NEXUDUS_PASSWORD', 'NEXUDUS_TOKEN', 'KISI_API_KEY'];

/** The variables, with the secrets that are in files of their own. `problems` gets a line for each that cannot be read. */
export function withSecretFiles(
  env: Env,
  readFile: (path: string) => string,
  problems: string[],
  names: readonly Secret[] = secretNames,
): Env {
  const secrets = names.flatMap((name): [string, string][] => {
    const path = valueOf(env, `${name}_FILE`);
    if (path === undefined) return [];
    if (valueOf(env, name) !== undefined) {
      problems.push(`${name} and ${name}_FILE are both set: keep one of the two`);
      return [];
    }
    const read = secretIn(readFile, path, name === 'LATCHKEY_ALERT_URL');
    if (!('problem' in read)) return [[name, read.secret]];
    problems.push(`${name}_FILE names ${path}, which ${read.problem}`);
    return [[name, standIns[name]]];
  });
  return { ...env, ...Object.fromEntries(secrets) };
}

/**
 * The secret in the one line of a file, or in its lines where it may have several. What an editor or a shell puts around it
 * does not belong to it.
 */
function secretIn(
  readFile: (path: string) => string,
  path: string,
  mayHaveLines: boolean,
): { secret: string } | { problem: string } {
  let text: string;
  try {
    text = readFile(resolve(path)).replace(/^\ufeff/, '');
  } catch (error) {
    return { problem: `cannot be read: ${whyUnread(error)}` };
  }
  if (text.trim() === '') return { problem: 'is empty' };
  const last = text.replace(/\r?\n$/, '');
  const secret = mayHaveLines ? last.replace(/[\r\n]+/g, ' ') : last;
  if (/[\r\n]/.test(secret)) return { problem: 'has more than one line' };
  return /[\0-\x1f\x7f\ufffd]/.test(secret) ? { problem: 'is not plain text (UTF-8)' } : { secret };
}
