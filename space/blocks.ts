/** Blocks take keys away in an outage too, so what is asked before one is ordered waits for nobody but Temporal. */
import type { Client } from '@temporalio/client';
import type { Exception, Instant, Snapshot } from '../access/types.js';
import { readInForce } from '../activities/in-force.js';
import { locationIdKey, memberWorkflowId, stateQuery, type MemberView } from '../messages/to-member.js';
import type { NexudusClient } from '../nexudus/client.js';
import { readMember } from './apis.js';
import { CommandError, failureOf } from './failure.js';
import { isRunning } from './member-workflows.js';
import { endIn, type TypedEnd } from './typed-times.js';
import { readZones, zoneOf } from './zones.js';

/** How long Nexudus and Kisi may take to say whether what was typed exists. */
export const checkWithinMs = 2_000;
const carriedOutWithinMs = 6_000;
const queryTimeoutMs = 2_000;

/** What came of a block, as the member's workflow says. */
export type BlockOutcome =
  /** The member has not said anything yet. */
  | { is: 'unanswered' }
  /** It holds, and a key is not taken away yet: why. */
  | { is: 'waiting'; why: string }
  /** Every blocked key that Latchkey gave is gone; those to these groups stay, since a person gave them by hand. */
  | { is: 'done'; byHand: number[] };

/**
 * What Nexudus has of the member; null: it does not say within two seconds. `tell`: hears what could not be confirmed. Throws
 * CommandError where Nexudus says that there is no such coworker, and Latchkey knows none either.
 */
export async function coworkerIfAny(
  client: Client,
  nexudus: () => NexudusClient,
  memberId: number,
  tell: (doubt: string) => void,
): Promise<Snapshot | null> {
  const read = await within(checkWithinMs, 'Nexudus', async () => {
    const timeZones = (await readInForce(client))?.ground?.timeZones ?? {};
    return readMember(nexudus(), { timeZones }, memberId);
  });
  if (typeof read !== 'string' && read.snapshot !== null) return read.snapshot;
  const isKnown = await isRunning(client, memberId);
  if (isKnown) return null;
  if (typeof read !== 'string') throw new CommandError('Nexudus has no coworker with this id', 2);
  tell(
    `Nexudus did not confirm that coworker ${memberId} exists, and Latchkey does not know this member: ${read}`,
  );
  return null;
}

/** What the job answers, or why it does not, as a sentence. */
export async function within<T>(limitMs: number, api: string, job: () => Promise<T>): Promise<T | string> {
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
export async function endAsKnown(
  client: Client,
  memberId: number,
  typed: TypedEnd,
): Promise<{ until: Instant; zone: string | null }> {
  const zone = await knownZone(client, memberId);
  return { until: endIn(typed, zone), zone };
}

/** The time zone of the member's location, as a worker knew it last; null: not known. */
export async function knownZone(client: Client, memberId: number): Promise<string | null> {
  const locationId = (await isRunning(client, memberId)) ? await locationOf(client, memberId) : null;
  return zoneOf(await readZones(client), locationId);
}

async function locationOf(client: Client, memberId: number): Promise<number | null> {
  const described = await client.workflow.getHandle(memberWorkflowId(memberId)).describe();
  const id = described.typedSearchAttributes.get(locationIdKey);
  return id === undefined ? null : Number(id);
}

/** Whether the keys of a block that was just ordered are gone, within six seconds. */
export async function outcomeOf(
  client: Client,
  { memberId, groupId, from }: Exception,
): Promise<BlockOutcome> {
  const view = await carriedOut(client, memberId, from);
  const blocks = view?.blocks ?? null;
  if (view === null || blocks === null) return { is: 'unanswered' };
  if (blocks.waitsFor !== null) return { is: 'waiting', why: blocks.waitsFor };
  const byHand = view.keys.filter((key) => key.givenByHand && (groupId === null || groupId === key.groupId));
  return { is: 'done', byHand: byHand.map((key) => key.groupId) };
}

/** What the member's workflow says, once it has looked at the order; null: it has said nothing yet. */
async function carriedOut(client: Client, memberId: number, from: Instant): Promise<MemberView | null> {
  const handle = client.workflow.getHandle(memberWorkflowId(memberId));
  for (const deadline = Date.now() + carriedOutWithinMs; Date.now() < deadline;) {
    const view = await client
      .withDeadline(Date.now() + queryTimeoutMs, () => handle.query(stateQuery))
      // The workflow may be about to start, or no worker has time for it.
      .catch(() => null);
    const lookedAt = view?.blocks?.lookedAt;
    if (lookedAt !== undefined && Date.parse(lookedAt) >= from) return view;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return null;
}
