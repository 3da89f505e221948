import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNexudusClient } from '../../nexudus/client.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { Recorder } from '../../tape/recorder.js';
import { hearWorkers, serveTap, Tap } from '../../tape/tap.js';
import { scratch } from '../client/cli.js';
import { eventually } from '../support/eventually.js';

describe('what a worker asks', () => {
  const folder = scratch();
  let nexudus: NexudusSimulator;
  let end: () => Promise<void>;
  const tap = new Tap();

  before(async () => {
    nexudus = await startNexudusSimulator();
    nexudus.space.addCoworker({ FullName: 'Ada', Email: 'ada@example.com' });
    end = await serveTap(tap, folder.path);
  });
  after(async () => {
    await end();
    await nexudus.stop();
    folder.remove();
  });

  const client = () =>
    createNexudusClient({
      baseUrl: nexudus.url,
      auth: { email: 'admin@example.com', password: 'nexudus-password' },
      wire: tap.wireTo('nexudus'),
    });

  it('is heard by whoever listens at its socket, without the login, and by nobody after that', async () => {
    const recorder = new Recorder();
    const hearing = await hearWorkers(recorder, folder.path);
    assert.equal(hearing.workers, 1);
    await client().list('coworkers');
    await eventually('both requests', () => recorder.exchanges().length === 2);
    const [login, list] = recorder.exchanges();
    assert.deepEqual([login?.path, login?.sent, login?.body, login?.status], ['/token', '', '', 200]);
    assert.deepEqual([list?.path, list?.by, list?.status], ['/spaces/coworkers', 'worker', 200]);
    assert.match(list?.body ?? '', /ada@example\.com/);
    assert.doesNotMatch(JSON.stringify(recorder.exchanges()), /nexudus-password|bearer/i);

    hearing.end();
    await hearing.over;
    await client().list('coworkers');
    assert.equal(recorder.exchanges().length, 2);
  });

  it('is heard through a socket that is its owner’s alone', () => {
    const { mode } = statSync(join(folder.path, `tape-${process.pid}.sock`));
    assert.equal((mode & 0o077).toString(8), '0');
  });

  it('is not heard where no worker runs, or one was killed', async () => {
    const empty = scratch();
    try {
      writeFileSync(join(empty.path, 'tape-1.sock'), '');
      assert.equal((await hearWorkers(new Recorder(), empty.path)).workers, 0);
      const stop = await serveTap(new Tap(), empty.path);
      assert.deepEqual(readdirSync(empty.path), [`tape-${process.pid}.sock`]);
      await stop();
      assert.deepEqual(readdirSync(empty.path), []);
    } finally {
      empty.remove();
    }
  });
});
