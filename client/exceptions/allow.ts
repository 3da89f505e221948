import { groupOf, sentence, type ExceptOptions } from './exceptions.js';
import { memberBarred } from '../../access/pass-rules.js';
import { printable } from '../../access/text.js';
import { type Snapshot } from '../../access/types.js';
import { exceptUpdate, lastInstant } from '../../messages/to-control.js';
import { CommandError } from '../../space/failure.js';
import { endAt, homeLocation, homeZone, parseUntil } from '../../space/typed-times.js';
import { named, obey } from '../../space/order.js';
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
  const { by, account } = named({ by: options.by, why: options.reason });
  const { config, nexudus, kisi, ground } = await openSpace();
  const group = options.group === undefined ? null : groupOf(options.group, await kisi.listGroups());
  const memberId = await memberIdFor(who, nexudus, 2);
  const { snapshot } = await readMember(nexudus, ground, memberId);
  if (snapshot === null) throw new CommandError('Nexudus has no coworker with this id', 2);
  const until = endAt(typed, homeLocation(snapshot));
  if (until >= lastInstant) throw new CommandError('--until must be before the year 2100', 2);
  const wish = {
    kind: 'allow' as const,
    memberId,
    groupId: group?.id ?? null,
    until,
    by,
    account,
    reason: options.reason.trim(),
  };
  const made = await withSession(config, ({ client }) =>
    obey(client, (control) => control.executeUpdate(exceptUpdate, { args: [wish] })),
  );
  print(printable(`${sentence(made, group?.name ?? null, homeZone(snapshot))}.`));
  const barred = barredBy(snapshot, memberId);
  if (barred !== null) print(`No key comes of it now: ${barred}.`);
}

function barredBy({ profiles }: Snapshot, memberId: number): string | null {
  const own = profiles.find(({ member }) => member.id === memberId);
  return own === undefined ? null : memberBarred(own.member);
}
