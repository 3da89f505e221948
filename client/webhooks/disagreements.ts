import { readSettings } from '../../space/settings.js';
import { withAuditLog } from '../../space/audit-log.js';
import {
  compared,
  differing,
  lastOpinions,
  profilesOf,
  type Disagreement,
} from '../../space/disagreements.js';
import { exactIso, isoTimes, print, printJson } from '../terminal/output.js';
import { withSession } from '../../space/session.js';
import { kisiOf, nexudusOf } from '../../space/apis.js';
import { groupNames, idsWords, type Names } from '../../space/names.js';
import { timeWords } from '../../space/times.js';
import { zonesIfAny } from '../../space/rules-in-force.js';
import { spaceZone } from '../../space/zones.js';
import { table } from '../terminal/table.js';
import { memberIdFor, parseWho } from '../../space/who.js';

/**
 * `latchkey disagreements [ID]`: where the groups that Nexudus worked out last (Custom ACS) are not those that Latchkey
 * decides. Throws CommandError where it cannot be told whose profiles belong together.
 */
export async function disagreements(
  id: string | undefined,
  { json = false }: { json?: boolean },
): Promise<void> {
  const who = id === undefined ? null : parseWho(id);
  // What is compared was decided by the worker: the file of this folder does not matter.
  const { config } = readSettings();
  const wanted = who === null ? null : await memberIdFor(who, nexudusOf(config));
  const { found, told } = await withAuditLog(config, async (auditLog) => {
    const opinions = await lastOpinions(auditLog);
    const apart = await differing(auditLog, opinions);
    const profiles =
      apart.length === 0 ? [] : await withSession(config, ({ client }) => profilesOf(client, apart));
    return { told: opinions.size, found: await compared(auditLog, profiles, wanted) };
  });
  if (json) printJson(isoTimes(found, exactIso));
  else if (found.length === 0) print(agreement(told));
  else {
    const names = await groupNames({ kisi: kisiOf(config) });
    print(words(found, told, names, spaceZone(await zonesIfAny(config))));
  }
}

function agreement(told: number): string {
  return told === 0
    ? 'Nexudus has sent no groups yet: set up its Custom ACS (NEXUDUS_ACS_TOKEN, docs/configuration.md).'
    : `Nexudus and Latchkey agree on all ${told} members that Nexudus sent groups for.`;
}

function words(found: readonly Disagreement[], told: number, names: Names, zone: string | null): string {
  const rows = found.map(({ memberId, onlyNexudus, onlyLatchkey, since, why }) => [
    memberId,
    idsWords(onlyNexudus, names),
    idsWords(onlyLatchkey, names),
    timeWords(since, zone),
    why ?? 'has given no key yet',
  ]);
  return [
    table(['member', 'only Nexudus', 'only Latchkey', 'since', 'why Latchkey does so'], rows),
    '',
    `${found.length} of ${told} members differ; \`latchkey explain ID\` says why, pass by pass.`,
  ].join('\n');
}
