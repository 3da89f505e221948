import { isMendedByMember, repairableKinds, type DriftKind, type Finding } from '../access/drift.js';
import { iso, type Instant } from '../access/types.js';
import type { DriftState, DriftSummary, DriftView, FindingView } from '../messages/to-drift.js';
import { markdownText } from './markdown.js';

/** How many findings the Temporal UI shows; `latchkey drift` shows all. */
const mostShown = 30;

/** The answer of the `findings` query. */
export function driftViewOf(state: DriftState, dueAt: Instant): DriftView {
  const { memory, more, lastComparedAt } = state;
  return {
    findings: memory.findings.map((finding) => findingViewOf(finding, state)).sort((a, b) => a.id - b.id),
    more,
    alert: alertOf(state),
    lastComparedAt: lastComparedAt === null ? null : iso(lastComparedAt),
    nextComparisonAt: iso(dueAt),
  };
}

/** More would make the memo too large. */
const mostContested = 20;

/** What the memo shows. */
export function driftSummaryOf({ memory, more, lastComparedAt, failure, doubt }: DriftState): DriftSummary {
  const left = memory.findings.filter(({ ruling }) => ruling === null || ruling.verb === 'repair');
  const contested = left.filter((finding) => finding.contested);
  const open: DriftSummary['open'] = {};
  for (const { kind } of left) open[kind] = (open[kind] ?? 0) + 1;
  return {
    ...{ lastComparedAt, failure, doubt, open, more },
    settled: memory.findings.length - left.length,
    contested: contested
      .slice(0, mostContested)
      .map(({ id, kind, memberId, groupId, since }) => ({ id, kind, memberId, groupId, since })),
    contestedCount: contested.length,
  };
}

/** One finding in plain words. */
export function findingViewOf(finding: Finding, state: DriftState): FindingView {
  const { id, kind, memberId, userId, groupId, what, since, ruling, contested } = finding;
  return {
    id,
    kind,
    memberId,
    kisiUserId: userId,
    groupId,
    groupName: groupId === null ? null : (state.memory.groupNames[groupId] ?? null),
    what,
    since: iso(since),
    ruling: ruling === null ? null : { verb: ruling.verb, by: ruling.by, at: iso(ruling.at) },
    contested,
    doing: doingOf(finding, state),
  };
}

const undone: Partial<Record<DriftKind, string>> = {
  missing: 'given again by Latchkey and taken away twice',
  changed: 'moved back by Latchkey and changed twice',
  userDeleted: 'made again by Latchkey and deleted twice',
  extra: 'taken away by Latchkey and given twice',
  orphan: 'taken away by Latchkey and given twice',
};

function doingOf(finding: Finding, { memory, policy }: DriftState): string {
  const { id, kind, ruling, contested, problem, memberId, key } = finding;
  if (ruling !== null && ruling.verb !== 'repair') return `${ruled[ruling.verb]} by ${ruling.by}`;
  if (contested) {
    return (
      `${undone[kind] ?? ''}: is the native Kisi integration in Nexudus still on, or another script at work? ` +
      `It is left as it is; \`latchkey repair ${id}\` has it repaired all the same.`
    );
  }
  if (problem !== null) return `not repaired yet: ${problem} It is tried again at the next comparison.`;
  const repair = memory.repairs[key];
  const isAsked =
    ruling !== null || (policy[kind] === 'repair' && repairableKinds.some((one) => one === kind));
  if (!isAsked) return 'nothing, until somebody decides';
  if (isMendedByMember(kind)) return `member ${memberId ?? ''} was woken to mend it`;
  return repair === undefined ? 'to be taken away at the next comparison' : 'taken away';
}

const ruled = { adopt: 'adopted', ignore: 'ignored' };

/** Why nothing is repaired now; null: repairs are made. */
export function alertOf({ doubt, failure }: DriftState): string | null {
  if (failure !== null)
    return `No comparison since ${iso(failure.since)}: ${failure.why} It is tried again at the next one.`;
  if (doubt === null) return null;
  return (
    `Kisi lacks ${doubt.lost} of ${doubt.held} keys at once since ${iso(doubt.since)}. That is not believed, and ` +
    'nothing is repaired, until a comparison at least 10 minutes later agrees.'
  );
}

/** The current details that the Temporal UI shows, as Markdown. */
export function driftDetailsOf(
  { findings, more, alert, lastComparedAt, nextComparisonAt }: DriftView,
  intervalMs: number,
): string {
  const open = findings.filter(({ ruling }) => ruling === null || ruling.verb === 'repair');
  const settled = findings.length - open.length;
  const shown = open
    .slice(0, mostShown)
    .map(
      ({ id, kind, memberId, kisiUserId, groupId, what, since, doing }) =>
        `- **${id}** ${kind}, ${memberId === null ? '' : `member ${memberId}, `}` +
        (memberId !== null || kisiUserId === null ? '' : `Kisi user ${kisiUserId}, `) +
        `${groupId === null ? '' : `group ${groupId}, `}since ${since}: ${markdownText(what)}. Done about it: ${markdownText(doing)}`,
    );
  const left = more + open.length - shown.length;
  return [
    ...(alert === null ? [] : [`**${markdownText(alert)}**`]),
    lastComparedAt === null
      ? 'The ledgers were not compared with Kisi yet.'
      : open.length + more === 0
        ? 'Kisi and the ledgers agree.'
        : 'Kisi and the ledgers differ:',
    ...(shown.length === 0 ? [] : [shown.join('\n')]),
    ...(left === 0 ? [] : [`And ${left} more: \`latchkey drift\`.`]),
    ...(settled === 0 ? [] : [`Adopted or ignored: ${settled}.`]),
    `Last comparison: ${lastComparedAt ?? 'none'}. Next: ${nextComparisonAt}, and every ${Math.round(intervalMs / 60_000)} minutes.`,
  ].join('\n\n');
}
