import { WorkflowNotFoundError } from '@temporalio/client';
import type { Withheld, Ruling } from '../../access/revocation-guard.js';
import { iso } from '../../access/types.js';
import {
  guardWorkflowId,
  withheldQuery,
  withheldWords,
  ruleUpdate,
  type RulingOrder,
} from '../../messages/to-revocation-guard.js';
import { CommandError } from '../terminal/failure.js';
import { answered, named, type Giver } from '../space/order.js';
import { print, printJson } from '../terminal/output.js';
import { withSession } from '../space/session.js';
import { readTemporalConfig } from '../space/apis.js';
import { table } from '../terminal/table.js';
import { parseId } from '../space/who.js';

/** `latchkey withheld`: the keys that are withheld back, and why. Throws CommandError where no worker answers. */
export async function withheld({ json = false }: { json?: boolean }): Promise<void> {
  const all = await withSession(readTemporalConfig(), ({ client }) =>
    reaching(() => answered(client, () => client.workflow.getHandle(guardWorkflowId).query(withheldQuery))),
  );
  if (json) printJson(all.map(jsonOf));
  else print(all.length === 0 ? 'Nothing is withheld.' : all.map(words).join('\n\n'));
}

/** `latchkey approve ID`, `latchkey reject ID`. Throws CommandError where nothing is withheld under it. */
export async function rule(does: Ruling['does'], text: string, giver: Giver): Promise<void> {
  const id = parseId(text, 'ID must be the number of what is withheld, as `latchkey withheld` prints it');
  const ruled = await withSession(readTemporalConfig(), ({ client }) => {
    const guard = client.workflow.getHandle(guardWorkflowId);
    const args: [RulingOrder] = [{ id, does, ...named(giver) }];
    return reaching(() => answered(client, () => guard.executeUpdate(ruleUpdate, { args })));
  });
  print(words(ruled));
}

async function reaching<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CommandError('there is nothing withheld yet: `latchkey worker` sets it up when it starts');
  }
}

function words(one: Withheld): string {
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
  return [`${withheldWords(one)}.`, said, table(['member', 'location', 'group', 'cause', 'why'], rows)].join(
    '\n',
  );
}

function jsonOf({ since, ruling, grewAt, ...one }: Withheld): object {
  const said = ruling === null ? null : { ...ruling, at: iso(ruling.at) };
  return { ...one, since: iso(since), grewAt: iso(grewAt), ruling: said };
}
