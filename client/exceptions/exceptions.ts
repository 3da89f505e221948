import { readOrders } from '../../activities/orders.js';
import { memberBarred } from '../../access/decide.js';
import { printable } from '../../access/text.js';
import { iso, type Exception, type Instant, type Snapshot } from '../../access/types.js';
import { ConfigError } from '../../config/config.js';
import { meant } from '../../worker/names.js';
import {
  exceptionWords,
  exceptUpdate,
  giverWords,
  lastInstant,
  withdrawUpdate,
} from '../../messages/to-control.js';
import { CommandError } from '../terminal/failure.js';
import { endAt, homeLocation, parseUntil } from '../terminal/typed-times.js';
import { named, obey, type Giver } from '../space/order.js';
import { print, printJson, remark } from '../terminal/output.js';
import { groupNames, openSpace } from '../space/rules-in-force.js';
import { withSession } from '../space/session.js';
import { kisiOf, readConfig, readMember, readTemporalConfig } from '../space/apis.js';
import { shortTime, table, type Cell } from '../terminal/table.js';
import { memberIdFor, parseId, parseWho } from '../space/who.js';

/** The options of `latchkey allow` and `latchkey block` as typed. */
export interface ExceptOptions {
  /** An id of Kisi, or a name. Left out, of a block only: every group. */
  group?: string;
  until: string;
  reason: string;
  by?: string;
}

/** A group of Kisi, as people know it. */
export interface Group {
  id: number;
  name: string;
}

/** The names of groups are waited for so long. */
const namesWithinMs = 2_000;
/** An exception that ends within this time is pointed out. */
const soonMs = 7 * 24 * 60 * 60_000;

/**
 * `latchkey allow ID`: a key outside the rules, for a while. It gives access, and so takes an answer of Nexudus and of Kisi.
 * Throws CommandError where an argument is wrong, the order is refused or no worker takes it; then nothing is done.
 */
export async function allow(id: string, options: ExceptOptions): Promise<void> {
  const who = parseWho(id);
  const typed = parseUntil(options.until);
  const { by, account } = named({ by: options.by, why: options.reason });
  const { config, nexudus, kisi, ground } = await openSpace();
  const group = options.group === undefined ? null : groupOf(options.group, await kisi.listGroups());
  const memberId = await memberIdFor(who, nexudus, 2);
  const { snapshot } = await readMember(nexudus, ground, memberId);
  if (snapshot === null) throw new CommandError('Nexudus has no coworker with this id', 2);
  const until = endAt(typed, homeLocation(snapshot));
  if (until >= lastInstant) throw new CommandError('--until must be before the year 2100', 2);
  const wish = {
    kind: 'allow' as const,
    memberId,
    groupId: group?.id ?? null,
    until,
    by,
    account,
    reason: options.reason.trim(),
  };
  const made = await withSession(config, ({ client }) =>
    obey(client, (control) => control.executeUpdate(exceptUpdate, { args: [wish] })),
  );
  print(printable(`${sentence(made, group?.name ?? null)}.`));
  const barred = barredBy(snapshot, memberId);
  if (barred !== null) print(`No key comes of it now: ${barred}.`);
}

/** `latchkey withdraw ID`: ends an exception before its time. Throws CommandError where there is none with this id. */
export async function withdraw(id: string, giver: Giver): Promise<void> {
  const exceptionId = parseId(id, 'the exception is named by its number, as `latchkey exceptions` lists it');
  const order = { exceptionId, ...named(giver) };
  const ended = await withSession(readTemporalConfig(), ({ client }) =>
    obey(client, (control) => control.executeUpdate(withdrawUpdate, { args: [order] })),
  );
  print(`Withdrawn: ${exceptionWords(ended)}.`);
}

/** `latchkey exceptions`: all that hold, those that end first at the top. Needs no worker. */
export async function exceptions({ json = false }: { json?: boolean }): Promise<void> {
  const now = Date.now();
  const { exceptions } = await withSession(readTemporalConfig(), ({ client }) => readOrders(client));
  const lasting = lastingAt(exceptions, now);
  if (lasting.length === 0 && !json) {
    remark('no exceptions');
    return;
  }
  const names = await namesIfAny();
  if (json) printJson(lasting.map((one) => ({ ...exceptionJson(one), groupName: nameIn(names, one) })));
  else
    print(
      table(
        headings,
        lasting.map((one) => cellsOf(one, nameIn(names, one), now)),
      ),
    );
}

/** What `latchkey status` says of the exceptions. */
export function exceptionsWords(exceptions: readonly Exception[], now: Instant): string {
  const lasting = lastingAt(exceptions, now);
  if (lasting.length === 0) return 'No exception holds.';
  const soon = lasting.filter((one) => endsSoon(one, now));
  const holding = lasting.length === 1 ? '1 exception holds' : `${lasting.length} exceptions hold`;
  if (soon.length === 0) return `${holding}; none ends within 7 days.`;
  return [`${holding}. Within 7 days:`, ...soon.map((one) => `  ${exceptionWords(one)}`)].join('\n');
}

/** An exception as `--json` prints it: times as ISO 8601 in UTC. */
export function exceptionJson(exception: Exception): object {
  return { ...exception, from: iso(exception.from), until: iso(exception.until) };
}

/** Those that hold at `now` or later, the first to end first. */
export function lastingAt(exceptions: readonly Exception[], now: Instant): Exception[] {
  return exceptions.filter(({ until }) => until > now).sort((a, b) => a.until - b.until);
}

/** The group that was typed: an id, or the name of just one. Throws CommandError. */
export function groupOf(typed: string, groups: readonly Group[]): Group {
  const byId = groups.find(({ id }) => String(id) === typed.trim());
  const found = meant(byId?.id ?? typed, groups);
  if (found.one === null) throw new CommandError(`--group ${found.problem}`, 2);
  return found.one;
}

function barredBy({ profiles }: Snapshot, memberId: number): string | null {
  const own = profiles.find(({ member }) => member.id === memberId);
  return own === undefined ? null : memberBarred(own.member);
}

/** Names of groups, where Kisi tells them soon: the list needs Temporal only. */
async function namesIfAny(): Promise<ReadonlyMap<number, string>> {
  try {
    return await groupNames({ kisi: kisiOf(readConfig(), namesWithinMs) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    remark(`the names of groups are left out: ${error.lines.join(' ')}`);
    return new Map();
  }
}

const nameIn = (names: ReadonlyMap<number, string>, { groupId }: Exception): string | null =>
  groupId === null ? null : (names.get(groupId) ?? null);

const headings = ['id', 'member', 'kind', 'group', 'until', '', 'by', 'reason'];

function cellsOf(exception: Exception, groupName: string | null, now: Instant): Cell[] {
  const { id, memberId, kind, groupId, until, reason } = exception;
  const group = groupId === null ? 'all' : groupName === null ? String(groupId) : `${groupId} (${groupName})`;
  return [
    id,
    memberId,
    kind,
    group,
    shortTime(until),
    endsSoon(exception, now) ? 'soon' : '',
    giverWords(exception),
    reason,
  ];
}

const endsSoon = ({ until }: Exception, now: Instant): boolean => until - now < soonMs;

/** What holds from now on. */
export function sentence(exception: Exception, groupName: string | null): string {
  const words = exceptionWords(exception, groupName);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
