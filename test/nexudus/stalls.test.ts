/** Requests whose answers got lost while Nexudus answers others. */
import assert from 'node:assert/strict';
import { createNexudusClient, type NexudusClient } from '../../nexudus/client.js';
import { createStalls, type Stalls } from '../../nexudus/stalls.js';
import { startTrickle, trickles, type TrickleServer } from '../support/trickle.js';
import { noPace } from './stub.js';

describe('a request that hangs', () => {
  let now: number;
  let stalls: Stalls;
  let stalled: string[];
  beforeEach(() => {
    now = 0;
    stalled = [];
    stalls = createStalls(() => now);
  });
  const send = (path: string) => stalls.sent(path, () => stalled.push(path));
  /** Sends another one so much later, which is answered at once. */
  const answered = (laterMs: number, path = '/other'): void => {
    now += laterMs;
    send(path).over(true);
  };

  it('is found where one that was sent later has been answered', () => {
    const hung = send('/hung');
    answered(1_999);
    assert.deepEqual(stalled, [], 'it may still come');
    answered(1);
    assert.deepEqual(stalled, ['/hung']);
    answered(5_000);
    assert.deepEqual(stalled, ['/hung'], 'told once');
    hung.over(false);
  });

  it('is no sign of anything while no other is answered', () => {
    const hung = send('/hung');
    now += 5_000;
    send('/hung too').over(false);
    assert.deepEqual(stalled, []);
    hung.over(false);
  });

  it('is not one whose path took that long last time', () => {
    const slow = send('/slow');
    now += 3_000;
    slow.over(true);
    const again = send('/slow');
    answered(5_999);
    assert.deepEqual(stalled, []);
    answered(1);
    assert.deepEqual(stalled, ['/slow']);
    again.over(false);
  });

  it('is not one that was answered meanwhile', () => {
    send('/soon').over(true);
    answered(5_000);
    assert.deepEqual(stalled, []);
  });
});

describe('an answer of Nexudus that is lost while others come', () => {
  let server: TrickleServer;
  afterEach(() => server.stop());

  const none = { Records: [], TotalItems: 0, HasNextPage: false };
  const clientOf = (timeoutMs = 10_000): NexudusClient =>
    createNexudusClient({
      ...{ baseUrl: `${server.url}/api`, auth: { token: 'a-token' }, pace: noPace(), timeoutMs },
      stalls: createStalls(() => performance.now() * 20),
    });

  /** Asks for something else, again and again, until a request is over. */
  async function whileOthersCome<T>(client: NexudusClient, request: Promise<T>): Promise<T> {
    const over = new AbortController();
    const end = (): void => {
      over.abort();
    };
    request.then(end, end);
    while (!over.signal.aborted) await client.list('teams');
    return request;
  }

  for (const how of trickles)
    it(`in its ${how} is asked for once more`, async () => {
      const isLost = (path: string, before: number): boolean => path.includes('coworkers') && before === 0;
      server = await startTrickle(how, isLost, () => none);
      const client = clientOf();
      assert.deepEqual(await whileOthersCome(client, client.list('coworkers')), []);
    });

  it('to something that was written is not asked for again', async () => {
    server = await startTrickle(
      'headers',
      (path) => path.includes('webhooks'),
      () => none,
    );
    const client = clientOf(400);
    await assert.rejects(whileOthersCome(client, client.write('POST', 'webhooks', {})), /ETIMEDOUT/);
    assert.equal(server.asked.filter((path) => path.includes('webhooks')).length, 1);
  });
});
