/** What is pushed: a key without waiting for the poll, or for the comparison. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { openDatabase } from '../../database/database.js';
import { WebhooksSeen } from '../../database/webhooks-seen.js';
import type { WebhookSeen } from '../../push/seen.js';
import { readSeen } from '../../webhooks/seen-keeper.js';
import { latchkeyDone } from '../client/cli.js';
import { launcher } from '../support/launcher.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';
import { newPort } from '../support/ports.js';

const secret = 'a shared secret of Nexudus';
const token = 'a bearer token of Nexudus';
const signatureKey = 'a signature key of Kisi';

describe('a push', () => {
  let space: RunningSpace;
  const held: Socket[] = [];

  afterEach(() => {
    for (const socket of held.splice(0)) socket.destroy();
  });
  before(async () => {
    space = await startSpace(
      ({ nexudus, ids }) => {
        const RootLocationId = nexudus.space.addBusiness({ Name: 'Both cities' }).Id;
        for (const id of [ids.rome, ids.newYork]) nexudus.space.update('businesses', id, { RootLocationId });
      },
      {
        LATCHKEY_POLL_INTERVAL: '7d',
        LATCHKEY_COMPARISON_INTERVAL: '7d',
        LATCHKEY_PUSH_PORT: '0',
        NEXUDUS_WEBHOOK_SECRET: secret,
        NEXUDUS_ACS_TOKEN: token,
        KISI_WEBHOOK_KEY: signatureKey,
      },
    );
    space.kisi.switches.eventsTwice = true;
    await installWebhook();
    await eventually('a first poll', async () => {
      const query = `WorkflowType = 'poll' AND ExecutionStatus = 'Completed'`;
      return (await space.service.client.workflow.count(query)).count > 0;
    });
    space.nexudus.switches.hookSecret = secret;
    await latchkeyDone({ ...space.env, LATCHKEY_PUSH_URL: address() }, 'hooks', 'install');
  });
  after(async () => {
    await space.stop();
  });

  const address = (): string => `http://127.0.0.1:${space.service.pushPort ?? 0}`;

  async function push(
    event: string,
    record: object | object[],
    port = space.service.pushPort,
  ): Promise<number> {
    const body = JSON.stringify([record].flat());
    const signature = createHmac('sha256', secret).update(body).digest('hex').toUpperCase();
    const headers = { 'Content-Type': 'application/json', 'X-Nexudus-Hook-Signature': signature };
    const url = `http://127.0.0.1:${port ?? 0}/nexudus/${event}`;
    return (await fetch(url, { method: 'POST', body, headers })).status;
  }
  async function installWebhook(): Promise<void> {
    const url = `http://127.0.0.1:${space.service.pushPort ?? 0}/kisi/events`;
    const integration = { name: 'Latchkey', type: 'event_webhook', url, signature_key: signatureKey };
    const answer = await fetch(`${space.kisi.url}/integrations`, {
      method: 'POST',
      headers: {
        Authorization: `KISI-LOGIN ${space.config.kisi.apiKey}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ integration }),
    });
    assert.equal(answer.status, 200);
  }
  /** Calls as Nexudus' Custom ACS does: lists the groups, or tells of a change. */
  function acs(
    path: string,
    business: string,
    change?: object,
    port = space.service.pushPort,
  ): Promise<Response> {
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'X-Nexudus-Business-UniqueId': business,
    };
    const url = `http://127.0.0.1:${port ?? 0}/acs/${path}`;
    return fetch(
      url,
      change === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(change) },
    );
  }
  /** A connection that says nothing. */
  function hold(port: number): Socket {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    held.push(socket);
    return socket;
  }
  const keysOf = (email: string): number => space.kisi.org.keysOf(email).length;

  it('is noted for `latchkey verify --push`, by its form and ids, without its body', async () => {
    const record = { Id: 4_711, FullName: 'Ada Lovelace', Email: 'ada@example.com' };
    assert.equal(await push('access', record), 200);
    const db = await openDatabase(space.config.databaseUrl);
    try {
      const seen = new WebhooksSeen(db);
      const noted = async (): Promise<WebhookSeen[]> => readSeen(seen, space.config);
      const isNoted = async (): Promise<boolean> =>
        (await noted()).some(({ recordId }) => recordId === 4_711);
      await eventually('it is noted', isNoted);
      const one = (await noted()).find(({ recordId }) => recordId === 4_711);
      assert.deepEqual(
        [one?.source, one?.kind, one?.isSigned, one?.signature, one?.body, one?.memberId],
        ['nexudus', 'access', true, 'upperHex', 'array', 4_711],
      );
      assert.doesNotMatch(JSON.stringify(await seen.since(0)), /Ada|example|secret/);
    } finally {
      await db.destroy();
    }
  });

  it('gives a new member a key for a pass, and takes it away at the end of the pass', async () => {
    const { nexudus, ids } = space;
    const [Email, FullName] = ['ada@example.com', 'Ada Lovelace-Müller'];
    const coworker = nexudus.space.addCoworker({ Email, FullName, InvoicingBusinessId: ids.rome });
    const type = { TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome };
    const pass = nexudus.space.addPass({ CoworkerId: coworker.Id, ...type });
    await eventually('her key', () => keysOf(Email) === 1);
    await eventually('the metric', async () => {
      const metrics = await fetch(`http://127.0.0.1:${space.service.healthPort}/metrics`);
      return /^latchkey_push_wake_seconds_count(\{[^}]*\})? [1-9]/m.test(await metrics.text());
    });
    nexudus.space.update('coworkertimepasses', pass.Id, { ExpireDate: '2021-01-01T00:00:00Z' });
    await eventually('no key', () => keysOf(Email) === 0);
  });

  it('has the poll look where it names no member', async () => {
    const { nexudus, ids } = space;
    for (const { Id } of nexudus.space.list('webhooks')) nexudus.space.remove('webhooks', Id);
    const Email = 'ben@example.com';
    const coworker = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
    nexudus.space.addPass({
      CoworkerId: coworker.Id,
      TimePassId: ids.passTypes.romeDay,
      BusinessId: ids.rome,
    });
    assert.equal(await push('contract', { Id: 1 }), 200);
    await eventually('his key', () => keysOf(Email) === 1);
  });

  it('comes through a flood of large forged ones, and connections that are held for nothing', async () => {
    const { nexudus, ids, service } = space;
    const forged = Buffer.alloc(255_000, 0xfe);
    const headers = { 'X-Nexudus-Hook-Signature': 'A'.repeat(64) };
    const url = `${address()}/nexudus/access`;
    let isOver = false;
    const flood = Array.from({ length: 20 }, async () => {
      while (!isOver) assert.equal((await fetch(url, { method: 'POST', body: forged, headers })).status, 401);
    });
    for (let i = 0; i < 300; i++) hold(service.pushPort ?? 0);
    const Email = 'guy@example.com';
    const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    assert.equal(await push('access', { Id }), 200);
    await eventually('his key', () => keysOf(Email) === 1);
    isOver = true;
    await Promise.all(flood);
  });

  it('of a thousand unknown ids starts no workflow, and keeps no purchase waiting that comes with it', async () => {
    const { nexudus, ids, service } = space;
    const firstUnknown = 2_000_000_000;
    const unknown = Array.from({ length: 1_000 }, (_, at) => ({ Id: firstUnknown + at }));
    const buys = (Email: string): number => {
      const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
      nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
      return Id;
    };
    // One purchase is named beside them, and one by a call of its own.
    const [beside, alone] = ['eva@example.com', 'fay@example.com'];
    assert.equal(await push('access', [...unknown, { Id: buys(beside) }].slice(1)), 200);
    const each = unknown.slice(0, 100).map((one) => push('access', one));
    assert.deepEqual(new Set(await Promise.all(each)), new Set([200]));
    assert.equal(await push('access', { Id: buys(alone) }), 200);
    await eventually('both keys', () => keysOf(beside) === 1 && keysOf(alone) === 1);
    assert.ok(nexudus.requests.count({ path: `/coworkers/${firstUnknown}` }) <= 1);
    const askedFor = unknown.filter(({ Id }) => nexudus.requests.count({ path: `/coworkers/${Id}` }) > 0);
    assert.ok(askedFor.length <= 10, `${askedFor.length} were asked for one by one`);
    for await (const { workflowId } of service.client.workflow.list({ query: `WorkflowType = 'member'` }))
      assert.ok(Number(workflowId.replace('member-', '')) < firstUnknown, workflowId);
  });

  it('of Custom ACS asks for the groups, has a pass become a key, and is kept where Latchkey decides otherwise', async () => {
    const { nexudus, kisi, ids } = space;
    const rome = nexudus.space.list('businesses').find(({ Id }) => Id === ids.rome);
    const business = { id: ids.rome, name: 'Rome', uniqueId: rome?.UniqueId ?? '' };
    const asked = kisi.requests.count({ path: '/groups' });
    for (let i = 0; i < 5; i++) {
      const groups = (await (await acs('groups', business.uniqueId.toUpperCase())).json()) as object[];
      assert.ok(groups.some((group) => 'id' in group && group.id === String(ids.groups.romeDay)));
    }
    assert.ok(kisi.requests.count({ path: '/groups' }) - asked <= 1, 'they are kept');

    const Email = 'cid@example.com';
    const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    const groups = [String(ids.groups.romeOffice)];
    const change = { time: new Date().toISOString(), business, coworker: { id: Id, email: Email }, groups };
    const before = nexudus.requests.count({ path: '/businesses' });
    assert.equal(
      (await acs('changes', '', { ...change, business: { id: 1, uniqueId: 'none' } })).status,
      404,
    );
    assert.equal(
      (await acs('changes', '', { ...change, business: { id: 1, uniqueId: 'nor this' } })).status,
      404,
    );
    assert.equal(nexudus.requests.count({ path: '/businesses' }), before, 'a flood is not passed on');
    assert.equal((await acs('changes', '', change)).status, 200);
    await eventually('his key', () => keysOf(Email) === 1);
    let all: Record<string, unknown>[] = [];
    await eventually('both opinions', async () => {
      const told = await latchkeyDone(space.env, 'disagreements', String(Id), '--json');
      all = JSON.parse(told) as Record<string, unknown>[];
      return all.some(({ why }) => why !== null);
    });
    const [{ memberId, onlyNexudus, onlyLatchkey, why } = {}] = all;
    assert.deepEqual(
      [memberId, onlyNexudus, onlyLatchkey],
      [Id, [ids.groups.romeOffice], [ids.groups.romeDay]],
    );
    assert.match(String(why), /^pass \d+/);
    assert.match(await latchkeyDone(space.env, 'disagreements'), /\n1 of 1 members differ/);
  });

  it('of Kisi has a key that was deleted by hand given again, and causes no comparison where Latchkey gave a key', async () => {
    const { kisi, ids } = space;
    const { org } = kisi;
    type View = { lastComparedAt: string | null; findings: { kind: string }[] };
    const drift = async (): Promise<View> =>
      JSON.parse(await latchkeyDone(space.env, 'drift', '--json')) as View;
    const userId = org.users().find(({ email }) => email === 'cid@example.com')?.id ?? 0;
    async function takeAway(): Promise<void> {
      const key = org.assignments().find(({ user_id }) => user_id === userId);
      assert.ok(key !== undefined && org.removeAssignment(key.id));
      await eventually('his key again', () => keysOf('cid@example.com') === 1);
    }
    await takeAway();
    assert.equal((await drift()).lastComparedAt, null, 'nothing was compared for the keys that were given');
    org.grantByHand({ userId, groupId: ids.groups.romeOffice });
    await takeAway();
    // The second time the comparison had the key given again.
    await eventually('the finding', async () =>
      (await drift()).findings.some(({ kind }) => kind === 'extra'),
    );
  });

  it('is taken by `latchkey listen` too, beside the worker, which says how many came and ends when told', async () => {
    const { nexudus, ids } = space;
    const [pushPort, healthPort] = [await newPort(), await newPort()];
    // Few files, as containers and older systems have it.
    const command = ['-c', 'ulimit -n 1024; exec "$0" "$1" listen', process.execPath, launcher];
    const listener = spawn('bash', command, {
      env: {
        ...process.env,
        ...space.env,
        LATCHKEY_PUSH_PORT: String(pushPort),
        LATCHKEY_HEALTH_PORT: String(healthPort),
        NEXUDUS_WEBHOOK_SECRET: secret,
      },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => listener.once('exit', resolve));
    const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${healthPort}${path}`);
    try {
      await eventually('readiness', () =>
        ask('/readyz').then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      // Many at once: one that says nothing for long is not replaced, but cut off.
      for (let i = 0; i < 1_170; i += 90)
        await Promise.all(Array.from({ length: 90 }, () => once(hold(pushPort), 'connect')));
      const Email = 'dan@example.com';
      const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
      nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
      assert.equal(await push('access', { Id }, pushPort), 200);
      assert.equal((await acs('groups', '', undefined, pushPort)).status, 404);
      await eventually('his key', () => keysOf(Email) === 1);
      const counts = [
        /^latchkey_pushes\{[^}]*outcome="taken"[^}]*source="nexudus"[^}]*\} 1$/m,
        /^latchkey_pushes\{[^}]*outcome="replaced"[^}]*\} [1-9]\d*$/m,
        /^latchkey_pushes\{[^}]*outcome="unknownAddress"[^}]*source="acs"[^}]*\} 1$/m,
      ];
      let metrics = '';
      const areCounted = async (): Promise<boolean> => {
        metrics = await (await ask('/metrics')).text();
        return counts.every((count) => count.test(metrics));
      };
      await eventually('the counts', areCounted, patienceMs, 200, () => Promise.resolve(metrics));
      assert.equal((await ask('/healthz')).status, 200);
    } finally {
      listener.kill('SIGTERM');
    }
    assert.equal(await ended, 0);
  });
});
