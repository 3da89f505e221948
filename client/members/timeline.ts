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
import { eventsOf, reasonOf, type Event } from '../../space/timeline.js';
import { homeZone } from '../../space/typed-times.js';

/** `latchkey timeline ID`: what happened to one member: passes and contracts, decisions, writes to Kisi, orders of people. */
export async function timeline(id: string, { json = false }: { json?: boolean }): Promise<void> {
  const who = parseWho(id);
  const { config } = readSettings();
  const nexudus = nexudusOf(config);
  const memberId = await memberIdFor(who, nexudus);
  const kept = await withAuditLog(config, (auditLog) => recordsOf(auditLog, memberId));
  const { snapshot } = await readMember(nexudus, { timeZones: {} }, memberId);
  if (snapshot === null && kept.length === 0) {
    throw new CommandError('Nexudus has no coworker with this id, and the audit log knows none', 2);
  }
  const { lastDay } = config.file.policies;
  const events = eventsOf(kept, { snapshot, lastDay }, Date.now());
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

function cellsOf(event: Event, names: Names, zone: string | null): Cell[] {
  const { at, what, groupId, by } = event;
  const group = groupId === null ? null : idWords(groupId, names);
  const told = (text: string): string => withLocalTimes(withGroupNames(text, names), zone);
  return [timeWords(at, zone), told(what), group, by, told(reasonOf(event))];
}
