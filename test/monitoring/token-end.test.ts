/** NEXUDUS_TOKEN lives for seven days, and a person must replace it: told before that, whatever restarts and is lost. */
import assert from 'node:assert/strict';
import type { Kept, KeptValue } from '../../database/kept.js';
import { createLogger } from '../../worker/logging.js';
import { TokenWatch, expiryIn } from '../../monitoring/token-end.js';

const dayMs = 24 * 3_600_000;
const begin = Date.UTC(2026, 10, 20, 12);

describe('the end of NEXUDUS_TOKEN', () => {
  let now: number;
  let token: string | null;
  let rows: Map<string, KeptValue>;
  let isDown: boolean;
  let warned: string[];
  beforeEach(() => {
    now = begin;
    token = 'the-token-that-a-person-got';
    rows = new Map();
    isDown = false;
    warned = [];
  });

  const kept: Kept = {
    read: (name) => (isDown ? Promise.reject(new Error('down')) : Promise.resolve(rows.get(name) ?? null)),
    write(name, value, at) {
      if (isDown) return Promise.reject(new Error('down'));
      rows.set(name, { value, at });
      return Promise.resolve();
    },
  };

  /** As one process watches it. */
  function start() {
    const log = createLogger({ level: 'silent' });
    log.warn = (line: string): void => void warned.push(line);
    const watch = new TokenWatch({ tokenInUse: () => token, kept, log, now: () => now });
    return async (): Promise<number | null> => {
      await watch.look();
      const endsAt = watch.endsAt();
      return endsAt === null ? null : (endsAt - begin) / dayMs;
    };
  }

  it('is seven days after it was first seen, and the log says so once, six days after', async () => {
    const look = start();
    for (let hour = 0; hour < 6 * 24; hour++, now += 3_600_000) assert.equal(await look(), 7);
    assert.deepEqual(warned, []);
    assert.equal(await look(), 7);
    now += 3_600_000;
    assert.equal(await look(), 7);
    assert.equal(warned.length, 1);
    assert.match(warned.join(), /^NEXUDUS_TOKEN ends at 2026-11-27 12:00 UTC or before/);
  });

  it('counts on through restarts, and keeps neither the token nor what it could be guessed by at once', async () => {
    await start()();
    now += 5 * dayMs;
    assert.equal(await start()(), 7);
    now += dayMs;
    assert.equal(await start()(), 7);
    assert.equal(warned.length, 1);
    assert.doesNotMatch(JSON.stringify([...rows]), /person/);
    assert.doesNotMatch(warned.join(), /person/);
  });

  it('counts anew for a new token, in this process and in the next', async () => {
    const look = start();
    await look();
    now += 6 * dayMs;
    token = 'another-token';
    assert.equal(await look(), 13);
    now += dayMs;
    assert.equal(await start()(), 13);
    assert.deepEqual(warned, []);
  });

  it('counts from now where the database is lost, or holds rubbish', async () => {
    await start()();
    now += 3 * dayMs;
    rows.clear();
    assert.equal(await start()(), 10);
    now += dayMs;
    for (const name of rows.keys()) rows.set(name, { at: now, value: { salt: '', digest: '', seenAt: 5 } });
    assert.equal(await start()(), 11);
  });

  it('does not begin anew by a database that is away, nor by a clock that was set back', async () => {
    await start()();
    now += 3 * dayMs;
    isDown = true;
    const look = start();
    assert.equal(await look(), 10);
    isDown = false;
    assert.equal(await look(), 7);
    now = begin - 2 * dayMs;
    assert.equal(await start()(), 5);
  });

  it('is there for no login by e-mail and password', async () => {
    token = null;
    const look = start();
    assert.equal(await look(), null);
    assert.equal(rows.size, 0);
    token = 'a-token';
    assert.equal(await look(), 7);
    token = null;
    assert.equal(await look(), null);
  });

  const jwt = (payload: unknown): string =>
    ['{"alg":"none"}', JSON.stringify(payload), 'x']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');

  it('is what the token says itself, where it is a JSON Web Token', async () => {
    token = jwt({ exp: (begin + 2 * dayMs) / 1000 });
    assert.equal(await start()(), 2);
    assert.equal(rows.size, 0);
  });

  it('is not what makes no sense in a token', () => {
    for (const exp of ['1', null, 0, -1, 1e30, NaN, Infinity, {}]) assert.equal(expiryIn(jwt({ exp })), null);
    for (const one of ['', 'a.b.c', '..', jwt(null), jwt([1]), 'opaque-token_with.two.parts.more'])
      assert.equal(expiryIn(one), null);
  });
});
