import { readTemporalConfig } from '../space/settings.js';
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
import { groupNamesIfAny, groupWords, type GroupNames } from '../space/groups.js';
import { readZones, zoneOf, type Zones } from '../space/zones.js';
import { timeWords, withLocalTimes } from '../terminal/times.js';
import { table } from '../terminal/table.js';
import { parseId } from '../space/who.js';

/** `latchkey withheld`: the keys that are withheld, and why. Throws CommandError where no worker answers. */
export async function withheld({ json = false }: { json?: boolean }): Promise<void> {
  const { all, zones } = await withSession(readTemporalConfig(), async ({ client }) => ({
    all: await reaching(() =>
      answered(client, () => client.workflow.getHandle(guardWorkflowId).query(withheldQuery)),
    ),
    zones: await readZones(client),
  }));
  if (json) printJson(all.map(jsonOf));
  else if (all.length === 0) print('Nothing is withheld.');
  else {
    const names = await groupNamesIfAny();
    print(all.map((one) => words(one, names, zones)).join('\n\n'));
  }
}

/** `latchkey approve ID`, `latchkey reject ID`. Throws CommandError where nothing is withheld under it. */
export async function rule(does: Ruling['does'], text: string, giver: Giver): Promise<void> {
  const id = parseId(text, 'ID must be the number of what is withheld, as `latchkey withheld` prints it');
  const { ruled, zones } = await withSession(readTemporalConfig(), async ({ client }) => {
    const guard = client.workflow.getHandle(guardWorkflowId);
    const args: [RulingOrder] = [{ id, does, ...named(giver) }];
    const ruled = await reaching(() => answered(client, () => guard.executeUpdate(ruleUpdate, { args })));
    return { ruled, zones: await readZones(client) };
  });
  print(words(ruled, await groupNamesIfAny(), zones));
}

async function reaching<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CommandError('there is nothing withheld yet: `latchkey worker` sets it up when it starts');
  }
}

function words(one: Withheld, names: GroupNames, zones: Zones): string {
  const { id, losses, ruling } = one;
  const zone = zoneOf(zones, null);
  const said =
    ruling === null
      ? `\`latchkey approve ${id}\` lets them go, \`latchkey reject ${id}\` keeps them; by themselves they go on when the cause is gone.`
      : `${ruling.does === 'approve' ? 'Approved' : 'Rejected'} by ${ruling.by} ${timeWords(ruling.at, zone)}${ruling.why === '' ? '' : `: ${ruling.why}`}.`;
  const rows = losses.map(({ memberId, locationId, groupId, cause, why }) => [
    memberId,
    locationId,
    groupWords(groupId, names),
    cause,
    withLocalTimes(why, zoneOf(zones, locationId)),
  ]);
  return [
    withLocalTimes(`${withheldWords(one)}.`, zone),
    said,
    table(['member', 'location', 'group', 'cause', 'why'], rows),
  ].join('\n');
}

function jsonOf({ since, ruling, grewAt, ...one }: Withheld): object {
  const said = ruling === null ? null : { ...ruling, at: iso(ruling.at) };
  return { ...one, since: iso(since), grewAt: iso(grewAt), ruling: said };
}
