import {
  allHandlersFinished,
  condition,
  log,
  makeContinueAsNewFunc,
  setCurrentDetails,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import {
  emptyGuard,
  weigh,
  withoutMembers,
  withRuling,
  type Guard,
  type GuardLimits,
  type Withheld,
  type Look,
  type Unforeseen,
} from '../access/revocation-guard.js';
import { iso, type Instant } from '../access/types.js';
import type { Act, WakeActivities } from '../messages/to-activities.js';
import {
  guardMemo,
  withheldQuery,
  withheldWords,
  guardName,
  ruleUpdate,
  weighUpdate,
  type WithheldSummary,
  type RememberedGuard,
  type RulingOrder,
  type Weighing,
  type WeighingAnswer,
} from '../messages/to-revocation-guard.js';
import type { Giver } from '../messages/to-control.js';
import { goOn } from './go-on.js';
import { dropOthers, onQuery, onUpdate } from './hear.js';
import { isLong } from './long.js';
import { markdownText } from './markdown.js';
import { revisionMemo } from '../messages/to-member.js';
import { insist, retryingActivities } from './retries.js';
import { refuse } from './refuse.js';
import { createKeeper } from './remembered.js';
import { count, fields, giver, id, instant, listOf, oneOf, orNull, pairOf, share, words } from './shapes.js';
import { checkPlace, isHandedOn, started } from './start.js';
import { logOrder, auditLogActivities } from './audit-log.js';

const wakes = retryingActivities<WakeActivities>({ startToCloseTimeout: '1m' }, 20_000);
/** A key that may go is still listed until its member was looked at once more, after it went. */
const lookAgainMs = 10_000;
const mostLooks = 20;
/** What the details have room for. */
const mostListed = 50;

/** More than a large space has keys. */
const mostWithheld = 100_000;
const mostPlaces = 5_000;

const loss = fields<Unforeseen>({
  memberId: id,
  locationId: orNull(id),
  groupId: id,
  cause: oneOf(['ended', 'uses', 'member', 'contract', 'expiry', 'mapping', 'vanished', 'exception']),
  why: words(2_000),
  doubt: orNull(words(2_000)),
});
const weighingShape = fields<Weighing>({
  looks: listOf(fields<Look>({ memberId: id, losses: listOf(loss, 200) }), 50_000),
  holders: listOf(pairOf(orNull(id), count), mostPlaces),
  limits: fields<GuardLimits>({ people: count, share }),
});
const remembered = fields<RememberedGuard>({
  withheld: listOf(
    fields<Withheld>({
      id,
      since: instant,
      grewAt: instant,
      losses: listOf(loss, mostWithheld),
      ruling: orNull(fields({ does: oneOf(['approve', 'reject']), ...giver, at: instant })),
    }),
    mostWithheld,
  ),
  gone: listOf(
    fields<RememberedGuard['gone'][number]>({
      at: instant,
      memberId: id,
      locationId: orNull(id),
      groupId: id,
    }),
    mostWithheld,
  ),
  nextId: id,
  revision: count,
});

/** What was ruled of, how often its members were looked at since, and when they are to be next. */
interface Ruled {
  id: number;
  looks: number;
  at: Instant;
}

/**
 * Counts the keys that are lost to what no known end foresaw, and holds them where they are too many at once, until a
 * person says so or what spoke against them is gone. The rules of it are in access/revocation-guard.ts.
 */
export function revocationGuard(initial: RememberedGuard | null): Promise<void> {
  checkPlace();
  return goOn(() => watch(isHandedOn() ? initial : started(orNull(remembered), initial)));
}

async function watch(initial: RememberedGuard | null): Promise<void> {
  let { revision, ...state }: RememberedGuard = initial ?? { ...emptyGuard, revision: 0 };
  // What somebody typed is less than whatever is on record.
  if (!isHandedOn()) revision = 0;
  let acts: Act[] = [];
  let ruled: Ruled[] = [];
  let actCount = 0;
  const { taskQueue, runId } = workflowInfo();
  const auditLog = auditLogActivities(taskQueue);
  const keeper = createKeeper(guardName, auditLog, memory, ({ revision: newer, ...known }) => {
    state = known;
    revision = newer;
    publish();
  });
  publish();

  onUpdate(
    weighUpdate,
    {
      description:
        'Latchkey itself asks it before a key is lost that no known end foresaw: whether that may go.',
      shape: weighingShape,
      check: ({ looks }) => {
        const waiting = state.withheld.reduce((sum, { losses }) => sum + losses.length, 0);
        const more = looks.reduce((sum, { losses }) => sum + losses.length, 0);
        if (waiting + more > mostWithheld) refuse(`more than ${mostWithheld} keys would be withheld`);
      },
    },
    ({ looks, holders, limits }): WeighingAnswer => {
      const countAt = new Map(holders);
      const weighed = weigh(state, looks, (locationId) => countAt.get(locationId) ?? 0, limits, Date.now());
      keep(weighed.guard);
      for (const one of state.withheld) if (weighed.begun.includes(one.id)) tell(one);
      const withheldMembers = state.withheld.flatMap(({ losses }) => losses.map(({ memberId }) => memberId));
      return { verdicts: weighed.verdicts, withheldMembers: [...new Set(withheldMembers)] };
    },
  );
  onQuery(withheldQuery, 'All keys that are withheld back, with why.', () => state.withheld);
  onUpdate(
    ruleUpdate,
    {
      description:
        'Lets keys go that are withheld, or keeps them: {"id": of what is withheld, "does": approve or reject, ' +
        '"by": who orders it, "why": "…"}.',
      shape: fields<RulingOrder>({ id, does: oneOf(['approve', 'reject']), ...giver }),
      check: (order) => {
        withheldBy(order.id);
      },
    },
    ({ id: of, does, by, why, account = null }) => {
      const withheld = withheldBy(of);
      keep(withRuling(state, of, { does, by, why, at: Date.now() }) ?? state);
      const keys = withheld.losses.map(({ memberId, groupId }) => ({ memberId, groupId }));
      note(`${does} ${withheldWords(withheld)}`, { by, why, account }, { keys });
      ruled = [...ruled, { id: of, looks: 1, at: Date.now() }];
      return withheldBy(of);
    },
  );
  dropOthers();

  for (;;) {
    await untilDue();
    const kept = acts;
    acts = [];
    for (const act of kept) await insist(auditLog, (set) => set.noteAct(act));
    for (const one of due()) await wakeListed(one);
    if (keeper.isDue()) await keeper.keep();
    if (!isLong() || acts.length > 0 || ruled.length > 0 || keeper.isDue()) continue;
    await condition(allHandlersFinished);
    await makeContinueAsNewFunc<typeof revocationGuard>({ memo: memo() })(memory());
  }

  async function untilDue(): Promise<void> {
    const isReady = (): boolean =>
      acts.length > 0 || due().length > 0 || keeper.isDue() || (isLong() && ruled.length === 0);
    const next = Math.min(...ruled.map(({ at }) => at));
    if (next === Infinity) await condition(() => isReady() || ruled.length > 0);
    else
      await condition(isReady, Math.max(1, next - Date.now()), {
        summary: 'look again for those who may go',
      });
  }

  function due(): Ruled[] {
    return ruled.filter(({ at }) => at <= Date.now());
  }

  /** Has those looked at whose keys were ruled of, and looked at again until they are listed no more. */
  async function wakeListed(one: Ruled): Promise<void> {
    const { id, looks } = one;
    ruled = ruled.filter((other) => other !== one);
    const withheld = state.withheld.find((other) => other.id === id);
    if (withheld === undefined) return;
    const listed = [...new Set(withheld.losses.map(({ memberId }) => memberId))];
    const ended = await insist(wakes, (set) => set.wakeRunning(listed, looks > 1));
    keep(withoutMembers(state, ended));
    if (withheld.ruling?.does === 'approve' && looks < mostLooks)
      ruled = [...ruled, { id, looks: looks + 1, at: Date.now() + lookAgainMs }];
  }

  function withheldBy(id: number): Withheld {
    return (
      state.withheld.find((one) => one.id === id) ?? refuse(`nothing is withheld under ${id} (any more)`)
    );
  }

  /** Once for all keys that are withheld together. */
  function tell(withheld: Withheld): void {
    log.warn(
      `${withheldWords(withheld)}. \`latchkey withheld\` lists them; approve ${withheld.id} or reject ${withheld.id}.`,
    );
  }

  function note(what: string, giver: Giver, after: Act['after']): void {
    acts.push({ id: `${runId}/${actCount++}`, at: Date.now(), memberId: null, what, ...giver, after });
    logOrder({ memberId: null, what, ...giver });
  }

  function keep(next: Guard): void {
    const isNews = JSON.stringify(next.withheld) !== JSON.stringify(state.withheld);
    state = next;
    if (!isNews) return;
    revision++;
    keeper.changed();
    publish();
  }

  function publish(): void {
    upsertMemo(memo());
    setCurrentDetails(detailsOf(state));
  }

  function memory(): RememberedGuard {
    return { ...state, revision };
  }

  function memo(): Record<string, unknown> {
    return { [guardMemo]: summaries(), [revisionMemo]: revision };
  }

  function summaries(): WithheldSummary[] {
    return state.withheld.map(({ id, since, losses, ruling }) => ({
      id,
      since,
      keys: losses.length,
      ruling,
    }));
  }
}

function detailsOf({ withheld }: Guard): string {
  if (withheld.length === 0) return 'Nothing is withheld.';
  return withheld.map(withheldDetails).join('\n\n');
}

function withheldDetails(withheld: Withheld): string {
  const { id, since, losses, ruling } = withheld;
  const said =
    ruling === null
      ? `\`latchkey approve ${id}\` lets them go, \`latchkey reject ${id}\` keeps them.`
      : `${ruling.does === 'approve' ? 'Approved' : 'Rejected'} by ${markdownText(ruling.by)} at ${iso(ruling.at)}: ${markdownText(ruling.why)}`;
  const lines = losses
    .slice(0, mostListed)
    .map(
      ({ memberId, groupId, cause, why }) =>
        `- member ${memberId}, group ${groupId}, ${cause}: ${markdownText(why)}`,
    );
  const more = losses.length > mostListed ? [`- and ${losses.length - mostListed} more`] : [];
  return [`**${withheldWords(withheld)}** since ${iso(since)}. ${said}`, '', ...lines, ...more].join('\n');
}
