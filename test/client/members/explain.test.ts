import assert from 'node:assert/strict';
import { startKisiSimulator, type KisiSimulator } from '../../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../../simulators/nexudus.js';
import { latchkey, linesOf, scratch, type Ran } from '../cli.js';

const noWorker =
  'latchkey: no worker has run in this folder: the rules are the defaults (there is no latchkey.yaml here); exceptions are left out';

describe('latchkey explain', () => {
  const folder = scratch();
  let nexudus: NexudusSimulator;
  let kisi: KisiSimulator;
  let groupId: number;
  let memberId: number;
  let otherId: number;
  let passId: number;
  let oldPassId: number;

  before(async () => {
    nexudus = await startNexudusSimulator();
    kisi = await startKisiSimulator();
    const { space } = nexudus;
    groupId = kisi.org.addGroup({ name: 'Harbour members', locks_count: 1 }).id;
    const dayPass = space.addTimePass({ Name: 'Day pass', KisiGroupId: String(groupId) });
    const coffee = space.addTimePass({ Name: 'Coffee' });
    memberId = space.addCoworker({ FullName: 'Ada Lovelace', Email: 'Ada@Example.com' }).Id;
    otherId = space.addCoworker({ FullName: 'Ada Byron', Email: 'ada@example.com' }).Id;
    space.addCoworker({ FullName: 'Mada', Email: 'mada@example.com' });
    passId = space.addPass({
      CoworkerId: memberId,
      TimePassId: dayPass.Id,
      ExpireDate: '2036-11-24T00:00:00Z',
    }).Id;
    oldPassId = space.addPass({
      CoworkerId: memberId,
      TimePassId: dayPass.Id,
      ExpireDate: '2021-01-01T00:00:00Z',
    }).Id;
    space.addPass({ CoworkerId: otherId, TimePassId: coffee.Id });
  });

  after(async () => {
    await nexudus.stop();
    await kisi.stop();
    folder.remove();
  });

  function explain(...args: string[]): Promise<Ran> {
    return explainWith({}, ...args);
  }

  function explainWith(env: Record<string, string>, ...args: string[]): Promise<Ran> {
    return latchkey(['explain', ...args], folder.path, {
      NEXUDUS_BASE_URL: nexudus.url,
      NEXUDUS_EMAIL: 'admin@example.com',
      NEXUDUS_PASSWORD: 'nexudus-password',
      KISI_BASE_URL: kisi.url,
      KISI_API_KEY: 'kisi-test-key',
      ...env,
    });
  }

  it('says which groups are held or lacking and by which record, without names or e-mails', async () => {
    const { code, stdout, stderr } = await explain(String(memberId));
    assert.deepEqual(linesOf(stderr), [noWorker]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      new RegExp(`^Profiles ${memberId}, ${otherId} share an e-mail: ${memberId} holds`, 'm'),
    );
    assert.match(
      stdout,
      new RegExp(`^Holds group ${groupId} \\(Harbour members\\), until Mon 24 Nov 2036 24:00, `, 'm'),
    );
    assert.match(
      stdout,
      new RegExp(`^  pass ${passId} \\(Day pass\\) counts until Mon 24 Nov 2036 24:00, `, 'm'),
    );
    assert.match(
      stdout,
      new RegExp(
        `^  pass ${oldPassId} \\(Day pass\\) does not count because of expiry: CoworkerTimePass`,
        'm',
      ),
    );
    assert.match(stdout, /^Opens no group:\n {2}pass \d+ \(Coffee\) does not count because of the mapping/m);
    assert.match(stdout, /^Next change: Mon 24 Nov 2036 24:00, /m);
    assert.doesNotMatch(stdout, /example\.com|Ada|Byron/);
  });

  it('says that no pass gives a key, and not that none is held, where there is no pass', async () => {
    const { Id } = nexudus.space.addCoworker({ FullName: 'Eve', Email: 'eve@example.com' });
    const { stdout } = await explain(String(Id));
    assert.match(stdout, new RegExp(`^No pass gives a key:\n  Coworker ${Id} has no pass\.$`, 'm'));
    assert.doesNotMatch(stdout, /Opens no group/);
  });

  it('answers for another time, as pure JSON, for all profiles of an exact e-mail', async () => {
    const { code, stdout, stderr } = await explain(
      'ADA@example.com',
      '--at',
      '2036-11-25T02:00:00+02:00',
      '--json',
    );
    assert.equal(code, 0);
    assert.deepEqual(linesOf(stderr), [
      noWorker,
      `latchkey: profiles ${memberId}, ${otherId} share this e-mail; taking ${memberId}, the lowest`,
    ]);
    const answer = JSON.parse(stdout) as {
      memberId: number;
      at: string;
      assumesRenewals: boolean;
      profileIds: number[];
      nextChange: unknown;
      groups: { groupId: number | null; groupName: string | null; holds: boolean; until: string | null }[];
    };
    assert.equal(answer.memberId, memberId);
    assert.equal(answer.at, '2036-11-25T00:00:00.000Z');
    assert.equal(answer.assumesRenewals, true);
    assert.deepEqual(answer.profileIds, [memberId, otherId]);
    const [group] = answer.groups;
    assert.deepEqual(
      [group?.groupId, group?.groupName, group?.holds, group?.until],
      [groupId, 'Harbour members', false, null],
    );
    assert.equal(answer.nextChange, null);
    assert.doesNotMatch(stdout, /example\.com/);
  });

  it('decides by the file of this folder, without exceptions, where Temporal cannot be reached, and says so', async () => {
    const { code, stdout, stderr } = await explainWith(
      { TEMPORAL_ADDRESS: 'http://nowhere' },
      String(memberId),
    );
    assert.equal(code, 0);
    assert.match(stdout, /^Holds group /m);
    assert.deepEqual(linesOf(stderr), [
      'latchkey: what is in force cannot be read (TEMPORAL_ADDRESS must be host:port, without a scheme or path): ' +
        'the rules are the defaults (there is no latchkey.yaml here); exceptions are left out',
    ]);
  });

  it('says in one line that there is no such member, without repeating the e-mail', async () => {
    const [byId, byEmail] = await Promise.all([explain('999999'), explain('nobody@example.com', '--json')]);
    assert.equal(byId.code, 1);
    assert.deepEqual(linesOf(byId.stderr), [noWorker, 'latchkey: Nexudus has no coworker with this id']);
    assert.equal(byEmail.code, 1);
    assert.deepEqual(linesOf(byEmail.stderr), [noWorker, 'latchkey: no coworker in Nexudus has this e-mail']);
    assert.equal(byEmail.stdout, '');
  });
});
