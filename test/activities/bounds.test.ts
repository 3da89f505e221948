/** What activities ask of the APIs ends with them. */
import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { remote, remoteReads } from '../../activities/remote.js';
import { createKisiClient } from '../../kisi/client.js';
import { createKisiPacer } from '../../kisi/pace.js';
import { createNexudusClient } from '../../nexudus/client.js';
import { createPacer } from '../../nexudus/pace.js';
import { eventually } from '../support/eventually.js';
import { startTrickle, type TrickleServer } from '../support/trickle.js';

const failure = (job: Promise<unknown>): Promise<unknown> =>
  job.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );

/** The first turn is taken, and no other comes today. */
const never = { minGapMs: 3_600_000, windowMs: 3_600_000, most: 1 };

describe('an activity', () => {
  let server: TrickleServer;
  beforeEach(async () => {
    server = await startTrickle('body', () => true);
  });
  afterEach(() => server.stop());

  async function asking(isInLine: boolean) {
    const nexudusPace = createPacer(isInLine ? never : {}).members;
    const kisiPace = createKisiPacer(isInLine ? never : {}).urgent;
    if (isInLine) await Promise.all([nexudusPace.turn(), kisiPace.turn()]);
    const nexudus = createNexudusClient({
      ...{ baseUrl: `${server.url}/api`, auth: { token: 'x' }, pace: nexudusPace, timeoutMs: 3_600_000 },
    });
    const kisi = createKisiClient({
      ...{ baseUrl: server.url, apiKey: 'a-key', pace: kisiPace, timeoutMs: 3_600_000 },
    });
    return {
      ...remoteReads({ readsNexudus: () => nexudus.list('coworkers') }),
      ...remote({
        readsKisi: () => kisi.listGroups(),
        writesToKisi: () => kisi.createUser({ email: 'ada@example.com', name: '' }),
      }),
    };
  }

  for (const name of ['readsNexudus', 'readsKisi'] as const) {
    it(`that is cancelled ends what it asked (${name}), to be tried again`, async () => {
      const env = new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 });
      const end = failure(env.run((await asking(false))[name]));
      await eventually('it is asked', () => server.open() === 1);
      env.cancel('WORKER_SHUTDOWN');
      const error = await end;
      assert.ok(error instanceof ApplicationFailure && error.nonRetryable !== true, String(error));
      await eventually('the connection is closed', () => server.open() === 0);
    });

    it(`gives up before Temporal takes it for lost, and says why (${name})`, async () => {
      const env = new MockActivityEnvironment({ startToCloseTimeoutMs: 200 });
      const error = await failure(env.run((await asking(false))[name]));
      assert.ok(error instanceof ApplicationFailure && error.nonRetryable !== true, String(error));
      assert.equal(error.type, name === 'readsNexudus' ? 'Nexudus' : 'Kisi');
      assert.match(error.message, /was not done within/);
      await eventually('the connection is closed', () => server.open() === 0);
    });
  }

  for (const name of ['readsNexudus', 'readsKisi', 'writesToKisi'] as const) {
    it(`that waits for its turn needs no drain (${name}): it is given up at once, and nothing is sent`, async () => {
      const env = new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 });
      const end = failure(env.run((await asking(true))[name]));
      await new Promise((resolve) => setTimeout(resolve, 20));
      env.cancel('WORKER_SHUTDOWN');
      const error = await end;
      assert.ok(error instanceof ApplicationFailure && error.nonRetryable !== true, String(error));
      assert.deepEqual(server.asked, []);
    });
  }

  it('that is cancelled while it writes waits for the answer', async () => {
    await server.stop();
    const user = { id: 7, email: 'ada@example.com', name: 'Ada' };
    const env = new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 });
    server = await startTrickle(
      'body',
      () => false,
      () => {
        env.cancel('WORKER_SHUTDOWN');
        return user;
      },
    );
    const { id } = await env.run<[], { id: number }, () => Promise<{ id: number }>>(
      (await asking(false)).writesToKisi,
    );
    assert.equal(id, 7);
  });
});
