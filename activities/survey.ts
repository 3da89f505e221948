import type { Instant, Profile, Snapshot } from '../access/types.js';
import { withInherited } from '../access/plan.js';
import type { KisiClient } from '../kisi/client.js';
import { readIndex } from '../nexudus/changes.js';
import { groupBy } from '../nexudus/collections.js';
import type { NexudusClient } from '../nexudus/client.js';
import { NexudusError } from '../nexudus/errors.js';
import { createReader, type Baselines, type MemberRead } from '../nexudus/reader.js';
import type { TimeZones } from '../nexudus/places.js';
import { newMember, type Holdings } from '../workflows/messages.js';
import type { KisiSide } from './preview.js';

/** One person as Nexudus, Latchkey and Kisi know them at about the same instant. */
export interface Surveyed {
  /** The profile that owns the keys. */
  memberId: number;
  read: MemberRead;
  holdings: Holdings;
  kisi: KisiSide;
}

/** What could not be told of a member, and why. */
export interface Unread {
  memberId: number;
  why: string;
}

export interface Survey {
  people: Surveyed[];
  unread: Unread[];
}

export interface SurveyDeps {
  nexudus: NexudusClient;
  kisi: KisiClient;
  timeZones: TimeZones;
  baselines: () => Promise<Baselines | null>;
  /** Ids of the members whose workflow runs. */
  running: () => Promise<number[]>;
  holdingsOf: (memberIds: readonly number[]) => Promise<Map<number, Holdings>>;
  now: () => Instant;
}

/**
 * Looks at everyone with a pass, a contract or a workflow, or at these members and whoever shares their e-mails. Reads
 * only. A member whose records are malformed is told of apart. Throws NexudusError and KisiError.
 */
export async function survey(deps: SurveyDeps, only: readonly number[] | null): Promise<Survey> {
  const running = await deps.running();
  const ids = only ?? (await everyone(deps, running));
  const holdings = await deps.holdingsOf(running.filter((id) => ids.includes(id)));
  const { reads, unread } = await readAll(deps, ids, holdings);
  const profileIds = [...reads.values()].flatMap(({ snapshot }) => snapshot?.profiles ?? []).map(idOf);
  const others = profileIds.filter((id) => !ids.includes(id));
  if (only !== null && others.length > 0) return survey(deps, [...new Set([...ids, ...others])]);

  const owners = [...reads].filter(([id, { snapshot }]) => ownerOf(id, snapshot) === id);
  const kisi = await kisiSides(deps.kisi, owners, only !== null);
  const people = owners.map(([memberId, read]): Surveyed => {
    const own = holdings.get(memberId) ?? nothing(memberId);
    const profiles = read.snapshot?.profiles.map(idOf) ?? [];
    const others = profiles.filter((id) => id !== memberId).map((id) => holdings.get(id));
    return {
      memberId,
      read,
      holdings: others.reduce<Holdings>(joined, own),
      kisi: kisi.get(memberId) ?? { userId: null, keys: [] },
    };
  });
  return { people: people.sort((a, b) => a.memberId - b.memberId), unread };
}

const idOf = ({ member }: Profile): number => member.id;
const ownerOf = (memberId: number, snapshot: Snapshot | null): number =>
  snapshot?.profiles[0]?.member.id ?? memberId;

async function everyone({ nexudus, now }: SurveyDeps, running: readonly number[]): Promise<number[]> {
  const { members } = await readIndex(nexudus, { now });
  return [...new Set([...Object.keys(members).map(Number), ...running])];
}

async function readAll(
  { nexudus, timeZones, baselines, now }: SurveyDeps,
  ids: readonly number[],
  holdings: ReadonlyMap<number, Holdings>,
): Promise<{ reads: Map<number, MemberRead>; unread: Unread[] }> {
  const reader = createReader({ client: nexudus, now, timeZones, gatherMs: 0, baselines });
  const notBefore = now();
  const reads = new Map<number, MemberRead>();
  const unread: Unread[] = [];
  const readOne = async (memberId: number): Promise<void> => {
    const held = holdings.get(memberId);
    try {
      const read = await reader.readMember({
        memberId,
        notBefore,
        mayReusePlaces: true,
        siblingIds: held?.siblingIds ?? [],
        heldOn: held?.ledger.flatMap((key) => key.standsOn) ?? [],
      });
      reads.set(memberId, read);
    } catch (error) {
      if (!(error instanceof NexudusError) || error.kind !== 'malformed') throw error;
      unread.push({ memberId, why: error.message });
    }
  };
  await Promise.all(ids.map(readOne));
  return { reads, unread };
}

/** Keys that another profile of the person still holds, and is about to hand over. */
function joined(owner: Holdings, other: Holdings | undefined): Holdings {
  if (other === undefined) return owner;
  return {
    ...owner,
    ledger: withInherited(owner.ledger, other.ledger),
    kisiUser: owner.kisiUser ?? other.kisiUser,
  };
}

function nothing(memberId: number): Holdings {
  const { ledger, kisiUser, siblingIds, frozen } = newMember(memberId, '');
  return { ledger, kisiUser, siblingIds, frozen };
}

/** What Kisi holds of each: asked one by one where they are few, else from its whole lists. */
async function kisiSides(
  kisi: KisiClient,
  owners: readonly [number, MemberRead][],
  few: boolean,
): Promise<Map<number, KisiSide>> {
  const emails = owners.flatMap(([memberId, { snapshot }]): [number, string][] => {
    const email = snapshot?.profiles[0]?.member.email ?? '';
    return email === '' ? [] : [[memberId, email]];
  });
  if (few)
    return new Map(
      await Promise.all(emails.map(async ([id, email]) => [id, await askKisi(kisi, email)] as const)),
    );
  const users = new Map((await kisi.listUsers()).map((user) => [user.email, user.id]));
  const keys = groupBy(await kisi.listAllKeys(), (key) => key.userId);
  return new Map(
    emails.map(([memberId, email]) => {
      const userId = users.get(email) ?? null;
      return [memberId, { userId, keys: userId === null ? [] : (keys.get(userId) ?? []) }];
    }),
  );
}

async function askKisi(kisi: KisiClient, email: string): Promise<KisiSide> {
  const user = (await kisi.findUserByEmail(email, 'filter')) ?? (await kisi.findUserByEmail(email, 'search'));
  return user === null
    ? { userId: null, keys: [] }
    : { userId: user.id, keys: await kisi.listKeysOf({ userId: user.id }) };
}
