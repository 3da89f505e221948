import assert from 'node:assert/strict';
import { latchkey, scratch } from '../client/cli.js';
import { memberLists } from '../support/lists.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

/** BAD_READS=each breaks each list in turn as well; by default all break at once. */
const lists = process.env['BAD_READS'] === 'each' ? [...memberLists, '.*'] : ['.*'];
type View = Awaited<ReturnType<RunningSpace['view']>>;
const kinds = ['status', 'malformed', 'empty', 'truncated', 'reset'] as const;

describe('a Nexudus that answers badly', function () {
  this.timeout(300_000);
  const folder = scratch();
  let space: RunningSpace;
  const members: number[] = [];

  before(async () => {
    space = await startSpace(({ nexudus, kisi, ids }) => {
      for (let i = 0; i < 8; i++) {
        const Email = `bad${i}@example.com`;
        kisi.org.addUser({ email: Email });
        const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
        const contract = nexudus.space.addContract({
          CoworkerId: Id,
          TariffId: ids.plans.newYorkWeek,
          IssuedById: ids.newYork,
        });
        nexudus.space.renew(contract.Id);
        members.push(Id);
      }
    });
    await eventually('all keys', () => space.kisi.org.assignments().length === members.length);
    await eventually('all at rest', () =>
      everyone((view) => view?.state === 'access' && view.waitingFor === null),
    );
  });
  afterEach(() => {
    space.nexudus.faults.clear();
  });
  after(async () => {
    await space.stop();
    folder.remove();
  });

  /** When each member was looked at last. */
  async function looksAt(): Promise<Map<number, string | null | undefined>> {
    const views = await Promise.all(members.map((id) => space.view(id)));
    return new Map(members.map((id, index) => [id, views[index]?.lastCheckedAt]));
  }

  async function everyone(is: (view: View) => boolean): Promise<boolean> {
    const views = await Promise.all(members.map((id) => space.view(id)));
    return views.every(is);
  }

  for (const kind of kinds) {
    for (const match of lists) {
      it(`takes nothing away when ${match === '.*' ? 'every list' : match} comes ${kind}, with everyone resynced meanwhile`, async () => {
        const { nexudus, kisi } = space;
        kisi.requests.clear();
        nexudus.faults.add({ match, method: 'GET', kind, ...(kind === 'status' ? { status: 503 } : {}) });
        const before = await looksAt();
        const ran = await latchkey(['resync', '--all'], folder.path, space.env);
        assert.equal(ran.stdout, `Woke ${members.length} members.\n`, ran.stderr);
        const isLookedAt = (view: View): boolean =>
          view !== null && view.lastCheckedAt !== before.get(view.memberId);
        // An empty list is mended by looking each record up, so then nobody need wait.
        const mustWait = match === '.*' && kind !== 'empty' && kind !== 'truncated';
        await eventually('everyone has read it', () =>
          everyone((view) => (view?.waitingFor ?? null) !== null || (!mustWait && isLookedAt(view))),
        );
        nexudus.faults.clear();
        await eventually('all at rest again', () =>
          everyone((view) => view?.state === 'access' && view.waitingFor === null && isLookedAt(view)),
        );
        assert.equal(kisi.org.assignments().length, members.length);
        const writes = kisi.requests.list().filter((request) => request.method !== 'GET');
        assert.deepEqual(writes, []);
      });
    }
  }
});
