/** The login of a user: bought once for all who ask, and not sent again and again where it is refused. */
import assert from 'node:assert/strict';
import { NexudusError } from '../../nexudus/errors.js';
import { createSession, type RefusedLogins, type Session } from '../../nexudus/session.js';

const minuteMs = 60_000;
const failure = (job: Promise<unknown>): Promise<unknown> =>
  job.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );

describe('a session', () => {
  let now: number;
  let logins: number;
  let isRight: boolean;
  let noted: (RefusedLogins | null)[];
  beforeEach(() => {
    now = Date.parse('2026-11-24T12:00:00Z');
    logins = 0;
    isRight = false;
    noted = [];
  });

  const start = (before: RefusedLogins | null = null): Session =>
    createSession({ before, note: (refused) => void noted.push(refused) }, () => now);
  const logIn = async () => {
    logins++;
    await Promise.resolve();
    if (!isRight) throw new NexudusError({ kind: 'refused', path: '/token', status: 400, says: 'refused.' });
    return { value: `token ${logins}`, renewAtMs: Infinity };
  };

  it('sends a refused login again after longer and longer pauses, however many ask meanwhile', async () => {
    const session = start();
    const sentAt: number[] = [];
    const begunAt = now;
    for (let minute = 0; minute <= 90; minute++) {
      for (let second = 0; second < 60; second += 2, now += 2_000) {
        const before = logins;
        const errors = await Promise.all(Array.from({ length: 10 }, () => failure(session.token(logIn))));
        assert.ok(errors.every((error) => error instanceof NexudusError && error.kind === 'refused'));
        if (logins > before) sentAt.push(Math.round((now - begunAt) / minuteMs));
      }
    }
    assert.deepEqual(sentAt, [0, 1, 3, 6, 14, 28, 43, 58, 72, 87]);
    assert.equal(logins, sentAt.length);
  });

  it('goes on at once where the login is taken at last, and begins anew with short pauses', async () => {
    const session = start();
    await failure(session.token(logIn));
    now += minuteMs;
    isRight = true;
    assert.equal(await session.token(logIn), 'token 2');
    assert.equal(await session.token(logIn), 'token 2');
    assert.deepEqual(
      noted.map((one) => one?.times ?? null),
      [1, null],
    );
  });

  it('of a process that was started anew pauses as the one before would', async () => {
    await failure(start().token(logIn));
    for (let starts = 0; starts < 20; starts++, now += 2_000) {
      const error = await failure(start(noted.at(-1)).token(logIn));
      assert.match(String(error), /\/token: refused\./);
    }
    assert.equal(logins, 1);
    now += 20_000;
    await failure(start(noted.at(-1)).token(logIn));
    assert.deepEqual([logins, noted.at(-1)?.times], [2, 2]);
  });

  it('does not wait for what was noted in the future, or absurdly often', async () => {
    await failure(start({ times: 3, at: now + 3_600_000, says: '' }).token(logIn));
    assert.equal(logins, 1);
    await failure(start({ times: 1_000_000, at: now - 16 * minuteMs, says: '' }).token(logIn));
    assert.equal(logins, 2);
  });

  it('buys one token in place of a refused one, for all who had that', async () => {
    isRight = true;
    const session = start();
    const first = await session.token(logIn);
    const renewed = await Promise.all(Array.from({ length: 100 }, () => session.renewed(first, logIn)));
    assert.ok(renewed.every((token) => token === 'token 2'));
    assert.equal(await session.renewed(first, logIn), 'token 2');
    assert.equal(logins, 2);
  });

  it('buys no token after token where a new one is refused too: a right is missing', async () => {
    isRight = true;
    const session = start();
    let token = await session.token(logIn);
    for (let second = 0; second < 3_600; second += 2, now += 2_000) {
      const renewed = await session.renewed(token, logIn);
      if (renewed === null) continue;
      session.noteFutile(renewed);
      token = renewed;
    }
    assert.equal(logins, 13, 'one every five minutes');
  });

  it('pauses after no other failure', async () => {
    const session = start();
    const down = () => {
      logins++;
      return Promise.reject(new NexudusError({ kind: 'unavailable', path: '/token', says: 'down.' }));
    };
    await failure(session.token(down));
    isRight = true;
    assert.equal(await session.token(logIn), 'token 2');
    assert.deepEqual(noted, []);
  });
});
