import assert from 'node:assert/strict';
import { holdingsQuery } from '../../../messages/to-member.js';
import {
  addMembersUpdate,
  planReportQuery,
  planWorkflowType,
  undoUpdate,
  type PlanReport,
  type PlannedChange,
} from '../../../messages/to-plan.js';
import { pass } from '../../support/builders.js';
import { Clockwork, until } from '../../support/clockwork.js';
import { has, hasAccess, type Scenario } from './story.js';

const hourMs = 3_600_000;

/** A plan takes a key away, against the rules, and is undone. */
export const planned: Scenario = (env, keep) =>
  Clockwork.run(env, async (world) => {
    has(world, { passes: [pass()] });
    const handle = await world.start(100);
    await until(world, handle, hasAccess);
    const { ledger, kisiUser } = await handle.query(holdingsQuery);
    const [key] = ledger;
    assert.ok(key);
    const order = {
      planId: '12345678',
      by: 'Mia',
      why: '',
      rules: 'others',
      memberCount: 1,
      undoWindowMs: hourMs,
    };
    const plan = await env.client.workflow.start(planWorkflowType, {
      taskQueue: world.taskQueue,
      workflowId: `${world.taskQueue}-plan`,
      args: [order],
    });
    const stage = async (wanted: PlanReport['stage']): Promise<void> => {
      while ((await plan.query(planReportQuery)).stage !== wanted) await world.env.sleep(100);
    };
    const { groupId, validUntil } = key;
    const line: PlannedChange['line'] = {
      memberId: 100,
      groupId,
      does: 'revoke',
      before: validUntil,
      had: true,
      after: null,
      until: null,
      why: 'a test',
      requests: 1,
    };
    const changes: PlannedChange[] = [{ line, step: { kind: 'revoke', key }, had: key }];
    const emailDigest = kisiUser?.emailDigest ?? null;
    await plan.executeUpdate(addMembersUpdate, {
      args: [[{ memberId: 100, locationId: null, emailDigest, changes }]],
    });
    await stage('applied');
    assert.equal(world.keys.length, 0);
    await plan.executeUpdate(undoUpdate, { args: [{ by: 'Mia', why: '' }] });
    await stage('undone');
    assert.equal(world.keys.length, 1);
    await plan.result();
    await keep('plan', plan);
    await keep('plan-at-a-member', handle);
  });
