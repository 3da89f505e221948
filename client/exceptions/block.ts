/** `latchkey block`: takes keys away in an outage too, so it waits for nobody but Temporal. */
import { readConfig, readTemporalConfig } from '../../space/settings.js';
import type { Client } from '@temporalio/client';
import { printable } from '../../access/text.js';
import type { Exception, Instant } from '../../access/types.js';
import { groupOf, type ExceptOptions } from './exceptions.js';
import { CommandError } from '../../space/failure.js';
import {
  checkWithinMs,
  coworkerIfAny,
  endAsKnown,
  knownZone,
  outcomeOf,
  within,
} from '../../space/blocks.js';
import { exceptionWish, giveException, sentence } from '../../space/exceptions.js';
import { endAt, homeLocation, homeZone, parseUntil, type TypedEnd } from '../../space/typed-times.js';
import { named } from '../../space/order.js';
import { print } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { withSession } from '../../space/session.js';
import { kisiOf, nexudusOf } from '../../space/apis.js';
import { groupNamesIfAny, idWords } from '../../space/names.js';
import { memberIdFor, parseWho } from '../../space/who.js';

/** Only Kisi knows a group by its name. */
const nameWithinMs = 5_000;

/**
 * `latchkey block ID`: keeps a member from a group, or from every group, for a while. Where member and group are given by
 * numbers it needs Temporal only: an answer of Nexudus or Kisi within two seconds is heeded, and without one the order is given
 * all the same. Throws CommandError where an argument is wrong, the order is refused or no worker takes it (then nothing is
 * done), and, with exit code 1, where it holds but is not carried out yet.
 */
export async function block(id: string, options: ExceptOptions): Promise<void> {
  const who = parseWho(id);
  const typed = parseUntil(options.until);
  const giver = named({ by: options.by, why: options.reason });
  const memberId = 'id' in who ? who.id : await memberIdFor(who, nexudusOf(readConfig()), 2);
  await withSession(readTemporalConfig(), async ({ client }) => {
    const [snapshot, group] = await Promise.all([
      coworkerIfAny(client, () => nexudusOf(readConfig(), checkWithinMs), memberId, remark),
      options.group === undefined ? null : wantedGroup(options.group),
    ]);
    const until =
      snapshot === null ? await untilAsKnown(client, memberId, typed) : endAt(typed, homeLocation(snapshot));
    const zone = homeZone(snapshot) ?? (await knownZone(client, memberId));
    const wish = exceptionWish({ kind: 'block', memberId, groupId: group?.id ?? null, until }, giver);
    const made = await giveException(client, wish);
    print(printable(`${sentence(made, group?.name ?? null, zone)}.`));
    await tellWhatCame(client, made);
  });
}

/** The group that was typed; its name is null where Kisi does not say it. Throws CommandError. */
async function wantedGroup(typed: string): Promise<{ id: number; name: string | null }> {
  const isNumber = /^\s*[1-9]\d{0,14}\s*$/.test(typed);
  const limitMs = isNumber ? checkWithinMs : nameWithinMs;
  const groups = await within(limitMs, 'Kisi', async () => kisiOf(readConfig(), limitMs).listGroups());
  if (typeof groups !== 'string') return groupOf(typed, groups);
  if (isNumber) {
    remark(`Kisi did not confirm that group ${typed.trim()} exists: ${groups}`);
    return { id: Number(typed), name: null };
  }
  throw new CommandError(
    `nothing is ordered: only Kisi knows the names of groups, and it gave no answer. ${groups} Give the number of the group, or leave --group out to block every group`,
  );
}

async function untilAsKnown(client: Client, memberId: number, typed: TypedEnd): Promise<Instant> {
  if ('at' in typed) return typed.at;
  const { until, zone } = await endAsKnown(client, memberId, typed);
  remark(`--until is taken in the time zone ${zone ?? ''}, the last known zone of the member's location`);
  return until;
}

/** Says whether the keys are gone. Throws CommandError where they are not yet, and why. */
async function tellWhatCame(client: Client, made: Exception): Promise<void> {
  const outcome = await outcomeOf(client, made);
  if (outcome.is === 'unanswered') {
    remark(
      `the member has not answered yet: \`latchkey show ${made.memberId}\` tells whether the block is carried out`,
    );
    return;
  }
  if (outcome.is === 'waiting')
    throw new CommandError(
      `${outcome.why} Latchkey tries again by itself; take the key away in Kisi if you cannot wait`,
    );
  print('Carried out: every blocked key that Latchkey gave is gone.');
  if (outcome.byHand.length === 0) return;
  const names = await groupNamesIfAny();
  for (const groupId of outcome.byHand)
    print(
      `A key to group ${idWords(groupId, names)} stays, since a person gave it by hand: take it away in Kisi.`,
    );
}
