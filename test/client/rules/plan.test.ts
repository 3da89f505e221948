import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.js';
import { startSpace, type RunningSpace } from '../../support/space.js';
import { latchkeyWith, linesOf, scratch, type Ran } from '../cli.js';

interface Planned {
  at: string;
  members: number;
  totals: { gain: number; lose: number; create: number; move: number; requests: number };
  lines: { memberId: number; groupId: number; does: string; until: string | null; requests: number }[];
  newToKisi: number[];
}

describe('latchkey plan', () => {
  const folder = scratch();
  let space: RunningSpace;
  let ada: number;
  let bob: number;

  before(async () => {
    // Nothing is noticed by itself: what is planned is still to be done.
    space = await startSpace(
      ({ nexudus, ids }) => {
        // Of no interest: neither pass nor contract.
        nexudus.space.addCoworker({ Email: 'contact@example.com' });
        ada = joins('ada', nexudus.space, ids.rome, ids.passTypes.romeDay, '2036-06-01T00:00:00Z');
      },
      { LATCHKEY_POLL_INTERVAL: '1d', LATCHKEY_RECONCILIATION_INTERVAL: '1d' },
    );
    await eventually('her key', () => space.kisi.org.keysOf('ada@example.com').length === 1);
    await eventually('her workflow at rest', async () => (await space.view(ada))?.state === 'access');
    const done = `WorkflowType IN ('poll', 'reconciliation') AND ExecutionStatus = 'Completed'`;
    await eventually('both first polls', async () => {
      const { count } = await space.service.client.workflow.count(done);
      return count === 2;
    });
    const { nexudus, ids } = space;
    bob = joins('bob', nexudus.space, ids.newYork, ids.passTypes.newYorkOffice, '2036-06-01T00:00:00Z');
  });
  after(async () => {
    await space.stop();
    folder.remove();
  });

  function joins(
    name: string,
    records: RunningSpace['nexudus']['space'],
    location: number,
    passType: number,
    ExpireDate: string,
  ): number {
    const { Id } = records.addCoworker({ Email: `${name}@example.com`, InvoicingBusinessId: location });
    records.addPass({ CoworkerId: Id, TimePassId: passType, BusinessId: location, ExpireDate });
    return Id;
  }

  const plan = (...args: string[]): Promise<Ran> => latchkeyWith(space.env, 'plan', ...args);
  async function planned(...args: string[]): Promise<Planned> {
    const { code, stdout, stderr } = await plan(...args, '--json');
    assert.equal(stderr, '');
    assert.equal(code, 0);
    return JSON.parse(stdout) as Planned;
  }

  it('shows who would gain which key, new people to Kisi too, and writes nothing', async () => {
    const before = space.kisi.requests.count();
    const { code, stdout } = await plan();
    assert.equal(code, 0);
    const line = new RegExp(`^ *${bob}  gains +${space.ids.groups.newYorkOffice} \\(Chelsea, New York`, 'm');
    assert.match(stdout, line);
    assert.match(stdout, /of 2 members: 1 would gain keys, 0 would lose keys\./);
    assert.match(stdout, /^New to Kisi, which mails each an invitation: 1\.$/m);
    assert.doesNotMatch(stdout, /moved on/);
    assert.match(stdout, /It takes 2 requests to Kisi/);
    assert.doesNotMatch(stdout, /example\.com/);
    const asked = space.kisi.requests.list().slice(before);
    assert.deepEqual([...new Set(asked.map(({ method }) => method))], ['GET']);
  });

  it('looks at one member, or at those of a location', async () => {
    assert.deepEqual((await planned('bob@example.com')).newToKisi, [bob]);
    const there = await planned('--location', String(space.ids.newYork));
    assert.deepEqual([there.members, there.lines.map(({ memberId }) => memberId)], [1, [bob]]);
  });

  it('shows what another mapping would change', async () => {
    const { ids } = space;
    const mapping = `mapping:\n  - { passType: ${ids.passTypes.romeDay}, groups: [${ids.groups.romeOffice}] }\n`;
    writeFileSync(join(folder.path, 'other.yaml'), mapping);
    const { lines } = await planned(String(ada), '--config', join(folder.path, 'other.yaml'));
    assert.deepEqual(
      lines.map(({ does, groupId }) => [does, groupId]),
      [
        ['revoke', ids.groups.romeDay],
        ['grant', ids.groups.romeOffice],
      ],
    );
  });

  it('shows what is to be at a time in the location’s own zone', async () => {
    // Her pass expires at 00:00 UTC, which is two o'clock in Rome.
    const held = await planned(String(ada), '--at', '2036-06-01T01:59');
    assert.deepEqual([held.totals.lose, held.totals.gain], [0, 0]);
    const past = await planned(String(ada), '--at', '2036-06-01T02:01');
    assert.deepEqual(
      past.lines.map(({ does }) => does),
      ['revoke'],
    );
    assert.equal(past.at, '2036-06-01T02:01');
    const { stdout } = await plan(String(ada), '--at', '2036-06-01T02:01');
    assert.match(stdout, /^At 2036-06-01T02:01 in each location’s own zone, of 1 members: .* 1 would lose/m);
  });

  it('takes plans to hand out their next passes until then, and says so', async () => {
    const ahead = await plan(String(ada), '--at', '2036-06-01T01:59');
    assert.match(ahead.stdout, /\n\nIt assumes that plans hand out their next passes until then\.\n$/);
    assert.doesNotMatch((await plan(String(ada))).stdout, /assumes/);
    const absurd = await plan(String(ada), '--at', '9999-06-01T01:59');
    assert.deepEqual([absurd.code, absurd.stdout], [2, '']);
  });

  it('shows just what is then done', async () => {
    const { lines, totals } = await planned();
    space.kisi.requests.clear();
    await latchkeyWith(space.env, 'resync', String(bob));
    await eventually('the key', () => space.kisi.org.keysOf('bob@example.com').length === 1);
    assert.deepEqual(
      space.kisi.org.keysOf('bob@example.com'),
      lines.map(({ groupId }) => groupId),
    );
    assert.equal(space.kisi.requests.count(), totals.requests);
    assert.deepEqual((await planned()).lines, []);
  });

  const wrong: [string[], RegExp][] = [
    [['999999'], /Nexudus has no coworker with this id/],
    [['--location', '999999'], /Nexudus has no location with this id/],
    [['--config', 'missing.yaml'], /names missing\.yaml, which does not exist/],
  ];
  for (const [args, says] of wrong) {
    it(`answers with one line and exit code 2: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await plan(...args);
      assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
      assert.match(stderr, says);
    });
  }
});
