/** The workflow `leader` on the rules in force: whose word it shows, and for how long. */
import assert from 'node:assert/strict';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { LeaderActivities } from '../../messages/to-activities.js';
import { inForceOf } from '../../activities/in-force.js';
import { digestOfRules } from '../../activities/membership.js';
import { defaultPolicies } from '../../config/policies.js';
import { workflowsHere } from '../support/workflows.js';
import { leaderWorkflowType } from '../../messages/to-member.js';
import { inForceMemo, inForceSignal, type Statement, type InForce } from '../../messages/to-leader.js';
import { timeSkippingEnv } from '../support/timeSkipping.js';
import { eventually } from '../support/eventually.js';

const rules = (groupId: number): NonNullable<InForce['ground']>['rules'] => ({
  mapping: [{ locationId: null, passTypeId: 1, groupIds: [groupId] }],
  policies: { ...defaultPolicies },
});

/** What the process with this number says of its rules: by them pass type 1 opens this group. */
const said = (pid: number, term: number, groupId = 12): Statement => ({
  version: '1.2.3',
  process: `${pid}@host`,
  startedAt: Date.UTC(2026, 0, pid),
  digest: digestOfRules(rules(groupId)),
  fileDigest: 'of the file',
  change: 1,
  ground: {
    rules: rules(groupId),
    timeZones: { 5: 'Europe/Rome' },
    knownZones: { 5: 'Europe/Rome' },
    settings: {
      drift: {} as never,
      guard: { people: 5, share: 0.1 },
      latency: { withinMs: 60_000, share: 0.95 },
      apiUser: 'shared',
      findUsers: 'directory',
      undoWindowMs: 1,
      auditLogRetentionMs: 1,
    },
  },
  term,
});

describe('the workflow leader, about the rules in force', () => {
  let endTerm: () => void = () => undefined;

  /** Runs it with a leader until `endTerm` is called. */
  async function ofLeader(story: (handle: WorkflowHandle) => Promise<void>): Promise<void> {
    const env = await timeSkippingEnv();
    const taskQueue = `leader-${crypto.randomUUID()}`;
    const activities: LeaderActivities = {
      lead: () =>
        new Promise((resolve) => {
          const beat = setInterval(() => {
            Context.current().heartbeat();
          }, 500);
          endTerm = () => {
            clearInterval(beat);
            resolve(undefined);
          };
          // One that begins as the test ends would last for ever.
          Context.current().cancelled.catch(endTerm);
        }),
    };
    const worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue,
      ...(await workflowsHere()),
      activities,
    });
    await worker.runUntil(async () => {
      const handle = await env.client.workflow.start(leaderWorkflowType, {
        taskQueue,
        workflowId: taskQueue,
      });
      try {
        await story(env.client.workflow.getHandle(taskQueue));
      } finally {
        await handle.terminate().catch(() => undefined);
        await env.client.workflow
          .getHandle(taskQueue)
          .terminate()
          .catch(() => undefined);
        endTerm();
      }
    });
  }

  const shown = async (handle: WorkflowHandle): Promise<InForce | null> =>
    inForceOf((await handle.describe()).memo?.[inForceMemo]);
  const shows = (handle: WorkflowHandle, process: string): Promise<void> =>
    eventually(`the word of ${process}`, async () => (await shown(handle))?.process === process);

  it('shows nothing before there was a leader, then what it said and since when', async () => {
    await ofLeader(async (handle) => {
      assert.equal(await shown(handle), null);
      const { term, ...word } = said(1, 1);
      await handle.signal(inForceSignal, { ...word, term });
      await shows(handle, '1@host');
      const { since, ...rest } = (await shown(handle))!;
      assert.deepEqual(rest, word);
      assert.ok(Number.isSafeInteger(since));
    });
  });

  it('believes the process that took over, not the late word of the one before', async () => {
    await ofLeader(async (handle) => {
      await handle.signal(inForceSignal, said(1, 1, 12));
      await handle.signal(inForceSignal, said(2, 2, 13));
      await shows(handle, '2@host');
      const before = await shown(handle);
      await handle.signal(inForceSignal, said(1, 1, 12));
      await handle.signal(inForceSignal, { ...said(2, 2, 13), version: '1.2.4' });
      await eventually('its next word', async () => (await shown(handle))?.version === '1.2.4');
      // Had the late word been believed in between, process 2 would be the leader only since now.
      assert.deepEqual(await shown(handle), { ...before, version: '1.2.4' });
    });
  });

  it('hands the word on to its next run, where the same process is the leader since the same time', async () => {
    await ofLeader(async (handle) => {
      await handle.signal(inForceSignal, said(1, 2));
      await shows(handle, '1@host');
      const before = await shown(handle);
      const { runId } = await handle.describe();
      endTerm();
      await eventually('the next run', async () => (await handle.describe()).runId !== runId);
      assert.deepEqual(await shown(handle), before);
      // Tries are counted anew.
      await handle.signal(inForceSignal, { ...said(1, 1), version: '1.2.4' });
      await eventually('its new word', async () => (await shown(handle))?.version === '1.2.4');
      assert.equal((await shown(handle))?.since, before?.since);
    });
  });

  for (const [what, typed] of Object.entries({
    nothing: undefined,
    'a text': 'rules',
    null: null,
    'a number where a name is': { ...said(9, 9), process: 7 },
    'a time beyond all': { ...said(9, 9), startedAt: 9e15 },
  })) {
    it(`takes no harm from a signal that somebody typed: ${what}`, async () => {
      await ofLeader(async (handle) => {
        await handle.signal('inForce', typed);
        await handle.signal(inForceSignal, said(1, 1));
        await shows(handle, '1@host');
      });
    });
  }
});

describe('what is kept of the rules in force', () => {
  const { term, ...word } = said(1, 1);
  const kept: InForce = { ...word, since: term };

  it('is read as it was said', () => {
    assert.equal(inForceOf(kept), kept);
    assert.deepEqual(inForceOf({ ...kept, ground: null })?.ground, null);
  });

  for (const [what, other] of Object.entries({
    nothing: undefined,
    'another form': { ...kept, ground: {} },
    'rules that are not those of its digest': {
      ...kept,
      ground: { ...kept.ground, rules: rules(99) },
    },
    'a mapping to no number': {
      ...kept,
      ground: { ...kept.ground, rules: { ...rules(12), mapping: [{ passTypeId: 'x' }] } },
    },
  })) {
    it(`is not believed where it is ${what}`, () => {
      assert.equal(inForceOf(other), null);
    });
  }
});
