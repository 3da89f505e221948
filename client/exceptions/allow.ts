import { groupOf, type ExceptOptions } from './exceptions.js';
import { printable } from '../../access/text.js';
import { lastInstant } from '../../messages/to-control.js';
import { CommandError } from '../../space/failure.js';
import { barredNow, exceptionWish, giveException, sentence } from '../../space/exceptions.js';
import { endAt, homeLocation, homeZone, parseUntil } from '../../space/typed-times.js';
import { named } from '../../space/order.js';
import { print } from '../terminal/output.js';
import { openSpace } from '../../space/rules-in-force.js';
import { withSession } from '../../space/session.js';
import { readMember } from '../../space/apis.js';
import { memberIdFor, parseWho } from '../../space/who.js';

/**
 * `latchkey allow ID`: a key outside the rules, for a while. It gives access, and so takes an answer of Nexudus and of Kisi.
 * Throws CommandError where an argument is wrong, the order is refused or no worker takes it; then nothing is done.
 */
export async function allow(id: string, options: ExceptOptions): Promise<void> {
  const who = parseWho(id);
  const typed = parseUntil(options.until);
  const giver = named({ by: options.by, why: options.reason });
  const { config, nexudus, kisi, ground } = await openSpace();
  const group = options.group === undefined ? null : groupOf(options.group, await kisi.listGroups());
  const memberId = await memberIdFor(who, nexudus, 2);
  const { snapshot } = await readMember(nexudus, ground, memberId);
  if (snapshot === null) throw new CommandError('Nexudus has no coworker with this id', 2);
  const until = endAt(typed, homeLocation(snapshot));
  if (until >= lastInstant) throw new CommandError('--until must be before the year 2100', 2);
  const wish = exceptionWish({ kind: 'allow', memberId, groupId: group?.id ?? null, until }, giver);
  const made = await withSession(config, ({ client }) => giveException(client, wish));
  print(printable(`${sentence(made, group?.name ?? null, homeZone(snapshot))}.`));
  const barred = barredNow(snapshot, memberId);
  if (barred !== null) print(`No key comes of it now: ${barred}.`);
}
