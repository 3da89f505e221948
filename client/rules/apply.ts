import { checkStops, follow, tell } from './plan-run.js';
import type { UndoOptions } from './undo.js';
import { readConfig } from '../../space/settings.js';
import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { linesOf } from '../../activities/preview.js';
import { canonical } from '../../access/canonical.js';
import { clocksAgreeMs } from '../../access/clocks.js';
import { timeWords, withLocalTimes } from '../../space/times.js';
import { spaceZone, zoneOf } from '../../space/zones.js';
import { iso } from '../../access/types.js';
import { durationWords } from '../../lib/durations.js';
import {
  addMembersUpdate,
  planWorkflowId,
  planWorkflowType,
  type PlannedMember,
  type PlannedChange,
} from '../../messages/to-plan.js';
import { confirmed, hasTerminal } from '../terminal/ask.js';
import { CommandError } from '../../space/failure.js';
import { foretellingWords } from '../../space/foretell.js';
import { answered, named, type Giver } from '../../space/order.js';
import { print } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { changesOf, readPlanFile, type PlanFile } from './plan-file.js';
import { doing } from './plan.js';
import { groupNames, idWords, withGroupNames, type Names } from '../../space/names.js';
import { otherRules, planOf, spaceIdOf, surveyScope, type Plan } from '../../space/planning.js';
import { inForceWords, openSpace, type Space } from '../../space/rules-in-force.js';
import { readSecret } from '../../space/secret.js';
import { withSession, type Session } from '../../space/session.js';

export interface ApplyOptions extends UndoOptions {
  /** Do it without asking. */
  yes?: boolean;
  /** The digest of the plan's rules, where they are not those in force. */
  byRules?: string;
}

/** One message to Temporal has room for many members, but not for all. */
const membersAMessage = 100;

/**
 * `latchkey apply FILE`: does what the plan in the file says, and nothing else. Throws CommandError with nothing done: where
 * the file was changed since it was written or is of another space, where it is by other rules than those in force and nobody
 * named these, or where what it stands on has moved since. Throws CommandError too where something could not be done.
 */
export async function apply(path: string, options: ApplyOptions): Promise<void> {
  const { json = false, yes = false, byRules, ...giver } = options;
  const config = readConfig();
  const file = readPlanFile(path, await readSecret(config));
  const space = await openSpace();
  if (file.space !== (await spaceIdOf(space))) {
    throw new CommandError(
      'the plan is for another space: it names another Nexudus or Kisi than the settings here',
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
  await tell(file.id, report, json, spaceZone(space.ground.knownZones));
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
      `nothing was done. Plan again, or add --by-rules ${digest} to use the rules of the plan`,
    2,
  );
}

/** Tells what is about to be done, and asks. Throws CommandError where there is nobody to ask, or the answer is no. */
async function agreeOn(file: PlanFile, plan: Plan, space: Space): Promise<void> {
  if (!hasTerminal()) {
    throw new CommandError(
      `plan ${file.id} writes keys to Kisi: give --yes, or apply it at a terminal, which tells first what it does`,
      2,
    );
  }
  const people = plan.people.filter(({ changes }) => changes.length > 0);
  const zone = zoneOf(space.ground.knownZones, file.scope.locationId);
  const made = timeWords(file.madeAt, zone);
  remark(`plan ${file.id}, made ${made}. ${foretellingWords({ ...plan, people }, zone)}`);
  for (const line of firstLines(people, await groupNames(space))) remark(line);
  if (await confirmed(`Apply plan ${file.id}?`)) return;
  throw new CommandError('nothing was done');
}

/** How many changes are named before the question. */
const mostNamed = 10;

function firstLines(people: Plan['people'], names: Names): string[] {
  const lines = linesOf(people);
  const named = lines
    .slice(0, mostNamed)
    .map(({ memberId, does, groupId }) => `  member ${memberId} ${doing[does]} ${idWords(groupId, names)}`);
  const more = lines.length - named.length;
  return more === 0 ? named : [...named, `  and ${more} more: \`latchkey plan\` lists them`];
}

/** The plan, made again. Throws CommandError that says what moved, where the plan is not the same any more. */
async function checkGround(file: PlanFile, space: Space): Promise<Plan> {
  const surveyed = await surveyScope(space, file.timeZones, file.scope);
  checkClock(space);
  const planAt = (at: number): Plan => planOf(surveyed, file.rules, { at }, file.scope.locationId);
  const now = planAt(Date.now());
  const moved = movedBetween(file.members, changesOf(planAt(file.madeAt).people), canonical);
  const passed = movedBetween(file.members, changesOf(now.people), outlineOf);
  const [first, ...others] = moved.length > 0 ? moved : passed;
  if (first === undefined) return now;
  const zone = zoneOf(space.ground.knownZones, file.scope.locationId);
  const told = withLocalTimes(withGroupNames(first, await groupNames(space)), zone);
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  throw new CommandError(`something has changed since the plan was made (${told}${more}): plan again`, 2);
}

/** Throws CommandError where this machine's clock is wrong, or Nexudus' is: Latchkey tells by it what has ended. */
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

/** One line for each change that only one of the two plans has, or that they have differently. */
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
