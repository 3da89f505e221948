/** What anybody can send to a workflow, or start one with, in Temporal's UI: it stops nothing and changes nothing. */
import assert from 'node:assert/strict';
import {
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  type WorkflowHandle,
  type WorkflowStartOptions,
} from '@temporalio/client';
import proto from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { defaultDriftPolicy } from '../../access/drift.js';
import { workflowsHere } from '../support/workflows.js';
import { guardWorkflowType } from '../../messages/to-revocation-guard.js';
import { controlWorkflowType, firstOrders } from '../../messages/to-control.js';
import { driftWorkflowType, firstDrift } from '../../messages/to-drift.js';
import { memberWorkflowType, newMember, leaderWorkflowType } from '../../messages/to-member.js';
import { resendInvitationType } from '../../messages/to-invitations.js';
import { planWorkflowType } from '../../messages/to-plan.js';
import { stopTimeSkippingEnv, timeSkippingEnv } from '../support/timeSkipping.js';

/** Written as JSON text, so that each is just what the UI sends. */
const junk: unknown[] = [
  ...['null', '0', '-1', '1.5', '1e308', '"text"', '""', '[]', '[null]', '[[1]]', '{}', 'true'],
  '{"__proto__":{"id":1},"constructor":1,"toString":1}',
  '{"id":"1","groupId":"12","memberId":-1,"until":4102444800001,"by":"Mia","why":"","reason":"r"}',
  '{"id":1e99,"groupId":0.5,"until":1e300,"why":7,"by":{"toString":1},"endsWithRules":[]}',
  '{"id":1,"verb":"toString","does":"__proto__","level":"constructor","mode":"x","kind":"allow","by":"Mia","why":""}',
  '{"looks":[{"memberId":1,"losses":[null]}],"holders":[[1]],"limits":{"people":-1,"share":2}}',
  '{"planId":"p","by":"Mia","locationId":null,"emailDigest":null,"freezeUntil":1,"what":{"does":"apply","changes":[{}]}}',
  '{"planId":"p","by":"Mia","what":{"does":"undo","keys":[{"groupId":1,"key":{"keyId":1},"wasThere":null}]}}',
  '{"term":1e15,"process":"x","version":"x","digest":"x","fileDigest":"x","startedAt":1,"ground":null}',
].map((text) => JSON.parse(text) as unknown);
/** Temporal takes 2 MB, and a history with several of them is no longer handed out by the test server. */
const huge = { by: 'Mia', why: 'w'.repeat(30_000), reason: 'w'.repeat(30_000) };

interface Kind {
  type: string;
  args: unknown[];
  signals: string[];
  updates: string[];
}

const { WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE: unhandled } =
  proto.temporal.api.enums.v1.WorkflowTaskFailedCause;
const day = 24 * 3_600_000;
const kinds: Kind[] = [
  {
    type: controlWorkflowType,
    args: [firstOrders('live', 0)],
    signals: ['compareWithRecord'],
    updates: ['pause', 'mode', 'except', 'withdraw'],
  },
  {
    type: guardWorkflowType,
    args: [null],
    signals: ['compareWithRecord'],
    updates: ['weigh', 'rule'],
  },
  {
    type: driftWorkflowType,
    args: [firstDrift(day, defaultDriftPolicy)],
    signals: ['compareWithRecord', 'comparisonInterval'],
    updates: ['rule'],
  },
  { type: leaderWorkflowType, args: [], signals: ['inForce'], updates: [] },
  {
    type: planWorkflowType,
    args: [{ planId: 'p', by: 'Mia', why: '', rules: '', memberCount: 2, undoWindowMs: 1 }],
    signals: [],
    updates: ['addMembers', 'undo'],
  },
  {
    type: memberWorkflowType,
    args: [newMember(7)],
    signals: ['freezeGroup', 'membershipChanged', 'resync'],
    updates: ['planPart'],
  },
];

describe('what anybody can send to a workflow', () => {
  let env: TestWorkflowEnvironment;
  const taskQueue = 'forged';
  let runs = 0;

  before(async () => {
    env = await timeSkippingEnv();
  });
  after(stopTimeSkippingEnv);

  async function withWorker(story: () => Promise<void>): Promise<void> {
    const worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue,
      ...(await workflowsHere()),
    });
    await worker.runUntil(story);
  }

  function start(
    type: string,
    args: unknown[],
    options: Partial<WorkflowStartOptions> = {},
  ): Promise<WorkflowHandle> {
    const workflowId = `forged-${++runs}-${type}`;
    return env.client.workflow.start(type, { taskQueue, workflowId, args, ...options });
  }

  /** A signal as it is: with these bytes, in this encoding. */
  async function signalRaw({ workflowId }: WorkflowHandle, name: string, encoding: string): Promise<void> {
    const bytes = (text: string): Uint8Array => Buffer.from(text);
    await env.client.workflowService.signalWorkflowExecution({
      namespace: env.namespace ?? 'default',
      workflowExecution: { workflowId },
      signalName: name,
      input: { payloads: [{ metadata: { encoding: bytes(encoding) }, data: bytes('{') }] },
    });
  }

  async function eventsOf(handle: WorkflowHandle): Promise<string[]> {
    const { events } = await handle.fetchHistory();
    return (events ?? []).flatMap((event) => {
      const failed = event.workflowTaskFailedEventAttributes;
      // Any other cause is the server's: something came while a workflow ended.
      if (failed?.cause === unhandled) return [`failed: ${failed.failure?.message ?? ''}`];
      return event.workflowExecutionUpdateAcceptedEventAttributes ? ['accepted'] : [];
    });
  }

  async function refusal(handle: WorkflowHandle, name: string, argument: unknown): Promise<string> {
    const error: unknown = await handle
      .executeUpdate<unknown, [unknown]>(name, { args: [argument] })
      .catch((why: unknown) => why);
    assert.ok(
      error instanceof WorkflowUpdateFailedError,
      `${name} took ${JSON.stringify([argument]).slice(0, 200)}: ${String(error)}`,
    );
    return error.cause?.message ?? '';
  }

  for (const { type, args, signals, updates } of kinds)
    it(`does not stop the workflow ${type}, and is refused in plain words where it is answered`, async function () {
      this.timeout(120_000);
      await withWorker(async () => {
        const handle = await start(type, args);
        const shown = async (): Promise<string> => JSON.stringify((await handle.describe()).memo ?? {});
        for (const name of [...signals, 'nobodyHearsThis', 'x'.repeat(1_000)]) {
          await handle.signal(name);
          for (const argument of [...junk, huge]) await handle.signal(name, argument);
          for (const encoding of ['json/plain', 'json/protobuf', 'binary/encrypted', ''])
            await signalRaw(handle, name, encoding);
        }
        await signalRaw(handle, '__temporal_anything', 'json/protobuf');
        await handle.signal('__temporal_anything', 1);
        // Answered, so all signals before were taken.
        assert.match(await refusal(handle, 'nobodyHearsThis', 1), /No registered handler/);
        const before = await shown();
        for (const name of updates)
          for (const argument of [undefined, ...junk, huge]) {
            const said = await refusal(handle, name, argument);
            assert.match(said, /^[a-z][^\n]{5,200}$/, name);
            assert.doesNotMatch(said, /undefined|TypeError|not iterable|w{20}/, name);
          }
        assert.equal(await shown(), before);
        assert.deepEqual(await eventsOf(handle), []);
        await handle.terminate();
      });
    });

  it('is named in the UI, with what it is for', async () => {
    await withWorker(async () => {
      for (const { type, args } of kinds) {
        const handle = await start(type, args);
        const { definition } = await handle.query<{
          definition: Record<string, { name: string; description?: string }[]>;
        }>('__temporal_workflow_metadata');
        const ours = Object.values(definition)
          .flat()
          .filter((one) => typeof one === 'object' && !one.name.startsWith('__'));
        assert.ok(ours.length > 0, type);
        for (const { name, description } of ours)
          assert.match(description ?? '', /^\S.{15,}/, `${type} ${name}`);
        await handle.terminate();
      }
    });
  });

  it('is no more work for a hundred at once: who asked is kept one after another, also while the audit log is away', async function () {
    this.timeout(120_000);
    await withWorker(async () => {
      const handle = await start(memberWorkflowType, [newMember(7)]);
      const asks = Array.from({ length: 100 }, (_, i) =>
        handle.signal('resync', { by: `Mia ${i}`, why: '' }),
      );
      await Promise.all(asks);
      await refusal(handle, 'nobodyHearsThis', 1);
      const { events } = await handle.fetchHistory();
      const kept = (events ?? []).filter(
        (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'noteAct',
      );
      assert.equal(kept.length, 1);
      assert.deepEqual(await eventsOf(handle), []);
      await handle.terminate();
    });
  });

  describe('or start one with,', () => {
    const started = [
      ...kinds,
      { type: 'batch', args: [] },
      { type: resendInvitationType, args: [] },
      { type: 'noSuchWorkflow', args: [] },
    ];
    for (const { type } of started)
      it(`ends the workflow ${type} at once where it is no use, and never fails its task`, async function () {
        this.timeout(120_000);
        await withWorker(async () => {
          const lists = [[], ...[...junk, huge].map((one) => [one])];
          const handles: WorkflowHandle[] = [];
          for (const args of lists) handles.push(await start(type, args));
          for (const handle of handles) {
            // Some workflows need no argument, and go on.
            const first: unknown = await Promise.race([
              handle.result().catch((error: unknown) => error),
              refusal(handle, 'nobodyHearsThis', 1).catch((error: unknown) => error),
            ]);
            if (first instanceof WorkflowFailedError)
              assert.match(first.cause?.message ?? '', /^It was|^There is no/);
            assert.deepEqual(await eventsOf(handle), []);
            await handle.terminate().catch(() => undefined);
          }
        });
      });

    it('ends one under an id that is for another type', async () => {
      await withWorker(async () => {
        for (const workflowId of [
          'member-7',
          'control',
          'revocation-guard',
          'drift',
          'leader',
          'plan-12345678',
        ]) {
          const type = workflowId === 'control' ? 'drift' : 'control';
          const args = kinds.find((kind) => kind.type === type)?.args ?? [];
          const handle = await start(type, args, { workflowId });
          await assert.rejects(
            handle.result(),
            (error) =>
              error instanceof WorkflowFailedError &&
              /is for a workflow of the type/.test(error.cause?.message ?? ''),
          );
        }
      });
    });
  });
});
