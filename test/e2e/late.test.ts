/**
 * A grant that the network held, and that Kisi gets once the member has lost the access: the key is Latchkey's and goes, whatever
 * the policies say of keys that others give.
 */
import assert from 'node:assert/strict';
import type { FindingView } from '../../messages/to-drift.js';
import { memberWorkflowId } from '../../messages/to-member.js';
import { latchkeyDone } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

describe('a key that comes late', () => {
  let space: RunningSpace;
  const ids: Record<string, number> = {};
  before(async () => {
    space = await startSpace(
      ({ nexudus, ids: city }) => {
        for (const name of ['ann', 'ben', 'cid'])
          ids[name] = nexudus.space.addCoworker({
            Email: `${name}@example.com`,
            InvoicingBusinessId: city.rome,
          }).Id;
      },
      { LATCHKEY_COMPARISON_INTERVAL: '7d' },
      'none',
      'policies: { drift: { extra: report, changed: report } }\n',
    );
  });
  after(() => space.stop());

  const idOf = (name: string): number => ids[name] ?? 0;
  const keysOf = (name: string): number[] => space.kisi.org.keysOf(`${name}@example.com`);
  const sells = (name: string): void => {
    const { nexudus, ids: city } = space;
    nexudus.space.addPass({
      CoworkerId: idOf(name),
      TimePassId: city.passTypes.romeDay,
      BusinessId: city.rome,
    });
  };
  const isAtRest = (name: string, state: string) => (): Promise<boolean> =>
    space.view(idOf(name)).then((view) => view?.state === state && view.waitingFor === null);
  const hold = (times = 1): void => {
    space.kisi.faults.add({ match: '/role_assignments', method: 'POST', kind: 'held', times });
  };
  const posts = (): number => space.kisi.requests.count({ method: 'POST', path: '/role_assignments' });
  async function comparison(): Promise<FindingView[]> {
    const answer = await latchkeyDone(space.env, 'drift', '--now', '--all', '--json');
    return (JSON.parse(answer) as { findings: FindingView[] }).findings;
  }

  it('is taken away from one who was suspended before a second try', async () => {
    const { kisi, nexudus } = space;
    hold();
    kisi.faults.add({ match: '/role_assignments', method: 'POST', kind: 'status', status: 503 });
    const before = posts();
    sells('ann');
    await eventually('two tries', () => posts() >= before + 2);
    nexudus.space.suspend(idOf('ann'));
    await eventually('nothing to take away', isAtRest('ann', 'noAccess'));
    kisi.faults.clear();
    await kisi.faults.release();
    assert.equal(keysOf('ann').length, 1);
    assert.deepEqual(await comparison(), []);
    await eventually('it is gone', () => keysOf('ann').length === 0);
    assert.deepEqual(await comparison(), []);
  });

  // Late writes that need no whole space are tested in test/activities/late.test.ts.
  if (process.env['LATE'] === 'each')
    it('is taken away although a second try was answered, and that key is gone, and the workflow too', async () => {
      const { kisi, nexudus, service } = space;
      hold();
      sells('ben');
      await eventually('the key of the second try', () => keysOf('ben').length === 1);
      await eventually('ben rests', isAtRest('ben', 'access'));
      nexudus.space.suspend(idOf('ben'));
      await eventually('it is taken away', () => keysOf('ben').length === 0);
      await eventually('ben rests again', isAtRest('ben', 'noAccess'));
      await service.client.workflow.getHandle(memberWorkflowId(idOf('ben'))).terminate();
      await kisi.faults.release();
      assert.equal(keysOf('ben').length, 1);
      assert.deepEqual(await comparison(), []);
      await eventually('it is gone', () => keysOf('ben').length === 0);
    });

  if (process.env['LATE'] === 'each')
    it('is found by the member itself at a resync', async () => {
      const { kisi, nexudus } = space;
      hold();
      sells('cid');
      await eventually('the key of the second try', () => keysOf('cid').length === 1);
      await eventually('cid rests', isAtRest('cid', 'access'));
      nexudus.space.suspend(idOf('cid'));
      await eventually('it is taken away', () => keysOf('cid').length === 0);
      await eventually('cid rests again', isAtRest('cid', 'noAccess'));
      await kisi.faults.release();
      assert.equal(keysOf('cid').length, 1);
      await latchkeyDone(space.env, 'resync', String(idOf('cid')));
      await eventually('it is gone', () => keysOf('cid').length === 0);
    });
});
