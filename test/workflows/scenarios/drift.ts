import assert from 'node:assert/strict';
import { Worker } from '@temporalio/worker';
import { defaultDriftPolicy, type Drift } from '../../../access/drift.js';
import type { DriftActivities, KeyActivities, AuditLogActivities } from '../../../messages/to-activities.js';
import { workflowsHere } from '../../support/workflows.js';
import {
  comparisonInterval,
  compareNow,
  driftWorkflowType,
  findingUpdate,
  firstDrift,
} from '../../../messages/to-drift.js';
import { kisiTaskQueue, nexudusTaskQueue } from '../../../messages/to-member.js';
import type { Scenario } from './story.js';

const minuteMs = 60_000;

/** Comparisons by the clock and on demand: keys are mended, a second writer shows, a person rules. */
export const comparisons: Scenario = async (env, keep) => {
  const taskQueue = `drift-${crypto.randomUUID()}`;
  const done: string[] = [];
  let found: Drift[] = [];
  let held = 10;
  const noted: string[] = [];
  const of = (kind: Drift['kind'], over: Partial<Drift>): Drift => ({
    key: `${kind}/100/12`,
    kind,
    memberId: 100,
    userId: 5,
    groupId: 12,
    keys: [{ keyId: 77, groupId: 12, validUntil: null }],
    what: 'a test',
    comparedAt: null,
    ...over,
  });
  const activities: DriftActivities & Pick<KeyActivities, 'removeKey'> = {
    compareWithKisi: () =>
      Promise.resolve(done.push('comparison')).then(() => ({
        found,
        more: 0,
        held,
        lost: found.filter(({ kind }) => kind === 'missing').length,
        groupNames: { 12: 'Office' },
        policy: defaultDriftPolicy,
      })),
    wakeToMend: (ids) => Promise.resolve(void done.push(`wake ${ids.join()}`)),
    except: ({ kind, memberId, groupId }) =>
      Promise.resolve(done.push(`${kind} ${memberId} ${groupId ?? ''}`)).then(() => null),
    freeze: (id, { groupId }) => Promise.resolve(void done.push(`freeze ${id} ${groupId}`)),
    noteFindings: (notes) => Promise.resolve(void noted.push(...notes.map(({ what }) => what))),
    removeKey: ({ keyId }, { by, memberId }) =>
      Promise.resolve(void done.push(`remove ${keyId ?? ''} of ${memberId ?? ''} by ${by}`)),
  };
  const auditLog: AuditLogActivities = {
    noteAct: ({ what }) => Promise.resolve(void noted.push(what)),
    remember: () => Promise.resolve(null),
  };
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    ...(await workflowsHere()),
  });
  const kisi = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: kisiTaskQueue(taskQueue),
    activities,
  });
  const keeper = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: nexudusTaskQueue(taskQueue),
    activities: auditLog,
  });
  const story = async (): Promise<void> => {
    const handle = await env.client.workflow.start(driftWorkflowType, {
      taskQueue,
      workflowId: taskQueue,
      args: [firstDrift(15 * minuteMs, defaultDriftPolicy)],
    });
    const expect = (...steps: string[]): void => {
      assert.deepEqual(done.splice(0), steps);
    };
    const order = { by: 'Mia', why: '' };
    await env.sleep(14 * minuteMs);
    expect();
    found = [of('missing', {})];
    await env.sleep(2 * minuteMs);
    expect('comparison', 'wake 100');

    const other = [{ keyId: 78, groupId: 12, validUntil: null }];
    const undone = of('missing', { keys: other, comparedAt: await env.currentTimeMs() });
    found = [undone, of('extra', {}), of('changed', {})];
    const second = await handle.executeUpdate(compareNow);
    expect('comparison', 'wake 100');
    assert.deepEqual(
      second.findings.map(({ kind, contested }) => [kind, contested]),
      [
        ['missing', true],
        ['extra', false],
        ['changed', false],
      ],
    );
    for (const id of [1, 2])
      await handle.executeUpdate(findingUpdate, { args: [{ id, verb: 'repair', ...order }] });
    expect('wake 100', 'comparison', 'wake 100', 'remove 77 of 100 by Mia');
    await handle.executeUpdate(findingUpdate, { args: [{ id: 3, verb: 'adopt', ...order }] });
    await handle.executeUpdate(findingUpdate, { args: [{ id: 1, verb: 'adopt', ...order }] });
    expect('freeze 100 12', 'block 100 12');

    // All keys gone at once: not believed before a comparison at least 10 minutes later agrees.
    held = 2;
    found = [of('missing', {}), of('missing', { key: 'missing/101/12', memberId: 101 })];
    assert.match((await handle.executeUpdate(compareNow)).alert ?? '', /^Kisi lacks 2 of 2 keys at once/);
    await handle.signal(comparisonInterval, 5 * minuteMs);
    await env.sleep(6 * minuteMs);
    expect('comparison', 'comparison');
    await env.sleep(5 * minuteMs);
    expect('comparison', 'wake 101');
    assert.deepEqual(noted.slice(0, 3), ['finding 1: missing', 'finding 1: repair', 'finding 2: extra']);
    await keep('drift', handle);
    await handle.terminate();
  };
  await worker.runUntil(keeper.runUntil(kisi.runUntil(story())));
};
