import { ApplicationFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { iso } from '../access/types.js';
import type { Order, Orders } from '../messages/to-control.js';
import type { FailureType, WriteNote } from '../messages/to-activities.js';
import type { OrderBook } from './orders.js';

/** What an activity is about to do: `revoke` takes access away or shortens it, `grant` is every other write to Kisi. */
export type Part = 'grant' | 'revoke' | 'read';

/** What a part is about: whose key it is, where, and by which plan of a person, if by any. */
export interface About extends Pick<WriteNote, 'locationId' | 'planId' | 'isOrdered'> {
  memberId: number | null;
}

/** What is about no member in particular. */
export const nowhere: About = { memberId: null, locationId: null, planId: null };

/** Asked at the last instant before each part. */
export interface Gate {
  /**
   * Throws a failure of type `Stopped` where an order stands against it; it is final, since no retry mends that. What a
   * person applies by a plan is written in every mode, but not past a stop.
   */
  admit(part: Part, about: About): Promise<void>;
  /** Asks again for what the running activity was admitted to, right before it sends a request that changes something. */
  admitWrite(): Promise<void>;
}

/** An order holds within this time, wherever a worker runs. */
const mayBeOldMs = 200;

/** `falseHere`: the assumptions that safety stands on and that are known to be false at the APIs, one sentence for each. */
export function createGate(
  orders: OrderBook,
  falseHere: () => Promise<readonly string[]> = () => Promise.resolve([]),
): Gate {
  /** What each running activity is about, and whether it has sent a write already. */
  const parts = new WeakMap<Context, { part: Part; about: About; wrote: boolean }>();

  async function check(part: Part, about: About, mayBeDone: boolean): Promise<void> {
    const { stop, mode } = await orders.get({ notBefore: Infinity, maxAgeMs: mayBeOldMs });
    if (stop !== null && stops[stop.level].includes(part)) {
      throw stopped(
        `${whatStops[stop.level]} stopped by ${stop.by} since ${iso(stop.since)}${whyOf(stop)}.`,
        mayBeDone,
      );
    }
    if (part === 'revoke' && !isByPerson(about)) {
      const lines = await falseHere();
      if (lines.length > 0) throw stopped(distrustWords(lines), mayBeDone);
    }
    if (part !== 'read' && !isWritten(mode, about)) {
      throw stopped(
        `Latchkey only observes: mode ${mode.name} by ${mode.by} since ${iso(mode.since)}${whyOf(mode)}.`,
        mayBeDone,
      );
    }
  }

  return {
    async admit(part, about) {
      const context = Context.current();
      parts.set(context, { part, about, wrote: false });
      // An earlier attempt may have got through before the order was given.
      await check(part, about, context.info.attempt > 1);
    },
    async admitWrite() {
      const context = Context.current();
      const admitted = parts.get(context);
      if (admitted === undefined) throw new Error('a write to Kisi that was not admitted');
      const { part, about, wrote } = admitted;
      await check(part, about, wrote || context.info.attempt > 1);
      parts.set(context, { ...admitted, wrote: true });
    },
  };
}

function isWritten(
  { name, locationIds, memberIds }: Orders['mode'],
  { memberId, locationId, planId }: About,
): boolean {
  if (planId !== null) return true;
  if (name !== 'canary') return name === 'live';
  const inPlace = locationId !== null && locationIds.includes(locationId);
  return inPlace || (memberId !== null && memberIds.includes(memberId));
}

/** What a person ordered does not depend on the lists of an API. */
const isByPerson = ({ planId, isOrdered }: About): boolean => planId !== null || isOrdered === true;

/** Why nothing is taken away by the rules, and what to do. */
export const distrustWords = (falseHere: readonly string[]): string =>
  `Taking keys away by the rules is stopped, since the lists of an API cannot be trusted. ${falseHere.join(' ')} Run \`latchkey verify\` again, and report what it says. Blocks and plans still work.`;

const whyOf = ({ why }: Order): string => (why === '' ? '' : ` (${why})`);

const stops: Record<NonNullable<Orders['stop']>['level'], Part[]> = {
  revokes: ['revoke'],
  writes: ['grant', 'revoke'],
  all: ['grant', 'revoke', 'read'],
};

const whatStops: Record<NonNullable<Orders['stop']>['level'], string> = {
  revokes: 'Taking keys away is',
  writes: 'Writing to Kisi is',
  all: 'Everything is',
};

function stopped(message: string, mayBeDone: boolean): ApplicationFailure {
  const type: FailureType = 'Stopped';
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: true,
    details: [{ mayBeDone }],
    // Nothing is wrong: the member's workflow says what it waits for.
    category: ApplicationFailureCategory.BENIGN,
  });
}
