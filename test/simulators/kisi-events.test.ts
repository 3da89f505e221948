import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../support/eventually.js';
import { Kisi } from './kisi-ask.js';

interface Received {
  signature: string | undefined;
  body: string;
}

describe('Kisi simulator: event webhooks', () => {
  const kisi = new Kisi();
  const key = 'a signature key';
  let server: Server;
  let received: Received[] = [];
  let status = 200;

  beforeEach(async () => {
    await kisi.start();
    [received, status] = [[], 200];
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        received.push({ signature: request.headers['x-signature'] as string | undefined, body });
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    await kisi.stop();
    server.closeAllConnections();
    server.close();
  });

  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/kisi/events`;
  const install = (over: object = {}) =>
    kisi.ask('POST', '/integrations', {
      integration: {
        name: 'Latchkey',
        type: 'event_webhook',
        url: url(),
        enabled: true,
        signature_key: key,
        ...over,
      },
    });
  const events = (): Record<string, unknown>[] =>
    received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  const types = (): unknown[] => events().map(({ type }) => type);
  const came = (count: number): Promise<void> =>
    eventually(`${count} events`, () => received.length >= count, 45_000, 5);

  it('tell of changes over the API and by hand, signed, with the ids of the records', async () => {
    assert.equal((await install()).status, 200);
    const { body } = await kisi.ask('POST', '/users', { user: { email: 'ada@example.com', name: 'Ada' } });
    const userId = (body as { id: number }).id;
    await came(1);
    const group = kisi.org.addGroup({ name: 'Rome' });
    await came(2);
    const role = kisi.org.grantByHand({ userId, groupId: group.id });
    await came(3);
    await kisi.ask('PATCH', `/role_assignments/${role.id}`, { role_assignment: { valid_until: null } });
    await came(4);
    kisi.org.setAccessEnabled(userId, false);
    await came(5);
    await kisi.ask('DELETE', `/role_assignments/${role.id}`);
    await came(6);
    kisi.org.deleteUser(userId);
    await came(7);
    assert.deepEqual(
      events().map(({ type, object_type, object_id }) => [type, object_type, object_id]),
      [
        ['user.create', 'User', userId],
        ['group.create', 'Group', group.id],
        ['role_assignment.create', 'RoleAssignment', role.id],
        ['role_assignment.update', 'RoleAssignment', role.id],
        ['user.update', 'User', userId],
        ['role_assignment.destroy', 'RoleAssignment', role.id],
        ['user.destroy', 'User', userId],
      ],
    );
    assert.equal(new Set(events().map(({ uuid }) => uuid)).size, 7);
    for (const one of received) {
      const mac = createHmac('sha256', key).update(one.body).digest('hex');
      assert.equal(one.signature, `sha256=${mac}`);
    }
  });

  it('may lack the prefix, come twice, be unsigned, and be of the wanted kinds only', async () => {
    kisi.simulator.switches.eventSignaturePrefix = false;
    kisi.simulator.switches.eventsTwice = true;
    await install({ enabled_events: ['group.create'] });
    await install({ enabled: false });
    await install({ signature_key: null, enabled_events: ['user.create'] });
    kisi.org.addGroup({ name: 'Rome' });
    await came(2);
    kisi.org.addUser({ email: 'ada@example.com' });
    await came(4);
    assert.deepEqual(types(), ['group.create', 'group.create', 'user.create', 'user.create']);
    const [first, second, third] = received;
    assert.equal(first?.body, second?.body);
    assert.match(first?.signature ?? '', /^[0-9a-f]{64}$/);
    assert.equal(third?.signature, undefined);
  });

  it('end after many errors, and hold up nobody', async () => {
    status = 500;
    await install();
    for (let i = 1; i <= 10; i++) {
      kisi.org.addUser({ email: `${i}@example.com` });
      await came(i);
    }
    await kisi.ask('GET', '/user');
    kisi.org.addUser({ email: 'ada@example.com' });
    await kisi.ask('GET', '/user');
    assert.equal(received.length, 10);
  });

  it('need a name, an address and the right kind', async () => {
    for (const over of [{ name: '' }, { url: 'nowhere' }, { type: 'slack' }])
      assert.equal((await install(over)).status, 422, JSON.stringify(over));
  });
});
