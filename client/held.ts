import { WorkflowNotFoundError } from '@temporalio/client';
import type { Held, Ruling } from '../access/breaker.js';
import { iso } from '../access/types.js';
import {
  breakerWorkflowId,
  heldQuery,
  heldWords,
  ruleUpdate,
  type RulingOrder,
} from '../messages/to-breaker.js';
import { CommandError } from './failure.js';
import { answered, named, type Giver } from './order.js';
import { print, printJson } from './output.js';
import { withSession } from './session.js';
import { readTemporalConfig } from './space.js';
import { table } from './table.js';
import { parseId } from './who.js';

/** `latchkey held`: the keys that are held back, and why. Throws CommandError where no worker answers. */
export async function held({ json = false }: { json?: boolean }): Promise<void> {
  const all = await withSession(readTemporalConfig(), ({ client }) =>
    reaching(() => answered(client, () => client.workflow.getHandle(breakerWorkflowId).query(heldQuery))),
  );
  if (json) printJson(all.map(jsonOf));
  else print(all.length === 0 ? 'Nothing is held.' : all.map(words).join('\n\n'));
}

/** `latchkey approve ID`, `latchkey reject ID`. Throws CommandError where nothing is held under it. */
export async function rule(does: Ruling['does'], text: string, giver: Giver): Promise<void> {
  const id = parseId(text, 'ID must be the number of what is held, as `latchkey held` prints it');
  const ruled = await withSession(readTemporalConfig(), ({ client }) => {
    const breaker = client.workflow.getHandle(breakerWorkflowId);
    const args: [RulingOrder] = [{ id, does, ...named(giver) }];
    return reaching(() => answered(client, () => breaker.executeUpdate(ruleUpdate, { args })));
  });
  print(words(ruled));
}

async function reaching<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CommandError('there is nothing held yet: `latchkey worker` sets it up when it starts');
  }
}

function words(one: Held): string {
  const { id, losses, ruling } = one;
  const said =
    ruling === null
      ? `\`latchkey approve ${id}\` lets them go, \`latchkey reject ${id}\` keeps them; by themselves they go on when the cause is gone.`
      : `${ruling.does === 'approve' ? 'Approved' : 'Rejected'} by ${ruling.by} at ${iso(ruling.at)}${ruling.why === '' ? '' : `: ${ruling.why}`}.`;
  const rows = losses.map(({ memberId, locationId, groupId, cause, why }) => [
    memberId,
    locationId,
    groupId,
    cause,
    why,
  ]);
  return [`${heldWords(one)}.`, said, table(['member', 'location', 'group', 'cause', 'why'], rows)].join(
    '\n',
  );
}

function jsonOf({ since, ruling, grewAt, ...one }: Held): object {
  const said = ruling === null ? null : { ...ruling, at: iso(ruling.at) };
  return { ...one, since: iso(since), grewAt: iso(grewAt), ruling: said };
}
