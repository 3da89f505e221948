/** Asks the Kisi simulator over HTTP; every answer, whatever the test is about, must have Kisi's shape. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { startKisiSimulator, type KisiSimulator, type KisiSwitches } from '../../simulators/kisi.js';

export const start = Date.parse('2026-11-20T10:00:00Z');
const hourMs = 3_600_000;

/** A simulator with a clock that stands still and no rate limit, unless the test says otherwise. */
export class Kisi {
  #clock = start;
  #simulator: KisiSimulator | undefined;

  async start(switches: Partial<KisiSwitches> = {}): Promise<void> {
    this.#clock = start;
    this.#simulator = await startKisiSimulator({
      now: () => this.#clock,
      switches: { rateLimit: null, ...switches },
    });
  }

  async stop(): Promise<void> {
    await this.simulator.stop();
  }

  get simulator(): KisiSimulator {
    assert(this.#simulator, 'not started');
    return this.#simulator;
  }

  get org(): KisiSimulator['org'] {
    return this.simulator.org;
  }

  get mails(): string[] {
    return this.simulator.mails.map(({ kind, to }) => `${kind} ${to}`);
  }

  pass(ms: number): void {
    this.#clock += ms;
  }

  async ask(method: string, path: string, body?: unknown, secret = 'kisi-test-key'): Promise<Answer> {
    return this.send(method, path, {
      authorization: `KISI-LOGIN ${secret}`,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async send(method: string, path: string, raw: { authorization?: string; body?: string }): Promise<Answer> {
    const response = await fetch(this.simulator.url + path, {
      method,
      headers: {
        'Content-Type': 'application/json',
        ...(raw.authorization === undefined ? {} : { Authorization: raw.authorization }),
      },
      ...(raw.body === undefined ? {} : { body: raw.body }),
    });
    const text = await response.text();
    const { status, headers } = response;
    if (status === 204) assert.equal(text, '', 'a 204 has no body');
    const answer = status === 204 ? undefined : (JSON.parse(text) as unknown);
    if (status !== 204) checkShape(shapeOf(method, path, status), answer);
    return { status, headers, body: answer };
  }

  /** The ids of a list, in the order given. */
  async ids(path: string): Promise<number[]> {
    const { status, body } = await this.ask('GET', path);
    assert.equal(status, 200, path);
    return (body as { id: number }[]).map(({ id }) => id);
  }
}

export interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

/** `hours` after the start, as Kisi writes it. */
export function hoursOn(hours: number): string {
  return new Date(start + hours * hourMs).toISOString();
}

const shapes = JSON.parse(
  readFileSync(new URL('./kisi-shapes.json', import.meta.url), 'utf8'),
) as AnySchemaObject;
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allowUnionTypes: true });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
ajv.addFormat('email', /^[^\s@]+@[^\s@]+$/);
ajv.addSchema(shapes);

/** Throws when a value does not have a shape of `kisi-shapes.json`; `User[]` is a list of them. */
export function checkShape(name: string, value: unknown): void {
  const list = name.endsWith('[]');
  const validate = ajv.getSchema(`kisi-shapes#/$defs/${name.replace('[]', '')}`);
  assert(validate, `no shape ${name}`);
  if (list) assert(Array.isArray(value), `${name} is a bare array`);
  for (const item of list ? (value as unknown[]) : [value]) {
    assert(validate(item), `${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(item)}`);
  }
}

const shapesByCollection: Record<string, string> = {
  users: 'User',
  groups: 'Group',
  role_assignments: 'RoleAssignment',
  roles: 'Role',
  places: 'Place',
  locks: 'Lock',
  group_locks: 'GroupLock',
  logins: 'Login',
  integrations: 'Integration',
};

function shapeOf(method: string, path: string, status: number): string {
  if (status === 422) return 'Errors';
  if (status >= 400) return 'Error';
  const [collection = '', id, action] = path.replace(/\?.*/, '').slice(1).split('/');
  if (action === 'unlock') return 'Unlocked';
  if (collection === 'user') return 'CurrentUser';
  if (collection === 'organization') return 'Organization';
  const shape = shapesByCollection[collection];
  assert(shape, `no shape for ${path}`);
  return method === 'GET' && id === undefined ? `${shape}[]` : shape;
}
