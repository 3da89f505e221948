// What the webhooks that come say of both APIs, over real HTTP from both simulators and from strangers.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { JsonValue } from '../../access/json.js';
import { assumptions, type AssumptionName } from '../../verify/assumptions.js';
import { withFindings } from '../../verify/by-writing.js';
import type { Finding } from '../../verify/finding.js';
import type { Findings } from '../../verify/trial.js';
import type { WebhookKind } from '../../verify/webhook-kinds.js';
import { readSeen } from '../../webhooks/seen-keeper.js';
import { eventually } from '../support/eventually.js';
import { eventKey, hookSecret, startPushWorld, type PushWorld } from './pushing.js';
import type { Accident, Mishap } from './relay.js';

const pushed = assumptions.filter(({ tried }) => tried === 'push').map(({ name }) => name);
const valueOf = (finding: Finding | undefined): JsonValue | undefined =>
  finding !== undefined && 'value' in finding ? finding.value : undefined;
const whyOf = (finding: Finding | undefined): string =>
  finding !== undefined && 'untold' in finding ? finding.untold : '';

describe('latchkey verify by the webhooks that come', function () {
  this.timeout(60_000);
  let pushes: PushWorld;
  afterEach(() => pushes.stop());

  /** Causes one of each kind, and answers what is told once all that came is kept. */
  async function afterAll(switches: Parameters<typeof startPushWorld>[0]): Promise<Findings> {
    pushes = await startPushWorld(switches);
    await pushes.causeAll();
    return pushes.verify({ forMs: 10_000 });
  }

  it('tells all that is assumed where each kind comes as the facts say', async () => {
    const findings = await afterAll({});
    const open = ['checkinHookRecord'];
    for (const name of pushed.filter((one) => !open.includes(one))) {
      const assumption = assumptions.find((one) => one.name === name);
      const finding = findings[name];
      assert.ok(
        assumption?.assumed.some((one) => JSON.stringify(one) === JSON.stringify(valueOf(finding))),
        `${name}: ${JSON.stringify(finding)}`,
      );
    }
    assert.match(whyOf(findings.checkinHookRecord), /Only the actions CoworkerCheckin and CoworkerCheckout/);
  });

  const forms: [
    what: string,
    switches: Parameters<typeof startPushWorld>[0],
    tells: Partial<Record<AssumptionName, JsonValue>>,
  ][] = [
    ['a signature over all bytes', { nexudus: { hookSignatureFold: 'utf8' } }, { hookSignatureFold: 'utf8' }],
    ['small letters', { nexudus: { hookSignatureLetters: 'lower' } }, { hookSignatureLetters: 'lower' }],
    [
      'a record by itself',
      { nexudus: { hookBody: 'object' } },
      { hookBody: 'object', 'hookLeads.access': 'member' },
    ],
    ['each webhook twice', { nexudus: { hooksTwice: true } }, { hooksTwice: true }],
    ['no prefix', { kisi: { eventSignaturePrefix: false } }, { eventSignaturePrefix: false }],
    [
      'a signature in base64',
      { kisi: { eventSignatureEncoding: 'base64' } },
      { eventSignatureEncoding: 'base64' },
    ],
    ['each event twice', { kisi: { eventsTwice: true } }, { eventsTwice: true }],
  ];
  for (const [what, switches, tells] of forms)
    it(`tells ${what}`, async () => {
      const findings = await afterAll(switches);
      for (const [name, value] of Object.entries(tells))
        assert.equal(valueOf(findings[name as AssumptionName]), value, JSON.stringify(findings));
    });

  it('says what would tell it where none came, and waits no longer than it was told', async () => {
    pushes = await startPushWorld();
    const waited: (readonly WebhookKind[])[] = [];
    const findings = await pushes.verify({ onWaiting: (kinds) => waited.push(kinds) });
    assert.deepEqual(
      waited[0]?.map(({ kind }) => kind),
      ['access', 'coworker', 'contract', 'team', 'checkin', 'role_assignment', 'user'],
    );
    for (const name of pushed) assert.ok(whyOf(findings[name]) !== '', name);
    assert.match(
      whyOf(findings['hookLeads.checkin']),
      /^None about a check-in came\. .*, and check a member in\.$/,
    );
  });

  it('waits only for what Nexudus has a webhook for, and says which to make or switch on', async () => {
    pushes = await startPushWorld();
    const { space } = pushes.world.nexudus;
    for (const { Id, URL } of space.list('webhooks')) {
      if (URL.endsWith('/team')) space.update('webhooks', Id, { Active: false });
      if (URL.endsWith('/checkin')) space.update('webhooks', Id, { URL: 'http://127.0.0.1:9/other' });
    }
    const waited: (readonly WebhookKind[])[] = [];
    const findings = await pushes.verify({
      onWaiting: (kinds) => waited.push(kinds),
      takes: { nexudus: true, kisi: false },
    });
    assert.deepEqual(
      waited[0]?.map(({ kind }) => kind),
      ['access', 'coworker', 'contract'],
    );
    assert.match(whyOf(findings['hookLeads.team']), /switched it off/);
    assert.match(whyOf(findings['hookLeads.checkin']), /There is no webhook for it/);
    assert.match(whyOf(findings['eventLeads.user']), /^KISI_WEBHOOK_KEY is not set here/);
  });

  it('tells that Nexudus signs with another secret, or not at all, by what Nexudus says of its calls', async () => {
    for (const [secret, value] of [
      ['another secret of Nexudus', 'otherSecret'],
      [null, 'unsigned'],
    ] as const) {
      pushes = await startPushWorld({ nexudus: { hookSecret: secret } });
      await pushes.causeAll();
      const findings = await pushes.verify({ takes: { nexudus: true, kisi: false }, forMs: 10_000 });
      assert.equal(valueOf(findings.hookSecret), value, JSON.stringify(findings.hookSecret));
      assert.match(whyOf(findings.hookBody), /No webhook came that the secret signs/);
      if (value === 'otherSecret') await pushes.stop();
    }
  });

  it('believes nothing of what strangers send, signed or not, not even while Nexudus calls as well', async () => {
    pushes = await startPushWorld();
    const forge = async (): Promise<void> => {
      for (const kind of ['access', 'coworker', 'contract', 'team', 'checkin']) {
        assert.equal(await pushes.call(`/nexudus/${kind}`, '[{"Id":999999}]'), 401);
        const mac = createHmac('sha256', 'guessed-guessed-guessed').update('[]').digest('hex');
        assert.equal(await pushes.call(`/nexudus/${kind}`, '[]', { 'X-Nexudus-Hook-Signature': mac }), 401);
      }
      assert.equal(
        await pushes.call('/kisi/events', '{}', { 'X-Signature': `sha256=${'0'.repeat(64)}` }),
        401,
      );
    };
    await forge();
    const alone = await pushes.verify();
    assert.match(whyOf(alone.hookSecret), /from strangers, or from Nexudus with another secret/);
    assert.match(whyOf(alone.eventKey), /from strangers, or from Kisi with another key/);
    for (const name of pushed) assert.ok(whyOf(alone[name]) !== '', name);
    for (const { Id } of pushes.world.nexudus.space.list('webhooks'))
      pushes.world.nexudus.space.update('webhooks', Id, { LastError: 'HTTP 401', ErrorCount: 3 });
    await pushes.causeAll();
    await forge();
    const both = await pushes.verify({ forMs: 10_000 });
    assert.equal(valueOf(both.hookSecret), 'signed', JSON.stringify(both.hookSecret));
    assert.equal(valueOf(both['hookLeads.access']), 'member');
  });

  it('does not take a stranger who calls just after Nexudus for Nexudus, while an old error is still noted', async () => {
    pushes = await startPushWorld();
    const { space } = pushes.world.nexudus;
    for (const { Id } of space.list('webhooks')) space.update('webhooks', Id, { LastError: 'HTTP 401' });
    await pushes.causeAll();
    for (const kind of ['access', 'coworker', 'checkin'])
      assert.equal(await pushes.call(`/nexudus/${kind}`, '[]'), 401);
    const { hookSecret: found } = await pushes.verify({ forMs: 10_000 });
    assert.equal(valueOf(found), 'signed', JSON.stringify(found));
    assert.match(JSON.stringify(found), /[1-9]\d* refused since/);
  });

  it('does not count what came for other APIs', async () => {
    pushes = await startPushWorld();
    assert.equal(await pushes.signed('access', '[{"Id":7}]'), 200);
    await eventually('it is kept', async () => (await pushes.seen.since(0)).length === 1);
    const { nexudus, kisi } = pushes.world.options;
    assert.equal((await readSeen(pushes.seen, { nexudus, kisi })).length, 1);
    const other = { ...nexudus, baseUrl: 'https://spaces.nexudus.com/api' };
    assert.deepEqual(await readSeen(pushes.seen, { nexudus: other, kisi }), []);
  });

  it('tells of an id that leads nowhere, of a record that names nobody, and of absurd bodies', async () => {
    pushes = await startPushWorld();
    assert.equal(await pushes.signed('access', '[{"Id":999999}]'), 200);
    assert.equal(await pushes.signed('contract', '[{"Id":70}]'), 200);
    assert.equal(await pushes.signed('checkin', 'no JSON \u0000 at all'), 200);
    assert.equal(await pushes.signed('team', '[{"Id":7,"TeamMembers":[]}]'), 200);
    assert.equal(await pushes.signed('coworker', '[{"Id":999998,"UpdatedOn":"0001-01-01T00:00:00"}]'), 200);
    const takes = { nexudus: true, kisi: false };
    const alone = await pushes.verify({ takes, forMs: 10_000 });
    assert.match(whyOf(alone['hookLeads.access']), /^Only one came, and it names a member who is not there/);
    assert.match(whyOf(alone['hookLeads.contract']), /^Only one came, and it names nobody/);
    assert.equal(await pushes.signed('access', '[{"Id":999997}]'), 200);
    assert.equal(await pushes.signed('contract', '[{"Id":71}]'), 200);
    assert.equal(await pushes.signed('checkin', '[7]'), 200);
    await pushes.kept();
    const findings = await pushes.verify({ takes, forMs: 10_000 });
    assert.equal(valueOf(findings['hookLeads.access']), 'nowhere', JSON.stringify(findings));
    assert.equal(valueOf(findings['hookLeads.contract']), 'nobody');
    assert.equal(valueOf(findings['hookLeads.checkin']), 'nobody');
    assert.match(whyOf(findings['hookLeads.team']), /as a team without members would/);
    assert.match(whyOf(findings['hookLeads.coworker']), /may have been deleted/);
    assert.match(whyOf(findings.hookBody), /^They differ: array, other/);
    assert.match(whyOf(findings.hookDelay), /None that came says when/);
  });

  it('is not misled by bodies that are absurd in every field', async () => {
    pushes = await startPushWorld();
    const values = [
      '1e400',
      '-1',
      '{}',
      '[]',
      'null',
      'true',
      '"x"',
      '9007199254740993',
      `"${'9'.repeat(400)}"`,
    ];
    const fields = ['Id', 'CoworkerId', 'BusinessId', 'UpdatedOn', 'TeamMembers', 'FullName', 'Email'];
    for (const value of values) {
      const body = `[{${fields.map((field) => `"${field}":${value}`).join()}}]`;
      for (const kind of ['access', 'checkin', 'team']) assert.equal(await pushes.signed(kind, body), 200);
    }
    for (const body of ['', '7', 'null', '[[]]', '[null]', '"'.repeat(1_000), '['.repeat(50_000)])
      assert.equal(await pushes.signed('access', body), 200);
    const kept = async (): Promise<number> => (await pushes.seen.since(0)).length;
    await eventually('all of them are kept', async () => (await kept()) > 20);
    const text = JSON.stringify(await pushes.seen.since(0));
    assert.doesNotMatch(text, /999999999|FullName|Email/);
    const findings = await pushes.verify({ takes: { nexudus: true, kisi: false } });
    for (const name of ['hookDelay', 'hooksCoverNetworks', 'checkinHookRecord'] as const)
      assert.ok(whyOf(findings[name]) !== '', `${name}: ${JSON.stringify(findings[name])}`);
  });

  it('tells how long they take: within seconds, within a minute, later, and not where the clocks disagree', async () => {
    pushes = await startPushWorld();
    const { space } = pushes.world.nexudus;
    const checkins = space.list('checkins').slice(0, 2);
    const late = async (one: (typeof checkins)[number] | undefined, lateMs: number): Promise<void> => {
      const UpdatedOn = new Date(Date.now() - lateMs).toISOString();
      const body = JSON.stringify([{ Id: one?.Id, CoworkerId: one?.CoworkerId, UpdatedOn }]);
      assert.equal(await pushes.signed('checkin', body), 200);
    };
    const told: (JsonValue | undefined)[] = [];
    for (const lateMs of [2_000, 30_000, 400_000, -60_000]) {
      await pushes.seen.prune(Infinity);
      for (const one of checkins) await late(one, lateMs);
      told.push(valueOf((await pushes.verify({ takes: { nexudus: true, kisi: false } })).hookDelay));
    }
    assert.deepEqual(told, ['seconds', 'minute', 'later', undefined]);
    // One alone may have been held up on its way.
    await pushes.seen.prune(Infinity);
    await late(checkins[0], 400_000);
    const one = await pushes.verify({ takes: { nexudus: true, kisi: false } });
    assert.match(whyOf(one.hookDelay), /do not say for sure/);
    // Of a record that is gone it is not known when.
    await pushes.seen.prune(Infinity);
    const UpdatedOn = new Date(Date.now() - 400_000).toISOString();
    await pushes.signed('checkin', JSON.stringify([{ Id: 999_999, CoworkerId: pushes.bob, UpdatedOn }]));
    const gone = await pushes.verify({ takes: { nexudus: true, kisi: false } });
    assert.match(whyOf(gone.hookDelay), /do not say for sure/);
  });

  it('does not take one call that is lost, or spoilt on its way, for how all of them are', async () => {
    const accident = (mishap: Mishap): Accident => ({ place: 1, mishap, body: '' });
    const lost = { '/nexudus/coworker': accident('lost'), '/kisi/events': accident('lost') };
    pushes = await startPushWorld(
      { nexudus: { hooksTwice: true }, kisi: { eventsTwice: true } },
      { accidents: lost },
    );
    await pushes.causeAll();
    const twice = await pushes.verify({ forMs: 10_000 });
    assert.notEqual(valueOf(twice.hooksTwice), false, JSON.stringify(twice.hooksTwice));
    assert.match(whyOf(twice.eventsTwice), /^Some came once, and some again\. Cause some more\.$/);
    await pushes.stop();
    pushes = await startPushWorld(
      {},
      { accidents: { '/nexudus/team': { ...accident('mangled'), place: 0 } } },
    );
    const { space } = pushes.world.nexudus;
    space.checkIn(pushes.bob, pushes.rome);
    await pushes.world.nexudus.hooksSent();
    space.addTeam({ TeamMembers: [], PayingMemberId: pushes.bob, BusinessId: pushes.rome });
    await pushes.world.nexudus.hooksSent();
    const spoilt = await pushes.verify({ forMs: 1_000 });
    assert.match(whyOf(spoilt.hookSecret), /One of Nexudus was refused after the last that was signed/);
  });

  it('tells that a check-in webhook carries the member, where somebody made one of the other actions', async () => {
    pushes = await startPushWorld({ nexudus: { checkinHookRecord: 'coworker' } });
    const { space } = pushes.world.nexudus;
    space.addWebhook({ Action: 36, URL: `${pushes.url}/nexudus/checkin`, BusinessId: pushes.network });
    await pushes.causeAll();
    const findings = await pushes.verify({ forMs: 10_000 });
    assert.equal(valueOf(findings.checkinHookRecord), 'coworker');
  });

  it('takes a hundred at once, keeps some of each kind, and nothing that is personal or secret', async () => {
    pushes = await startPushWorld();
    const { space } = pushes.world.nexudus;
    for (let i = 0; i < 100; i++) space.update('coworkers', pushes.ada, { FullName: `Àda ${i}` });
    await pushes.causeAll();
    const findings = await pushes.verify({ forMs: 10_000 });
    assert.equal(valueOf(findings['hookLeads.coworker']), 'member');
    const rows = await pushes.seen.since(0);
    assert.ok(rows.length > 20, String(rows.length));
    const text = JSON.stringify([rows, findings]);
    for (const personal of ['Àda', 'Bob', '@', hookSecret, eventKey, 'Carol', pushes.world.nexudus.url])
      assert.ok(!text.includes(personal), personal);
    const asked = pushes.world.nexudus.requests.list().filter(({ method }) => method !== 'GET');
    assert.deepEqual(
      asked.filter(({ path }) => path !== '/api/token'),
      [],
    );
  });

  it('keeps what came where it is stopped early, and what one API does not answer is not told', async () => {
    pushes = await startPushWorld();
    pushes.world.nexudus.space.update('coworkers', pushes.bob, { FullName: 'Bob C.' });
    const stop = new AbortController();
    const findings = await pushes.verify({
      forMs: 60_000,
      signal: stop.signal,
      onWaiting: (kinds) => {
        if (!kinds.some(({ kind }) => kind === 'coworker')) stop.abort();
      },
    });
    assert.equal(valueOf(findings['hookLeads.coworker']), 'member');
    assert.ok(whyOf(findings['hookLeads.team']) !== '');
    pushes.world.nexudus.faults.add({ match: '/', kind: 'status', status: 503 });
    const down = await pushes.verify();
    assert.equal(valueOf(down.hookSecret), 'signed');
    assert.match(whyOf(down['hookLeads.coworker']), /did not answer/);
  });

  it('puts what came into the profile beside what reading told, and forgets none of it', async () => {
    pushes = await startPushWorld();
    await pushes.causeAll();
    const { profile } = await pushes.world.verify();
    assert.equal(profile.answers.hookSecret?.result, 'untold');
    const told = withFindings(profile, await pushes.verify({ forMs: 10_000 }));
    assert.equal(told.answers.hookSecret?.result, 'holds');
    assert.equal(told.answers.nexudusPaging?.result, 'holds');
  });
});
