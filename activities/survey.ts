import type { Exception, Instant, Profile, Snapshot } from '../access/types.js';
import { withInherited } from '../access/ledger.js';
import { keyOwner } from '../access/ownership.js';
import { readingRules } from '../access/pass-rules.js';
import type { KisiClient } from '../kisi/client.js';
import { asKey, higherRoleOf, likeEmail, type Assignment } from '../kisi/records.js';
import { groupBy } from '../nexudus/collections.js';
import type { NexudusClient } from '../nexudus/client.js';
import { NexudusError } from '../nexudus/errors.js';
import { createReader, type Baselines, type MemberRead } from '../nexudus/reader.js';
import type { TimeZones } from '../nexudus/places.js';
import { newMember, type Holdings } from '../messages/to-member.js';
import { hasRecords } from './membership.js';
import type { KisiSide } from './preview.js';

/** One person as Nexudus, Latchkey and Kisi know them at about the same instant. */
export interface Surveyed {
  /** The profile that owns the keys. */
  memberId: number;
  read: MemberRead;
  holdings: Holdings;
  kisi: KisiSide;
  /** One of the person's profiles has a workflow. */
  hasWorkflow: boolean;
}

/** Whether this is a member. If not, it is a contact without pass or contract: Latchkey does not watch contacts. */
export function isMember({ read, hasWorkflow }: Surveyed): boolean {
  return hasWorkflow || (read.snapshot !== null && hasRecords(read.snapshot));
}

/** What could not be told of a member, and why. */
export interface Unread {
  memberId: number;
  why: string;
}

/** A Kisi user whose e-mail no coworker has. */
export interface Stranger extends KisiSide {
  userId: number;
  /** The member whose e-mail is much like the user's, but another; left out: there is none. */
  likeMemberId?: number;
}

export interface Survey {
  people: Surveyed[];
  unread: Unread[];
  /** Only known where everyone is looked at. */
  strangers: Stranger[];
  /** All that hold, for any member. */
  exceptions: readonly Exception[];
}

export interface SurveyDeps {
  nexudus: NexudusClient;
  kisi: KisiClient;
  timeZones: TimeZones;
  baselines: () => Promise<Baselines | null>;
  exceptions: () => Promise<readonly Exception[]>;
  /** Ids of the members whose workflow runs. */
  running: () => Promise<number[]>;
  holdingsOf: (memberIds: readonly number[]) => Promise<Map<number, Holdings>>;
  now: () => Instant;
}

/**
 * Looks at every coworker and whoever has a workflow, or at these members and whoever shares their e-mails. Reads only. Members
 * whose records are malformed are listed in `unread`. Throws NexudusError and KisiError.
 */
export async function survey(deps: SurveyDeps, only: readonly number[] | null): Promise<Survey> {
  const running = new Set(await deps.running());
  const coworkers = only === null ? await deps.nexudus.listSparing('coworkers') : { rows: [], broken: [] };
  const ownersOfBroken = coworkers.broken.flatMap(({ ownerId }) => ownerId ?? []);
  const ids = new Set(only ?? [...coworkers.rows.map(({ id }) => id), ...ownersOfBroken, ...running]);
  const holdings = await deps.holdingsOf([...running].filter((id) => ids.has(id)));
  const { reads, unread } = await readAll(deps, ids, holdings);
  const profileIds = [...reads.values()].flatMap(({ snapshot }) => snapshot?.profiles ?? []).map(idOf);
  const others = profileIds.filter((id) => !ids.has(id));
  if (only !== null && others.length > 0) return survey(deps, [...ids, ...others]);

  const owners = [...reads].filter(([id, { snapshot }]) => ownerOf(id, snapshot) === id);
  const emails = emailsOf(owners);
  const known = new Set([...emails.values(), ...coworkers.rows.map(({ email }) => email)]);
  const { sides, strangers } =
    only === null ? await allOfKisi(deps.kisi, emails, known) : await someOfKisi(deps.kisi, emails);
  const people = owners.map(([memberId, read]): Surveyed => {
    const own: Holdings = holdings.get(memberId) ?? newMember(memberId);
    const profiles = read.snapshot?.profiles.map(idOf) ?? [];
    const others = profiles.filter((id) => id !== memberId).map((id) => holdings.get(id));
    return {
      memberId,
      read,
      holdings: others.reduce<Holdings>(joined, own),
      kisi: sides.get(memberId) ?? { userId: null, keys: [] },
      hasWorkflow: [memberId, ...profiles].some((id) => running.has(id)),
    };
  });
  people.sort((a, b) => a.memberId - b.memberId);
  return { people, unread, strangers, exceptions: await deps.exceptions() };
}

const idOf = ({ member }: Profile): number => member.id;
const ownerOf = (memberId: number, snapshot: Snapshot | null): number =>
  keyOwner(snapshot?.profiles.map(idOf) ?? []) ?? memberId;

async function readAll(
  { nexudus, timeZones, baselines, now }: SurveyDeps,
  ids: ReadonlySet<number>,
  holdings: ReadonlyMap<number, Holdings>,
): Promise<{ reads: Map<number, MemberRead>; unread: Unread[] }> {
  // Nothing is taken away by what this reads, and there is no process that would look again.
  const shows = { gatherMs: 0, lookLaterMs: 0 };
  const reader = createReader({ client: nexudus, readingRules, now, timeZones, baselines, ...shows });
  const notBefore = now();
  const reads = new Map<number, MemberRead>();
  const unread: Unread[] = [];
  const readOne = async (memberId: number): Promise<void> => {
    const held = holdings.get(memberId);
    try {
      const read = await reader.readMember({
        memberId,
        notBefore,
        reference: 'kept',
        isCheckIn: false,
        isBatch: true,
        siblingIds: held?.siblingIds ?? [],
        standsOn: held?.ledger.flatMap((key) => key.standsOn) ?? [],
      });
      reads.set(memberId, read);
    } catch (error) {
      if (!(error instanceof NexudusError) || error.kind !== 'malformed') throw error;
      unread.push({ memberId, why: error.message });
    }
  };
  await Promise.all([...ids].map(readOne));
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

/** The e-mail of each that has one. */
function emailsOf(owners: readonly [number, MemberRead][]): Map<number, string> {
  const emails = owners.map(
    ([memberId, { snapshot }]) => [memberId, snapshot?.profiles[0]?.member.email ?? ''] as const,
  );
  return new Map(emails.filter(([, email]) => email !== ''));
}

/** What Kisi holds of each person, and of users who are no coworkers. */
interface KisiSides {
  sides: Map<number, KisiSide>;
  strangers: Stranger[];
}

/** What Kisi holds of each, from its whole lists, and of users who have none of the known e-mails. */
async function allOfKisi(
  kisi: KisiClient,
  emails: ReadonlyMap<number, string>,
  known: ReadonlySet<string>,
): Promise<KisiSides> {
  const users = await kisi.listUsers();
  const userBy = new Map(users.map((user) => [user.email, user.id]));
  const rights = groupBy(await kisi.listAllRights(), ({ assigneeType, assigneeId }) =>
    assigneeType === 'User' ? assigneeId : null,
  );
  const sideOf = (userId: number): Stranger => ({ userId, ...sideBy(rights.get(userId) ?? []) });
  const likes = new Map([...emails].map(([memberId, email]) => [likeEmail(email), memberId]));
  const sides = [...emails].map(([memberId, email]): [number, KisiSide] => {
    const userId = userBy.get(email);
    return [memberId, userId === undefined ? { userId: null, keys: [] } : sideOf(userId)];
  });
  const strangers = users.filter(({ email }) => email === '' || !known.has(email));
  return {
    sides: new Map(sides),
    strangers: strangers.map(({ id, email }) => {
      const likeMemberId = email === '' ? undefined : likes.get(likeEmail(email));
      return { ...sideOf(id), ...(likeMemberId === undefined ? {} : { likeMemberId }) };
    }),
  };
}

/** The keys among a person's rights, and whether there are higher ones. */
function sideBy(rights: readonly Assignment[]): Pick<KisiSide, 'keys' | 'higherRole'> {
  return { keys: rights.map(asKey).filter((key) => key !== null), higherRole: higherRoleOf(rights) };
}

/** What Kisi holds of each, asked one by one. */
async function someOfKisi(kisi: KisiClient, emails: ReadonlyMap<number, string>): Promise<KisiSides> {
  const asked = [...emails].map(async ([id, email]) => [id, await askKisi(kisi, email)] as const);
  return { sides: new Map(await Promise.all(asked)), strangers: [] };
}

async function askKisi(kisi: KisiClient, email: string): Promise<KisiSide> {
  const user = (await kisi.findUserByEmail(email, 'filter')) ?? (await kisi.findUserByEmail(email, 'search'));
  return user === null
    ? { userId: null, keys: [] }
    : { userId: user.id, ...sideBy(await kisi.listRightsOf({ userId: user.id })) };
}
