import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpenAnswers } from '../../../desk/sign-in/open-answers.js';

describe('answers that go on for long', () => {
  it('are cut once their session has ended, and no others', async () => {
    const ended = new Set<string>();
    let isLost = false;
    const open = new OpenAnswers((token) =>
      isLost ? Promise.reject(new Error('the database does not answer')) : Promise.resolve(ended.has(token)),
    );
    const server = createServer((request, response: ServerResponse) => {
      open.add(response, request.url ?? '');
      response.write('data: 1\n\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const begin = async (path: string): Promise<IncomingMessage> => {
      const [answer] = (await once(get({ port, path, agent: false }), 'response')) as [IncomingMessage];
      answer.on('error', () => undefined).resume();
      return answer;
    };
    const [mia, alsoMia, eve] = await Promise.all([begin('/mia'), begin('/mia'), begin('/eve')]);
    ended.add('/mia');
    isLost = true;
    await open.look();
    assert.deepEqual([mia.closed, alsoMia.closed, eve.closed], [false, false, false]);
    isLost = false;
    const cut = Promise.all(
      [mia, alsoMia].map((answer) => new Promise((resolve) => answer.once('close', resolve))),
    );
    await open.look();
    await cut;
    await open.look();
    assert.equal(eve.closed, false);
    open.stop();
    server.closeAllConnections();
    server.close();
  });
});
