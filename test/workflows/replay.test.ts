/**
 * The workflows replay what they once did: histories recorded from real runs (scenarios.ts, record.ts) must not break
 * with the code of today, else a deployed change would stop every member whose workflow is asleep. And the replay can
 * fail: deliberately broken copies of the workflows are caught by every history that they matter to.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundle } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { workflowBundle } from '../../worker/bundle.js';
import { historyFromText, type History } from './histories.js';

const histories = new URL('histories/', import.meta.url);
const root = new URL('../../', import.meta.url);

interface Recorded {
  name: string;
  history: History;
}

async function recorded(): Promise<Recorded[]> {
  const files = (await readdir(histories)).filter((file) => file.endsWith('.json')).sort();
  return Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -'.json'.length),
      history: historyFromText(await readFile(new URL(file, histories), 'utf8')),
    })),
  );
}

/** The error of each history's replay by its name; undefined: it replays. */
async function replay(bundle: WorkflowBundle, kept: Recorded[]): Promise<Map<string, Error | undefined>> {
  const results = Worker.runReplayHistories(
    { workflowBundle: bundle },
    kept.map(({ name, history }) => ({ workflowId: name, history })),
  );
  const errors = new Map<string, Error | undefined>();
  for await (const { workflowId, error } of results) errors.set(workflowId, error);
  return errors;
}

/** A change that would break workflows that are running, made by replacing text that must be there. */
interface Break {
  what: string;
  file: string;
  from: string;
  to: string;
  /** Whether a history holds what the change touches. */
  matters: (history: History) => boolean;
}

const activitiesOf = (history: History): string[] =>
  (history.events ?? []).flatMap(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
  );
const schedules =
  (name: string) =>
  (history: History): boolean =>
    activitiesOf(history).includes(name);
const continuesAsNew = (history: History): boolean =>
  (history.events ?? []).some((event) => Boolean(event.workflowExecutionContinuedAsNewEventAttributes));

const showsHoldings = (history: History): boolean =>
  (history.events ?? []).some((event) => Boolean(event.workflowPropertiesModifiedEventAttributes));

const breaks: Break[] = [
  {
    what: 'wakes only once the members whose keys were approved',
    file: 'revocation-guard.ts',
    from: 'looks < mostLooks',
    to: 'looks < 0',
    matters: schedules('wakeRunning'),
  },
  {
    what: 'undoes a plan before it is asked to',
    file: 'plan.ts',
    from: 'await condition(() => this.undoOrder !== null, ',
    to: 'await condition(() => this.undoOrder === null, ',
    matters: schedules('sendPart'),
  },
  {
    what: 'waits before it looks',
    file: 'member-run.ts',
    from: 'progress.isLooking = true;',
    to: 'await condition(() => false, 1000);\n    progress.isLooking = true;',
    matters: schedules('assessMember'),
  },
  {
    what: 'asks Kisi once more before each grant',
    file: 'key-writer.ts',
    from: 'const answer = await this.noteAndWrite(entry, known, () =>',
    to: "await this.call({ summary: 'once more' }, (kisi) => kisi.inspectKeys(0));\n    const answer = await this.noteAndWrite(entry, known, () =>",
    matters: schedules('createKey'),
  },
  {
    what: 'revokes by another activity',
    file: 'key-writer.ts',
    from: 'kisi.removeKey(place, note)',
    to: 'kisi.inspectKeys(userId)',
    matters: (history) => schedules('assessMember')(history) && schedules('removeKey')(history),
  },
  {
    what: 'shows its keys twice',
    file: 'display.ts',
    from: 'upsertMemo({ [holdingsMemo]: holdings });',
    to: 'upsertMemo({ [holdingsMemo]: holdings });\n    upsertMemo({ [holdingsMemo]: holdings });',
    matters: (history) => schedules('assessMember')(history) && showsHoldings(history),
  },
  {
    what: 'never begins a fresh run',
    file: 'member.ts',
    from: 'if (await run.shouldContinueAsNew())',
    to: 'if (run.state.memberId < 0 && (await run.shouldContinueAsNew()))',
    matters: (history) => schedules('assessMember')(history) && continuesAsNew(history),
  },
  {
    what: 'polls twice',
    file: 'poll.ts',
    from: "const { batches = [], ...next } = await pollActivities('4m').pollChanges",
    to: "await pollActivities('4m').pollChanges(memory);\n  const { batches = [], ...next } = await pollActivities('4m').pollChanges",
    matters: schedules('pollChanges'),
  },
  {
    what: 'reconciles twice',
    file: 'poll.ts',
    from: "const { batches = [], ...next } = await pollActivities('10m').reconcile",
    to: "await pollActivities('10m').reconcile(memory);\n  const { batches = [], ...next } = await pollActivities('10m').reconcile",
    matters: schedules('reconcile'),
  },
  {
    what: 'wakes the members that an order held twice as often',
    file: 'control.ts',
    from: 'await insist(wakes, (set) => set.wakeStopped());',
    to: 'await insist(wakes, (set) => set.wakeStopped());\n      await insist(wakes, (set) => set.wakeStopped());',
    matters: schedules('wakeStopped'),
  },
  {
    what: 'wakes the member of an exception only when that is withdrawn',
    file: 'control.ts',
    from: 'await insist(wakes, (set) => set.wakeOrdered(memberId));\n    return exception;\n  }\n\n  private async withdraw',
    to: 'return exception;\n  }\n\n  private async withdraw',
    matters: schedules('wakeOrdered'),
  },
  {
    what: 'compares with Kisi twice in a comparison',
    file: 'drift.ts',
    from: 'const report = await this.comparisons.lookAtAll(isAsked);',
    to: 'await this.comparisons.lookAtAll(isAsked);\n    const report = await this.comparisons.lookAtAll(isAsked);',
    matters: schedules('compareWithKisi'),
  },
  {
    what: 'leads twice in a term',
    file: 'leader.ts',
    from: 'await lead();',
    to: 'await lead();\n  await lead();',
    matters: schedules('lead'),
  },
];

/** Bundles a copy of workflows/ with the change made. Inside the checkout, so that packages are found. */
async function brokenBundle({ file, from, to }: Break): Promise<WorkflowBundle> {
  await mkdir(new URL('.latchkey/', root), { recursive: true });
  const copy = await mkdtemp(fileURLToPath(new URL('.latchkey/broken-', root)));
  try {
    for (const room of ['access', 'lib', 'messages', 'workflows'])
      await cp(new URL(room, root), `${copy}/${room}`, { recursive: true });
    const path = `${copy}/workflows/${file}`;
    const text = await readFile(path, 'utf8');
    assert.equal(text.split(from).length, 2, `workflows/${file} has not exactly one ${JSON.stringify(from)}`);
    await writeFile(
      path,
      text.replace(from, () => to),
    );
    return await bundleWorkflowCode({
      workflowsPath: `${copy}/workflows/index.ts`,
      logger: new DefaultLogger('ERROR'),
    });
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

describe('recorded histories', () => {
  it('replay with the workflows of today', async () => {
    const kept = await recorded();
    assert.ok(kept.length >= 12, `${kept.length} histories`);
    const errors = await replay(await workflowBundle(), kept);
    assert.equal(errors.size, kept.length);
    for (const [name, error] of errors) assert.equal(error, undefined, `${name}: ${String(error)}`);
  });

  it('hold every activity that a workflow may ask for', async () => {
    const asked = new Set((await recorded()).flatMap(({ history }) => activitiesOf(history)));
    assert.deepEqual([...asked].sort(), [
      'assessMember',
      'blockedKeys',
      'compareWithKisi',
      'createKey',
      'createKisiUser',
      'except',
      'findKisiUser',
      'freeze',
      'giveBackKey',
      'inspectKeys',
      'lead',
      'letPoll',
      'moveKey',
      'noteAct',
      'noteFindings',
      'pollChanges',
      'reconcile',
      'remember',
      'removeKey',
      'sendPart',
      'wakeBatch',
      'wakeOrdered',
      'wakeOwner',
      'wakeRunning',
      'wakeSiblings',
      'wakeStopped',
      'wakeToMend',
    ]);
  });

  it('hold nothing that tells of a person or of the machine they were made on', async () => {
    for (const file of await readdir(histories)) {
      const text = await readFile(new URL(file, histories), 'utf8');
      const payloads = [...text.matchAll(/"data":"([^"]*)"/g)].map(([, data]) =>
        Buffer.from(data ?? '', 'base64').toString(),
      );
      assert.doesNotMatch(
        [text, ...payloads].join('\n'),
        /@|example\.org|"identity"|file:\/\/|node_modules/,
        file,
      );
    }
  });

  for (const broken of breaks) {
    it(`break a workflow that ${broken.what}`, async () => {
      const kept = (await recorded()).filter(({ history }) => broken.matters(history));
      assert.ok(kept.length > 0, 'no history holds what the change touches');
      for (const [name, error] of await replay(await brokenBundle(broken), kept))
        assert.ok(error instanceof DeterminismViolationError, `${name} passed: ${String(error)}`);
    });
  }
});
