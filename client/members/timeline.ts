import type { Instant, Snapshot } from '../../access/types.js';
import type { AuditLog } from '../../database/audit-log.js';
import type { AuditRecord } from '../../database/audit-records.js';
import { kisiOf, nexudusOf, readMember } from '../../space/apis.js';
import { withAuditLog } from '../../space/audit-log.js';
import { groupNames, idWords, withGroupNames, type Names } from '../../space/names.js';
import { readSettings } from '../../space/settings.js';
import { memberIdFor, parseWho } from '../../space/who.js';
import { CommandError } from '../../space/failure.js';
import { exactIso, isoTimes, print, printJson } from '../terminal/output.js';
import { table, type Cell } from '../terminal/table.js';
import { timeWords, withLocalTimes } from '../../space/times.js';
import { homeZone } from '../../space/typed-times.js';

/** One thing that happened, wherever it is known from. */
interface Event {
  at: Instant;
  kind: AuditRecord['kind'] | 'nexudus';
  what: string;
  groupId: number | null;
  why: string;
  by: string | null;
  answer: string | null;
}

/** `latchkey timeline ID`: what happened to one member: passes and contracts, decisions, writes to Kisi, orders of people. */
export async function timeline(id: string, { json = false }: { json?: boolean }): Promise<void> {
  const who = parseWho(id);
  const { config } = readSettings();
  const nexudus = nexudusOf(config);
  const memberId = await memberIdFor(who, nexudus);
  const kept = await withAuditLog(config, (auditLog) => recordsOf(auditLog, memberId));
  // What is told here happened at an instant, whatever the zone.
  const { snapshot } = await readMember(nexudus, { timeZones: {} }, memberId);
  if (snapshot === null && kept.length === 0) {
    throw new CommandError('Nexudus has no coworker with this id, and the audit log knows none', 2);
  }
  const events = [...kept.map(eventOf), ...(snapshot === null ? [] : eventsIn(snapshot, Date.now()))];
  events.sort((a, b) => a.at - b.at);
  if (json) printJson(isoTimes(events, exactIso));
  else {
    const names = await groupNames({ kisi: kisiOf(config) });
    const rows = events.map((event) => cellsOf(event, names, homeZone(snapshot)));
    print(table(['at', 'what', 'group', 'by', 'why'], rows));
  }
}

async function recordsOf(auditLog: AuditLog, memberId: number): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  for await (const record of auditLog.all({ memberId })) records.push(record);
  return records;
}

const states: Record<AuditRecord['state'], string> = {
  begun: ' (answer not known)',
  done: '',
  failed: ' (not made)',
};

function eventOf({ at, kind, state, what, groupId, cause, by, answer }: AuditRecord): Event {
  return { at, kind, what: `${what}${states[state]}`, groupId, why: cause, by, answer };
}

/** What the records in Nexudus say that happened. */
function eventsIn({ profiles }: Snapshot, now: Instant): Event[] {
  const happened = (at: Instant | null, what: string, why: string): Event[] =>
    at === null || at > now
      ? []
      : [{ at, kind: 'nexudus', what, groupId: null, why, by: null, answer: null }];
  return profiles.flatMap(({ passes, contracts }) => [
    ...passes.flatMap(({ id, usedAt, expiresAt }) => [
      ...happened(usedAt, 'a pass is used', `CoworkerTimePass ${id} UsedDate`),
      ...happened(expiresAt, 'a pass expires', `CoworkerTimePass ${id} ExpireDate`),
    ]),
    ...contracts.flatMap(({ id, planName, startsAt, cancelledAt }) => [
      ...happened(startsAt, `the plan ${planName} starts`, `CoworkerContract ${id} StartDate`),
      ...happened(cancelledAt, `the plan ${planName} ends`, `CoworkerContract ${id} CancellationDate`),
    ]),
  ]);
}

function cellsOf({ at, what, groupId, why, by, answer }: Event, names: Names, zone: string | null): Cell[] {
  const group = groupId === null ? null : idWords(groupId, names);
  const reason = [why, answer ?? ''].filter((text) => text !== '').join('; Kisi: ');
  const told = (text: string): string => withLocalTimes(withGroupNames(text, names), zone);
  return [timeWords(at, zone), told(what), group, by, told(reason)];
}
