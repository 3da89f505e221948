import assert from 'node:assert/strict';
import type { KisiSwitches } from '../../simulators/kisi.js';
import { assumptions, type AssumptionName } from '../../verify/assumptions.js';
import { clean, verifyByWriting } from '../../verify/by-writing.js';
import { answerOf } from '../../verify/profile.js';
import type { Findings } from '../../verify/trial.js';
import { WriteRefused } from '../../verify/write-refused.js';
import { fullWorld, startWorld, type World } from './world.js';
import { allIn, keptInMemory, testEmail, writeIn, writingIn } from './writing.js';

const byWriting = assumptions.filter(({ tried }) => tried === 'writing');

function valueOf(findings: Findings, name: AssumptionName): unknown {
  const finding = findings[name];
  assert.ok(finding !== undefined && 'value' in finding, `${name}: ${JSON.stringify(finding)}`);
  return finding.value;
}

describe('latchkey verify --write', () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld(fullWorld);
  });
  afterEach(async () => {
    await world.stop();
  });

  it('tells all that only writing tells, leaves nothing behind, and mails nobody else', async () => {
    const before = allIn(world);
    const findings = await writeIn(world);
    assert.equal(allIn(world), before);
    for (const assumption of byWriting) {
      const finding = findings[assumption.name];
      assert.ok(finding !== undefined, assumption.name);
      const { result } = answerOf(assumption, finding);
      const isHidden = ['hiddenStillCount', 'takenEmails'].includes(assumption.name);
      assert.equal(result, isHidden ? 'untold' : 'holds', `${assumption.name}: ${JSON.stringify(finding)}`);
    }
    assert.deepEqual([...new Set(world.kisi.mails.map(({ to }) => to))], [testEmail]);
    assert.equal(world.kisi.mails.length, 4);
    assert.doesNotMatch(JSON.stringify(findings), /@/);
  });

  it('mails nobody at all where nobody can say which mails come', async () => {
    const findings = await writeIn(world, { ask: null });
    assert.deepEqual(world.kisi.mails, []);
    assert.ok('untold' in (findings.notifyDefault ?? {}));
  });

  const others: [Partial<KisiSwitches>, AssumptionName, unknown][] = [
    [{ duplicateGrantStatus: 422 }, 'duplicateGrantStatus', 422],
    [{ duplicateGrantStatus: 200 }, 'duplicateGrantStatus', 200],
    [{ duplicateGrantStatus: 200 }, 'endedInTheWay', true],
    [{ patchMovesValidity: false }, 'patchMovesValidity', false],
    [{ listsExpired: false }, 'hiddenStillCount', false],
    [{ listsExpired: false, hiddenStillCount: true }, 'hiddenStillCount', true],
    [{ listsExpired: false, hiddenStillCount: true, patchMovesValidity: false }, 'hiddenStillCount', true],
    [{ endRounding: { toMs: 60_000, how: 'up' } }, 'endRounding', 'up to 60000 ms'],
    [{ endRounding: { toMs: 1_000, how: 'nearest' } }, 'endRounding', 'nearest to 1000 ms'],
    [{ longestName: 100 }, 'longestName', '100 to 127'],
    [{ plainNames: true }, 'plainNames', true],
    [{ plainNames: true, longestName: 40 }, 'longestName', '40 to 49'],
    [{ takenEmails: [testEmail] }, 'takenEmails', false],
    [{ notifyDefault: false }, 'notifyDefault', false],
    [{ notifyOnUpdate: false }, 'notifyOnUpdate', false],
    [{ sendEmailsDefault: false }, 'sendEmailsDefault', false],
    [{ duplicateUserEmail: 'allow' }, 'duplicateUserEmail', 'allow'],
    [{ userEmailCaseSensitive: true }, 'otherCaseTaken', false],
  ];
  for (const [switches, name, value] of others) {
    it(`tells ${name} where it is ${JSON.stringify(switches)}`, async () => {
      Object.assign(world.kisi.switches, switches);
      const before = allIn(world);
      assert.deepEqual(valueOf(await writeIn(world), name), value);
      assert.equal(allIn(world), before);
    });
  }

  it('tells that lists lag behind, and finds what an unanswered request made', async () => {
    world.kisi.switches.listLagMs = 1_200;
    for (const path of ['/users', '/role_assignments'])
      world.kisi.faults.add({ match: path, method: 'POST', kind: 'afterWrite', times: 2 });
    const before = allIn(world);
    const findings = await writeIn(world, { settleMs: 1_700 });
    assert.equal(allIn(world), before);
    const lag = findings.listLagMs;
    assert.ok(lag !== undefined && ('untold' in lag || Number(lag.value) > 0), JSON.stringify(lag));
  }).timeout(60_000);

  it('takes away what came of a request that was held until the connection was long gone', async () => {
    world.kisi.faults.add({ match: '/users', method: 'POST', kind: 'held', times: 3, delayMs: 100 });
    const before = allIn(world);
    await writeIn(world);
    assert.equal(allIn(world), before);
  });

  it('does not begin where somebody has the e-mail already, in Kisi or in Nexudus', async () => {
    const refuses = async (email: string, why: RegExp): Promise<void> => {
      const options = { ...writingIn(world, await keptInMemory()), email };
      await assert.rejects(
        verifyByWriting(options),
        (error) => error instanceof WriteRefused && why.test(error.message),
      );
    };
    const before = allIn(world);
    await refuses('Ada1@example.com', /^User \d+ in Kisi has this e-mail\. Nothing was made/);
    for (const user of world.kisi.org.users()) world.kisi.org.deleteUser(user.id);
    await refuses('ADA1@example.com', /^Member \d+ in Nexudus has this e-mail/);
    assert.notEqual(allIn(world), before);
    assert.equal(world.kisi.requests.list().filter(({ method }) => method !== 'GET').length, 0);
  });

  it('leaves a user who got a key from somebody else meanwhile, and says so', async () => {
    const kept = await keptInMemory();
    const options = writingIn(world, kept);
    const { org } = world.kisi;
    const [, other] = org.groups.all();
    assert.ok(other !== undefined);
    const ask = (): Promise<'no'> => {
      const user = org.users().find(({ email }) => email === testEmail);
      if (user !== undefined) org.grantByHand({ userId: user.id, groupId: other.id });
      return Promise.resolve('no');
    };
    const { stays } = await verifyByWriting({ ...options, ask });
    assert.match(stays.join(), /^user \d+ in Kisi holds the right \d+, which somebody else has given/);
    const given = org.assignments().at(-1);
    assert.ok(given !== undefined && given.applies_to_id === other.id);
    org.removeAssignment(given.id);
    assert.deepEqual(await clean({ ...options }), []);
    assert.equal(
      org.users().find(({ email }) => email === testEmail),
      undefined,
    );
  });

  it('does not touch the ids that it knows in another organization', async () => {
    const kept = await keptInMemory();
    await kept.write(
      'verify --write',
      {
        ...{ version: 1, run: 'a', organizationId: 1, groupId: 2 },
        made: [{ kind: 'user', at: 1, mark: 'm', id: world.kisi.org.users()[0]?.id ?? 0 }],
      },
      1,
    );
    const before = allIn(world);
    await assert.rejects(clean(writingIn(world, kept)), WriteRefused);
    assert.equal(allIn(world), before);
  });
});
