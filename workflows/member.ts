import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import { memberIdOf, newMember, type MemberState, type MemberView } from '../messages/to-member.js';
import { goOn } from './go-on.js';
import { MemberRun } from './member-run.js';
import type { Round } from './round.js';
import { fields, id } from './shapes.js';
import { checkPlace, isHandedOn, started } from './start.js';

/**
 * The story of one member: look, decide, write what differs, say how things stand, sleep until the next change.
 * One run after another for as long as the member holds or may hold anything.
 */
export function member(initial: MemberState): Promise<MemberView> {
  checkPlace();
  const run = new MemberRun(stateFrom(initial));
  return goOn(
    () => story(run),
    () => {
      run.noteCancelAsked();
    },
  );
}

async function story(run: MemberRun): Promise<MemberView> {
  run.open();
  for (;;) {
    if (run.inbox.hasParts()) await run.doPlanParts();
    const round = run.beginRound();
    try {
      if (run.areBlocksDue()) await run.carryOutBlocks();
      await lookAndWrite(run, round);
    } catch (error) {
      run.noteFailure(error);
    }
    run.display.publish();
    if (await run.isOver()) return run.display.view();
    await run.sleep();
    if (await run.shouldContinueAsNew()) await continueAsNew<typeof member>(run.state);
  }
}

/** Each check may end the round; a round that passes all of them has written what differs. */
async function lookAndWrite(run: MemberRun, round: Round): Promise<void> {
  const assessed = await run.look(round);
  if (assessed === null) {
    run.putBack(round);
    return;
  }
  const ownerId = await run.tellProfiles(round, assessed);
  if (ownerId !== null) {
    run.standBy(ownerId, assessed);
    return;
  }
  const problems = await run.write(round, assessed);
  if (problems === null) run.leaveToNextRound(round);
  else run.settle(assessed, problems);
}

/** What a run starts with: the state that the run before handed on, or only the member's id. */
function stateFrom(argument: unknown): MemberState {
  const memberId =
    memberIdOf(workflowInfo().workflowId) ?? started(fields({ memberId: id }), argument).memberId;
  if (!isHandedOn()) return newMember(memberId);
  return { ...(argument as MemberState), memberId };
}
