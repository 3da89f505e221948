import {
  allHandlersFinished,
  condition,
  log,
  makeContinueAsNewFunc,
  setCurrentDetails,
  upsertMemo,
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
import type { WakeActivities } from '../messages/to-activities.js';
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
import { Acts } from './audit-log.js';
import { goOn } from './go-on.js';
import { dropOthers, onQuery, onUpdate } from './hear.js';
import { isLong } from './long.js';
import { markdownText } from './markdown.js';
import { revisionMemo } from '../messages/to-member.js';
import { insist, retryingActivities } from './retries.js';
import { refuse } from './refuse.js';
import { Keeper } from './remembered.js';
import { count, fields, giver, id, instant, listOf, oneOf, orNull, pairOf, share, words } from './shapes.js';
import { checkPlace, isHandedOn, started } from './start.js';

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

/** A ruling that is being carried out: how often its members were looked at, and when they are looked at next. */
interface Ruled {
  id: number;
  looks: number;
  at: Instant;
}

/**
 * Counts the keys that are lost unforeseen, and withholds them where too many are lost at once, until a person rules or
 * the loss is over. The rules are in access/revocation-guard.ts.
 */
export function revocationGuard(initial: RememberedGuard | null): Promise<void> {
  checkPlace();
  return goOn(() => new GuardRun(isHandedOn() ? initial : started(orNull(remembered), initial)).run());
}

/** The workflow `revocationGuard` until its next run: what is withheld, and whose ruling is being carried out. */
class GuardRun {
  private readonly acts = new Acts();
  private readonly keeper = new Keeper(guardName, this);
  private guard: Guard;
  private revision: number;
  private ruled: Ruled[] = [];

  constructor(initial: RememberedGuard | null) {
    const { revision, ...guard } = initial ?? { ...emptyGuard, revision: 0 };
    this.guard = guard;
    // What somebody typed counts less than the record.
    this.revision = isHandedOn() ? revision : 0;
    this.publish();
    this.hear();
  }

  /** Carries out what is ruled, until the history is long. */
  async run(): Promise<never> {
    for (;;) {
      await this.untilDue();
      await this.acts.keep();
      for (const one of this.due()) await this.wakeListed(one);
      if (this.keeper.isDue()) await this.keeper.keep();
      if (!isLong() || this.acts.areWaiting() || this.ruled.length > 0 || this.keeper.isDue()) continue;
      await condition(allHandlersFinished);
      await makeContinueAsNewFunc<typeof revocationGuard>({ memo: this.memo() })(this.memory());
    }
  }

  /** What is kept on record, and handed to the next run. */
  memory(): RememberedGuard {
    return { ...this.guard, revision: this.revision };
  }

  /** Goes by what is on record, which is newer. */
  adopt({ revision, ...guard }: RememberedGuard): void {
    this.guard = guard;
    this.revision = revision;
    this.publish();
  }

  private hear(): void {
    onUpdate(weighUpdate, {
      description:
        'Latchkey itself asks it before a key is lost that no known end foresaw: whether that may go.',
      shape: weighingShape,
      problemOf: ({ looks }) => {
        const keys = [...this.guard.withheld, ...looks].reduce((sum, { losses }) => sum + losses.length, 0);
        return keys > mostWithheld ? `more than ${mostWithheld} keys would be withheld` : null;
      },
      obey: (weighing) => this.weigh(weighing),
    });
    onQuery(withheldQuery, 'All keys that are withheld, with why.', () => this.guard.withheld);
    onUpdate(ruleUpdate, {
      description:
        'Lets keys go that are withheld, or keeps them: {"id": of what is withheld, "does": approve or reject, ' +
        '"by": who orders it, "why": "…"}.',
      shape: fields<RulingOrder>({ id, does: oneOf(['approve', 'reject']), ...giver }),
      problemOf: ({ id }) => (this.find(id) === undefined ? nothingUnder(id) : null),
      obey: (order) => this.rule(order),
    });
    dropOthers();
  }

  private weigh({ looks, holders, limits }: Weighing): WeighingAnswer {
    const countAt = new Map(holders);
    const holdersAt = (locationId: number | null): number => countAt.get(locationId) ?? 0;
    const { guard, verdicts, begun } = weigh(this.guard, looks, holdersAt, limits, Date.now());
    this.change(guard);
    for (const one of guard.withheld) if (begun.includes(one.id)) tell(one);
    const withheldMembers = guard.withheld.flatMap(({ losses }) => losses.map(({ memberId }) => memberId));
    return { verdicts, withheldMembers: [...new Set(withheldMembers)] };
  }

  private rule({ id, does, by, why, account = null }: RulingOrder): Withheld {
    const withheld = this.withheldBy(id);
    this.change(withRuling(this.guard, id, { does, by, why, at: Date.now() }) ?? this.guard);
    const keys = withheld.losses.map(({ memberId, groupId }) => ({ memberId, groupId }));
    const what = `${does} ${withheldWords(withheld)}`;
    this.acts.note({ memberId: null, what, by, why, account, after: { keys } });
    this.ruled.push({ id, looks: 1, at: Date.now() });
    return this.withheldBy(id);
  }

  private withheldBy(id: number): Withheld {
    return this.find(id) ?? refuse(nothingUnder(id));
  }

  private find(id: number): Withheld | undefined {
    return this.guard.withheld.find((one) => one.id === id);
  }

  private async untilDue(): Promise<void> {
    const isReady = (): boolean =>
      this.acts.areWaiting() ||
      this.due().length > 0 ||
      this.keeper.isDue() ||
      (isLong() && this.ruled.length === 0);
    const next = Math.min(...this.ruled.map(({ at }) => at));
    if (next === Infinity) await condition(() => isReady() || this.ruled.length > 0);
    else
      await condition(isReady, Math.max(1, next - Date.now()), {
        summary: 'look again for those who may go',
      });
  }

  private due(): Ruled[] {
    return this.ruled.filter(({ at }) => at <= Date.now());
  }

  /** Wakes the members whose keys were ruled on, and again until none of them is listed any more. */
  private async wakeListed(one: Ruled): Promise<void> {
    const { id, looks } = one;
    this.ruled = this.ruled.filter((other) => other !== one);
    const withheld = this.find(id);
    if (withheld === undefined) return;
    const listed = [...new Set(withheld.losses.map(({ memberId }) => memberId))];
    const ended = await insist(wakes, (set) => set.wakeRunning(listed, looks > 1));
    this.change(withoutMembers(this.guard, ended));
    if (withheld.ruling?.does === 'approve' && looks < mostLooks)
      this.ruled.push({ id, looks: looks + 1, at: Date.now() + lookAgainMs });
  }

  /** Goes on with this guard, and has it shown and kept on record where other keys are withheld than before. */
  private change(guard: Guard): void {
    const isNews = JSON.stringify(guard.withheld) !== JSON.stringify(this.guard.withheld);
    this.guard = guard;
    if (!isNews) return;
    this.revision++;
    this.keeper.change();
    this.publish();
  }

  private publish(): void {
    upsertMemo(this.memo());
    setCurrentDetails(detailsOf(this.guard));
  }

  private memo(): Record<string, unknown> {
    return { [guardMemo]: this.guard.withheld.map(summaryOf), [revisionMemo]: this.revision };
  }
}

const nothingUnder = (id: number): string => `nothing is withheld under ${id} (any more)`;

function summaryOf({ id, since, losses, ruling }: Withheld): WithheldSummary {
  return { id, since, keys: losses.length, ruling };
}

/** Once for all keys that are withheld together. */
function tell(withheld: Withheld): void {
  log.warn(
    `${withheldWords(withheld)}. \`latchkey withheld\` lists them; approve ${withheld.id} or reject ${withheld.id}.`,
  );
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
