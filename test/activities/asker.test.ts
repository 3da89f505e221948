// What only one workflow may ask for: anybody can start another workflow by hand that asks for it.
import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { createPlanActivities } from '../../activities/plan-parts.js';
import { createMembershipActivities, type MembershipDeps } from '../../activities/membership.js';
import type { AssessRequest } from '../../messages/to-activities.js';
import type { PlanPart } from '../../messages/to-plan.js';

/** Runs a job as an activity of this workflow. */
function askedBy(workflowId: string, job: () => Promise<unknown>): Promise<unknown> {
  const workflowExecution = { workflowId, runId: 'run' };
  const logger = new DefaultLogger('ERROR');
  return new MockActivityEnvironment({ workflowExecution, startToCloseTimeoutMs: 60_000 }, { logger }).run(
    job,
  );
}

const reached = (): never => {
  throw new Error('it went on');
};

describe('what a member should hold', () => {
  const deps = { now: reached } as unknown as MembershipDeps;
  const request = { memberId: 7 } as unknown as AssessRequest;
  const assess = (): Promise<unknown> => createMembershipActivities(deps).assessMember(request);

  it('is told to the workflow of the member', async () => {
    await assert.rejects(askedBy('member-7', assess), /it went on/);
  });

  for (const other of ['member-8', 'member-07', 'anything'])
    it(`is not told to the workflow ${other}`, async () => {
      await assert.rejects(askedBy(other, assess), {
        type: 'Configuration',
        nonRetryable: true,
        message: 'Only the workflow member-7 asks for member 7: terminate this one.',
      });
    });
});

describe('what a member is to do for a plan', () => {
  const client: unknown = Object.defineProperty({}, 'workflow', { get: reached });
  const part = { planId: '0123abcd' } as unknown as PlanPart;
  const send = (): Promise<unknown> => createPlanActivities(client as Client, 'latchkey').sendPart(7, part);

  it('is sent by the workflow of the plan', async () => {
    await assert.rejects(askedBy('plan-0123abcd', send), /it went on/);
  });

  it('is not sent by another', async () => {
    await assert.rejects(askedBy('plan-0123abce', send), {
      type: 'Configuration',
      nonRetryable: true,
      message: 'Only the workflow plan-0123abcd applies plan 0123abcd: terminate this one.',
    });
  });
});
