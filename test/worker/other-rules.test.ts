/** Several workers with different rules on one space: which rules hold, and who says so. */
import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { watchAnew } from '../../client/stage.js';
import { readInForce } from '../../activities/in-force.js';
import { described } from '../../activities/described.js';
import { loadConfig } from '../../config/config.js';
import { changeAfter, digestOfFile } from '../../worker/in-force.js';
import { standingOf } from '../../worker/other-rules.js';
import { createApis } from '../../worker/apis.js';
import { startService, type Service } from '../../worker/service.js';
import { connectClient } from '../../worker/temporal.js';
import { leaderWorkflowId } from '../../messages/to-member.js';
import { eventually } from '../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../support/space.js';

describe('the rules of a process, beside those in force', () => {
  it('are in force, the next, or past', () => {
    const of = (fileDigest: string, change: number): { fileDigest: string; change: number } => ({
      fileDigest,
      change,
    });
    assert.equal(standingOf('x', null, null), 'next');
    assert.equal(standingOf('x', null, of('x', 4)), 'inForce');
    assert.equal(standingOf('x', of('x', 1), of('x', 3)), 'inForce');
    assert.equal(standingOf('y', of('x', 4), of('x', 4)), 'next');
    // It was on at the start, and has been superseded; or has come back since.
    assert.equal(standingOf('y', of('x', 4), of('z', 5)), 'past');
    assert.equal(standingOf('y', of('x', 4), of('x', 6)), 'past');
    // Two that began on an empty space at once.
    assert.equal(standingOf('y', null, of('x', 1)), 'past');
  });

  it('are counted where they are others', () => {
    assert.equal(changeAfter(null, 'x'), 1);
    assert.equal(changeAfter({ fileDigest: 'x', change: 3 }, 'x'), 3);
    assert.equal(changeAfter({ fileDigest: 'x', change: 3 }, 'y'), 4);
  });
});

describe('workers with different rules', () => {
  interface Worker {
    service: Service;
    lines: string[];
    fileDigest: string;
  }
  let space: RunningSpace;
  let connected: Awaited<ReturnType<typeof connectClient>>;
  let client: Client;
  const running: Service[] = [];
  before(async () => {
    space = await startSpace(() => undefined, {}, 'none', 'policies: { renewalGrace: 15m }');
    connected = await connectClient(space.temporal);
    client = connected.client;
    await eventually('a leader', () => leads(space.service));
    await eventually('its word', async () => (await inForce()) !== null);
  });
  after(async () => {
    for (const service of running) await service.stop();
    await connected.connection.close();
    await space.stop();
  });

  async function start(renewalGrace: string): Promise<Worker> {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const yaml = `policies: { renewalGrace: ${renewalGrace} }`;
    const { file } = loadConfig({ NEXUDUS_TOKEN: 't', KISI_API_KEY: 'k' }, () => yaml);
    const config = { ...space.config, file };
    const apis = createApis(config, hurried());
    const temporal = space.temporal;
    const service = await startService({
      ...{ config, apis, log, temporal, sdkMetricsUrl: null },
      space: await watchAnew(config, apis, log),
    });
    running.push(service);
    return { service, lines, fileDigest: digestOfFile(file) };
  }
  async function leads({ healthPort }: Service): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`);
    return ((await answer.json()) as { isLeader: boolean }).isLeader;
  }
  const inForce = (): ReturnType<typeof readInForce> => readInForce(client);
  const says = (worker: Worker, words: RegExp): Promise<void> =>
    eventually(`${String(words)} in the log`, () => worker.lines.some((line) => words.test(line)));

  it('say so at once, change only as one of them ends, and never back by one that was there before', async () => {
    const workers = [await start('16m'), await start('17m')];
    for (const worker of workers)
      await says(worker, /are not in force.*until no worker with them runs any more/);
    assert.equal((await inForce())?.change, 1);

    await space.service.stop();
    await eventually('the next', async () => (await inForce())?.change === 2);
    const digest = (await inForce())?.fileDigest;
    const [taker, other] = workers[0]?.fileDigest === digest ? workers : [...workers].reverse();
    assert.ok(taker && other);
    assert.equal(taker.fileDigest, digest);
    await says(taker, /the rules in force have changed/);
    await says(other, /are not in force.*put in force after this worker was started.*Start it again/);

    await taker.service.stop();
    await eventually('a term that is left', async () => {
      const pending = (await described(client, leaderWorkflowId))?.raw.pendingActivities?.[0];
      return /other rules were put in force after/.test(pending?.lastFailure?.message ?? '');
    });
    assert.deepEqual([await leads(other.service), (await inForce())?.change], [false, 2]);

    await other.service.stop();
    const again = await start('15m');
    await eventually('its word', async () => (await inForce())?.change === 3);
    assert.equal((await inForce())?.fileDigest, again.fileDigest);
    assert.ok(await leads(again.service));
  });
});
