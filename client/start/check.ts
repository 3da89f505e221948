import { readConfig } from '../../space/settings.js';
import { printable } from '../../access/text.js';
import type { CheckedSpace } from '../../worker/check.js';
import { print, printJson } from '../terminal/output.js';
import { tellWhetherInForce } from '../../space/rules-in-force.js';
import { kisiOf, nexudusOf, soundSpace } from '../../space/apis.js';
import { table } from '../terminal/table.js';

/** `latchkey check`: tries both APIs and the configuration, and shows which pass types open which groups. */
export async function check({ json = false }: { json?: boolean }): Promise<void> {
  const config = readConfig();
  const space = await soundSpace(config, nexudusOf(config), kisiOf(config));
  const { groups, warnings } = space;
  if (json) printJson({ groups, warnings });
  else print(words(groups, warnings));
  await tellWhetherInForce(config, space);
}

function words(groups: CheckedSpace['groups'], warnings: readonly string[]): string {
  const rows = groups.map(({ id, name, locksCount, loginEnabled, passTypes }) => [
    id,
    name,
    locksCount,
    loginEnabled === null ? null : loginEnabled ? 'yes' : 'no',
    passTypes.length === 0 ? 'none' : passTypes.map((type) => `${type.name} (${type.id})`).join(', '),
  ]);
  return [
    table(['group', 'name', 'doors', 'app access', 'opened by pass types'], rows),
    '',
    ...warnings.map((warning) => printable(`Warning: ${warning}`)),
    warnings.length === 0 ? 'All is well.' : 'Usable, with the warnings above.',
  ].join('\n');
}
