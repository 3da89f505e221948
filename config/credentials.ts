/** The credentials for both APIs, from the environment and the files that it names. */
import { ConfigError } from './config-error.js';
import { credentialNames, withSecretFiles } from './secret-files.js';
import { readTextFile } from './text-file.js';
import { valueOf, type Env } from './variables.js';

/** How Nexudus is told who asks: an e-mail and password that buy a token, or a ready token. */
export type NexudusAuth =
  { kind: 'password'; email: string; password: string } | { kind: 'token'; token: string };

/** The credentials for both APIs. Secrets: never logged. */
export interface Credentials {
  nexudus: NexudusAuth;
  kisi: string;
}

/** The credentials in `env` and the files that it names. Throws ConfigError where they are not whole. */
export function loadCredentials(env: Env, readFile: (path: string) => string = readTextFile): Credentials {
  const problems: string[] = [];
  const whole = withSecretFiles(env, readFile, problems, credentialNames);
  const nexudus = readAuth(whole, problems);
  const kisi = valueOf(whole, 'KISI_API_KEY');
  if (kisi === undefined) problems.push('KISI_API_KEY must be set');
  if (problems.length > 0 || nexudus === null || kisi === undefined) throw new ConfigError(problems);
  return { nexudus, kisi };
}

/** How Nexudus is told who asks; null, and a line more in `problems`: that is not whole. */
export function readAuth(env: Env, problems: string[]): NexudusAuth | null {
  const token = valueOf(env, 'NEXUDUS_TOKEN');
  const email = valueOf(env, 'NEXUDUS_EMAIL');
  // Spaces may belong to a password.
  const password = env['NEXUDUS_PASSWORD'] ?? '';
  if (token !== undefined && (email !== undefined || password !== '')) {
    problems.push('NEXUDUS_TOKEN and NEXUDUS_EMAIL/NEXUDUS_PASSWORD are both set: keep one of the two');
    return null;
  }
  if (token !== undefined) return { kind: 'token', token };
  if (email !== undefined && password !== '') return { kind: 'password', email, password };
  if (email !== undefined) problems.push('NEXUDUS_PASSWORD must be set, as NEXUDUS_EMAIL is');
  else if (password !== '') problems.push('NEXUDUS_EMAIL must be set, as NEXUDUS_PASSWORD is');
  else problems.push('NEXUDUS_EMAIL and NEXUDUS_PASSWORD must be set, or NEXUDUS_TOKEN');
  return null;
}
