/**
 * A plan in a file, done and undone, over random changes to a space that only observes. PLAN_MEMBERS and PLAN_CHANGES say
 * how large (1000 and 200 for a proof), PLAN_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { latchkeyDone, latchkeyWith, linesOf, scratch, type Ran } from '../client/cli.js';
import { openDatabase } from '../../database/database.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

const memberCount = Number(process.env['PLAN_MEMBERS'] ?? 12);
const changeCount = Number(process.env['PLAN_CHANGES'] ?? 10);
const seed = Number(process.env['PLAN_SEED'] ?? Date.now() % 1_000_000);

interface Line {
  memberId: number;
  groupId: number;
  does: 'grant' | 'adopt' | 'move' | 'giveBack' | 'revoke';
  before: string | null;
  after: string | null;
}

describe(`a plan that is applied (seed ${seed})`, () => {
  const folder = scratch();
  const path = (name: string): string => join(folder.path, name);
  let space: RunningSpace;
  const members: number[] = [];
  const waitMs = patienceMs + memberCount * 500;

  before(async function () {
    this.timeout(2 * waitMs);
    space = await startSpace(({ nexudus, ids }) => {
      for (let i = 0; i < memberCount; i++) {
        const InvoicingBusinessId = i % 2 === 0 ? ids.rome : ids.newYork;
        const { Id } = nexudus.space.addCoworker({ Email: `m${i}@example.com`, InvoicingBusinessId });
        members.push(Id);
        const plan = { CoworkerId: Id, TariffId: ids.plans.newYorkWeek, BusinessId: ids.newYork };
        if (i % 2 === 1) nexudus.space.addContract(plan);
        else addPass(nexudus.space, ids, Id, '2036-06-01T00:00:00Z');
      }
      nexudus.space.tick();
    });
    await eventually('all keys', () => held().size === memberCount, waitMs);
    await order('mode', 'observe', '--why', 'a plan comes');
  });
  after(async () => {
    await space.stop();
    folder.remove();
  });

  function addPass(
    records: RunningSpace['nexudus']['space'],
    ids: RunningSpace['ids'],
    CoworkerId: number,
    ExpireDate: string | null,
  ): void {
    records.addPass({ CoworkerId, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome, ExpireDate });
  }

  const run = (...args: string[]): Promise<Ran> => latchkeyWith(space.env, ...args);
  const order = (...args: string[]): Promise<string> => latchkeyDone(space.env, ...args);
  async function refused(says: RegExp, ...args: string[]): Promise<void> {
    const before = writes();
    const { code, stdout, stderr } = await run(...args);
    assert.match(stderr, says);
    assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
    assert.equal(writes(), before);
  }
  const writes = (): number => space.kisi.requests.list().filter(({ method }) => method !== 'GET').length;
  async function planned(...args: string[]): Promise<Line[]> {
    return (JSON.parse(await order('plan', '--json', ...args)) as { lines: Line[] }).lines;
  }

  /** The ends of keys in Kisi, by the e-mail of their holder and the group. */
  function held(): Map<string, string | null> {
    const emails = new Map(space.kisi.org.users().map(({ id, email }) => [id, email]));
    return new Map(
      space.kisi.org
        .assignments()
        .map((one) => [
          `${emails.get(one.user_id) ?? ''} ${one.applies_to_id}`,
          one.valid_until === null ? null : new Date(one.valid_until).toISOString(),
        ]),
    );
  }
  const sorted = (keys: Map<string, string | null>): [string, string | null][] =>
    [...keys].sort(([a], [b]) => a.localeCompare(b));

  function emailOf(memberId: number): string {
    return space.nexudus.space.need('coworkers', memberId).Email;
  }

  /** What Kisi holds when just these lines are done. */
  function doneTo(before: Map<string, string | null>, lines: readonly Line[]): Map<string, string | null> {
    const keys = new Map(before);
    for (const { memberId, groupId, does, after: end } of lines) {
      const key = `${emailOf(memberId)} ${groupId}`;
      if (does === 'revoke') keys.delete(key);
      else keys.set(key, end === null ? null : new Date(end).toISOString());
    }
    return keys;
  }

  /** One of the things that happen to members, or that people do in Kisi by hand. */
  function befall(kind: number, memberId: number): void {
    const { nexudus, ids, kisi } = space;
    const records = nexudus.space;
    const email = emailOf(memberId);
    switch (kind) {
      case 0:
        records.suspend(memberId);
        return;
      case 1:
        records.update('coworkers', memberId, { Active: true });
        return;
      case 2:
        addPass(records, ids, memberId, '2036-01-01T00:00:00Z');
        return;
      case 3:
        records.addPass({
          CoworkerId: memberId,
          TimePassId: ids.passTypes.romeOffice,
          BusinessId: ids.rome,
        });
        return;
      case 4:
        for (const pass of records.list('coworkertimepasses'))
          if (pass.CoworkerId === memberId)
            records.update('coworkertimepasses', pass.Id, { Used: true, UsedDate: '2026-01-01T10:00:00Z' });
        return;
      case 5: {
        const { Id } = records.addCoworker({ Email: `new${memberId}-${members.length}@example.com` });
        members.push(Id);
        addPass(records, ids, Id, null);
        return;
      }
      case 6: {
        const user = kisi.org.users().find((one) => one.email === email);
        if (user === undefined || held().has(`${email} ${ids.groups.romeOffice}`)) return;
        const validUntil = Date.parse('2027-01-01T00:00:00Z');
        kisi.org.grantByHand({ userId: user.id, groupId: ids.groups.romeOffice, validUntil });
        return;
      }
    }
  }

  it('is refused where the clocks of this machine and Nexudus differ', async () => {
    const { switches } = space.nexudus;
    await order('plan', '--out', path('clock.json'));
    for (const [offMs, words] of [
      [6 * 3_600_000, /this machine's clock is 6 h behind Nexudus', so nothing was done/],
      [-6 * 86_400_000, /this machine's clock is 6 days ahead of Nexudus', so nothing was done/],
    ] as const) {
      switches.dateHeader = new Date(Date.now() + offMs).toUTCString();
      await refused(words, 'apply', path('clock.json'));
    }
    switches.dateHeader = 'clock';
  });

  it('is refused where something has changed since it was made, and says what', async () => {
    await order('plan', '--out', path('old.json'));
    befall(5, members[0] ?? 0);
    await refused(
      /something has changed since the plan was made \(member \d+, group \d+ .*: nothing to do in the plan, grant until /,
      'apply',
      path('old.json'),
    );
  });

  it('is refused where there is nobody to ask and no --yes', async () => {
    await eventually('a plan that stands', async () => {
      await order('plan', '--out', path('asked.json'));
      const before = writes();
      const { code, stderr } = await run('apply', path('asked.json'));
      assert.deepEqual([code, writes()], [2, before], stderr);
      return /writes keys to Kisi: give --yes/.test(stderr);
    });
  });

  it('does just what it says, and is undone to what was', async function () {
    this.timeout(10 * waitMs);
    const arbitrary = fc.tuple(fc.nat(6), fc.nat(memberCount - 1));
    for (const [kind, index] of fc.sample(arbitrary, { seed, numRuns: changeCount }))
      befall(kind, members[index] ?? 0);
    let lines: Line[] = [];
    let before = held();
    let answer = '';
    // The first plans still change, since some members have not seen all of that yet.
    await eventually(
      'nothing moves any more',
      async () => {
        lines = await planned('--out', path('p.json'));
        before = held();
        space.kisi.requests.clear();
        const { code, stdout, stderr } = await run(
          'apply',
          path('p.json'),
          '--yes',
          '--by',
          'Gina',
          '--json',
        );
        assert.ok(code === 0 || (stderr.includes('something has changed') && writes() === 0), stderr);
        answer = stdout;
        return code === 0;
      },
      waitMs,
    );
    const { id } = JSON.parse(readFileSync(path('p.json'), 'utf8')) as { id: string };
    assert.ok(lines.length > 0);
    const said = JSON.parse(answer) as {
      changes: { memberId: number; groupId: number; done: boolean }[];
    };
    assert.ok(said.changes.every(({ done }) => done));
    assert.deepEqual(
      said.changes.map(({ memberId, groupId }) => `${memberId} ${groupId}`).sort(),
      lines.map(({ memberId, groupId }) => `${memberId} ${groupId}`).sort(),
    );
    assert.deepEqual(sorted(held()), sorted(doneTo(before, lines)));
    assert.deepEqual(await planned(), []);
    await refused(/applied already|something has changed/, 'apply', path('p.json'));

    assert.match(await order('undo', id, '--by', 'Gina'), new RegExp(`^Plan ${id} is undone`));
    assert.deepEqual(sorted(held()), sorted(before));
    const writesSoFar = writes();
    await order('mode', 'live', '--yes');
    await order('resync', String(lines[0]?.memberId));
    assert.equal(writes(), writesSoFar);
    assert.deepEqual(sorted(held()), sorted(before));
    await refused(/cannot be undone any more/, 'undo', id);
  });

  it('is refused when its file is not as it was written, or of another space', async () => {
    await refused(/missing\.json cannot be read: ENOENT/, 'apply', path('missing.json'));
    const text = readFileSync(path('p.json'), 'utf8');
    writeFileSync(path('cut.json'), text.slice(0, -200));
    await refused(/is not whole/, 'apply', path('cut.json'));
    writeFileSync(path('edited.json'), text.replace('"does": "grant"', '"does": "revoke"'));
    await refused(/was edited or cut short/, 'apply', path('edited.json'), '--yes');
    writeFileSync(path('unsigned.json'), text.replace(/"signature": "[0-9a-f]+"/, '"signature": ""'));
    await refused(/is not signed/, 'apply', path('unsigned.json'), '--yes');
    const url = `file:${path('another.db')}`;
    await (await openDatabase(url)).destroy();
    const elsewhere = { ...space.env, LATCHKEY_DATABASE_URL: url };
    const { code, stderr } = await latchkeyWith(elsewhere, 'apply', path('p.json'), '--yes');
    assert.deepEqual([code, /was not signed by this installation/.test(stderr)], [2, true], stderr);
    writeFileSync(path('other.json'), '{"mapping": []}');
    await refused(/is no plan/, 'apply', path('other.json'));
    await refused(/no plan 00000000 was applied here/, 'undo', '00000000');
    await refused(/must be the id of a plan/, 'undo', '../etc');
  });
});
