import { workflowInfo } from '@temporalio/workflow';
import { guardWorkflowId, guardWorkflowType } from '../messages/to-revocation-guard.js';
import { controlWorkflowId, controlWorkflowType } from '../messages/to-control.js';
import { driftWorkflowId, driftWorkflowType } from '../messages/to-drift.js';
import {
  memberIdOf,
  memberWorkflowType,
  leaderWorkflowId,
  leaderWorkflowType,
} from '../messages/to-member.js';
import { resendInvitationType } from '../messages/to-invitations.js';
import { planWorkflowType } from '../messages/to-plan.js';
import { refuse, takeOrRefuse } from './refuse.js';
import type { Shape } from './shapes.js';

/**
 * Whether this run was given its argument by the run before it. Else by whoever started it, which anybody can do in
 * Temporal's UI: then what it says of keys and orders is a claim, and the record decides. (A cron schedule and a retry start
 * run after run by what was typed.)
 */
export function isHandedOn(): boolean {
  const { continuedFromExecutionRunId, cronSchedule, retryPolicy } = workflowInfo();
  return continuedFromExecutionRunId !== undefined && cronSchedule === undefined && retryPolicy === undefined;
}

/** Takes what a workflow is started with. Ends the workflow where that is not what it should be. */
export function started<T>(shape: Shape<T>, argument: unknown): T {
  return takeOrRefuse(shape, argument, (problem) => `It was started with something wrong: ${problem}.`);
}

/** Runs where somebody starts a workflow of a type that does not exist. */
export function unknown(): Promise<never> {
  return refuse(`There is no workflow of the type ${workflowInfo().workflowType}.`);
}

/** Ends a workflow that was started under an id that is for another type. */
export function checkPlace(): void {
  const { workflowId, workflowType } = workflowInfo();
  const meant = typeAt(workflowId);
  if (meant !== null && meant !== workflowType)
    refuse(`The id ${workflowId} is for a workflow of the type ${meant}: start this one under another id.`);
}

function typeAt(workflowId: string): string | null {
  if (memberIdOf(workflowId) !== null) return memberWorkflowType;
  if (/^plan-[0-9a-f]{8}$/.test(workflowId)) return planWorkflowType;
  if (workflowId.startsWith('resend-invitation-')) return resendInvitationType;
  return typesById[workflowId] ?? null;
}

const typesById: Record<string, string> = {
  [guardWorkflowId]: guardWorkflowType,
  [controlWorkflowId]: controlWorkflowType,
  [driftWorkflowId]: driftWorkflowType,
  [leaderWorkflowId]: leaderWorkflowType,
};
