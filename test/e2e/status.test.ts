/** `latchkey status`, and the alerts that go out, while things break and mend. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openDatabase } from '../../database/database.js';
import { createKept } from '../../database/kept.js';
import { hooksKeptName } from '../../monitoring/monitor.js';
import { memberWorkflowId, resync } from '../../messages/to-member.js';
import { latchkeyDone, latchkeyWith } from '../client/cli.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../support/space.js';

/** What came to a webhook, and the status that it answers with. */
interface Receiver {
  server: Server;
  url: string;
  got: { text: string; alerts: { cause: string; state: string }[] }[];
  status: number;
}

async function receive(): Promise<Receiver> {
  const receiver: Receiver = { server: createServer(), url: '', got: [], status: 200 };
  receiver.server.on('request', (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (receiver.status === 200) receiver.got.push(JSON.parse(body) as Receiver['got'][number]);
      response.writeHead(receiver.status).end('ok');
    });
  });
  receiver.server.listen(0, '127.0.0.1');
  await once(receiver.server, 'listening');
  receiver.url = `http://127.0.0.1:${(receiver.server.address() as AddressInfo).port}/hook/s3cr3t`;
  return receiver;
}

describe('status and alerts', () => {
  let space: RunningSpace;
  let receiver: Receiver;
  let memberId: number;
  before(async () => {
    receiver = await receive();
    space = await startSpace(
      ({ nexudus, ids }) => {
        memberId = nexudus.space.addCoworker({ Email: 'ann@example.com', InvoicingBusinessId: ids.rome }).Id;
        nexudus.space.addPass({
          CoworkerId: memberId,
          TimePassId: ids.passTypes.romeDay,
          BusinessId: ids.rome,
        });
      },
      { LATCHKEY_ALERT_URL: receiver.url },
      'none',
      'policies:\n  doorHorizon: 1d\n',
      { everyMs: 200, calmMs: 500, firstPauseMs: 200, limits: { downMs: 1_000, blockedMs: 0 } },
    );
    await eventually('a key', () => space.kisi.org.keysOf('ann@example.com').length === 1);
  });
  after(async () => {
    await space.stop();
    receiver.server.closeAllConnections();
    receiver.server.close();
  });

  const said = (...args: string[]): Promise<string> => latchkeyDone(space.env, 'status', ...args);
  const json = async (): Promise<Record<string, unknown>> =>
    JSON.parse(await said('--json')) as Record<string, unknown>;
  const told = (): string[] =>
    receiver.got.flatMap(({ alerts }) => alerts.map(({ cause, state }) => `${cause} ${state}`));
  const checked = async (): Promise<number | null> =>
    (await latchkeyWith(space.env, 'status', '--check')).code;

  /** Has the member compare herself with Kisi. */
  const askKisi = (): Promise<void> =>
    space.service.client.workflow.getHandle(memberWorkflowId(memberId)).signal(resync);

  it('says of a space that is well who runs by which rules, and when everything was read', async () => {
    await eventually('the role of the API key', async () => /^Kisi: .* with the role/m.test(await said()));
    await eventually('a member with access', async () =>
      /^Members: 1 are looked after, 1 have access\.$/m.test(await said()),
    );
    await eventually('a reconciliation', async () => /^Last reconciliation: \d/m.test(await said()));
    const lines = [
      /^Mode live: /m,
      /^Nothing is stopped\.$/m,
      /^No member waits because of a problem\.$/m,
      /^No key is withheld/m,
      /^Nexudus: answers since .* The login was accepted \d+ s ago, with the role: administrator\. Its clock agrees with ours\.$/m,
      /^Last poll: \d+ s ago, every 1 s\.$/m,
      /^Last reconciliation: \d+ s ago, every 10 min\.$/m,
      /^Kisi: .* The API key was accepted \d+ s ago, and acts as user \d+, with the role: organization_owner\. Its clock agrees with ours\.$/m,
      /^Last comparison with Kisi: none yet\.$/m,
      /^Rules in force: [0-9a-f]+, of process \d+@/m,
      /^Worker \d+@\S+ \(Latchkey \d+\.\d+\.\d+, rules [0-9a-f]+\): is the leader\.$/m,
      /^Alerts go to the webhook at 127\.0\.0\.1:\d+\.$/m,
      /^Nothing needs anybody\.$/m,
    ];
    let text = '';
    const areThere = async (): Promise<boolean> => {
      text = await said();
      return lines.every((line) => line.test(text));
    };
    await eventually('all of it', areThere, patienceMs, 200, () => Promise.resolve(text));
    assert.doesNotMatch(text, /s3cr3t|ann@example/);
    assert.equal(await checked(), 0);
    await latchkeyDone(space.env, 'drift', '--now');
    await eventually('a comparison', async () =>
      /^Last comparison with Kisi: \d+ s ago\.$/m.test(await said()),
    );
    assert.match(await said(), /^No drift: Kisi and what was given agree\.$/m);
  });

  it('asks neither API', async () => {
    await latchkeyDone(space.env, 'pause', 'all', '--by', 'Mia');
    await eventually('no poll', async () => /^Last poll \(paused\)/m.test(await said()));
    const asked = (): number => space.nexudus.requests.list().length + space.kisi.requests.list().length;
    // What was under way when the pause came may still be asking.
    await eventually('a status without a request', async () => {
      const before = asked();
      assert.match(await said(), /^Stopped \(all\): .* By Mia/m);
      return asked() === before;
    });
    await latchkeyDone(space.env, 'resume', '--by', 'Mia');
  });

  it('finds a member by id without Nexudus, and says what to do for an e-mail', async () => {
    const env = { ...space.env, NEXUDUS_BASE_URL: 'http://127.0.0.1:1/api' };
    assert.match(await latchkeyDone(env, 'show', String(memberId)), /has access/);
    assert.match(await latchkeyDone(env, 'members'), new RegExp(`^ *${memberId} +access`, 'm'));
    const { code, stderr } = await latchkeyWith(env, 'show', 'ann@example.com');
    assert.equal(code, 1);
    assert.match(stderr, /give the coworker id, which needs no Nexudus\n.*ECONNREFUSED/);
  });

  it('says that Kisi is down, since when and why, tells it once, and tells that it is over', async () => {
    space.kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
    await askKisi();
    await eventually('it is told', () => told().includes('down/kisi begun'));
    // What a process tells of itself comes with its next heartbeat.
    await eventually('status says so', async () =>
      /^Kisi: does not answer since .*: Kisi answered 503 to /m.test(await said()),
    );
    await eventually('and who waits', async () =>
      /^Members that wait because of a problem: Kisi 1;/m.test(await said()),
    );
    const { kisi } = (await json()) as { kisi: { down: { since: string } } };
    assert.match(kisi.down.since, /^\d{4}-.*Z$/);
    // Her key reaches a day ahead, and cannot be moved on.
    await eventually('what ends at the door is told', () => told().includes('ending begun'));
    const ending = new RegExp(`^ {2}- Keys of 1 members end at the door .*: members ${memberId}\\.`, 'm');
    await eventually('and by status', async () => ending.test(await said()));
    space.kisi.faults.clear();
    await eventually('that it is over is told', () => told().includes('down/kisi over'));
    await eventually('and that the key is safe', () => told().includes('ending over'));
    assert.deepEqual(
      told().filter((one) => one.startsWith('down/kisi')),
      ['down/kisi begun', 'down/kisi over'],
    );
    const [first] = receiver.got.filter(({ alerts }) => alerts.some(({ cause }) => cause === 'down/kisi'));
    assert.match(first?.text ?? '', /^Latchkey: \d new\n(.*\n)*• Kisi has not answered since /);
    await eventually('nothing to do', async () => (await checked()) === 0);
  });

  it('tells of an API key that is refused, and after a restart tells neither that again nor that it is over', async () => {
    space.kisi.faults.add({ match: '.*', kind: 'status', status: 401 });
    await askKisi();
    await eventually('it is told', () => told().includes('refused/kisi begun'));
    await eventually('status says so', async () =>
      /^ {2}- Kisi has refused Latchkey's credentials since .*KISI_API_KEY/m.test(await said()),
    );
    assert.equal(await checked(), 1);
    await space.service.stop();
    // Only now, so that this worker cannot tell that it is over.
    space.kisi.faults.clear();
    const before = told().length;
    await eventually('that nobody leads', async () => {
      const { code, stdout } = await latchkeyWith(space.env, 'status', '--check');
      const leaderless =
        /^ {2}- No worker is the leader since .*, so Latchkey asks Nexudus and Kisi nothing/m;
      const isTold =
        /^Kisi, as last told \d+ (s|min) ago: /m.test(stdout) && /^Rules in force: /m.test(stdout);
      return code === 1 && isTold && leaderless.test(stdout);
    });
    assert.equal(told().length, before);
    receiver.status = 500;
    space.service = await space.startWorker(hurried());
    await eventually('that alerts do not get there is said', async () =>
      /^ {2}- Alerts have not reached the webhook at 127\.0\.0\.1:\d+ since .*: it answered 500\./m.test(
        (await latchkeyWith(space.env, 'status', '--check')).stdout,
      ),
    );
    assert.equal(told().length, before);
    receiver.status = 200;
    await eventually('that it is over is told', () => told().includes('refused/kisi over'));
    assert.deepEqual(
      told().filter((one) => one.startsWith('refused/kisi')),
      ['refused/kisi begun', 'refused/kisi over'],
    );
  });

  it('tells of an API that is down from the very start of a worker', async () => {
    await space.service.stop();
    const before = told().length;
    space.kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
    space.service = await space.startWorker(hurried());
    await eventually('it is told', () => told().slice(before).includes('down/kisi begun'));
    await eventually('status says so', async () => /^Kisi: does not answer since /m.test(await said()));
    space.kisi.faults.clear();
    await eventually('that it is over is told', () => told().slice(before).includes('down/kisi over'));
  });

  it('tells of webhooks that are switched off, whichever process found that', async () => {
    const database = await openDatabase(space.config.databaseUrl);
    await createKept(database).write(hooksKeptName, ['CoworkerUpdate at 12'], Date.now());
    await eventually('it is told', () => told().includes('hook/CoworkerUpdate at 12 begun'));
    await createKept(database).write(hooksKeptName, [], Date.now());
    await eventually('that it is over is told', () => told().includes('hook/CoworkerUpdate at 12 over'));
    await database.destroy();
  });

  it('sends a test message to where alerts go, and says what came of it', async () => {
    const env = { ...space.env, LATCHKEY_ALERT_URL: receiver.url };
    const before = receiver.got.length;
    assert.match(
      await latchkeyDone(env, 'alert', '--test'),
      /^the webhook at \S+: it took the test message$/m,
    );
    assert.ok(receiver.got.slice(before).some(({ text }) => text.startsWith('Latchkey: a test\n')));
    receiver.status = 403;
    const { code, stdout, stderr } = await latchkeyWith(env, 'alert', '--test');
    assert.deepEqual(
      [code, stdout.trim()],
      [1, `the webhook at ${new URL(receiver.url).host}: it answered 403.`],
    );
    assert.doesNotMatch(stdout + stderr, /s3cr3t/);
    assert.equal((await latchkeyWith(space.env, 'alert', '--test')).code, 2);
  });

  it('calls a key Latchkey’s by the record too, also for a profile whose workflow does not keep it', async () => {
    const { nexudus, ids, env } = space;
    const twin = nexudus.space.addCoworker({ Email: 'ann@example.com', InvoicingBusinessId: ids.rome }).Id;
    nexudus.space.addPass({ CoworkerId: twin, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    const shown = async (): Promise<string> => (await latchkeyWith(env, 'show', String(twin))).stdout;
    const leaves = async (): Promise<boolean> => /to another profile/.test(await shown());
    const stands = async (): Promise<unknown> => [
      (await latchkeyWith(env, 'show', String(twin))).stderr,
      await said(),
    ];
    await eventually('the twin leaves the keys', leaves, patienceMs, 50, stands);
    assert.match(await shown(), /^Key to group \d+ \(.+\) in Kisi, until .*: given by Latchkey\.$/m);
  });
});
