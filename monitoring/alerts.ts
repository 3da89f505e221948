/**
 * What needs somebody, by what is known of the space: the lines of `latchkey status` and of the alerts that go out. Ids only,
 * no names and no e-mails.
 */
import type { Instant } from '../access/types.js';
import { alertLimits, sentence, utc, type Alert, type AlertLimits } from './alert.js';
import { changeAlerts } from './api-changes.js';
import { apiAlerts, apiNames, clockAlerts, names, tokenAlerts } from './api-alerts.js';
import type { ApiState } from './api-watch.js';
import type { Facts, RunFacts } from './facts.js';
import { keyAlerts } from './kisi-key.js';
import { readIdentity } from './identity.js';

/** The alerts that stand, and the beginnings of causes that cannot be told now: such causes are neither begun nor over. */
export interface Alerts {
  standing: Alert[];
  undecided: string[];
}

const minuteMs = 60_000;
/** A poll is late after this many of its intervals, and not before its own limit. */
const late = { intervals: 5, poll: 10 * minuteMs, reconciliation: 60 * minuteMs };

/** A receiver that is started anew is no news to the others. */
const undeliveredMs = 15 * minuteMs;

/** By the name of a channel. */
export const undeliveredCause = (channel: string): string => `undelivered/${channel}`;

/** What needs somebody at `now`. Pure. */
export function alertsOf(facts: Facts, now: Instant, limits: AlertLimits = alertLimits): Alerts {
  const ofApis = apiNames.flatMap((api) => apiAlerts(api, facts, now, limits));
  const standing = [
    ...workerAlerts(facts),
    ...rulesAlerts(facts),
    ...ofApis,
    ...clockAlerts(facts),
    ...tokenAlerts(facts, now),
    ...keyAlerts(facts),
    ...changeAlerts(facts),
    ...pollAlerts(facts, now, ofApis),
    ...facts.held.flatMap(withheldAlert),
    ...facts.doubted.map(({ list, rows, before, since }) => ({
      cause: `loss/${list}`,
      since,
      text: `Nexudus lost most rows of ${list} (${rows} rows, ${before} before) at ${utc(since)}. Latchkey does not treat the missing rows as deleted yet: check Nexudus; \`latchkey pause revokes\` gives you more time.`,
    })),
    ...driftAlerts(facts, now, limits),
    ...hookAlerts(facts),
    ...memberAlerts(facts, now, limits),
    ...auditLogAlerts(facts),
    ...journalAlerts(facts),
    ...facts.undelivered.map(({ channel, since, why }) => ({
      cause: undeliveredCause(channel),
      since,
      delayMs: undeliveredMs,
      text: `Alerts have not reached ${channel} since ${utc(since)}: ${why} \`latchkey alert --test\` sends a test alert.`,
    })),
  ];
  return { standing, undecided: undecidedOf(facts) };
}

function undecidedOf({ apis, drift, hooks, journal, kisiKey }: Facts): string[] {
  const unheard = apiNames.filter((api) => {
    const state = apis?.[api];
    return state === undefined || (state.answeredAt === null && state.down === null);
  });
  return [
    ...unheard.flatMap((api) => ['down', 'refused', 'call', 'retiring'].map((of) => `${of}/${api}`)),
    ...(apis === null ? ['token'] : []),
    ...(unheard.length > 0 ? ['clocks'] : []),
    ...(drift === null ? ['contested', 'comparison', 'doubt', 'drift'] : []),
    ...(hooks === null ? ['hook'] : []),
    ...(kisiKey === null ? ['key'] : []),
    ...(journal === null || journal.verifiedAt === null ? ['tampered'] : []),
  ];
}

function workerAlerts({ leader, at }: Facts): Alert[] {
  if (leader.isLeading) return [];
  const { beatAt } = leader;
  const since = beatAt === null ? '' : ` since ${utc(beatAt)}`;
  const text = `No worker is the leader${since}, so Latchkey asks Nexudus and Kisi nothing: it gives and takes away no key, and keys end at the door when their time is over. Start \`latchkey worker\`, or read its log.`;
  return [{ cause: 'worker', since: beatAt ?? at, text }];
}

/** A worker that ended is seen for a while yet. */
const otherRulesMs = 3 * minuteMs;

/** Which of several workers with different rules becomes the leader is chance, but for what was put in force last. */
function rulesAlerts({ workers, rules }: Facts): Alert[] {
  if (rules === null) return [];
  const others = workers.flatMap(({ identity }) => {
    const said = readIdentity(identity);
    return said === null || said.rules === null || said.rules === rules.digest ? [] : [said];
  });
  if (others.length === 0) return [];
  const named = others.map(({ pid, host, rules: own }) => `${pid}@${host} has rules ${own ?? ''}`).join(', ');
  const text = `Workers run with different rules. Rules ${rules.digest} of process ${rules.process} are in force; ${named}. Start all workers with the same latchkey.yaml.`;
  return [{ cause: 'rules', since: null, text, delayMs: otherRulesMs }];
}

/** Where the API itself is the matter, its own alert tells that, and this one is left out. */
function pollAlerts(
  { poll, reconciliation, leader }: Facts,
  now: Instant,
  ofApis: readonly Alert[],
): Alert[] {
  if (!leader.isLeading || ofApis.some(({ cause }) => ['down/nexudus', 'refused/nexudus'].includes(cause)))
    return [];
  const lateRun = (cause: string, what: string, run: RunFacts, leastMs: number): Alert[] => {
    const { lastGoodAt, everyMs, isPaused } = run;
    if (isPaused || lastGoodAt === null) return [];
    if (now - lastGoodAt < Math.max(leastMs, late.intervals * everyMs)) return [];
    const text = `${what} since ${utc(lastGoodAt)}: check the last runs of the Schedule in Temporal's UI, and the worker's log.`;
    return [{ cause, since: lastGoodAt, text }];
  };
  return [
    ...lateRun('late/poll', 'Latchkey has not polled Nexudus', poll, late.poll),
    ...lateRun(
      'late/reconciliation',
      'Latchkey has made no reconciliation',
      reconciliation,
      late.reconciliation,
    ),
  ];
}

function withheldAlert({ id, keys, since, ruling }: Facts['held'][number]): Alert[] {
  if (ruling !== null) return [];
  const text = `Latchkey has withheld ${keys} keys from revocation since ${utc(since)}, because too many people would lose a key at once: \`latchkey withheld\` lists them; \`latchkey approve ${id}\` revokes them, \`latchkey reject ${id}\` keeps them.`;
  return [{ cause: `withheld/${id}`, since, text }];
}

/** Findings that nobody but a person can mend, whatever the policy; what a space may live with is only shown. */
const forPeople = {
  groupGone:
    'The mapping names groups that Kisi no longer has, so their passes open nothing: correct the mapping, or the pass type’s KisiGroupId.',
  endUnreadable:
    'Latchkey cannot read the end that some keys have in Kisi, so they may end at any time: set their end anew in Kisi.',
} as const;

function driftAlerts({ drift }: Facts, now: Instant, { comparisonMs }: AlertLimits): Alert[] {
  if (drift === null) return [];
  const { contested, failure, doubt, open } = drift;
  return [
    ...Object.entries(forPeople).flatMap(([kind, words]) => {
      const count = open[kind as keyof typeof forPeople] ?? 0;
      const text = `${words} \`latchkey drift\` names them (${count}).`;
      return count === 0 ? [] : [{ cause: `drift/${kind}`, since: null, text }];
    }),
    ...contested.map(({ id, kind, memberId, groupId, since }) => {
      const whom = [
        ...(memberId === null ? [] : [`member ${memberId}`]),
        ...(groupId === null ? [] : [`group ${groupId}`]),
      ];
      const text = `Somebody undid a repair of Latchkey twice (${[`finding ${id}`, kind, ...whom].join(', ')}), so Latchkey leaves it alone: check whether the native Kisi integration in Nexudus is still on, or another script changes keys. \`latchkey drift\` tells more; \`latchkey repair ${id}\` or \`latchkey ignore ${id}\` decides.`;
      return { cause: `contested/${id}`, since, text };
    }),
    ...(failure === null || now - failure.since < comparisonMs
      ? []
      : [
          {
            cause: 'comparison',
            since: failure.since,
            text: `Latchkey has not been able to compare its keys with Kisi since ${utc(failure.since)}: ${sentence(failure.why)}`,
          },
        ]),
    ...(doubt === null
      ? []
      : [
          {
            cause: 'doubt',
            since: doubt.since,
            text: `Kisi lacks ${doubt.lost} of ${doubt.held} keys at once since ${utc(doubt.since)}. Latchkey doubts that, and repairs nothing until a comparison at least 10 minutes later agrees: check Kisi.`,
          },
        ]),
  ];
}

function hookAlerts({ hooks }: Facts): Alert[] {
  if (hooks === null) return [];
  return hooks.off.map((hook) => ({
    cause: `hook/${hook}`,
    since: null,
    text: `Nexudus switched the webhook ${hook} off after Latchkey did not take its calls, so changes wait for the poll: check that LATCHKEY_PUSH_URL can be reached from outside, then run \`latchkey hooks install\`.`,
  }));
}

const mostIds = 20;

function memberAlerts(facts: Facts, now: Instant, { blockedMs }: AlertLimits): Alert[] {
  const { blocked, endingSoon, apis } = facts;
  const waiting = Object.entries(blocked).flatMap(([problem, count]): Alert[] => {
    // Orders of people are shown, and need nobody; the audit log has an alert of its own.
    if (problem === 'Stopped' || problem === 'AuditLog') return [];
    if (problem === 'Block') return [{ cause: 'block', since: null, text: blockText(count) }];
    const api = apiNames.find((one) => names[one] === problem);
    const isApiWell = (state: ApiState | undefined): boolean =>
      state !== undefined && state.refused === null && now - (state.reachableSince ?? now) >= blockedMs;
    if (api !== undefined && !isApiWell(apis?.[api])) return [];
    const text = `${count} members wait, though both APIs answer (${problem}): \`latchkey members --problem ${problem}\` lists them, and \`latchkey show ID\` says what a member waits for.`;
    return [{ cause: `blocked/${problem}`, since: null, text, delayMs: blockedMs }];
  });
  if (endingSoon.length === 0) return waiting;
  const first = Math.min(...endingSoon.map(({ endsAt }) => endsAt));
  const ids = endingSoon.slice(0, mostIds).map(({ memberId }) => memberId);
  const more = endingSoon.length > mostIds ? ` and ${endingSoon.length - mostIds} more` : '';
  const text = `Keys of ${endingSoon.length} members end at the door within 48 hours, the first at ${utc(first)}, unless Latchkey can extend them by then: members ${ids.join(', ')}${more}. \`latchkey show ID\` says what they wait for.`;
  return [...waiting, { cause: 'ending', since: null, text, delayMs: blockedMs }];
}

function blockText(count: number): string {
  return `Latchkey has not carried out the blocks of ${count} members yet, so doors still open to them: \`latchkey members --problem Block\` lists them, and \`latchkey show ID\` says what each waits for. If you cannot wait, take the keys away in Kisi.`;
}

function auditLogAlerts({ auditLog, blocked }: Facts): Alert[] {
  const count = blocked['AuditLog'] ?? 0;
  if (auditLog === null && count === 0) return [];
  const why = auditLog === null ? `${count} members wait for it.` : sentence(auditLog.why);
  const since = auditLog === null ? '' : ` since ${utc(auditLog.since)}`;
  const text = `Latchkey cannot write the audit log${since}, and writes nothing to Kisi meanwhile: ${why} Check LATCHKEY_DATABASE_URL and the disk or server that it names.`;
  return [{ cause: 'auditLog', since: auditLog?.since ?? null, text }];
}

function journalAlerts({ journal }: Facts): Alert[] {
  if (journal === null || journal.problem === null) return [];
  return [
    {
      cause: 'tampered',
      since: journal.verifiedAt,
      text: `The audit log is not as Latchkey wrote it: ${sentence(journal.problem)} Check who can write to its database; \`latchkey audit --verify\` verifies it again. Latchkey goes on writing keys.`,
    },
  ];
}
