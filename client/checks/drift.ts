import { readConfig } from '../../space/settings.js';
import type { DriftVerb } from '../../access/drift.js';
import type { DriftView, FindingView } from '../../messages/to-drift.js';
import { findingsNow, lastFindings, ruleFinding } from '../../space/drift.js';
import { CommandError } from '../../space/failure.js';
import { named, type Giver } from '../../space/order.js';
import { withProgress } from '../../space/progress.js';
import { print, printJson } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { withSession } from '../../space/session.js';
import { idWords } from '../../space/names.js';
import { readZones, spaceZone } from '../../space/zones.js';
import { timeWords, withLocalTimes } from '../../space/times.js';
import { counted, joined } from '../../lib/words.js';
import { table, type Cell } from '../terminal/table.js';
import { parseId } from '../../space/who.js';

export interface DriftOptions {
  /** Compare now, and wait for it. */
  now?: boolean;
  /** What was adopted or ignored too. */
  all?: boolean;
  json?: boolean;
}

/** `latchkey drift`: where Kisi and the ledgers differ. Throws CommandError where no worker answers or no comparison is made. */
export async function drift({ now = false, all = false, json = false }: DriftOptions): Promise<void> {
  const { view, zones } = await withSession(readConfig(), async ({ client }) => ({
    view: await (now ? withProgress('Comparing with Kisi', () => findingsNow(client)) : lastFindings(client)),
    zones: await readZones(client),
  }));
  const findings = view.findings.filter(({ ruling }) => all || ruling === null || ruling.verb === 'repair');
  if (json) printJson({ ...view, findings });
  else print(words(view, findings, spaceZone(zones)));
  if (now && view.alert !== null) throw new CommandError(view.alert);
  if (view.alert !== null) remark(view.alert);
}

/** `latchkey repair | adopt | ignore ID`. Throws CommandError where it is refused or no worker takes it. */
export async function rule(verb: DriftVerb, id: string, giver: Giver): Promise<void> {
  const order = { id: parseId(id, 'ID must be the number of a finding: `latchkey drift` lists them'), verb };
  const ruled = await withSession(readConfig(), ({ client }) =>
    ruleFinding(client, { ...order, ...named(giver) }),
  );
  print(`Finding ${ruled.id} (${ruled.kind}): ${ruled.doing}.`.replace(/\.\.$/, '.'));
}

const headings = ['id', 'kind', 'member', 'group', 'since', 'action', 'what'];

function words(
  { more, lastComparedAt, nextComparisonAt, findings: known }: DriftView,
  shown: FindingView[],
  zone: string | null,
): string {
  const next = `the next comparison is at ${timeWords(nextComparisonAt, zone)}`;
  if (lastComparedAt === null)
    return `Latchkey has not compared itself with Kisi yet: ${next}. To compare now, add --now.`;
  const settled = known.length - shown.length;
  const open = shown.length + more;
  const rows = shown.map((one) => cellsOf(one, zone));
  return joined(
    rows.length === 0 ? null : [table(headings, rows), ''],
    more === 0 ? null : `${more} more were found than can be listed: settle some of these first.`,
    settled === 0 ? null : `${settled} adopted or ignored: \`latchkey drift --all\` shows them.`,
    `${open === 0 ? 'Kisi and Latchkey agree' : counted(open, 'finding')} as of ${timeWords(lastComparedAt, zone)}; ${next}.`,
  );
}

function cellsOf(finding: FindingView, zone: string | null): Cell[] {
  const { id, kind, memberId, groupId, groupName, what, since, doing } = finding;
  const names = new Map(groupId === null || groupName === null ? [] : [[groupId, groupName]]);
  const group = groupId === null ? null : idWords(groupId, names);
  return [id, kind, memberId, group, timeWords(since, zone), doing, withLocalTimes(what, zone)];
}
