import { keyOwner } from '../../access/ownership.js';
import type { Explanation } from '../../access/explain.js';
import type { Instant, NextChange } from '../../access/types.js';
import type { MemberRead } from '../../nexudus/reader.js';
import { explainSnapshot, verdictWords } from '../../space/explain.js';
import { CommandError } from '../../space/failure.js';
import { homeZone, instantAt, parseAt, type Typed } from '../../space/typed-times.js';
import { exactIso, isoTimes, print, printJson } from '../terminal/output.js';
import { renewalsAssumed } from '../rules/plan.js';
import { groupNames, idWords, withGroupNames, type Names } from '../../space/names.js';
import { openSpace, rulesJson, type Space } from '../../space/rules-in-force.js';
import { endWords, timeWords, withLocalTimes } from '../../space/times.js';
import { memberIdFor, parseWho } from '../../space/who.js';

export interface ExplainOptions {
  /** ISO 8601, with a zone or in the location's. */
  at?: string;
  /** A file whose rules are used instead of those in force. */
  config?: string;
  json?: boolean;
}

/** What is printed, in either form. */
interface Explained {
  memberId: number;
  at: Instant;
  /** True: the answer is about a time that was named, and assumes that plans hand out their next passes until then. */
  assumesRenewals: boolean;
  readAt: Instant;
  /** Every profile with the same e-mail, lowest id first: that one owns the keys. */
  profileIds: number[];
  groups: (Explanation & { groupName: string | null })[];
  nextChange: NextChange | null;
}

/**
 * `latchkey explain`: what the rules say of one member, from records read now. Needs no Temporal server: where none can be
 * reached, the rules are those of this folder, which is said on stderr.
 */
export async function explainMember(id: string, { at, config, json = false }: ExplainOptions): Promise<void> {
  const who = parseWho(id);
  const typed = at === undefined ? null : parseAt(at);
  const space = await openSpace({ file: config, mayLackWorker: true });
  await explainIn(space, await memberIdFor(who, space.nexudus), { typed, json });
}

/** Says the same of this member of this space. Throws CommandError where Nexudus has no such member, and NexudusError. */
export async function explainIn(
  space: Space,
  memberId: number,
  { typed, json }: { typed: Typed | null; json: boolean },
): Promise<void> {
  const { ground, exceptions } = space;
  const snapshot = snapshotOf(await space.readMember(memberId));
  const when = typed === null ? space.now() : instantAt(typed, homeZone(snapshot));
  const { assumesRenewals, groups, decision } = explainSnapshot(snapshot, {
    ...{ rules: ground.rules, exceptions: exceptions ?? [], at: when, isNamed: typed !== null },
  });
  const names = await groupNames(space);
  const explained: Explained = {
    memberId,
    at: when,
    assumesRenewals,
    readAt: snapshot.readAt,
    profileIds: snapshot.profiles.map((profile) => profile.member.id),
    groups: groups.map((group) => ({
      ...group,
      groupName: group.groupId === null ? null : (names.get(group.groupId) ?? null),
    })),
    nextChange: decision.next,
  };
  if (json) printJson(isoTimes({ ...explained, rules: rulesJson(space) }, exactIso));
  else print(words(explained, names, homeZone(snapshot)));
}

function snapshotOf({ snapshot, doubts }: MemberRead): NonNullable<MemberRead['snapshot']> {
  if (snapshot !== null) return snapshot;
  const doubt = doubts[0]?.why;
  throw new CommandError(`Nexudus has no coworker with this id${doubt === undefined ? '' : ` (${doubt})`}`);
}

function words(
  { memberId, at, assumesRenewals, profileIds, groups, nextChange }: Explained,
  names: Names,
  zone: string | null,
): string {
  const owner = keyOwner(profileIds) ?? memberId;
  const lines = [`Member ${memberId}, by the rules, at ${timeWords(at, zone)}:`];
  if (profileIds.length > 1) {
    lines.push(`Profiles ${profileIds.join(', ')} share an e-mail: ${owner} holds the keys of all.`);
  }
  for (const group of groups) {
    if (group.groupId === null) lines.push('', noGroupHeading(group));
    else lines.push('', headingOf(group, group.groupId, names, zone));
    for (const verdict of group.verdicts) lines.push(`  ${withLocalTimes(verdictWords(verdict), zone)}`);
  }
  lines.push(
    '',
    nextChange === null
      ? 'Next change: none known.'
      : `Next change: ${endWords(nextChange.at, zone)}, ${withLocalTimes(withGroupNames(nextChange.what, names), zone)}.`,
  );
  if (assumesRenewals) lines.push(renewalsAssumed);
  return lines.join('\n');
}

/** A member may hold a key by an exception, and have no pass that gives one. */
function noGroupHeading({ verdicts }: Explained['groups'][number]): string {
  return verdicts.some(({ passId }) => passId !== null) ? 'Opens no group:' : 'No pass gives a key:';
}

function headingOf(
  { holds, until, why }: Explained['groups'][number],
  groupId: number,
  names: Names,
  zone: string | null,
): string {
  const group = `group ${idWords(groupId, names)}`;
  if (!holds) return `Lacks ${group}:`;
  const end = until === null ? 'no end known' : `until ${endWords(until, zone)}`;
  return `Holds ${group}, ${end}: ${withLocalTimes(why, zone)}`;
}
