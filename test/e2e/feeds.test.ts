/** A Nexudus whose lists have lost most of what is in them: nothing goes unless a person says so, and then just that. */
import assert from 'node:assert/strict';
import { reconciliationScheduleId } from '../../messages/to-member.js';
import { latchkeyDone, latchkeyWith } from '../client/cli.js';
import { memberLists } from '../support/lists.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

/** FEEDS=each: each list in each way, and all at once. By default one. */
const each = process.env['FEEDS'] === 'each';
const lists = each ? [...memberLists, '/api/sys/businesses', '.*'] : ['/api/spaces/coworkers'];
const kinds = each ? (['lossy', 'empty', 'dropLastPage'] as const) : (['lossy'] as const);
/**
 * Coworkers are not among these: a person rules on them only once a reconciliation ten minutes later agrees, and until then
 * none of them is judged.
 */
const owned = ['coworkercontracts', 'coworkertimepasses'] as const;
const count = 20;
const lost = 12;

interface StatusJson {
  held: { id: number; keys: number; ruling: object | null }[];
  doubted: { list: string; rows: number; before: number }[];
}
interface HeldJson {
  id: number;
  losses: { memberId: number }[];
}

/** A space in which twenty members have a key each, by a plan, and one suspicious loss is too many. */
async function startFull(): Promise<{ space: RunningSpace; members: number[] }> {
  const members: number[] = [];
  const space = await startSpace(
    ({ nexudus: { space: records, switches }, kisi, ids }) => {
      switches.mostRows = 7;
      for (let i = 0; i < count; i++) {
        const Email = `f${i}@example.com`;
        kisi.org.addUser({ email: Email });
        const { Id } = records.addCoworker({ Email, InvoicingBusinessId: ids.rome });
        const plan = { CoworkerId: Id, TariffId: ids.plans.newYorkWeek, IssuedById: ids.newYork };
        records.renew(records.addContract(plan).Id);
        members.push(Id);
      }
    },
    {},
    'none',
    'policies: { guardPeople: 0, guardShare: 1% }\n',
  );
  await eventually('all keys', () => space.kisi.org.assignments().length === count);
  await eventually('a first count of everything', async () => (await reconciliations(space)) > 0);
  return { space, members };
}

async function reconciliations({ service }: RunningSpace): Promise<number> {
  const query = `WorkflowType = 'reconciliation' AND ExecutionStatus != 'Running'`;
  return (await service.client.workflow.count(query)).count;
}

/** Has everything read again, and resolves when a reconciliation has ended, well or not. */
async function readEverything(space: RunningSpace): Promise<void> {
  const before = await reconciliations(space);
  await latchkeyWith(space.env, 'resync', '--all');
  // Without an overlap policy, as the button of the Temporal UI: that run is told nothing of the runs before.
  await space.service.client.schedule.getHandle(reconciliationScheduleId).trigger();
  await eventually('a reconciliation', async () => (await reconciliations(space)) > before);
}

async function json<T>(space: RunningSpace, ...args: string[]): Promise<T> {
  return JSON.parse(await latchkeyDone(space.env, ...args, '--json')) as T;
}

async function allAtRest(space: RunningSpace, members: number[]): Promise<boolean> {
  const views = await Promise.all(members.map((id) => space.view(id)));
  return views.every((view) => view?.state === 'access' && view.waitingFor === null);
}

describe('a feed with too little in it', function () {
  this.timeout(300_000);
  let space: RunningSpace;
  let members: number[];

  before(async () => {
    ({ space, members } = await startFull());
  });
  afterEach(() => {
    space.nexudus.faults.clear();
  });
  after(async () => {
    await space.stop();
  });

  for (const kind of kinds) {
    for (const match of lists) {
      it(`takes no key and asks nobody to rule, where ${match === '.*' ? 'every list' : match} is ${kind}`, async () => {
        const { nexudus, kisi } = space;
        kisi.requests.clear();
        nexudus.faults.add({ match, method: 'GET', kind });
        await readEverything(space);
        const { held, doubted } = await json<StatusJson>(space, 'status');
        assert.deepEqual(held, []);
        // A list that breaks off is not read at all, so there is nothing to doubt in it.
        if (kind !== 'dropLastPage' && match.endsWith('/coworkers')) {
          const coworkers = doubted.find(({ list }) => list === 'coworkers');
          assert.ok(
            coworkers !== undefined && coworkers.rows * 2 < coworkers.before,
            JSON.stringify(doubted),
          );
        }
        nexudus.faults.clear();
        await readEverything(space);
        await eventually('all at rest again', () => allAtRest(space, members));
        assert.deepEqual((await json<StatusJson>(space, 'status')).doubted, []);
        assert.equal(kisi.org.assignments().length, count);
        assert.deepEqual(
          kisi.requests.list().filter(({ method }) => method !== 'GET'),
          [],
        );
      });
    }
  }
});

for (const collection of each ? owned : owned.slice(-1)) {
  describe(`most ${collection} gone, by every way of asking`, function () {
    this.timeout(300_000);
    let space: RunningSpace;
    let members: number[];

    before(async () => {
      ({ space, members } = await startFull());
    });
    after(async () => {
      await space.stop();
    });

    const keys = (): number => space.kisi.org.assignments().length;

    it('takes nothing away, is one thing to rule on, and once that is approved just the listed keys go', async () => {
      const records = space.nexudus.space;
      const leaving = new Set(members.slice(0, lost));
      for (const row of [...records.list(collection)]) {
        if (leaving.has(row.CoworkerId)) records.remove(collection, row.Id);
      }
      await readEverything(space);
      const held = (): Promise<HeldJson[]> => json<HeldJson[]>(space, 'withheld');
      await eventually('all are held', async () => (await held())[0]?.losses.length === lost);
      const [one, ...others] = await held();
      assert.deepEqual(others, []);
      assert.equal(keys(), count);
      assert.deepEqual(one?.losses.map(({ memberId }) => memberId).sort(), [...leaving].sort());
      await latchkeyWith(space.env, 'approve', String(one.id), '--by', 'Mia', '--why', 'a clean-up');
      await eventually('they are gone', () => keys() === count - lost);
      await eventually('nothing is held any more', async () => (await held()).length === 0);
      const left = space.kisi.org.users().filter(({ email }) => space.kisi.org.keysOf(email).length > 0);
      assert.deepEqual(
        left.map(({ email }) => email).sort(),
        Array.from({ length: count - lost }, (_, i) => `f${i + lost}@example.com`).sort(),
      );
    });
  });
}
