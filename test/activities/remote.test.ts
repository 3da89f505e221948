import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { remote, remoteReads } from '../../activities/remote.js';

describe('a worker that stops', () => {
  const stopped = async (make: typeof remote): Promise<unknown> => {
    const env = new MockActivityEnvironment();
    let answer = (): void => undefined;
    const asking = new Promise<string>((resolve) => {
      answer = () => {
        resolve('the answer');
      };
    });
    const asked = env.run(make({ ask: () => asking }).ask).catch((error: unknown) => error);
    env.cancel('WORKER_SHUTDOWN');
    // Whatever gives up has done so by then.
    await new Promise((resolve) => setTimeout(resolve, 20));
    answer();
    return asked;
  };

  it('gives up what it reads, to be tried again', async () => {
    const failure = await stopped(remoteReads);
    assert.ok(failure instanceof ApplicationFailure, String(failure));
    assert.equal(failure.nonRetryable, false);
  });

  it('finishes what it writes', async () => {
    assert.equal(await stopped(remote), 'the answer');
  });
});
