/** Keys outside the rules, for a while: given, kept away, withdrawn, and told by every command. */
import assert from 'node:assert/strict';
import type { Service } from '../../worker/service.js';
import { latchkeyDone, latchkeyWith, linesOf } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { hurried, startSpace, type RunningSpace } from '../support/space.js';

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const far = '2036-06-01';

describe('exceptions', () => {
  let space: RunningSpace;
  let worker: Service;
  const ids: Record<string, number> = {};
  before(async () => {
    space = await startSpace(({ nexudus, ids: city }) => {
      for (const name of ['ann', 'ben', 'cid', 'dan']) {
        const Email = `${name}@example.com`;
        ids[name] = nexudus.space.addCoworker({ Email, InvoicingBusinessId: city.rome }).Id;
      }
      const CoworkerId = ids['ben'] ?? 0;
      nexudus.space.addPass({ CoworkerId, TimePassId: city.passTypes.romeDay, BusinessId: city.rome });
      nexudus.space.update('coworkers', ids['cid'] ?? 0, { Active: false });
    });
    worker = space.service;
    await eventually('a key by a pass', () => keysOf('ben').length === 1);
  });
  after(async () => {
    await space.stop();
  });

  const keysOf = (name: string): number[] => space.kisi.org.keysOf(`${name}@example.com`);
  const idOf = (name: string): string => String(ids[name]);
  const day = (): string => String(space.ids.groups.romeDay);

  const run = (...args: string[]): Promise<string> => latchkeyDone(space.env, ...args);
  const except = (kind: string, name: string, ...more: string[]): Promise<string> =>
    run(kind, idOf(name), '--reason', 'a test', '--by', 'gina', ...more);
  /** A member's timeline in one line: each of its lines may go on in the next one. */
  const timelineOf = async (name: string): Promise<string> =>
    (await run('timeline', idOf(name))).replace(/\s+/g, ' ');
  const listed = async (): Promise<{ id: number; memberId: number; until: string; groupName: string }[]> =>
    JSON.parse(await run('exceptions', '--json')) as never;

  it('an allow holds until it is withdrawn, and explain tells it', async () => {
    await except('allow', 'ann', '--group', day(), '--until', far);
    await eventually('her key', () => keysOf('ann').length === 1);
    assert.match(
      await run('explain', idOf('ann')),
      new RegExp(`^Holds group ${day()} .*: exception 1 \\(allowed by gina\\), which ends at `, 'm'),
    );
    await run('withdraw', '1');
    await eventually('no key', () => keysOf('ann').length === 0);
  });

  it('a block takes a key, through a restart of the worker, and the key comes back once the block is withdrawn', async () => {
    await except('block', 'ben', '--until', far);
    await eventually('no key', () => keysOf('ben').length === 0);
    await worker.stop();
    worker = await space.startWorker(hurried());
    await run('resync', idOf('ben'));
    assert.deepEqual(keysOf('ben'), []);
    assert.match(
      await run('explain', idOf('ben')),
      new RegExp(`^Lacks group ${day()} .*:\\n  exception 2: blocked by gina until .*: a test\\.$`, 'm'),
    );
    assert.match(await run('plan'), /nothing would change/);
    assert.match(await run('plan', '--at', '2036-06-02T00:01'), /1 would gain keys/);
    assert.match(await run('status'), /^1 exception holds; none ends within 7 days\.$/m);
    assert.match(
      await run('withdraw', '2'),
      /^Withdrawn: exception 2: member \d+ is blocked from every group/,
    );
    await eventually('the key again', () => keysOf('ben').length === 1);
  });

  it('the timeline tells who ordered it and what came of it', async () => {
    await eventually('both orders', async () => /withdraw exception 2/.test(await timelineOf('ben')));
    const told = await timelineOf('ben');
    assert.match(told, /block every group until Sun 1 Jun 2036 24:00, \w+ \(exception 2\) - gina .* a test /);
    assert.match(told, /revoke .* rules exception 2: blocked by gina until .*: a test/);
    assert.doesNotMatch(told, /exception 1/, 'those of another member');
  });

  it('an allow for a member who may hold no key says so, and gives none', async () => {
    const said = await except('allow', 'cid', '--group', day(), '--until', inMs(86_400_000));
    assert.match(said, /\nNo key comes of it now: Coworker \d+ Active is false \(suspended\)\.\n$/);
    await run('resync', idOf('cid'));
    assert.deepEqual(keysOf('cid'), []);
    assert.match(
      await run('exceptions'),
      /^ *3 +\d+ +allow +\d+ \(.+\) +\S.*, \w+ +soon +gina \(\S+@\S+\) +a test$/m,
    );
    assert.match(await run('status'), /^1 exception holds\. Within 7 days:\n  exception 3: member /m);
  });

  it('takes the end of a day in the location’s zone, and a group by its name', async () => {
    const groupName = (await listed())[0]?.groupName ?? '';
    await except('allow', 'cid', '--group', groupName, '--until', far);
    await except('allow', 'cid', '--group', groupName, '--until', `${far}T09:00`);
    assert.deepEqual(
      (await listed()).slice(1).map(({ until }) => until),
      ['2036-06-01T07:00:00Z', '2036-06-01T22:00:00Z'],
    );
  });

  const wrong: [string, () => [id: string, group: string, until: string], RegExp][] = [
    ['an unknown member', () => ['999999', day(), far], /Nexudus has no coworker with this id/],
    ['an unknown e-mail', () => ['no@example.com', day(), far], /no coworker in Nexudus has this e-mail/],
    ['an unknown group', () => [idOf('cid'), '999999', far], /--group does not exist/],
    ['a past end', () => [idOf('cid'), day(), '2021-01-01'], /the end, 2021-01-01T23:00:00Z, is past/],
  ];
  for (const [what, typed, says] of wrong) {
    it(`refuses in one line with exit code 2: ${what}`, async () => {
      const [id, group, until] = typed();
      await refused(says, 'allow', id, '--group', group, '--until', until, '--reason', 'a test');
    });
  }

  it('refuses what contradicts an exception that holds, and to withdraw an exception that is not there', async () => {
    const block = ['block', idOf('cid'), '--until', far, '--reason', 'a test'];
    await refused(/it contradicts exception 3: member \d+ is allowed .*; withdraw that first/, ...block);
    await refused(/it contradicts exception 3/, ...block, '--group', day());
    await refused(/there is no exception 99, or it has ended/, 'withdraw', '99');
    assert.deepEqual(
      (await listed()).map(({ id }) => id),
      [3, 5, 4],
      'what was refused is not done',
    );
  });

  it('an allow gives a key to a member who has neither a pass nor a workflow, and the key goes at its end', async () => {
    const holds = async (): Promise<boolean> =>
      (await listed()).some(({ memberId }) => String(memberId) === idOf('dan'));
    // On a slow machine an end may come before the key does: then the next one is later.
    for (let lastsMs = 10_000; keysOf('dan').length === 0; lastsMs *= 3) {
      const said = await except('allow', 'dan', '--group', day(), '--until', inMs(lastsMs));
      assert.match(
        said,
        /^Exception \d+: member \d+ is allowed group \d+ \(.+\) until .*, by gina: a test\.\n$/,
      );
      await eventually('his key, or its end', async () => keysOf('dan').length === 1 || !(await holds()));
    }
    await eventually('no exception', async () => !(await holds()));
    const told =
      /grant .* exception \d+ \(allowed by gina\).* revoke .* the exception that it stood on ended at /;
    await eventually('given and taken', async () => told.test(await timelineOf('dan')));
    assert.deepEqual(keysOf('dan'), []);
  });

  async function refused(says: RegExp, ...args: string[]): Promise<void> {
    const { code, stdout, stderr } = await latchkeyWith(space.env, ...args);
    assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1], stderr);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /example\.com/);
  }
});
