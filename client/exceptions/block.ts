/** `latchkey block`: takes keys away in an outage too, so it waits for nobody but Temporal. */
import { readConfig, readTemporalConfig } from '../../space/settings.js';
import type { Client } from '@temporalio/client';
import { printable } from '../../access/text.js';
import type { Exception, Instant, Snapshot } from '../../access/types.js';
import { readInForce } from '../../activities/in-force.js';
import { ConfigError } from '../../config/config-error.js';
import type { Config } from '../../config/config.js';
import { exceptUpdate } from '../../messages/to-control.js';
import { locationIdKey, memberWorkflowId, stateQuery, type MemberView } from '../../messages/to-member.js';
import { groupOf, sentence, type ExceptOptions } from './exceptions.js';
import { CommandError, failureOf } from '../../space/failure.js';
import { endAt, endIn, homeLocation, homeZone, parseUntil, type TypedEnd } from '../../space/typed-times.js';
import { isRunning } from '../../space/member-workflows.js';
import { named, obey } from '../../space/order.js';
import { readZones, zoneOf } from '../../space/zones.js';
import { print } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { withSession } from '../../space/session.js';
import { kisiOf, nexudusOf, readMember } from '../../space/apis.js';
import { groupNamesIfAny, idWords } from '../../space/names.js';
import { memberIdFor, parseWho } from '../../space/who.js';

/** So long Nexudus and Kisi may take to say whether what was typed exists. */
const checkWithinMs = 2_000;
/** Only Kisi knows a group by its name. */
const nameWithinMs = 5_000;
const carriedOutWithinMs = 6_000;
const queryTimeoutMs = 2_000;

/**
 * `latchkey block ID`: keeps a member from a group, or from every group, for a while. Given by numbers it needs Temporal only:
 * what Nexudus and Kisi say of them within two seconds is heeded, and else the order is given all the same. Throws
 * CommandError where an argument is wrong, the order is refused or no worker takes it (then nothing is done), and, with exit
 * code 1, where it holds but is not carried out yet.
 */
export async function block(id: string, options: ExceptOptions): Promise<void> {
  const who = parseWho(id);
  const typed = parseUntil(options.until);
  const giver = named({ by: options.by, why: options.reason });
  const apis = configIfAny();
  const memberId = 'id' in who ? who.id : await memberIdFor(who, nexudusOf(readConfig()), 2);
  await withSession(readTemporalConfig(), async ({ client }) => {
    const [snapshot, group] = await Promise.all([
      coworker(client, apis, memberId),
      options.group === undefined ? null : wantedGroup(options.group, apis),
    ]);
    const until =
      snapshot === null ? await endAsKnown(client, memberId, typed) : endAt(typed, homeLocation(snapshot));
    const zone = homeZone(snapshot) ?? (await knownZone(client, memberId));
    const { by, account } = giver;
    const wish = { kind: 'block' as const, memberId, groupId: group?.id ?? null, until, by, account };
    const made = await obey(client, (control) =>
      control.executeUpdate(exceptUpdate, { args: [{ ...wish, reason: options.reason.trim() }] }),
    );
    print(printable(`${sentence(made, group?.name ?? null, zone)}.`));
    await tellWhatCame(client, made);
  });
}

/** The settings of both APIs, which the order does not need. */
function configIfAny(): Config | string {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return failureOf(error).lines.join(' ');
  }
}

/** What Nexudus has of the member; null: it does not say. Throws CommandError where it says that there is no such coworker. */
async function coworker(client: Client, apis: Config | string, memberId: number): Promise<Snapshot | null> {
  const read =
    typeof apis === 'string'
      ? apis
      : await within(checkWithinMs, 'Nexudus', async () => {
          const timeZones = (await readInForce(client))?.ground?.timeZones ?? {};
          return readMember(nexudusOf(apis, checkWithinMs), { timeZones }, memberId);
        });
  if (typeof read !== 'string' && read.snapshot !== null) return read.snapshot;
  const isKnown = await isRunning(client, memberId);
  if (isKnown) return null;
  if (typeof read !== 'string') throw new CommandError('Nexudus has no coworker with this id', 2);
  remark(
    `Nexudus did not confirm that coworker ${memberId} exists, and Latchkey does not know this member: ${read}`,
  );
  return null;
}

/** The group that was typed; its name is null where Kisi does not say it. Throws CommandError. */
async function wantedGroup(
  typed: string,
  apis: Config | string,
): Promise<{ id: number; name: string | null }> {
  const isNumber = /^\s*[1-9]\d{0,14}\s*$/.test(typed);
  const limitMs = isNumber ? checkWithinMs : nameWithinMs;
  const groups =
    typeof apis === 'string' ? apis : await within(limitMs, 'Kisi', () => kisiOf(apis, limitMs).listGroups());
  if (typeof groups !== 'string') return groupOf(typed, groups);
  if (isNumber) {
    remark(`Kisi did not confirm that group ${typed.trim()} exists: ${groups}`);
    return { id: Number(typed), name: null };
  }
  throw new CommandError(
    `nothing is ordered: only Kisi knows the names of groups, and it gave no answer. ${groups} Give the number of the group, or leave --group out to block every group`,
  );
}

/** What the job answers, or why it does not, as a sentence. */
async function within<T>(limitMs: number, api: string, job: () => Promise<T>): Promise<T | string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => {
      resolve(`${api} did not answer within ${limitMs / 1_000} s.`);
    }, limitMs);
  });
  const answer = job().catch((error: unknown) => failureOf(error).lines.join(' '));
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The end that was typed, without Nexudus: by the time zone that a worker knew of the member's location. Throws CommandError. */
async function endAsKnown(client: Client, memberId: number, typed: TypedEnd): Promise<Instant> {
  if ('at' in typed) return typed.at;
  const zone = await knownZone(client, memberId);
  const until = endIn(typed, zone);
  remark(`--until is taken in the time zone ${zone ?? ''}, the last known zone of the member's location`);
  return until;
}

/** The time zone of the member's location, as a worker knew it last; null: not known. */
async function knownZone(client: Client, memberId: number): Promise<string | null> {
  const locationId = (await isRunning(client, memberId)) ? await locationOf(client, memberId) : null;
  return zoneOf(await readZones(client), locationId);
}

async function locationOf(client: Client, memberId: number): Promise<number | null> {
  const described = await client.workflow.getHandle(memberWorkflowId(memberId)).describe();
  const id = described.typedSearchAttributes.get(locationIdKey);
  return id === undefined ? null : Number(id);
}

/** Says whether the keys are gone. Throws CommandError where they are not yet, and why. */
async function tellWhatCame(client: Client, { memberId, groupId, from }: Exception): Promise<void> {
  const view = await carriedOut(client, memberId, from);
  const blocks = view?.blocks ?? null;
  if (view === null || blocks === null) {
    remark(
      `the member has not answered yet: \`latchkey show ${memberId}\` tells whether the block is carried out`,
    );
    return;
  }
  const { waitsFor } = blocks;
  if (waitsFor !== null)
    throw new CommandError(
      `${waitsFor} Latchkey tries again by itself; take the key away in Kisi if you cannot wait`,
    );
  const byHand = view.keys.filter((key) => key.givenByHand && (groupId === null || groupId === key.groupId));
  print('Carried out: every blocked key that Latchkey gave is gone.');
  if (byHand.length === 0) return;
  const names = await groupNamesIfAny();
  for (const key of byHand)
    print(
      `A key to group ${idWords(key.groupId, names)} stays, since a person gave it by hand: take it away in Kisi.`,
    );
}

/** The member's own word, once it has looked at the order; null: it has said nothing yet. */
async function carriedOut(client: Client, memberId: number, from: Instant): Promise<MemberView | null> {
  const handle = client.workflow.getHandle(memberWorkflowId(memberId));
  for (const deadline = Date.now() + carriedOutWithinMs; Date.now() < deadline;) {
    const view = await client
      .withDeadline(Date.now() + queryTimeoutMs, () => handle.query(stateQuery))
      // It may be about to start, or no worker has time for it.
      .catch(() => null);
    const lookedAt = view?.blocks?.lookedAt;
    if (lookedAt !== undefined && Date.parse(lookedAt) >= from) return view;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return null;
}
