/** By which rules the commands answer: a worker with a file of its own, and folders with others. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readInForce } from '../../activities/in-force.js';
import { openDatabase } from '../../database/database.js';
import { createAuditLog } from '../../database/audit-log.js';
import { leaderWorkflowId } from '../../messages/to-member.js';
import { inForceSignal } from '../../messages/to-leader.js';
import { checkSpace } from '../../worker/check.js';
import { loadConfig } from '../../config/config.js';
import { createLogger } from '../../worker/logging.js';
import { createApis } from '../../worker/apis.js';
import { startService, type Service } from '../../worker/service.js';
import { SpaceWatch } from '../../worker/space.js';
import { eventually } from '../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../support/space.js';
import { write } from '../database/records.js';
import { latchkey, latchkeyDone, latchkeyWith, linesOf, scratch, type Ran } from '../client/cli.js';

/** `latchkey.yaml` with which Rome's day pass opens this group. */
const opening = (group: string, policies = ''): string =>
  `mapping:\n  - { location: 'Trastevere, Rome', passType: Day pass, groups: ['${group}'] }\n${policies}`;
const office = opening('Trastevere, Rome – Office Membership');
const day = opening('Trastevere, Rome – Day Pass');
const slack = opening('Trastevere, Rome – Office Membership', 'policies:\n  latencyObjective: 5m\n');

describe('the rules by which commands answer', () => {
  const folder = scratch();
  const path = (name: string): string => join(folder.path, name);
  let space: RunningSpace;
  let restarted: Service | null = null;
  let member: number;

  before(async () => {
    // Nothing is noticed by itself.
    const rarely = { LATCHKEY_POLL_INTERVAL: '1d', LATCHKEY_RECONCILIATION_INTERVAL: '1d' };
    space = await startSpace(() => undefined, rarely, 'none', office, { everyMs: 86_400_000 });
    const { nexudus, kisi, ids } = space;
    const { Id } = nexudus.space.addCoworker({ Email: 'ada@example.com', InvoicingBusinessId: ids.rome });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    member = Id;
    await latchkeyDone(space.env, 'resync', String(member));
    await eventually('her key', () => kisi.org.keysOf('ada@example.com').length === 1);
    await keepAWait();
    await eventually('the word of the worker', async () => (await inForce()) !== null);
    await eventually('its first looks at Kisi', async () => {
      const said = await latchkeyDone(space.env, 'status');
      return /^Kisi: .* with the role/m.test(said) && /Its role is organization_owner/.test(said);
    });
  });
  after(async () => {
    await restarted?.stop();
    await space.stop();
    folder.remove();
  });

  /** Something for `latchkey latency` to judge. */
  async function keepAWait(): Promise<void> {
    const auditLog = createAuditLog(await openDatabase(space.config.databaseUrl));
    const until = Date.now();
    await auditLog.begin(write({ key: 'waited for', what: 'grant', at: until, locationId: space.ids.rome }));
    const waited = { since: until - 1_000, until };
    await auditLog.finish('waited for', { state: 'done', after: null, answer: '201', waited });
    await auditLog.close();
  }

  const inForce = (): ReturnType<typeof readInForce> =>
    readInForce((restarted ?? space.service).client).catch(() => null);

  /** Runs a command where latchkey.yaml says this. */
  function where(yaml: string, ...args: string[]): Promise<Ran> {
    writeFileSync(path('latchkey.yaml'), yaml);
    return latchkeyWith({ ...space.env, LATCHKEY_CONFIG: path('latchkey.yaml') }, ...args);
  }
  /** Each command that answers by rules, and what it prints where the worker's hold. */
  const commands = (): [args: string[], says: RegExp][] => {
    const { romeOffice } = space.ids.groups;
    return [
      [['explain', String(member)], new RegExp(`^Holds group ${romeOffice} `, 'm')],
      [['plan'], /nothing would change for 1 members/],
      [['report'], /1 key compared, which the rules give or Kisi has: 1 agree/],
      [['latency'], /the objective holds \(95 % within 60 s\)/],
    ];
  };

  // The commands that are left out here say nothing either, without any file, in tests of their own.
  const few = ['explain', 'latency'];

  it('are the worker’s, without a word where the file in this folder is the same', async () => {
    for (const [args, says] of commands().filter(([[name]]) => few.includes(name ?? ''))) {
      const { code, stdout, stderr } = await where(office, ...args);
      assert.deepEqual([code, stderr], [0, ''], args[0]);
      assert.match(stdout, says);
    }
  });

  it('are the worker’s where the file has the same in other words, or in another order', async () => {
    const { rome, passTypes, groups } = space.ids;
    const byIds = `mapping:\n  - { groups: ${groups.romeOffice}, passType: ${passTypes.romeDay}, location: ${rome} }\n`;
    const { stdout, stderr } = await where(byIds, 'explain', String(member));
    assert.equal(stderr, '');
    assert.match(stdout, new RegExp(`^Holds group ${groups.romeOffice} `, 'm'));
  });

  it('are the worker’s where there is no file at all', async () => {
    const { stdout, stderr } = await latchkeyWith(space.env, 'explain', String(member));
    assert.equal(stderr, '');
    assert.match(stdout, new RegExp(`^Holds group ${space.ids.groups.romeOffice} `, 'm'));
  });

  it('are the worker’s where the file was edited, and each command says so in one line', async () => {
    const digest = (await inForce())?.digest ?? '';
    const edited = opening('Trastevere, Rome – Day Pass', 'policies:\n  latencyObjective: 1ms\n');
    for (const [args, says] of commands()) {
      const { code, stdout, stderr } = await where(edited, ...args);
      assert.equal(code, 0, stderr);
      assert.match(stdout, says, args[0]);
      assert.equal(linesOf(stderr).length, 1, stderr);
      assert.match(stderr, /latchkey\.yaml here differs from the rules in force \(worker of \w{3} /);
      assert.ok(stderr.includes(`digest ${digest}`));
      const inWhat =
        args[0] === 'latency'
          ? 'in the policy latencyObjective or latencyShare: '
          : `in the mapping of pass type ${space.ids.passTypes.romeDay}, the policy latencyObjective`;
      assert.ok(stderr.includes(inWhat), stderr);
    }
  });

  it('say too whether what the API key’s user made is Latchkey’s', async () => {
    const { kisi, ids } = space;
    const stranger = kisi.org.addUser({ email: 'stranger@example.com' });
    const { id } = kisi.org.grantByHand({ userId: stranger.id, groupId: ids.groups.romeOffice });
    const ours = 'policies: { apiUser: latchkeyOnly }\n';
    writeFileSync(path('other.yaml'), opening('Trastevere, Rome – Office Membership', ours));
    const byFile = await where(office, 'report', '--config', path('other.yaml'));
    assert.match(byFile.stdout, /made by Latchkey’s own Kisi user/);
    const edited = opening('Trastevere, Rome – Office Membership', ours);
    const byWorker = await where(edited, 'report');
    assert.doesNotMatch(byWorker.stdout, /made by Latchkey’s own Kisi user/);
    assert.match(byWorker.stderr, /differs from the rules in force .* in the policy apiUser/);
    kisi.org.removeAssignment(id);
    kisi.org.deleteUser(stranger.id);
  });

  it('are the worker’s where the file is broken, or names what is not there', async () => {
    const broken: [yaml: string, says: RegExp][] = [
      ['mapping: 7\n', /latchkey\.yaml:1: mapping must be a list: the rules in force \(worker of /],
      [opening('No such group'), /group "No such group"/],
      [opening('No such group'), /latchkey\.yaml here differs from the rules in force/],
    ];
    for (const [yaml, says] of broken) {
      const { code, stdout, stderr } = await where(yaml, 'explain', String(member));
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^Holds group ${space.ids.groups.romeOffice} `, 'm'));
      assert.match(stderr, says);
    }
  });

  it('are said not to be in force yet where a file that is checked was edited', async () => {
    const same = await where(office, 'check');
    assert.deepEqual([same.code, same.stderr], [0, '']);
    const edited = await where(day, 'check');
    assert.equal(edited.code, 0);
    assert.equal(linesOf(edited.stderr).length, 1);
    assert.match(edited.stderr, /^latchkey: not in force yet: .* in the mapping of pass type \d+; restart/);
  });

  it('are those of the file that --config names, and of no other', async () => {
    writeFileSync(path('other.yaml'), day);
    const config = ['--config', path('other.yaml')];
    const { romeDay } = space.ids.groups;
    const explained = await where(office, 'explain', String(member), ...config);
    assert.equal(explained.stderr, '');
    assert.match(explained.stdout, new RegExp(`^Holds group ${romeDay} `, 'm'));
    const reported = await where(office, 'report', '--json', ...config);
    const { keys, rules } = JSON.parse(reported.stdout) as {
      keys: { disagreeing: number };
      rules: { from: string; digest: string; inForce: { digest: string } };
    };
    assert.equal(keys.disagreeing, 2);
    assert.equal(rules.from, 'file');
    assert.equal(rules.inForce.digest, (await inForce())?.digest);
    assert.notEqual(rules.digest, rules.inForce.digest);
  });

  it('cost no check of the whole space', async () => {
    space.kisi.requests.clear();
    space.nexudus.requests.clear();
    await where(office, 'explain', String(member));
    assert.deepEqual(
      space.kisi.requests.list().map(({ method, path: asked }) => [method, asked]),
      [['GET', '/groups']],
    );
    const asked = space.nexudus.requests.list().map(({ path: one }) => one);
    assert.ok(!asked.some((one) => one.includes('/users/me')), asked.join(' '));
  });

  describe('of a plan in a file', () => {
    let otherRules = '';
    const refused = async (says: RegExp, yaml: string, ...args: string[]): Promise<void> => {
      const { code, stdout, stderr } = await where(yaml, 'apply', ...args);
      assert.match(stderr, says);
      assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1], stderr);
      assert.deepEqual(space.kisi.org.keysOf('ada@example.com'), [space.ids.groups.romeOffice]);
    };

    before(async () => {
      writeFileSync(path('other.yaml'), day);
      const { stderr } = await where(office, 'plan', '--config', path('other.yaml'), '--out', path('p.json'));
      otherRules = /--by-rules ([0-9a-f]{16})`/.exec(stderr)?.[1] ?? '';
      assert.notEqual(otherRules, '', stderr);
    });

    it('are asked for by name where they are not those in force', async () => {
      await refused(
        new RegExp(
          `by other rules \\(digest ${otherRules}\\) than those in force \\(worker of .* in the mapping of pass type ` +
            `${space.ids.passTypes.romeDay}; nothing was done\\. .*--by-rules ${otherRules}`,
        ),
        office,
        path('p.json'),
      );
    });

    it('do not come into force by an edit of the file in this folder', async () => {
      const { code, stderr } = await where(day, 'apply', path('p.json'));
      assert.equal(code, 2);
      assert.equal(linesOf(stderr).length, 2);
      assert.match(stderr, /here differs from the rules in force/);
      assert.match(stderr, /by other rules/);
    });

    it('are refused by a wrong name', async () => {
      await refused(
        new RegExp(`names the rules 0123456789abcdef, but the plan is by the rules ${otherRules}: nothing`),
        office,
        ...[path('p.json'), '--by-rules', '0123456789abcdef'],
      );
    });

    it('hold once they are named', async () => {
      const { code, stderr } = await where(
        office,
        'apply',
        path('p.json'),
        '--yes',
        '--by-rules',
        otherRules,
      );
      assert.equal(code, 0, stderr);
      assert.deepEqual(space.kisi.org.keysOf('ada@example.com'), [space.ids.groups.romeDay]);
      const { id } = JSON.parse(readFileSync(path('p.json'), 'utf8')) as { id: string };
      assert.equal((await where(office, 'undo', id)).code, 0);
      assert.deepEqual(space.kisi.org.keysOf('ada@example.com'), [space.ids.groups.romeOffice]);
    });
  });

  async function readAnew(): ReturnType<typeof readInForce> {
    const { connectClient } = await import('../../worker/temporal.js');
    const at = {
      address: space.env['TEMPORAL_ADDRESS'] ?? '',
      namespace: space.env['TEMPORAL_NAMESPACE'] ?? '',
    };
    const { client, connection } = await connectClient(at);
    try {
      return await readInForce(client);
    } finally {
      await connection.close();
    }
  }

  async function startWorkerBy(yaml: string): Promise<Service> {
    const config = loadConfig({ ...space.env, LATCHKEY_POLL_INTERVAL: '1d' }, () => yaml);
    const apis = createApis(config, hurried());
    const log = createLogger({ level: 'silent' });
    const watch = new SpaceWatch({
      check: () => checkSpace(config, apis.nexudus, apis.kisi),
      config,
      kept: { read: () => Promise.resolve(null), write: () => Promise.resolve() },
      hasMembers: () => Promise.resolve(false),
      log,
    });
    await Promise.race([watch.looked, watch.failed]);
    return startService({
      config,
      apis,
      space: watch,
      log,
      temporal: {
        address: space.env['TEMPORAL_ADDRESS'] ?? '',
        namespace: space.env['TEMPORAL_NAMESPACE'] ?? '',
      },
      sdkMetricsUrl: null,
    });
  }

  it('are those of the leader, where two workers have different files', async () => {
    const before = await inForce();
    const other = await startWorkerBy(slack);
    try {
      const { code, stderr } = await where(office, 'explain', String(member));
      assert.deepEqual([code, stderr], [0, '']);
      assert.deepEqual(await inForce(), before);
    } finally {
      await other.stop();
    }
  });

  describe('of a worker that stops', () => {
    it('are still the worker’s when it has stopped, until another runs by the new file', async () => {
      await space.service.stop();
      const stopped = await where(slack, 'explain', String(member));
      assert.equal(stopped.code, 0, stopped.stderr);
      assert.match(stopped.stderr, /here differs from the rules in force/);

      const before = (await readAnew())?.startedAt;
      restarted = await startWorkerBy(slack);
      await eventually('its word', async () => ((await inForce())?.startedAt ?? before) !== before);
      for (const args of [['explain', String(member)], ['latency']]) {
        const { code, stderr } = await where(slack, ...args);
        assert.deepEqual([code, stderr], [0, ''], args[0]);
      }
      const { stdout } = await where(slack, 'latency');
      assert.match(stdout, /95 % within 300 s/);
    });

    it('are those of this folder where the worker’s are too large to be shown, and it is said where they differ', async () => {
      const said = (await inForce())!;
      const leader = restarted!.client.workflow.getHandle(leaderWorkflowId);
      await leader.signal(inForceSignal, { ...said, ground: null, term: 1_000 });
      await eventually('its word', async () => (await inForce())?.ground === null);
      const same = await where(slack, 'explain', String(member));
      assert.deepEqual([same.code, same.stderr], [0, '']);
      const other = await where(day, 'explain', String(member));
      assert.equal(linesOf(other.stderr).length, 1);
      assert.match(
        other.stderr,
        /too large to be shown: this answer uses those of .*, which differ \(digest/,
      );
    });
  });
});

describe('the rules by which a command answers where no worker ever ran', () => {
  const folder = scratch();
  after(() => {
    folder.remove();
  });

  it('are those of the file, which must be mended first', async () => {
    writeFileSync(join(folder.path, 'latchkey.yaml'), 'mapping: 7\n');
    const env = { NEXUDUS_TOKEN: 't', KISI_API_KEY: 'k' };
    const { code, stderr } = await latchkey(['explain', '1'], folder.path, env);
    assert.equal(code, 2);
    assert.deepEqual(linesOf(stderr), ['latchkey: ./latchkey.yaml:1: mapping must be a list']);
  });
});
