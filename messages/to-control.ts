import { defineUpdate } from '@temporalio/workflow';
import { iso, type Exception, type Instant } from '../access/types.js';

/**
 * The messages to the workflow `control`, which holds what people have ordered for the whole space: in Temporal, and not in a
 * file on one machine. It holds the orders in its memo, so that they are read without any worker, and as they are at once.
 */
export const controlWorkflowType = 'control';
export const controlWorkflowId = 'control';
export const controlMemo = 'orders';
/** The name under which the orders are on record. */
export const ordersName = 'orders';

/** Who gives an order, as it is said, and why. */
export interface Giver {
  by: string;
  why: string;
  /** The account and the machine that it came from, 'ada@desk-1'; null, or left out: nobody says, as in Temporal's UI. */
  account?: string | null;
}

/** Who ordered something, when and why. */
export interface Order extends Giver {
  since: Instant;
}

export const stopLevels = ['revokes', 'writes', 'all'] as const;

/** What is stopped: taking keys away; every write to Kisi; reading too. */
export type StopLevel = (typeof stopLevels)[number];

export const modes = ['observe', 'canary', 'live'] as const;

/** Whose keys are written: nobody's; those of a few; everybody's. Everything else runs in each of them. */
export type Mode = (typeof modes)[number];

/** The few of `canary`. */
export interface Canaries {
  locationIds: number[];
  memberIds: number[];
}

/** What people have ordered for the whole space. */
export interface Orders {
  /** Null: nothing is stopped. */
  stop: (Order & { level: StopLevel }) | null;
  mode: Order & Canaries & { name: Mode };
  /** When a stop was last taken back; null: never. */
  resumedAt: Instant | null;
  /** Those that hold; one that has ended is dropped soon after. */
  exceptions: Exception[];
  nextExceptionId: number;
  /** How often they have changed: of two stories the one with more is the newer. */
  revision: number;
}

/** Since when people have let Latchkey write to Kisi, where they do: what waited before that waited for them. */
export function mayWriteSince({ mode, resumedAt }: Orders): Instant {
  return Math.max(mode.since, resumedAt ?? 0);
}

/** What a new space starts with. */
export function firstOrders(mode: Mode, since: Instant): Orders {
  const why = 'the start of this space';
  return {
    resumedAt: null,
    exceptions: [],
    nextExceptionId: 1,
    revision: 0,
    stop: null,
    mode: { name: mode, locationIds: [], memberIds: [], by: 'the configuration', why, since },
  };
}

/** Stops something. The answer is what holds from now on. */
export const pauseUpdate = defineUpdate<Orders, [Giver & { level: StopLevel }]>('pause');

/** Lets everything go on. */
export const resumeUpdate = defineUpdate<Orders, [Giver]>('resume');

/** Has keys written for nobody, a few or everybody. */
export const modeUpdate = defineUpdate<Orders, [Canaries & Giver & { mode: Mode }]>('mode');

/** An exception as it is ordered: it begins at once, and is given its id. */
export type ExceptionWish = Omit<Exception, 'id' | 'from'>;

/** Allows or blocks a group for one member, and wakes the member. The answer is the exception that holds from now on. */
export const exceptUpdate = defineUpdate<Exception, [ExceptionWish]>('except');

/** Ends an exception before its time, and wakes the member. The answer is the exception that held. */
export const withdrawUpdate = defineUpdate<Exception, [Giver & { exceptionId: number }]>('withdraw');

/** No order is for longer: from here on no date makes sense. */
export const lastInstant: Instant = Date.UTC(2100, 0);
/** More would make the memo too large. */
export const mostExceptions = 500;
export const mostCanaries = 1_000;
const longestReason = 200;
const longestBy = 100;
export const longestAccount = 100;

/**
 * What is wrong with what an order says of its giver, and of the reason; null: nothing. Anybody can send an order by hand in
 * Temporal's UI, with anything in it. Pure.
 */
export function giverProblem(order: Partial<Record<keyof Giver, unknown>>): string | null {
  const { by, why, account = null } = order;
  if (typeof by !== 'string' || !/[\p{L}\p{N}]/u.test(by) || by.trim().toLowerCase() === 'nobody')
    return 'say who gives the order (by)';
  if (typeof why !== 'string') return 'say why, if only by an empty text (why)';
  if (account !== null && !isAccount(account))
    return 'the account it comes from (account) must be like ada@desk-1, of letters, digits, dots and dashes';
  return (
    lineProblem('the name of who orders it (by)', by, longestBy) ??
    lineProblem('the reason', why, longestReason)
  );
}

/** Whether it names an account and a machine, in characters that harm nobody wherever they are shown. */
function isAccount(account: unknown): boolean {
  if (typeof account !== 'string' || account.length > longestAccount) return false;
  return /^[\p{L}\p{M}\p{N}._-]+@[\p{L}\p{M}\p{N}._-]+$/u.test(account);
}

/** Who ordered it, and from where: 'gina (ada@desk-1)'. Pure. */
export function giverWords({ by, account = null }: Pick<Giver, 'by' | 'account'>): string {
  return account === null ? by : `${by} (${account})`;
}

/** What is wrong with a text that a person gave, and that is shown and kept wherever the order is; null: nothing. Pure. */
function lineProblem(what: string, text: string, longest: number): string | null {
  if (text.length > longest) return `${what} may have ${longest} characters`;
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text)) return `${what} must be one line of plain text`;
  if (/\S@\S/.test(text)) return `${what} must hold no e-mail`;
  return null;
}

const does: Record<Exception['kind'], string> = { allow: 'is allowed', block: 'is blocked from' };

/** An exception in one line: 'exception 7: member 123 is allowed group 12 until ..., by gina: forgot to renew'. */
export function exceptionWords(exception: Exception, groupName: string | null = null): string {
  const { id, kind, memberId, groupId, until, by, reason } = exception;
  const name = groupName === null ? '' : ` (${groupName})`;
  const group = groupId === null ? 'every group' : `group ${groupId}${name}`;
  return `exception ${id}: member ${memberId} ${does[kind]} ${group} until ${iso(until)}, by ${by}: ${reason}`;
}
