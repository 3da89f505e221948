// `latchkey hooks` against the simulator: what it registers, mends and leaves alone, and what it says of it.
import assert from 'node:assert/strict';
import { startNexudusSimulator, type NexudusSimulator } from '../../../simulators/nexudus.js';
import { latchkeyDone, latchkeyWith, linesOf, type Ran } from '../cli.js';

const url = 'https://push.example.test/latchkey';

/** The published numbers of the actions that say something about access, by the last word of the webhook's address. */
const actions: Record<string, number[]> = {
  access: [61],
  coworker: [2, 3, 50],
  contract: [10, 11, 12, 13, 14, 60, 62, 77],
  team: [57, 58, 59],
  checkin: [47, 48, 49],
};
const count = Object.values(actions).flat().length;

describe('latchkey hooks', () => {
  let nexudus: NexudusSimulator;
  let network: number;

  beforeEach(async () => {
    nexudus = await startNexudusSimulator({ switches: { rateLimits: null } });
    network = nexudus.space.addBusiness({ Name: 'Harbours' }).Id;
    for (const Name of ['Rome', 'Oslo']) nexudus.space.addBusiness({ Name, RootLocationId: network });
  });
  afterEach(() => nexudus.stop());

  const env = (more: Record<string, string> = {}): Record<string, string> => ({
    NEXUDUS_BASE_URL: nexudus.url,
    NEXUDUS_EMAIL: 'admin@example.com',
    NEXUDUS_PASSWORD: 'nexudus-password',
    KISI_API_KEY: 'kisi-test-key',
    LATCHKEY_PUSH_URL: `${url}/`,
    ...more,
  });
  const run = (...args: string[]): Promise<Ran> => latchkeyWith(env(), 'hooks', ...args);
  const install = (): Promise<string> => latchkeyDone(env(), 'hooks', 'install');
  const hooks = () => nexudus.space.list('webhooks');

  /** Makes all webhooks, as an install does, which takes its time over that many writes. */
  function putInPlace(at = url): void {
    for (const [event, numbers] of Object.entries(actions)) {
      for (const Action of numbers) {
        const URL = `${at}/nexudus/${event}`;
        nexudus.space.addWebhook({ Name: `Latchkey: ${event}`, BusinessId: network, Action, URL });
      }
    }
  }

  it('makes one for each action on the network, and nothing the second time', async () => {
    const first = linesOf(await install());
    assert.equal(first.length, count);
    assert.equal(first[0], `Made access (AccessControlUpdate) at ${network} (Harbours).`);
    for (const [event, numbers] of Object.entries(actions)) {
      const made = hooks().filter((hook) => hook.URL === `${url}/nexudus/${event}`);
      assert.deepEqual(
        made.map(({ Action }) => Action).sort((a, b) => a - b),
        numbers,
      );
      for (const { BusinessId, Name, Active } of made)
        assert.deepEqual([BusinessId, Name, Active], [network, `Latchkey: ${event}`, true]);
    }
    assert.deepEqual(linesOf(await install()), [`All ${count} webhooks are in place.`]);
    assert.equal(hooks().length, count);
    assert.deepEqual(await run('status').then(({ code, stderr }) => [code, stderr]), [0, '']);
  });

  it('makes them on each location where there is no network', async () => {
    for (const { Id } of nexudus.space.list('businesses'))
      nexudus.space.update('businesses', Id, { RootLocationId: null });
    const { stdout } = await run('install', '--dry-run');
    assert.equal(linesOf(stdout).length, 3 * count);
    for (const { Id, Name } of nexudus.space.list('businesses'))
      assert.equal(stdout.split(` at ${Id} (${Name}).`).length, count + 1);
  });

  it('switches on what Nexudus switched off, corrects an address, and leaves others alone', async () => {
    putInPlace();
    const { space } = nexudus;
    const [access, coworker, created] = hooks();
    const other = space.addWebhook({ Name: 'Accounts', Action: 61, URL: 'https://a.test', Active: false });
    const before = space.update('webhooks', access?.Id ?? 0, {
      Active: false,
      ErrorCount: 10,
      LastError: 'HTTP 502',
      Description: 'as the operator wrote',
    });
    space.update('webhooks', coworker?.Id ?? 0, { URL: 'https://old.test/nexudus/coworker' });
    space.remove('webhooks', created?.Id ?? 0);

    const dry = await run('install', '--dry-run');
    assert.deepEqual([dry.code, dry.stderr], [0, '']);
    assert.match(dry.stdout, /^Would make coworker \(CoworkerCreate\).*\nWould fix access .*\nWould fix cow/);
    assert.equal(space.need('webhooks', before.Id).Active, false);

    const where = `at ${network} (Harbours)`;
    assert.deepEqual(linesOf(await install()), [
      `Made coworker (CoworkerCreate) ${where}.`,
      `Fixed access (AccessControlUpdate) ${where}: it was switched off after 10 errors, the last: HTTP 502.`,
      `Fixed coworker (CoworkerUpdate) ${where}: it called another address.`,
    ]);
    const { UpdatedOn, Active, ...mended } = space.need('webhooks', before.Id);
    assert.deepEqual({ ...mended, Active, UpdatedOn }, { ...before, Active: true, UpdatedOn });
    assert.equal(space.need('webhooks', coworker?.Id ?? 0).URL, `${url}/nexudus/coworker`);
    assert.deepEqual(space.need('webhooks', other.Id), other);
    assert.equal(hooks().length, count + 1);
  });

  it('reminds of the secret, and of an address that is not encrypted', async () => {
    putInPlace();
    const safe = await run('install');
    assert.match(safe.stderr, /^latchkey: .*NEXUDUS_WEBHOOK_SECRET.*\n$/);
    for (const { Id } of hooks()) nexudus.space.remove('webhooks', Id);
    const bare = 'http://push.example.test';
    putInPlace(bare);
    const plain = await run('install', '--url', bare);
    assert.equal(plain.code, 0);
    assert.match(plain.stderr, /^latchkey: the address is plain http/);
  });

  it('does not make a webhook twice where the answer was lost', async () => {
    putInPlace();
    nexudus.space.remove('webhooks', hooks()[0]?.Id ?? 0);
    nexudus.faults.add({ match: '/api/sys/webhooks', method: 'POST', kind: 'afterWrite', times: 1 });
    const lost = await run('install');
    assert.equal(lost.code, 1);
    assert.match(lost.stderr, /no answer/);
    await install();
    assert.equal(hooks().length, count);
  });

  it('waits where Nexudus takes no more writes for now', async () => {
    putInPlace();
    nexudus.space.remove('webhooks', hooks()[0]?.Id ?? 0);
    const slow = { status: 409, retryAfter: 0, times: 6 };
    nexudus.faults.add({ match: '/api/sys/webhooks', method: 'POST', kind: 'status', ...slow });
    await install();
    assert.equal(hooks().length, count);
  });

  it('says so where Nexudus takes a write and drops it', async () => {
    putInPlace();
    const [hook] = hooks();
    nexudus.space.update('webhooks', hook?.Id ?? 0, { Active: false });
    nexudus.space.onChange = ({ collection, after }) => {
      if (collection === 'webhooks' && after?.Active) after.Active = false;
    };
    const { code, stderr } = await run('install');
    assert.equal(code, 1);
    assert.match(stderr, /Nexudus took the writes, and yet/);
  });

  it('shows how each stands, and what is not right', async () => {
    const none = await run('status');
    assert.equal(none.code, 1);
    assert.match(none.stdout, /^Missing at \d+ \(Harbours\): access \(AccessControlUpdate\), /);
    assert.match(none.stderr, /`latchkey hooks install` fixes that/);

    putInPlace();
    const [access, coworker] = hooks();
    const LastTrigger = '2026-11-24T10:00:00Z';
    const broken = { Active: false, ErrorCount: 10, LastError: 'HTTP 502', LastTrigger };
    nexudus.space.update('webhooks', access?.Id ?? 0, broken);
    nexudus.space.update('webhooks', coworker?.Id ?? 0, { URL: 'https://old.test' });
    const words = await run('status');
    assert.equal(words.code, 1);
    const [headings, first] = linesOf(words.stdout);
    assert.match(headings ?? '', /^webhook +location +on +errors +last call +last error$/);
    assert.match(
      first ?? '',
      /^access \(AccessControlUpdate\) +\d+ \(Harbours\) +no +10 +Tue 24 Nov( 2026)? 10:00, UTC +HTTP 502$/,
    );
    const where = `at ${network} (Harbours)`;
    assert.deepEqual(linesOf(words.stdout).slice(-2), [
      `Switched off ${where}: access (AccessControlUpdate).`,
      `Calling another address than LATCHKEY_PUSH_URL ${where}: coworker (CoworkerUpdate).`,
    ]);

    const json = await run('status', '--json');
    assert.equal(json.code, 1);
    const { hooks: all, ...rest } = JSON.parse(json.stdout) as { hooks: object[] };
    assert.equal(all.length, count);
    assert.deepEqual(all[0], {
      id: access?.Id,
      event: 'access',
      action: 61,
      actionName: 'AccessControlUpdate',
      locationId: network,
      name: 'Latchkey: access',
      description: '',
      url: `${url}/nexudus/access`,
      active: false,
      errorCount: 10,
      lastError: 'HTTP 502',
      lastCallAt: LastTrigger,
    });
    assert.deepEqual(rest, { missing: [], switchedOff: [access?.Id], elsewhere: [coworker?.Id] });
  });

  it('asks for the address before it asks Nexudus, and takes only one', async () => {
    const none = await latchkeyWith(env({ LATCHKEY_PUSH_URL: '' }), 'hooks', 'install');
    assert.equal(none.code, 2);
    assert.deepEqual(linesOf(none.stderr), [
      'latchkey: say where Nexudus reaches the listener from outside: set LATCHKEY_PUSH_URL, or give --url',
    ]);
    const wrong = await run('install', '--url', 'push.example.test');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^latchkey: --url must be an http\(s\) address/);
    assert.equal(nexudus.requests.list().length, 0);
  });

  it('finds all in place for an operator who does not say the address', async () => {
    putInPlace();
    assert.equal((await latchkeyWith(env({ LATCHKEY_PUSH_URL: '' }), 'hooks', 'status')).code, 0);
  });
});
