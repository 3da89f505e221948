import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Http2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectClient } from '../../worker/temporal.js';

const unimplemented = '12';
const unavailable = '14';

describe('a connection to Temporal', () => {
  const server = createServer();
  const sessions = new Set<Http2Session>();

  after(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });

  it('that is closed while a failed call waits to be repeated fails that call, and ends no process', async () => {
    const asked: string[] = [];
    server.on('session', (session) => sessions.add(session));
    server.on('stream', (stream, headers) => {
      const method = String(headers[':path']).split('/').at(-1) ?? '';
      asked.push(method);
      const code = method === 'GetSystemInfo' ? unimplemented : unavailable;
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': code },
        { endStream: true },
      );
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const { client, connection } = await connectClient({
      address: `127.0.0.1:${port}`,
      namespace: 'default',
    });
    const call = client.workflow.getHandle('member-1').describe();
    const failed = assert.rejects(call, /Failed to describe workflow/);
    while (!asked.includes('DescribeWorkflowExecution')) await new Promise(setImmediate);
    await connection.close();
    await failed;
  });
});
