import { readTemporalConfig } from '../../space/settings.js';
import { readOrders } from '../../activities/orders.js';
import type { Exception, Instant } from '../../access/types.js';
import { meant, type Named } from '../../worker/names.js';
import { exceptionWords, giverWords } from '../../messages/to-control.js';
import { CommandError } from '../../space/failure.js';
import { endsSoon, lastingAt, withdrawException } from '../../space/exceptions.js';
import { named, type Giver } from '../../space/order.js';
import { isoTimes, print, printJson } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { groupNamesIfAny, idWords, type Names } from '../../space/names.js';
import { readZones, spaceZone } from '../../space/zones.js';
import { endWords, withLocalTimes } from '../../space/times.js';
import { withSession } from '../../space/session.js';
import { table, type Cell } from '../terminal/table.js';
import { parseId } from '../../space/who.js';

/** The options of `latchkey allow` and `latchkey block` as typed. */
export interface ExceptOptions {
  /** An id of Kisi, or a name. Left out, of a block only: every group. */
  group?: string;
  until: string;
  reason: string;
  by?: string;
}

/** `latchkey withdraw ID`: ends an exception before its time. Throws CommandError where there is none with this id. */
export async function withdraw(id: string, giver: Giver): Promise<void> {
  const exceptionId = parseId(id, 'EXCEPTION must be its number, as `latchkey exceptions` lists it');
  const order = { exceptionId, ...named(giver) };
  const { ended, zones } = await withSession(readTemporalConfig(), async ({ client }) => ({
    ended: await withdrawException(client, order),
    zones: await readZones(client),
  }));
  print(`Withdrawn: ${withLocalTimes(exceptionWords(ended), spaceZone(zones))}.`);
}

/** `latchkey exceptions`: all that hold, those that end first at the top. Needs no worker. */
export async function exceptions({ json = false }: { json?: boolean }): Promise<void> {
  const now = Date.now();
  const { exceptions, zones } = await withSession(readTemporalConfig(), async ({ client }) => ({
    exceptions: (await readOrders(client)).exceptions,
    zones: await readZones(client),
  }));
  const lasting = lastingAt(exceptions, now);
  if (lasting.length === 0 && !json) {
    remark('no exceptions');
    return;
  }
  const names = await groupNamesIfAny();
  const zone = spaceZone(zones);
  const rows = lasting.map((one) => cellsOf(one, names, now, zone));
  if (json) printJson(isoTimes(lasting.map((one) => ({ ...one, groupName: nameIn(names, one) }))));
  else print(table(headings, rows));
}

/** The group that was typed: an id, or the name of just one. Throws CommandError. */
export function groupOf(typed: string, groups: readonly Named[]): Named {
  const byId = groups.find(({ id }) => String(id) === typed.trim());
  const found = meant(byId?.id ?? typed, groups);
  if (found.one === null) throw new CommandError(`--group ${found.problem}`, 2);
  return found.one;
}

const nameIn = (names: Names, { groupId }: Exception): string | null =>
  groupId === null ? null : (names.get(groupId) ?? null);

const headings = ['id', 'member', 'kind', 'group', 'until', '', 'by', 'reason'];

function cellsOf(exception: Exception, names: Names, now: Instant, zone: string | null): Cell[] {
  const { id, memberId, kind, groupId, until, reason } = exception;
  const group = groupId === null ? 'all' : idWords(groupId, names);
  const soon = endsSoon(exception, now) ? 'soon' : '';
  return [id, memberId, kind, group, endWords(until, zone), soon, giverWords(exception), reason];
}
