/** What the acts read before anything is ordered: with a limit, since somebody waits. */
import type { Exception, Instant } from '../../access/types.js';
import { readOrders } from '../../activities/orders.js';
import { exceptionWords, type Orders } from '../../messages/to-control.js';
import { within } from '../../space/blocks.js';
import { lastingAt } from '../../space/exceptions.js';
import { CommandError, failureOf } from '../../space/failure.js';
import { orderWords } from '../../space/stops.js';
import { withGroupNames } from '../../space/names.js';
import { withLocalTimes } from '../../space/times.js';
import type { Desk } from '../desk.js';
import type { Choices } from './act.js';
import { actWords } from './words.js';

/** Temporal answers in well under a second. */
const temporalWithinMs = 5_000;
const nameWithinMs = 2_000;

/** What people have ordered. Throws CommandError where Temporal does not say. */
export async function ordersNow({ client }: Desk): Promise<Orders> {
  return asked(() => client.withDeadline(Date.now() + temporalWithinMs, () => readOrders(client)));
}

/** The job's answer from Temporal. Throws CommandError where there is none: then nothing was ordered either. */
export async function asked<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`how things stand cannot be read: ${failureOf(error).lines.join(' ')}`);
  }
}

/** A member's name as Nexudus has it; null: Nexudus does not say it within two seconds. */
export async function nameOfMember({ people, nexudus }: Desk, memberId: number): Promise<string | null> {
  const known = people?.nameOf(memberId) ?? null;
  if (known !== null) return known;
  const read = await within(nameWithinMs, 'Nexudus', async () => {
    const coworker = await nexudus.getOne('coworkers', memberId);
    return { name: coworker?.fullName.trim() ?? '' };
  });
  return typeof read === 'string' || read.name === '' ? null : read.name;
}

/** An exception that holds and says the opposite of a wish; null: none does. */
export function contradicting(
  { exceptions }: Orders,
  wish: Pick<Exception, 'kind' | 'memberId' | 'groupId'>,
  now: Instant,
): Exception | null {
  return (
    sameMembers(exceptions, wish, now).find(
      (one) =>
        one.kind !== wish.kind &&
        (one.groupId === null || wish.groupId === null || one.groupId === wish.groupId),
    ) ?? null
  );
}

/** Exceptions that hold and say the same as a wish. */
export function alike(
  { exceptions }: Orders,
  wish: Pick<Exception, 'kind' | 'memberId' | 'groupId'>,
  now: Instant,
): Exception[] {
  return sameMembers(exceptions, wish, now).filter(
    (one) => one.kind === wish.kind && one.groupId === wish.groupId,
  );
}

function sameMembers(
  exceptions: readonly Exception[],
  { memberId }: Pick<Exception, 'memberId'>,
  now: Instant,
): Exception[] {
  return lastingAt(exceptions, now).filter((one) => one.memberId === memberId);
}

/** What keeps Latchkey from writing, in sentences; empty: nothing does. `takesAway`: the write takes a key away. */
export function waitsFor({ mode, stop }: Orders, takesAway: boolean, zone: string | null): string[] {
  const { waits } = actWords;
  const stopWaits =
    stop === null || (stop.level === 'revokes' && !takesAway)
      ? []
      : [(stop.level === 'revokes' ? waits.revokes : waits.writes)(orderWords(stop, zone))];
  return mode.name === 'observe' ? [waits.observe(orderWords(mode, zone)), ...stopWaits] : stopWaits;
}

/** An exception in words, with the group's name and its end in this time zone. */
export function exceptionSaid(exception: Exception, { groups }: Choices, zone: string | null): string {
  const names = new Map(typeof groups === 'string' ? [] : groups.map(({ id, name }) => [id, name]));
  return withGroupNames(withLocalTimes(exceptionWords(exception), zone), names);
}
