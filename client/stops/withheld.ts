import { readTemporalConfig } from '../../space/settings.js';
import type { Withheld, Ruling } from '../../access/revocation-guard.js';
import { withheldWords } from '../../messages/to-revocation-guard.js';
import { named, type Giver } from '../../space/order.js';
import { isoTimes, print, printJson } from '../terminal/output.js';
import { withSession } from '../../space/session.js';
import { listWithheld, ruleWithheld } from '../../space/withheld.js';
import { groupNamesIfAny, idWords, locationNamesIfAny, type Names } from '../../space/names.js';
import { readZones, spaceZone, zoneOf, type Zones } from '../../space/zones.js';
import { timeWords, withLocalTimes } from '../../space/times.js';
import { table } from '../terminal/table.js';
import { parseId } from '../../space/who.js';

/** `latchkey withheld`: the keys that are withheld, and why. Throws CommandError where no worker answers. */
export async function withheld({ json = false }: { json?: boolean }): Promise<void> {
  const { all, zones } = await withSession(readTemporalConfig(), async ({ client }) => ({
    all: await listWithheld(client),
    zones: await readZones(client),
  }));
  if (json) printJson(isoTimes(all));
  else if (all.length === 0) print('Nothing is withheld.');
  else {
    const names = await readNames();
    print(all.map((one) => words(one, names, zones)).join('\n\n'));
  }
}

/** `latchkey approve ID`, `latchkey reject ID`. Throws CommandError where nothing is withheld under it. */
export async function rule(does: Ruling['does'], text: string, giver: Giver): Promise<void> {
  const id = parseId(text, 'ID must be the number of withheld keys, as `latchkey withheld` prints it');
  const { ruled, zones } = await withSession(readTemporalConfig(), async ({ client }) => {
    const ruled = await ruleWithheld(client, { id, does, ...named(giver) });
    return { ruled, zones: await readZones(client) };
  });
  print(words(ruled, await readNames(), zones));
}

/** Names of the groups and locations that withheld keys name by ids. */
async function readNames(): Promise<{ groups: Names; locations: Names }> {
  const [groups, locations] = await Promise.all([groupNamesIfAny(), locationNamesIfAny()]);
  return { groups, locations };
}

function words(one: Withheld, names: { groups: Names; locations: Names }, zones: Zones): string {
  const { id, losses, ruling } = one;
  const zone = spaceZone(zones);
  const said =
    ruling === null
      ? `\`latchkey approve ${id}\` takes these keys away, \`latchkey reject ${id}\` keeps them. Until then the members keep them, and nothing is left to decide once the cause is gone.`
      : `${ruling.does === 'approve' ? 'Approved' : 'Rejected'} by ${ruling.by} ${timeWords(ruling.at, zone)}${ruling.why === '' ? '' : `: ${ruling.why}`}.`;
  const rows = losses.map(({ memberId, locationId, groupId, cause, why }) => [
    memberId,
    locationId === null ? null : idWords(locationId, names.locations),
    idWords(groupId, names.groups),
    cause,
    withLocalTimes(why, zoneOf(zones, locationId)),
  ]);
  return [
    withLocalTimes(`${withheldWords(one)}.`, zone),
    said,
    table(['member', 'location', 'group', 'cause', 'why'], rows),
  ].join('\n');
}
