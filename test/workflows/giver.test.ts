/** Who gives an order: every workflow that takes orders asks, whether they come from the command line or from the UI. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { WorkflowFailedError, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { defaultDriftPolicy } from '../../access/drift.js';
import { workflowsHere } from '../support/workflows.js';
import { guardWorkflowType } from '../../messages/to-revocation-guard.js';
import { controlWorkflowType, firstOrders, giverProblem } from '../../messages/to-control.js';
import { driftWorkflowType, firstDrift } from '../../messages/to-drift.js';
import { planWorkflowType } from '../../messages/to-plan.js';
import { stopTimeSkippingEnv, timeSkippingEnv } from '../support/timeSkipping.js';

const nobodies: [by: unknown, says: RegExp][] = [
  [undefined, /say who gives the order/],
  [null, /say who gives the order/],
  [7, /say who gives the order/],
  ['', /say who gives the order/],
  [' \t\n', /say who gives the order/],
  ['\u00a0\u3000', /say who gives the order/],
  ['\u200b\u200e', /say who gives the order/],
  ['\u0007', /say who gives the order/],
  ['-', /say who gives the order/],
  ['nobody', /say who gives the order/],
  [' Nobody ', /say who gives the order/],
  ['Mia\u001b[2J', /must be one line/],
  ['Mia\nby the owner', /must be one line/],
  ['Mia\u2028', /must be one line/],
  ['\u202eaiM', /must be one line/],
  ['M'.repeat(101), /may have 100 characters/],
  ['mia@example.org', /must hold no e-mail/],
];

describe('who gives an order', () => {
  it('is a name that can be shown', () => {
    for (const by of ['Mia', 'O’Brien', 'uid 1001', 'Zoë', '宮本', 'root', '7', 'nobody else'])
      assert.equal(giverProblem({ by, why: '' }), null, by);
    for (const [by, says] of nobodies) assert.match(giverProblem({ by, why: '' }) ?? '', says);
  });

  it('gives a reason in one line, which may be empty', () => {
    for (const why of ['', 'paid', 'a – b']) assert.equal(giverProblem({ by: 'Mia', why }), null);
    for (const why of [undefined, null, 7, 'a\nb', 'w'.repeat(201), 'ask mia@example.org'])
      assert.notEqual(giverProblem({ by: 'Mia', why }), null);
  });

  it('is checked without an error, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (by, why) => {
        const problem = giverProblem({ by, why });
        assert.ok(problem === null || problem.length > 0);
      }),
    );
  });

  describe('in the UI', () => {
    after(stopTimeSkippingEnv);

    const orders: [type: string, args: unknown[], updates: [name: string, order: object][]][] = [
      [
        controlWorkflowType,
        [firstOrders('live', 0)],
        [
          ['pause', { level: 'all' }],
          ['resume', {}],
          ['mode', { mode: 'observe', locationIds: [], memberIds: [] }],
          ['except', { kind: 'block', memberId: 7, groupId: null, until: Date.UTC(2096, 0), reason: 'r' }],
          ['withdraw', { exceptionId: 1 }],
        ],
      ],
      [guardWorkflowType, [null], [['rule', { id: 1, does: 'approve' }]]],
      [driftWorkflowType, [firstDrift(900_000, defaultDriftPolicy)], [['rule', { id: 1, verb: 'repair' }]]],
      [
        planWorkflowType,
        [{ planId: 'p', by: 'Mia', why: '', rules: '', memberCount: 1, undoWindowMs: 1 }],
        [['undo', {}]],
      ],
    ];

    it('must be said with each order, and one by nobody changes nothing', async () => {
      const env = await timeSkippingEnv();
      const taskQueue = 'giver';
      const worker = await Worker.create({
        connection: env.nativeConnection,
        taskQueue,
        ...(await workflowsHere()),
      });
      const start = (type: string, args: unknown[]): Promise<WorkflowHandle> =>
        env.client.workflow.start(type, { taskQueue, workflowId: `giver-${type}`, args });
      const refusal = async (handle: WorkflowHandle, name: string, order: object): Promise<string> => {
        const error: unknown = await handle
          .executeUpdate(name, { args: [order] })
          .catch((why: unknown) => why);
        assert.ok(error instanceof WorkflowUpdateFailedError, `${name} was not refused`);
        return error.cause?.message ?? '';
      };
      await worker.runUntil(async () => {
        for (const [type, args, updates] of orders) {
          const handle = await start(type, args);
          for (const [name, order] of updates)
            for (const [by, says] of nobodies)
              assert.match(await refusal(handle, name, { ...order, by, why: '' }), says, `${type} ${name}`);
          await handle.terminate();
        }
        const plan = await start(planWorkflowType, [{ planId: 'p', by: ' ', why: '', memberCount: 1 }]);
        await assert.rejects(
          plan.result(),
          (error) => error instanceof WorkflowFailedError && /say who/.test(error.cause?.message ?? ''),
        );
      });
    });
  });
});
