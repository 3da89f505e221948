/** Exceptions as people order, withdraw and read them. */
import type { Client } from '@temporalio/client';
import { memberBarred } from '../access/pass-rules.js';
import type { Exception, Instant, Snapshot } from '../access/types.js';
import {
  exceptionWords,
  exceptUpdate,
  withdrawUpdate,
  type ExceptionWish,
  type Giver,
} from '../messages/to-control.js';
import { obey, type OrderId } from './order.js';
import { withLocalTimes } from './times.js';

/** An exception that ends within this time is pointed out. */
const soonMs = 7 * 24 * 60 * 60_000;

/** An exception as it is ordered by somebody. */
export function exceptionWish(
  what: Pick<Exception, 'kind' | 'memberId' | 'groupId' | 'until'>,
  { by, why, account = null }: Giver,
): ExceptionWish {
  return { ...what, by, account, reason: why.trim() };
}

/** Has an exception hold from now on. Throws CommandError where it is refused or no worker takes it. */
export function giveException(client: Client, wish: ExceptionWish, id: OrderId = {}): Promise<Exception> {
  return obey(client, (control) => control.executeUpdate(exceptUpdate, { args: [wish], ...id }));
}

/** Ends an exception before its time, and answers it. Throws CommandError where there is none, and as `giveException` does. */
export function withdrawException(
  client: Client,
  order: Giver & { exceptionId: number },
  id: OrderId = {},
): Promise<Exception> {
  return obey(client, (control) => control.executeUpdate(withdrawUpdate, { args: [order], ...id }));
}

/** Why the member can hold no key now, whatever is allowed; null: nothing is in the way. */
export function barredNow({ profiles }: Snapshot, memberId: number): string | null {
  const own = profiles.find(({ member }) => member.id === memberId);
  return own === undefined ? null : memberBarred(own.member);
}

/** The exceptions that hold at `now` or later, the first to end first. */
export function lastingAt(exceptions: readonly Exception[], now: Instant): Exception[] {
  return exceptions.filter(({ until }) => until > now).sort((a, b) => a.until - b.until);
}

/** Whether an exception ends within 7 days. */
export const endsSoon = ({ until }: Exception, now: Instant): boolean => until - now < soonMs;

/** What `latchkey status` says of the exceptions. */
export function exceptionsWords(exceptions: readonly Exception[], now: Instant, zone: string | null): string {
  const lasting = lastingAt(exceptions, now);
  if (lasting.length === 0) return 'No exception holds.';
  const soon = lasting.filter((one) => endsSoon(one, now));
  const holding = lasting.length === 1 ? '1 exception holds' : `${lasting.length} exceptions hold`;
  if (soon.length === 0) return `${holding}; none ends within 7 days.`;
  return [
    `${holding}. Within 7 days:`,
    ...soon.map((one) => `  ${withLocalTimes(exceptionWords(one), zone)}`),
  ].join('\n');
}

/** What holds from now on. */
export function sentence(exception: Exception, groupName: string | null, zone: string | null): string {
  const words = withLocalTimes(exceptionWords(exception, groupName), zone);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
