/** What tells the short stories whose histories are recorded and replayed. */
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Profile } from '../../../access/types.js';
import type { MemberView } from '../../../messages/to-member.js';
import { profile } from '../../support/builders.js';
import { Clockwork } from '../../support/clockwork.js';

/** Runs a story; answers the runs whose histories are kept, by the name of their file. */
export type Scenario = (env: TestWorkflowEnvironment, keep: Keep) => Promise<void>;
type Keep = (name: string, handle: WorkflowHandle) => Promise<void>;

/** A story of member 100, who has these records, up to the moment at which `tell` is done. */
export function ofMember(
  name: string,
  tell: (world: Clockwork, start: () => Promise<WorkflowHandle>) => Promise<WorkflowHandle>,
): Scenario {
  return (env, keep) =>
    Clockwork.run(env, async (world) => {
      await keep(name, await tell(world, () => world.start(100)));
    });
}

/** Gives a member these records. */
export function has(world: Clockwork, over: Partial<Profile>): Profile {
  const record = profile(over);
  world.profiles.set(record.member.id, record);
  return record;
}

export const hasAccess = (view: MemberView): boolean => view.state === 'access';
export const hasNone = (view: MemberView): boolean => view.state === 'noAccess' && view.waitingFor === null;
