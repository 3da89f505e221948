import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { SingleBar } from 'cli-progress';
import { readOrders } from '../../activities/orders.js';
import { linesOf } from '../../activities/preview.js';
import { canonical } from '../../access/canonical.js';
import { clocksAgreeMs } from '../../access/clocks.js';
import { iso } from '../../access/types.js';
import { durationWords } from '../../monitoring/alerts.js';
import {
  addMembersUpdate,
  planReportQuery,
  planWorkflowId,
  planWorkflowType,
  undoUpdate,
  type PlannedMember,
  type PlanReport,
  type PlannedChange,
} from '../../messages/to-plan.js';
import { confirmed, hasTerminal } from '../terminal/ask.js';
import { CommandError } from '../terminal/failure.js';
import { foretellingWords } from './foretell.js';
import { answered, named, type Giver } from '../space/order.js';
import { print, printJson, remark } from '../terminal/output.js';
import { changesOf, readPlanFile, type PlanFile } from './plan-file.js';
import { doing, groupWords } from './plan.js';
import { otherRules, planOf, spaceIdOf, surveyScope, type Plan } from './planning.js';
import { groupNames, inForceWords, openSpace, type Space } from '../space/rules-in-force.js';
import { readSecret } from '../space/secret.js';
import { withSession, type Session } from '../space/session.js';
import { readConfig } from '../space/apis.js';
import { table } from '../terminal/table.js';

export interface UndoOptions extends Giver {
  json?: boolean;
}

export interface ApplyOptions extends UndoOptions {
  /** Without being asked. */
  yes?: boolean;
  /** The digest of the plan's rules, where they are not those in force. */
  byRules?: string;
}

/** One message to Temporal has room for many of them, but not for all. */
const membersAMessage = 100;
const lookEveryMs = 300;

/**
 * `latchkey apply FILE`: does what the plan in the file says, and nothing else. Throws CommandError, with nothing done,
 * where the file is not as it was written, is of another space, by other rules than those in force that nobody named, or
 * where what it stands on has moved since; and where something could not be done.
 */
export async function apply(path: string, options: ApplyOptions): Promise<void> {
  const { json = false, yes = false, byRules, ...giver } = options;
  const config = readConfig();
  const file = readPlanFile(path, await readSecret(config));
  const space = await openSpace();
  if (file.space !== (await spaceIdOf(space))) {
    throw new CommandError(
      'the plan is of another space: its Nexudus or Kisi is not the one that is set here',
      2,
    );
  }
  checkRules(file, space, byRules);
  const plan = await checkGround(file, space);
  if (file.members.length === 0) {
    print(`Plan ${file.id} changes nothing.`);
    return;
  }
  if (!yes) await agreeOn(file, plan, space);
  const report = await withSession(space.config, async (session) => {
    await checkStops(session.client);
    const handle = await start(session, file, giver, space.ground.settings.undoWindowMs);
    return follow(session.client, handle, ['applied']);
  });
  tell(file.id, report, json);
}

/** `latchkey undo PLAN`: gives back the keys as they were before the plan. Throws CommandError as `apply` does. */
export async function undo(planId: string, { json = false, ...giver }: UndoOptions): Promise<void> {
  if (!/^[0-9a-f]{8}$/.test(planId)) {
    throw new CommandError(
      'PLAN must be the id of a plan, as `latchkey plan --out` and `latchkey apply` print it',
      2,
    );
  }
  const report = await withSession(readConfig(), async ({ client }) => {
    await checkStops(client);
    const handle = client.workflow.getHandle(planWorkflowId(planId));
    await checkUndoable(handle, planId);
    await answered(client, () => handle.executeUpdate(undoUpdate, { args: [named(giver)] }));
    return follow(client, handle, ['undone']);
  });
  tell(planId, report, json);
}

/**
 * Throws CommandError where the plan is by other rules than those in force and these are not named: else a plan made from
 * an old or a wrong file would be done by mistake.
 */
function checkRules(file: PlanFile, space: Space, named: string | undefined): void {
  const digest = file.rulesDigest;
  if (named !== undefined && named !== digest)
    throw new CommandError(
      `--by-rules names the rules ${named}, but the plan is by the rules ${digest}: nothing was done`,
      2,
    );
  const differences = otherRules(file, space);
  if (differences.length === 0 || named !== undefined) return;
  const inForce =
    space.inForce === null ? `those of this folder` : `those in force (${inForceWords(space.inForce)})`;
  throw new CommandError(
    `the plan is by other rules (digest ${digest}) than ${inForce}: they differ in ${differences.join(', ')}; ` +
      `nothing was done. Plan again, or add --by-rules ${digest} if these are meant`,
    2,
  );
}

/** Tells what is about to be done, and asks. Throws CommandError where there is nobody to ask, or the answer is no. */
async function agreeOn(file: PlanFile, plan: Plan, space: Space): Promise<void> {
  if (!hasTerminal()) {
    throw new CommandError(
      `plan ${file.id} has keys written to Kisi: give --yes, or apply it at a terminal, where you are told first what it does`,
      2,
    );
  }
  const people = plan.people.filter(({ changes }) => changes.length > 0);
  remark(`plan ${file.id}, made at ${iso(file.madeAt)}. ${foretellingWords({ ...plan, people })}`);
  for (const line of firstLines(people, await groupNames(space))) remark(line);
  if (await confirmed(`Apply plan ${file.id}. Is that meant?`)) return;
  throw new CommandError('nothing was done');
}

/** So many changes are named before the question. */
const mostNamed = 10;

function firstLines(people: Plan['people'], names: ReadonlyMap<number, string>): string[] {
  const lines = linesOf(people);
  const named = lines
    .slice(0, mostNamed)
    .map(
      ({ memberId, does, groupId }) => `  member ${memberId} ${doing[does]} ${groupWords(groupId, names)}`,
    );
  const more = lines.length - named.length;
  return more === 0 ? named : [...named, `  and ${more} more: \`latchkey plan\` lists them`];
}

/** The plan, made again. Throws CommandError with what moved where that is not the same. */
async function checkGround(file: PlanFile, space: Space): Promise<Plan> {
  const surveyed = await surveyScope(space, file.timeZones, file.scope);
  checkClock(space);
  const planAt = (at: number): Plan => planOf(surveyed, file.rules, { at }, file.scope.locationId);
  const now = planAt(Date.now());
  const moved = movedBetween(file.members, changesOf(planAt(file.madeAt).people), canonical);
  const passed = movedBetween(file.members, changesOf(now.people), outlineOf);
  const [first, ...others] = moved.length > 0 ? moved : passed;
  if (first === undefined) return now;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  throw new CommandError(`things have moved since the plan was made (${first}${more}): plan again`, 2);
}

/** Throws CommandError where this machine's clock is wrong, or Nexudus' is: what has ended is told by it. */
function checkClock({ nexudus }: Space): void {
  const ms = nexudus.clock.skewMs();
  if (ms === null || Math.abs(ms) <= clocksAgreeMs) return;
  const differs = `this machine's clock is ${durationWords(Math.abs(ms))} ${ms < 0 ? 'ahead of' : 'behind'} Nexudus'`;
  throw new CommandError(`${differs}, so nothing was done: set it right (NTP), and plan again`, 2);
}

/** What is to be done, without the instants that go on with the clock. */
function outlineOf({ line: { memberId, groupId, does, until } }: PlannedChange): string {
  return JSON.stringify({ memberId, groupId, does, until });
}

/** One line for each change that is in the one and not, or not so, in the other. */
function movedBetween(
  before: readonly PlannedMember[],
  after: readonly PlannedMember[],
  seen: (change: PlannedChange) => string,
): string[] {
  const [was, is] = [byPlace(before), byPlace(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((place) => {
    const [old, current] = [was.get(place), is.get(place)];
    if (old !== undefined && current !== undefined && seen(old) === seen(current)) return [];
    return [`${place}: ${differenceOf(old, current)}`];
  });
}

function byPlace(members: readonly PlannedMember[]): Map<string, PlannedChange> {
  const changes = members.flatMap((member) => member.changes);
  return new Map(changes.map((one) => [`member ${one.line.memberId}, group ${one.line.groupId}`, one]));
}

function differenceOf(old: PlannedChange | undefined, current: PlannedChange | undefined): string {
  const [was, is] = [wordsOf(old), wordsOf(current)];
  if (was !== is) return `${was} in the plan, ${is} now`;
  const [why, whyNow] = [old?.line.why ?? '', current?.line.why ?? ''];
  if (why !== whyNow) return `${was} because ${why} in the plan, because ${whyNow} now`;
  return `${was}, but of a key that has changed since`;
}

function wordsOf(change: PlannedChange | undefined): string {
  if (change === undefined) return 'nothing to do';
  const { does, after } = change.line;
  return after === null ? does : `${does} until ${iso(after)}`;
}

async function checkStops(client: Client): Promise<void> {
  const { stop } = await readOrders(client);
  if (stop === null) return;
  throw new CommandError(
    `${stop.level} is stopped by ${stop.by}: nothing was done; \`latchkey resume\` lets it go on`,
  );
}

async function start(
  { client, taskQueue }: Session,
  file: PlanFile,
  giver: Giver,
  undoWindowMs: number,
): Promise<WorkflowHandle> {
  const { id: planId, members, signature, rulesDigest } = file;
  const order = {
    planId,
    ...named(giver),
    rules: rulesDigest,
    memberCount: members.length,
    undoWindowMs,
  };
  const handle = await client.workflow
    .start(planWorkflowType, {
      taskQueue,
      workflowId: planWorkflowId(planId),
      args: [order],
      // A plan is applied once.
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `Plan ${planId}, applied`,
    })
    .catch((error: unknown) => {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      throw new CommandError(`plan ${planId} was applied already: plan again`, 2);
    });
  for (let i = 0; i < members.length; i += membersAMessage) {
    const part = members.slice(i, i + membersAMessage);
    const updateId = `${signature}/${i}`;
    await answered(client, () => handle.executeUpdate(addMembersUpdate, { args: [part], updateId }));
  }
  return handle;
}

async function checkUndoable(handle: WorkflowHandle, planId: string): Promise<void> {
  try {
    const { status } = await handle.describe();
    if (status.name === 'RUNNING') return;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CommandError(`no plan ${planId} was applied here`, 2);
  }
  throw new CommandError(
    `plan ${planId} cannot be undone any more: it was undone, or its time for that is over`,
    2,
  );
}

/** Waits until the plan is at one of these stages, with a bar on a terminal. */
async function follow(
  client: Client,
  handle: WorkflowHandle,
  stages: readonly PlanReport['stage'][],
): Promise<PlanReport> {
  const bar = new SingleBar({
    format: '{stage} {bar} {value}/{total} members',
    stream: process.stderr,
    noTTYOutput: false,
    clearOnComplete: true,
  });
  try {
    for (let begun = false; ; begun = true) {
      const report = await answered(client, () => handle.query(planReportQuery));
      const { stage, members, memberCount } = report;
      if (!begun) bar.start(memberCount, members.length, { stage });
      bar.update(members.length, { stage });
      if (stages.includes(stage)) return report;
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  } finally {
    bar.stop();
  }
}

/** Prints what was done; throws CommandError where something was not. */
function tell(planId: string, report: PlanReport, json: boolean): void {
  const { stage, members, undoUntil } = report;
  const changes = members.flatMap((member) =>
    member.changes.map((one) => ({ memberId: member.memberId, ...one })),
  );
  const left = changes.filter(({ done }) => !done);
  const until = undoUntil === null ? null : iso(undoUntil);
  if (json) printJson({ planId, stage, undoUntil: until, changes });
  else print(words(planId, report, changes.length - left.length));
  if (!json && left.length > 0) {
    print(
      table(
        ['member', 'group', 'not done, because'],
        left.map(({ memberId, groupId, why }) => [memberId, groupId, why]),
      ),
    );
  }
  if (stage === 'applied' && until !== null) {
    remark(`\`latchkey undo ${planId}\` gives the keys back as they were, until ${until}`);
  }
  if (left.length > 0) throw new CommandError(`${left.length} of ${changes.length} changes were not done`);
}

function words(planId: string, { stage, undoUntil }: PlanReport, done: number): string {
  if (stage === 'applied') return `Plan ${planId} is applied: ${done} changes.`;
  const until = undoUntil === null ? '' : iso(undoUntil);
  return [
    `Plan ${planId} is undone: ${done} changes.`,
    `Nothing else is done to these keys until ${until}; then the rules decide again.`,
  ].join('\n');
}
