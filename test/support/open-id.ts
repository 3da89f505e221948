/** Starts the sign-in service of the tests, and signs people in to it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { fieldIn, Visitor, type Answer } from './visitor.js';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export interface ProviderOptions {
  port: number;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  accounts: Record<string, Record<string, unknown>>;
  authMethod?: 'client_secret_basic' | 'client_secret_post';
  idTokenSeconds?: number;
  /** How far its clock is off. */
  clockOffMs?: number;
}

/** A key that no service had before. */
function newKey(): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

/** Starts a service with a new key. Answers how to stop it. */
export async function startProvider({
  clockOffMs = 0,
  ...options
}: ProviderOptions): Promise<() => Promise<void>> {
  const settings = { authMethod: 'client_secret_basic', idTokenSeconds: 3_600, ...options, key: newKey() };
  const child = spawn(
    process.execPath,
    ['--import', path('settable-clock.js'), '--import', 'tsx', path('open-id-provider.ts')],
    {
      env: { ...process.env, PROVIDER: JSON.stringify(settings), CLOCK_OFF_MS: String(clockOffMs) },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const ended = once(child, 'exit');
  const ready = once(child.stdout, 'data');
  await Promise.race([ready, ended.then(() => assert.fail(`the sign-in service did not start: ${said}`))]);
  return async () => {
    child.stdin.end();
    await ended;
  };
}

/**
 * Signs in to the service as an account. `start`: where the desk sends the browser to. Answers where the service sends it
 * back to.
 */
export async function signInAt(start: string, account: string): Promise<URL> {
  const { origin } = new URL(start);
  const visitor = new Visitor(origin);
  let at = start;
  for (let steps = 0; steps < 12; steps++) {
    const url = new URL(at, origin);
    if (url.origin !== origin) return url;
    let answer: Answer = await visitor.get(url.pathname + url.search);
    const prompt = fieldIn(answer.text, 'prompt');
    if (answer.status === 200 && prompt !== '')
      answer = await visitor.post(url.pathname, { prompt, login: account, password: 'any' });
    assert.ok(
      answer.status === 302 || answer.status === 303,
      `${answer.status} ${url.pathname}: ${answer.text}`,
    );
    at = answer.headers.location ?? '';
  }
  return assert.fail('the sign-in service never sent anybody back');
}
