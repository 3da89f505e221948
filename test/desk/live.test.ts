import assert from 'node:assert/strict';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import axios from 'axios';
import fastify, { type FastifyInstance } from 'fastify';
import { addLive } from '../../desk/live.js';
import { controlWorkflowId, pauseUpdate, resumeUpdate } from '../../messages/to-control.js';
import { membershipChanged, memberWorkflowId } from '../../messages/to-member.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

/** A connection as a browser holds it. */
interface Connection {
  status: number;
  /** Ids of the changes that it was told of. */
  changes: string[];
  hasBeats: () => boolean;
  hasEnded: () => boolean;
  /** From now on the browser takes nothing in. */
  stopReading: () => void;
  close: () => void;
}

describe('desk: live', () => {
  let space: RunningSpace;
  let app: FastifyInstance;
  let url: string;
  let ada: number;
  let isSignedIn = true;
  let open: Connection[] = [];
  /** The desk's end of the last connection. */
  let lastAnswer: ServerResponse | null = null;

  before(async () => {
    space = await startSpace(({ nexudus, ids }) => {
      const person = { FullName: 'Ada', Email: 'ada@example.com', InvoicingBusinessId: ids.rome };
      ada = nexudus.space.addCoworker(person).Id;
      const TimePassId = ids.passTypes.romeDay;
      nexudus.space.addPass({ CoworkerId: ada, TimePassId, BusinessId: ids.rome });
    });
    await eventually('her key', async () => (await space.view(ada))?.state === 'access');
  });
  after(() => space.stop());
  beforeEach(async () => {
    isSignedIn = true;
    app = fastify();
    app.addHook('onRequest', (request, reply, done) => {
      lastAnswer = reply.raw;
      const name = String(request.headers['x-name'] ?? 'Mia');
      request.viewer = { name, role: 'viewer', account: 'mia@desk-1' };
      request.staysSignedIn = () => Promise.resolve(isSignedIn);
      done();
    });
    addLive(app, { client: space.service.client }, () => '');
    url = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(async () => {
    for (const one of open) one.close();
    open = [];
    await app.close();
  });

  async function connect(topic: string, headers: Record<string, string> = {}): Promise<Connection> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${url}/live?topic=${topic}`, { headers, agent: false }, resolve).on('error', reject);
    });
    let text = '';
    let hasEnded = false;
    response.setEncoding('utf8').on('data', (part: string) => void (text += part));
    response.on('close', () => void (hasEnded = true)).on('error', () => undefined);
    const connection = {
      status: response.statusCode ?? 0,
      get changes() {
        return [...text.matchAll(/^id: (.+)\ndata: changed\n\n/gm)].map(([, id = '']) => id);
      },
      hasBeats: () => text.includes('event: beat\n'),
      hasEnded: () => hasEnded,
      stopReading: () => void response.pause(),
      close: () => void response.destroy(),
    };
    open.push(connection);
    return connection;
  }

  const told = (page: Connection, times: number): Promise<void> =>
    eventually(`told ${times} times`, () => page.changes.length >= times);

  async function quiet(page: Connection): Promise<number> {
    await eventually('a beat', page.hasBeats);
    return page.changes.length;
  }

  it('tells a member’s page when the member changes, and not the page of another', async () => {
    const [mine, other] = await Promise.all([connect(`member-${ada}`), connect('member-4711')]);
    await Promise.all([told(mine, 1), told(other, 1)]);
    const [before, beforeOther] = await Promise.all([quiet(mine), quiet(other)]);
    await space.service.client.workflow.getHandle(memberWorkflowId(ada)).signal(membershipChanged);
    await told(mine, before + 1);
    assert.equal(other.changes.length, beforeOther);
  });

  it('tells every page of an order that concerns everybody', async () => {
    const pages = await Promise.all([connect(`member-${ada}`), connect('member-4711'), connect('space')]);
    const before = await Promise.all(pages.map(quiet));
    const control = space.service.client.workflow.getHandle(controlWorkflowId);
    const giver = { by: 'Mia', why: 'a test' };
    await control.executeUpdate(pauseUpdate, { args: [{ ...giver, level: 'writes' }] });
    await Promise.all(pages.map((page, index) => told(page, (before[index] ?? 0) + 1)));
    await control.executeUpdate(resumeUpdate, { args: [giver] });
  });

  it('tells nothing anew to a browser that comes back and has missed nothing', async () => {
    const first = await connect('member-4711');
    await told(first, 1);
    const [last = ''] = first.changes;
    const [same, missed] = await Promise.all([
      connect('member-4711', { 'last-event-id': last }),
      connect('member-4711', { 'last-event-id': 'another' }),
    ]);
    await told(missed, 1);
    assert.deepEqual(missed.changes, [last]);
    assert.equal(await quiet(same), 0);
  });

  it('refuses a topic that is none', async () => {
    const topics = [
      '',
      'members',
      'member-',
      'member-0',
      'member-01',
      'member-1e3',
      'member-1%0a',
      'space%20',
    ];
    for (const topic of [...topics, 'space&topic=space', '%2e%2e%2fcontrol', 'member-'.padEnd(5_000, '9')])
      assert.equal((await connect(topic)).status, 400, topic);
    assert.equal((await axios.head(`${url}/live?topic=space`, { validateStatus: null })).status, 404);
  });

  it('lets one person keep a dozen pages open, and everybody else come all the same', async () => {
    const pages = await Promise.all(Array.from({ length: 12 }, () => connect('space')));
    assert.deepEqual(new Set(pages.map(({ status }) => status)), new Set([200]));
    assert.equal((await connect('space')).status, 503);
    assert.equal((await connect('space', { 'x-name': 'Gina' })).status, 200);
    pages[0]?.close();
    await eventually('there is room', async () => (await connect('space')).status === 200);
  });

  it('leaves a browser that does not read, and goes on for the others', async () => {
    const other = await connect('space');
    const slow = await connect('space');
    const answer = lastAnswer;
    assert.ok(answer);
    slow.stopReading();
    // Until neither the browser nor the systems between take any more in.
    while (answer.writableLength <= 16_384) {
      answer.write(`: ${'x'.repeat(65_536)}\n\n`);
      await turnOfLoop();
    }
    await eventually('it is left', () => answer.destroyed);
    await eventually('a beat', other.hasBeats);
    assert.equal(other.hasEnded(), false);
  });

  it('ends when the session does', async () => {
    const page = await connect('space');
    await eventually('a beat', page.hasBeats);
    assert.ok(!page.hasEnded());
    isSignedIn = false;
    await eventually('the end', page.hasEnded);
  });

  it('ends when the desk stops, which does not wait for open pages', async () => {
    const page = await connect('space');
    await app.close();
    await eventually('the end', page.hasEnded);
  });
});
