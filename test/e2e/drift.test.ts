/** What people and scripts change in Kisi behind Latchkey's back: found at the next comparison, and what is done about it. */
import assert from 'node:assert/strict';
import type { FindingView } from '../../messages/to-drift.js';
import { latchkeyDone, latchkeyWith, linesOf } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

describe('the comparison of Kisi', () => {
  let space: RunningSpace;
  const ids: Record<string, number> = {};
  before(async () => {
    space = await startSpace(
      ({ nexudus, ids: city }) => {
        for (const name of ['ann', 'ben', 'cid', 'dan', 'eve']) {
          const Email = `${name}@example.com`;
          const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: city.rome });
          if (name !== 'eve')
            nexudus.space.addPass({
              CoworkerId: Id,
              TimePassId: city.passTypes.romeDay,
              BusinessId: city.rome,
            });
          ids[name] = Id;
        }
      },
      { LATCHKEY_COMPARISON_INTERVAL: '7d' },
      'none',
      undefined,
      // Latchkey's own look at Kisi is not to be counted here.
      { everyMs: 3_600_000 },
    );
    for (const name of ['ann', 'ben', 'cid', 'dan'])
      await eventually('a key', () => keysOf(name).length === 1);
    for (const name of ['ann', 'ben', 'cid', 'dan']) await rests(name);
    const itsOwnLook = async (): Promise<boolean> => /^Kisi: .* with the role/m.test(await order('status'));
    await eventually('its own first look at Kisi', itsOwnLook);
    const dailyCheck = async (): Promise<boolean> =>
      /Its role is organization_owner/.test(await order('status'));
    await eventually('its first daily check', dailyCheck);
  });
  after(async () => {
    await space.stop();
  });

  const keysOf = (name: string): number[] => space.kisi.org.keysOf(`${name}@example.com`);
  const rests = (name: string): Promise<void> =>
    eventually(`${name} rests`, async () => (await space.view(ids[name] ?? 0))?.state === 'access');
  const userOf = (name: string): number =>
    space.kisi.org.users().find(({ email }) => email === `${name}@example.com`)?.id ?? 0;
  const keyOf = (name: string) => {
    const key = space.kisi.org.assignments().find(({ user_id }) => user_id === userOf(name));
    assert.ok(key, `${name} has a key`);
    return key;
  };
  const romeOffice = (): number => space.ids.groups.romeOffice;
  const writes = (): number => space.kisi.requests.list().filter(({ method }) => method !== 'GET').length;

  const order = (...args: string[]): Promise<string> => latchkeyDone(space.env, ...args);
  async function refused(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await latchkeyWith(space.env, ...args);
    assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
    return stderr;
  }

  /** Asks for a comparison, and answers what it found, settled findings too. */
  async function comparison(...args: string[]): Promise<FindingView[]> {
    const answer = await order('drift', '--now', '--all', '--json', ...args);
    return (JSON.parse(answer) as { findings: FindingView[] }).findings;
  }
  async function found(kind: string): Promise<FindingView> {
    const findings = (await comparison()).filter((one) => one.kind === kind);
    assert.equal(findings.length, 1, `${kind}: ${JSON.stringify(findings)}`);
    return findings[0] as FindingView;
  }
  const foundNothing = (): Promise<void> =>
    eventually('nothing found', async () => (await comparison()).length === 0);

  it('is made by list reads only, and not at the start', async () => {
    assert.match(
      await order('drift'),
      /^Latchkey has not compared itself with Kisi yet: the next comparison is at /,
    );
    const before = space.kisi.requests.count();
    assert.match(await order('drift', '--now'), /^Kisi and Latchkey agree as of /);
    assert.deepEqual(
      space.kisi.requests
        .list()
        .slice(before)
        .map(({ method, path }) => [method, path.replace(/\?.*/, '')]),
      [
        ['GET', '/role_assignments'],
        ['GET', '/users'],
        ['GET', '/groups'],
      ],
    );
  });

  it('leaves it known who has a Kisi user, so that a first key takes two requests, a further one takes one, and a revoke a look and the write', async () => {
    const { nexudus, kisi, ids: city } = space;
    const id = ids['eve'] ?? 0;
    /** The requests to Kisi until eve holds this many keys. */
    async function asked(change: () => unknown, keys: number): Promise<string[]> {
      const before = kisi.requests.count();
      await change();
      await eventually('the keys', () => kisi.requests.count() > before && keysOf('eve').length === keys);
      await eventually('eve rests', async () => (await space.view(id))?.keys.length === keys);
      const requests = kisi.requests.list().slice(before);
      return requests.map(({ method, path }) => `${method} ${path.replace(/[/?](\d|as).*/, '')}`);
    }
    const buys = (TimePassId: number) => (): unknown =>
      nexudus.space.addPass({ CoworkerId: id, TimePassId, BusinessId: city.rome });
    const given = 'POST /role_assignments';
    const revoked = ['GET /role_assignments', 'DELETE /role_assignments'];
    assert.deepEqual(await asked(buys(city.passTypes.romeDay), 1), ['POST /users', given]);
    assert.deepEqual(await asked(buys(city.passTypes.romeOffice), 2), [given]);
    assert.deepEqual(await asked(() => order('resync', String(id)), 2), ['GET /role_assignments']);
    const suspend = (): void => {
      nexudus.space.suspend(id);
    };
    assert.deepEqual(await asked(suspend, 0), [...revoked, ...revoked]);
  });

  it('finds a key that was taken away by hand, and has it given again', async () => {
    space.kisi.org.removeAssignment(keyOf('ann').id);
    const { memberId, groupId, doing } = await found('missing');
    assert.deepEqual([memberId, groupId], [ids['ann'], space.ids.groups.romeDay]);
    assert.equal(doing, `member ${ids['ann'] ?? ''} was woken to mend it`);
    await eventually('her key', () => keysOf('ann').length === 1);
    await foundNothing();
  });

  it('moves an end back that was changed by hand, and adopts it where a person says so', async () => {
    const { org } = space.kisi;
    const was = keyOf('ben').valid_until;
    const later = new Date(Date.parse(was ?? '') + 20 * 86_400_000).toISOString();
    org.roles.put({ ...keyOf('ben'), valid_until: later });
    await found('changed');
    await eventually('the end moved back', () => keyOf('ben').valid_until !== later);
    await foundNothing();

    org.roles.put({ ...keyOf('ben'), valid_until: later });
    const { id, contested, doing } = await found('changed');
    assert.equal(contested, true, doing);
    await order('adopt', String(id), '--by', 'Mia');
    await foundNothing();
    assert.equal(keyOf('ben').valid_until, later);
  });

  it('finds a key that was given by hand, tells it once, and takes it away when a person says so', async () => {
    const { org } = space.kisi;
    const before = writes();
    org.grantByHand({ userId: userOf('cid'), groupId: romeOffice() });
    const extra = await found('extra');
    assert.deepEqual([extra.memberId, extra.groupName], [ids['cid'], 'Trastevere, Rome – Office Membership']);
    assert.equal(extra.doing, 'nothing, until somebody decides');

    assert.match(await order('ignore', String(extra.id), '--by', 'Mia'), /: ignored by Mia\.$/m);
    assert.match(await order('drift', '--now'), /1 adopted or ignored/);
    assert.equal(writes(), before);
    assert.equal(keysOf('cid').length, 2);

    await order('pause', 'revokes', '--by', 'Mia');
    assert.match(
      await order('repair', String(extra.id), '--by', 'Mia'),
      /: not repaired yet: Taking keys away is stopped by Mia .* tried again at the next comparison\.$/m,
    );
    await order('resume');
    // An order that is taken back holds for a moment yet.
    await eventually('it is taken away', async () => (await found('extra')).doing === 'taken away');
    assert.equal(keysOf('cid').length, 1);
    await foundNothing();
  });

  it('allows or blocks a key outside the rules where a person adopts it', async () => {
    const { org } = space.kisi;
    org.grantByHand({ userId: userOf('cid'), groupId: romeOffice() });
    org.removeAssignment(keyOf('ann').id);
    // Each was repaired today already, and so is contested.
    const [extra, missing] = [await found('extra'), await found('missing')];
    for (const { id } of [extra, missing]) await order('adopt', String(id), '--by', 'Mia');
    const held = await order('exceptions');
    assert.match(held, new RegExp(`${ids['cid'] ?? ''} +allow`));
    assert.match(held, new RegExp(`${ids['ann'] ?? ''} +block`));
    await foundNothing();
    assert.deepEqual([keysOf('cid').length, keysOf('ann').length], [2, 0]);
  });

  it('finds who is suspended or unknown to Nexudus, and never deletes a Kisi user', async () => {
    const { org } = space.kisi;
    org.setAccessEnabled(userOf('dan'), false);
    const suspended = await found('userSuspended');
    assert.match(await refused('repair', String(suspended.id)), /Latchkey suspends nobody/);
    await order('adopt', String(suspended.id), '--by', 'Mia');
    assert.match(await order('drift', '--now'), /1 adopted or ignored/);
    org.setAccessEnabled(userOf('dan'), true);

    const { id: stranger } = org.addUser({ email: 'stranger@example.com' });
    org.grantByHand({ userId: stranger, groupId: romeOffice() });
    const orphan = await found('orphan');
    assert.deepEqual([orphan.memberId, orphan.kisiUserId], [null, stranger]);
    await order('repair', String(orphan.id));
    assert.deepEqual(org.keysOf('stranger@example.com'), []);
    assert.ok(org.people.get(stranger));
    await foundNothing();
  });

  it('stops fighting over a key that a second writer takes away, and says so, until a person rules', async () => {
    const group = space.ids.groups.romeDay;
    const takesAway = (): boolean => space.kisi.org.removeAssignment(keyOf('dan').id);
    takesAway();
    await found('missing');
    await eventually('given again', () => keysOf('dan').length === 1);
    takesAway();
    // The member may not have shown yet that the key was given again.
    await eventually('it is contested', async () => (await comparison()).some(({ contested }) => contested));
    const before = writes();
    assert.match(
      await order('report'),
      /^1 key that somebody else changes back, .*\n +finding \d+, member \d+/m,
    );
    const { id, doing } = await found('missing');
    assert.match(
      doing,
      /taken away twice: is the native Kisi integration in Nexudus still on, or another script/,
    );
    assert.deepEqual([writes(), keysOf('dan')], [before, []]);
    const status = await order('status');
    assert.match(status, /^Drift: missing 1; .* Contested, and left alone: 1\./m);
    assert.match(
      status,
      new RegExp(`^ {2}- Somebody undid a repair of Latchkey twice \\(finding ${id}, missing, `, 'm'),
    );

    await order('repair', String(id), '--by', 'Mia');
    await eventually('given again', () => keysOf('dan').includes(group));
    await foundNothing();
  });

  it('keeps what was found, ruled and done in the audit log of the member', async () => {
    const told = (await order('timeline', String(ids['cid']))).replace(/\s+/g, ' ');
    for (const what of [
      /finding \d+: extra /,
      /ignore finding \d+ \(extra\) \d+ .*Mia \(\S+@\S+\) /,
      /revoke \d+ .* Mia finding \d+ \(extra\): .*; Kisi: deleted /,
      /finding \d+: extra is over/,
    ])
      assert.match(told, what);
    assert.match(await order('audit'), /finding \d+: missing is contested/);
    assert.doesNotMatch(await order('drift', '--all', '--json'), /example\.com/);
  });

  it('refuses in one line what cannot be', async () => {
    assert.match(await refused('repair', '999'), /there is no finding 999: `latchkey drift` lists them/);
    assert.match(await refused('ignore', 'ann'), /ID must be the number of a finding/);
  });
});
