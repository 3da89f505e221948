import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.js';
import { startSpace, type RunningSpace } from '../../support/space.js';
import { latchkeyWith, linesOf, type Ran } from '../cli.js';

interface Reported {
  members: number;
  mappedGroups: number;
  keys: { compared: number; agreeing: number; disagreeing: number; otherGroups: number; ended: number };
  requests: number;
  invitations: number;
  differences: {
    kind: string;
    cause: string | null;
    does: string;
    count: number;
    findings: { memberId: number | null; userId: number | null; groupName: string | null; why: string }[];
  }[];
}

const hour = 3_600_000;
const day = 24 * hour;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

describe('latchkey report', () => {
  let space: RunningSpace;
  /** Members by name. */
  const ids: Record<string, number> = {};

  before(async () => {
    space = await startSpace(oldIntegration, {
      LATCHKEY_INITIAL_MODE: 'observe',
      LATCHKEY_POLL_INTERVAL: '1d',
      LATCHKEY_RECONCILIATION_INTERVAL: '1d',
    });
    await eventually('a member waits for the mode', async () => {
      const waits = (await space.view(ids['newcomer'] ?? 0))?.waitingFor?.what ?? '';
      return waits.startsWith('Latchkey only observes');
    });
  });
  after(async () => {
    await space.stop();
  });

  /** What the old integration left in Kisi: mostly right, with one mistake of each kind. */
  function oldIntegration({
    nexudus,
    kisi,
    ids: city,
  }: Pick<RunningSpace, 'nexudus' | 'kisi' | 'ids'>): void {
    const records = nexudus.space;
    const { romeDay, romeOffice } = city.groups;
    type Pass = Partial<Parameters<typeof records.addPass>[0]>;

    const person = (name: string, fields: Parameters<typeof records.addCoworker>[0] = {}): number => {
      const Email = `${name}@example.com`;
      const { Id } = records.addCoworker({ Email, InvoicingBusinessId: city.rome, ...fields });
      return (ids[name] = Id);
    };
    const key = (name: string, groupId: number, validUntil?: number): void => {
      const userId = kisi.org.addUser({ email: `${name}@example.com` }).id;
      kisi.org.grantByHand({ userId, groupId, ...(validUntil === undefined ? {} : { validUntil }) });
    };
    const pass = (name: string, fields: Pass = {}): void => {
      const type = { TimePassId: city.passTypes.romeDay, BusinessId: city.rome };
      records.addPass({ CoworkerId: ids[name] ?? 0, ...type, ...fields });
    };

    for (const name of ['right', 'renewed', 'short', 'long', 'newcomer', 'waiting', 'elsewhere', 'barred']) {
      person(name, name === 'barred' ? { Active: false } : {});
      const ExpireDate = name === 'long' ? '2036-06-01T00:00:00Z' : null;
      pass(name, { ExpireDate });
    }
    key('right', romeDay);
    key('renewed', romeDay, Date.now() + 60 * day);
    key('short', romeDay, Date.now() + hour);
    key('long', romeDay);
    kisi.org.addUser({ email: 'waiting@example.com' });
    key('elsewhere', romeOffice);
    key('barred', romeDay);

    for (const name of ['used', 'usedToday', 'expired', 'contact', 'left']) person(name);
    pass('used', { Used: true, RemainingUses: 0, UsedDate: ago(30 * hour) });
    // Around midnight too, its day ends only later.
    pass('usedToday', { Used: true, RemainingUses: 0, UsedDate: ago(-hour) });
    pass('expired', { ExpireDate: ago(3 * day) });
    const plan = { CoworkerId: ids['left'] ?? 0, TariffId: city.plans.romeUnlimited, IssuedById: city.rome };
    const ended = { StartDate: ago(90 * day), CancellationDate: ago(2 * day), Cancelled: true };
    const { UniqueId } = records.addContract({ ...plan, ...ended });
    pass('left', {
      TimePassId: city.passTypes.romeOffice,
      IsFromTariff: true,
      CoworkerContractUniqueId: UniqueId,
    });
    for (const name of ['used', 'expired', 'contact']) key(name, romeDay);
    key('left', romeOffice);

    key('orphan', romeDay);
    key('cleaner', kisi.org.addGroup({ name: 'Staff' }).id);
    const { id } = kisi.org.addUser({ email: 'manager@example.com' });
    const role = { role_id: 'group_manager', applies_to_type: 'Group', applies_to_id: romeDay } as const;
    kisi.org.addRole({ ...role, user_id: id });
  }

  const report = (...args: string[]): Promise<Ran> => latchkeyWith(space.env, 'report', ...args);
  async function reported(...args: string[]): Promise<Reported> {
    const { code, stdout, stderr } = await report(...args, '--json');
    assert.deepEqual([code, stderr], [0, '']);
    assert.doesNotMatch(stdout, /@/);
    return JSON.parse(stdout) as Reported;
  }

  it('finds each mistake of the old integration, by cause', async () => {
    const { differences, keys, members, mappedGroups, invitations } = await reported();
    const found = differences.map(({ kind, cause, does, findings }) => [
      [kind, cause, does].filter((one) => one !== null).join(' '),
      ...findings.map(({ memberId }) => Object.keys(ids).find((name) => ids[name] === memberId) ?? null),
    ]);
    assert.deepEqual(
      found.sort(),
      [
        ['missing invites', 'newcomer', 'usedToday'],
        ['missing gives', 'waiting', 'elsewhere'],
        ['endsTooEarly moves', 'short'],
        ['unwarranted mapping leaves', 'elsewhere'],
        ['unwarranted member leaves', 'barred'],
        ['unwarranted uses leaves', 'used'],
        ['unwarranted expiry leaves', 'expired'],
        ['unwarranted noPass leaves', 'contact'],
        ['unwarranted contract leaves', 'left'],
        ['unknownPerson leaves', null],
        ['endsLater leaves', 'long'],
        ['otherRole leaves', null],
        ['neverEnds leaves', 'right'],
      ].sort(),
    );
    // All but the contact.
    assert.deepEqual([members, mappedGroups, invitations], [12, 3, 2]);
    assert.deepEqual(keys, { compared: 16, agreeing: 2, disagreeing: 14, otherGroups: 1, ended: 0 });
  });

  it('prints them in plain words within 100 columns, and asks of Kisi only what it holds', async () => {
    const before = space.kisi.requests.count();
    const { code, stdout, stderr } = await report();
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /: 12 members, 3 groups that pass types open\.\n16 keys compared/);
    assert.match(
      stdout,
      /2 agree, 14 disagree\.\nGoing live takes 17 requests .* 2 invitations\.\nLeft out: 1 key to groups/,
    );
    assert.match(stdout, /^1 key that no rule gives, because of the contract/m);
    const row = new RegExp(
      `^ +${ids['left'] ?? ''} +\\d+ +\\d+ \\(Trastevere, Rome – Office Membership\\) +never$`,
    );
    const lines = linesOf(stdout);
    const at = lines.findIndex((line) => row.test(line));
    assert.match(lines[at + 1] ?? '', /^ {6}CoworkerContract \d+ CancellationDate .* is past$/);
    assert.ok(lines.every((line) => line.length <= 100));
    assert.doesNotMatch(stdout, /@/);
    const asked = space.kisi.requests.list().slice(before);
    assert.ok(asked.length > 0);
    // Nor has anything else been written since the space began.
    assert.deepEqual([...new Set(space.kisi.requests.list().map(({ method }) => method))], ['GET']);
  });

  it('tells only of the members of a location', async () => {
    const there = await reported('--location', String(space.ids.newYork));
    assert.deepEqual([there.members, there.keys.compared, there.differences], [0, 0, []]);
    const here = await reported('--location', String(space.ids.rome));
    assert.deepEqual([here.members, here.keys.disagreeing], [12, 12]);
  });

  for (const location of ['999999', 'Rome']) {
    it(`answers with one line and exit code 2: --location ${location}`, async () => {
      const { code, stdout, stderr } = await report('--location', location);
      assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
    });
  }
});
