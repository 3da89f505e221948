/**
 * Whatever store, workflow or record is lost or put back from an earlier copy: after one reconciliation and one comparison
 * everybody holds what the rules say, and nobody lost a key in between.
 */
import assert from 'node:assert/strict';
import type { Client, WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { memberStart } from '../../activities/wake.js';
import { openDatabase } from '../../database/database.js';
import { controlWorkflowId, modeUpdate } from '../../messages/to-control.js';
import { compareNow, driftWorkflowId, findingUpdate, type DriftView } from '../../messages/to-drift.js';
import { memberWorkflowId, memberWorkflowType, stateQuery } from '../../messages/to-member.js';
import { losableSpace, type LosableSpace } from '../support/losable.js';
import { eventually, patienceMs } from '../support/eventually.js';

/** LOSSES=each for the long version. */
const isLong = process.env['LOSSES'] === 'each';

interface People {
  /** Nothing changes for her. */
  ann: number;
  /** Is suspended. */
  ben: number;
  /** Has a plan without a pass: it renews. */
  cid: number;
  /** Gets another e-mail. */
  dan: number;
  /** Has a key that a person gave, and that is ignored. */
  eve: number;
}

/** Something that is lost. `come` brings the loss about, and calls `changed` to change things for people during it. */
interface Loss {
  what: string;
  /** Whether ann's key is what is lost. */
  takesAnn?: boolean;
  /** Ann may get a second mail: her Kisi user is a new one. */
  mailsAnnAgain?: boolean;
  /** What a person orders before the loss is lost, and ordered again after it. */
  losesOrders?: boolean;
  /** What latchkey.yaml says. */
  file?: string;
  inShort?: boolean;
  come: (space: LosableSpace, people: People, changed: () => void) => Promise<void>;
}

const handlesOf = (space: LosableSpace, people: People): WorkflowHandle[] =>
  Object.values(people).map((id: number) => space.client().workflow.getHandle(memberWorkflowId(id)));

const ending = (
  what: string,
  end: (space: LosableSpace, handle: WorkflowHandle, id: number) => Promise<unknown>,
): Loss => ({
  what,
  async come(space, people, changed) {
    for (const [i, handle] of handlesOf(space, people).entries())
      await end(space, handle, Object.values(people)[i] as number).catch((error: unknown) => {
        // Eve has no workflow.
        if (!String(error).includes('not found')) throw error;
      });
    changed();
  },
});

const restored =
  (store: 'temporal' | 'database', name: string | null): Loss['come'] =>
  async (space, _, changed) => {
    await space.restart(async () => {
      changed();
      await space.put(store, name);
    });
  };

const losses: Loss[] = [
  { ...ending('a request to cancel each member’s workflow', (_, handle) => handle.cancel()) },
  { ...ending('each member’s workflow terminated', (_, handle) => handle.terminate()), inShort: true },
  {
    ...ending('each member’s workflow timed out', async (space, handle, id) => {
      await handle.terminate();
      const start = memberStart(id, space.config.taskQueue);
      await space.client().workflow.start(memberWorkflowType, { ...start, workflowExecutionTimeout: '1s' });
      await eventually('timed out', async () => (await handle.describe()).status.name === 'TIMED_OUT');
    }),
  },
  {
    ...ending('each member’s workflow failed', async (space, handle, id) => {
      await handle.terminate();
      await failOnce(space.client(), memberStart(id, space.config.taskQueue).workflowId);
      assert.equal((await handle.describe()).status.name, 'FAILED');
    }),
  },
  {
    what: 'the leader, which is killed amid a reconciliation',
    come: (space, _, changed) => space.killAmid(changed),
  },
  {
    what: 'the leader, which is stopped',
    async come(space, _, changed) {
      await space.restart(() => {
        changed();
        return Promise.resolve();
      });
    },
  },
  { what: 'all of Temporal’s data', inShort: true, come: restored('temporal', null) },
  { what: 'what Temporal knew since a copy was made', come: restored('temporal', 'old') },
  { what: 'the database', inShort: true, come: restored('database', null) },
  { what: 'what the database knew since a copy was made', come: restored('database', 'old') },
  {
    what: 'the secret of the installation, though all that was digested with it is kept',
    inShort: true,
    async come(space, _, changed) {
      await space.restart(async () => {
        changed();
        const db = await openDatabase(space.config.databaseUrl);
        await db.deleteFrom('kept').where('name', '=', 'installation-secret').execute();
        await db.destroy();
      });
    },
  },
  {
    what: 'what both stores knew since a copy was made',
    file: 'policies: { apiUser: latchkeyOnly }\n',
    losesOrders: true,
    async come(space, _, changed) {
      await space.restart(async () => {
        changed();
        await space.put('temporal', 'old');
        await space.put('database', 'old');
      });
    },
  },
  {
    what: 'ann’s Kisi user',
    takesAnn: true,
    mailsAnnAgain: true,
    come(space, _, changed) {
      const { org } = space.kisi;
      org.deleteUser(org.users().find(({ email }) => email === 'ann@example.com')?.id ?? 0);
      changed();
      return Promise.resolve();
    },
  },
  {
    what: 'ann’s key in Kisi',
    takesAnn: true,
    come(space, _, changed) {
      const { org } = space.kisi;
      const userId = org.users().find(({ email }) => email === 'ann@example.com')?.id;
      for (const { id, user_id } of org.assignments()) if (user_id === userId) org.removeAssignment(id);
      changed();
      return Promise.resolve();
    },
  },
  {
    what: 'ann’s record in Nexudus, which somebody deleted by mistake and restored',
    takesAnn: true,
    async come(space, { ann }, changed) {
      const store = space.nexudus.space;
      const record = { ...store.need('coworkers', ann) };
      store.remove('coworkers', ann);
      await space.recover();
      store.add('coworkers', record);
      changed();
    },
  },
];

describe('after the loss of', () => {
  for (const loss of losses.filter(({ inShort }) => isLong || inShort === true))
    it(`${loss.what}, everybody holds what the rules say`, async function () {
      this.timeout(360_000);
      await tryLoss(loss);
    });
});

describe('a comparison with Kisi before any reconciliation', () => {
  it('knows the keys of members whose workflows were terminated, also where strange keys are taken away', async function () {
    this.timeout(360_000);
    const space = await losableSpace(({ nexudus, kisi, ids }) => {
      for (const name of ['ann', 'ben', 'eve'])
        nexudus.space.addCoworker({ Email: `${name}@example.com`, InvoicingBusinessId: ids.rome });
      for (const { Id, Email } of nexudus.space.where('coworkers', 'InvoicingBusinessId', ids.rome))
        if (!Email.startsWith('eve'))
          nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay });
      const eve = kisi.org.addUser({ email: 'eve@example.com' });
      kisi.org.grantByHand({ userId: eve.id, groupId: ids.groups.romeDay });
    }, 'policies: { drift: { extra: repair } }\n');
    const keysOf = (name: string): number => space.kisi.org.keysOf(`${name}@example.com`).length;
    const comparison = (): Promise<DriftView> =>
      space.client().workflow.getHandle(driftWorkflowId).executeUpdate(compareNow);
    try {
      const mode = { mode: 'live' as const, locationIds: [], memberIds: [], by: 'Mia', why: 'a test' };
      await space
        .client()
        .workflow.getHandle(controlWorkflowId)
        .executeUpdate(modeUpdate, { args: [mode] });
      await eventually('both keys', () => keysOf('ann') + keysOf('ben') === 2);
      await space.rest();
      const query = "WorkflowType = 'member' AND ExecutionStatus = 'Running'";
      for await (const { workflowId } of space.client().workflow.list({ query }))
        await space.client().workflow.getHandle(workflowId).terminate();
      await comparison();
      await eventually('no strange key', () => keysOf('eve') === 0);
      assert.deepEqual((await comparison()).findings, []);
      assert.deepEqual([keysOf('ann'), keysOf('ben')], [1, 1]);
    } finally {
      await space.stop();
    }
  });
});

describe('after the loss of all that Latchkey knew', () => {
  it('nothing is written before a person says so, and then what Latchkey made is its own again', async function () {
    this.timeout(360_000);
    let ann = 0;
    let ben = 0;
    const file = 'policies: { apiUser: latchkeyOnly }\n';
    const space = await losableSpace(({ nexudus, ids }) => {
      const join = (Email: string): number => {
        const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
        nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay });
        return Id;
      };
      ann = join('ann@example.com');
      ben = join('ben@example.com');
    }, file);
    const { kisi, nexudus } = space;
    const keysOf = (name: string): number => kisi.org.keysOf(`${name}@example.com`).length;
    const goLive = async (): Promise<void> => {
      const mode = { mode: 'live' as const, locationIds: [], memberIds: [], by: 'Mia', why: 'a test' };
      await space
        .client()
        .workflow.getHandle(controlWorkflowId)
        .executeUpdate(modeUpdate, { args: [mode] });
    };
    try {
      await goLive();
      await eventually('both keys', () => keysOf('ann') + keysOf('ben') === 2);
      await space.rest();
      await space.restart(async () => {
        await space.put('temporal', null);
        await space.put('database', null);
      });
      const before = kisi.requests.list().filter(({ method }) => method !== 'GET').length;
      nexudus.space.suspend(ben);
      await space.recover();
      assert.deepEqual([keysOf('ann'), keysOf('ben')], [1, 1]);
      assert.equal(kisi.requests.list().filter(({ method }) => method !== 'GET').length, before);

      nexudus.space.update('coworkers', ben, { Active: true });
      await space.recover();
      await goLive();
      const isOurs = async (id: number): Promise<boolean> => {
        const view = await space.client().workflow.getHandle(memberWorkflowId(id)).query(stateQuery);
        return view.keys.length === 1 && view.keys.every(({ givenByHand }) => !givenByHand);
      };
      await eventually('they are its own', async () => (await isOurs(ann)) && (await isOurs(ben)));
      nexudus.space.suspend(ben);
      await space.recover();
      await eventually('his key gone', () => keysOf('ben') === 0);
      assert.deepEqual([keysOf('ann'), kisi.mails.length], [1, 2]);
    } finally {
      await space.stop();
    }
  });
});

/** Starts a workflow by this id that fails at once. */
async function failOnce(client: Client, workflowId: string): Promise<void> {
  const { namespace } = client.options;
  const taskQueue = `fails-${workflowId}`;
  const handle = await client.workflow.start(memberWorkflowType, { workflowId, taskQueue, args: [] });
  const { taskToken } = await client.connection.withDeadline(Date.now() + 60_000, () =>
    client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  await client.workflowService.respondWorkflowTaskCompleted({
    namespace,
    taskToken,
    commands: [
      {
        commandType: proto.temporal.api.enums.v1.CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
        failWorkflowExecutionCommandAttributes: { failure: { message: 'a test' } },
      },
    ],
  });
  await assert.rejects(handle.result());
}

async function tryLoss(loss: Loss): Promise<void> {
  const people: Record<string, number> = {};
  let contractId = 0;
  const space = await losableSpace(({ nexudus, kisi, ids }) => {
    for (const name of ['ann', 'ben', 'cid', 'dan', 'eve']) {
      const Email = `${name}@example.com`;
      people[name] = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome }).Id;
    }
    for (const name of ['ann', 'ben', 'dan'])
      nexudus.space.addPass({ CoworkerId: people[name] ?? 0, TimePassId: ids.passTypes.romeDay });
    contractId = nexudus.space.addContract({
      ...{ CoworkerId: people['cid'] ?? 0, TariffId: ids.plans.romeUnlimited, IssuedById: ids.rome },
    }).Id;
    const eve = kisi.org.addUser({ email: 'eve@example.com' });
    kisi.org.grantByHand({ userId: eve.id, groupId: ids.groups.romeOffice });
  }, loss.file);
  const { kisi, nexudus, ids } = space;
  const keysOf = (name: string): number[] => kisi.org.keysOf(`${name}@example.com`);
  const lost = new Set<string>();
  try {
    const order = { by: 'Mia', why: 'a test' };
    const everybody = { mode: 'live' as const, locationIds: [], memberIds: [] };
    // So that an older copy of everything knows another mode, no key of dan's, and no ruling.
    await space
      .client()
      .workflow.getHandle(controlWorkflowId)
      .executeUpdate(modeUpdate, {
        args: [
          { mode: 'canary', locationIds: [], memberIds: [people['ann'] ?? 0, people['ben'] ?? 0], ...order },
        ],
      });
    for (const name of ['ann', 'ben']) await eventually('a key', () => keysOf(name).length === 1);
    await space.restart(async () => {
      await space.copy('temporal', 'old');
      await space.copy('database', 'old');
    });
    const goLive = (): Promise<unknown> =>
      space
        .client()
        .workflow.getHandle(controlWorkflowId)
        .executeUpdate(modeUpdate, { args: [{ ...everybody, ...order }] });
    /** Ignores the finding about Eve's key; repairs the one about a key of an unknown person. */
    const rule = async (): Promise<void> => {
      for (const { id, kind } of (await space.recover()).findings)
        await space
          .client()
          .workflow.getHandle(driftWorkflowId)
          .executeUpdate(findingUpdate, {
            args: [{ id, verb: kind === 'orphan' ? 'repair' : 'ignore', ...order }],
          });
    };
    await goLive();
    await eventually('a key', () => keysOf('dan').length === 1);
    await rule();

    // What was ordered and ruled is on record a moment later.
    await space.rest();

    const watch = setInterval(() => {
      if (loss.takesAnn !== true && keysOf('ann').length !== 1) lost.add('ann');
      if (keysOf('eve').length !== 1) lost.add('eve');
    }, 20);
    const change = (): void => {
      nexudus.space.suspend(people['ben'] ?? 0);
      nexudus.space.renew(contractId);
      nexudus.space.update('coworkers', people['dan'] ?? 0, { Email: 'dan.new@example.com' });
    };
    await loss.come(space, people as unknown as People, change);
    if (loss.losesOrders === true) {
      await space.recover();
      await goLive();
      await space.recover();
      await rule();
    }
    const after = await space.recover();

    const { romeDay, romeOffice } = ids.groups;
    const right = {
      ...{ ann: [romeDay], ben: [], cid: [romeOffice], dan: [], 'dan.new': [romeDay], eve: [romeOffice] },
    };
    const holds = (): Record<string, number[]> =>
      Object.fromEntries(Object.keys(right).map((name) => [name, keysOf(name)]));
    const isRight = (): boolean => JSON.stringify(holds()) === JSON.stringify(right);
    await eventually('what the rules say', isRight, patienceMs, 100, () => Promise.resolve(holds()));
    clearInterval(watch);
    assert.deepEqual([...lost], [], 'nobody lost a key in between');
    const mails = new Map<string, number>();
    for (const { to } of kisi.mails) mails.set(to, (mails.get(to) ?? 0) + 1);
    const again = [...mails].filter(([, count]) => count > 1).map(([to]) => to);
    assert.deepEqual(again, loss.mailsAnnAgain === true ? ['ann@example.com'] : []);
    assert.deepEqual(
      after.findings.map(({ kind, ruling }) => [kind, ruling?.verb]),
      [['extra', 'ignore']],
    );
  } finally {
    await space.stop();
  }
}
