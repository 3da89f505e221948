import type { Doubt, Holder, Reading } from './reading.js';
import type { Instant, Loan, Member, Profile, Snapshot, StandsOn } from '../access/types.js';
import { unbelieved } from './absences.js';
import { confirmEvidence } from './evidence.js';
import type { Places } from './places.js';
import type { CoworkerRecord, PassRecord, TeamRecord } from './records.js';
import { type Offers, referenceOf } from './reference.js';
import { isNexudusError } from './errors.js';
import { isThere, joinPauses, type ContractRows } from './source.js';
import { fingerprintOfMember, writtenIn, type Written } from './written.js';

/**
 * How old locations (time zones, day starts), pass types and allowances may be. `kept`: ten minutes, since polls tell of new and
 * changed ones; `recent`: a minute where much was asked within the last one; `anew`: they are read after the wake.
 */
export type ReferenceAge = 'kept' | 'recent' | 'anew';

/** The member whose records are wanted, and how fresh they must be. */
export interface MemberRequest {
  memberId: number;
  /** A read that began before this is not used. */
  notBefore: Instant;
  reference: ReferenceAge;
  /** Nobody waits for just this member: members that somebody waits for go first. */
  isBatch: boolean;
  /** The member came or went, and nothing else is known: only passes are looked up for that. */
  isCheckIn: boolean;
  /** Profiles that shared the e-mail before; those that still do belong to the person. */
  siblingIds: readonly number[];
  /** The records that existing keys stand on: each is looked up by its id before it counts as absent. */
  standsOn: readonly StandsOn[];
}

/** One person's records. */
export interface MemberRead {
  /** Null: the member's profile is gone, and no known sibling is left. */
  snapshot: Snapshot | null;
  /** The member's own profile is gone: every way of asking says so, and did a minute ago. */
  gone: boolean;
  doubts: Doubt[];
  /** The person's malformed passes, which count for nobody, in plain words. */
  broken: string[];
  /** What was read of the member's own profile, record by record. */
  written: readonly Written[];
  /** Fingerprint of all that bears on the member's own profile; '' where nothing does. */
  records: string;
}

/** A profile, and what its teams lend it. */
interface Found {
  own: Holder;
  loans: { team: TeamRecord; payer: Holder }[];
}

/**
 * Reads one person. The read is complete, or it throws NexudusError, also where a profile is missing that is not surely gone.
 * Any other absence that is not believed is a doubt.
 */
export async function readPerson(reading: Reading, request: MemberRequest): Promise<MemberRead> {
  // Asked for first, since nothing of the person is needed for it; a failure is thrown where it is awaited.
  const offersRead = reading.offers(false);
  offersRead.catch(() => undefined);
  const own = await certainCoworker(reading, request.memberId);
  const gone = own === null;
  const people = await findPeople(reading, own, knownSiblings(request));
  if (people.length === 0) return { snapshot: null, gone, doubts: [], broken: [], written: [], records: '' };

  const holders = new Map<number, Promise<Holder>>();
  const found = await Promise.all(
    people.map((coworker) => findAccess(reading, coworker, request.standsOn, holders)),
  );
  const all = await Promise.all(holders.values());
  const shared = await offersFor(reading, await offersRead, all);
  // A copy: what is looked up later is added, and the read is shared.
  const offers: Offers = {
    ...shared,
    passTypes: [...shared.passTypes],
    allowances: [...shared.allowances],
  };
  const places = await placesFor(reading, all);
  // Where all profiles of a person are suspended, no missing record could give access.
  const doubts = people.every(reading.readingRules.isSuspended)
    ? []
    : await confirmEvidence(reading, { standsOn: request.standsOn, people, holders: all, offers, places });
  const snapshot: Snapshot = {
    readAt: reading.source.startedAt,
    profiles: found.map(profileOf),
    ...referenceOf(offers, places),
  };
  const member = found.find(({ own: { coworker } }) => coworker.id === request.memberId);
  return {
    snapshot,
    gone,
    doubts,
    broken: all.flatMap((holder) => holder.broken.map(({ error }) => error.message)),
    written: member === undefined ? [] : writtenIn(member.own.own),
    records: member === undefined ? '' : recordsOf(member, snapshot.readAt),
  };
}

/**
 * A coworker whose record keys, or the whole of somebody's access, may depend on; null: surely gone. Throws NexudusError,
 * `implausible` as long as that is not sure.
 */
async function certainCoworker(reading: Reading, id: number): Promise<CoworkerRecord | null> {
  reading.absences.check(id);
  const found = await reading.source.coworker(id);
  if (found !== null) {
    reading.absences.seen(id);
    return found;
  }
  const why = await reading.disbelief('coworkers');
  if (why !== null) throw unbelieved(id, `is missing; ${why}.`);
  return reading.absences.confirm(reading.client, id, reading.source.startedAt);
}

/** Profiles that are looked up whatever a search finds: known siblings, and the owners of passes that keys stand on. */
function knownSiblings({ memberId, siblingIds, standsOn }: MemberRequest): number[] {
  const owners = standsOn.filter(({ teamId }) => teamId === null).map((held) => held.memberId);
  return [...new Set([...siblingIds, ...owners])].filter((id) => id !== memberId);
}

/**
 * Every profile of the person, lowest id first. Nexudus has an e-mail of everybody, so an empty one may be a bad read: it parts
 * no profile from those that shared its e-mail.
 */
async function findPeople(
  reading: Reading,
  own: CoworkerRecord | null,
  siblingIds: readonly number[],
): Promise<CoworkerRecord[]> {
  const { source } = reading;
  const known = (await Promise.all(siblingIds.map((id) => certainCoworker(reading, id)))).filter(isThere);
  const first = own ?? mostShared(known);
  if (first === null) return [];
  const others = first.email === '' ? [] : await source.coworkersWithEmail(first);
  const siblings = known.filter(({ email }) => email === first.email || email === '' || first.email === '');
  const same = [first, ...others.filter(({ email }) => email === first.email), ...siblings];
  return [...new Map(same.map((coworker) => [coworker.id, coworker])).values()].sort((a, b) => a.id - b.id);
}

/** Of the siblings that are left, one with the e-mail that most of them have; the lowest id among equals. */
function mostShared(siblings: readonly CoworkerRecord[]): CoworkerRecord | null {
  const withEmail = siblings.filter(({ email }) => email !== '').sort((a, b) => a.id - b.id);
  const sharing = ({ email }: CoworkerRecord): number =>
    withEmail.filter((other) => other.email === email).length;
  return withEmail.reduce<CoworkerRecord | null>(
    (best, one) => (best === null || sharing(one) > sharing(best) ? one : best),
    null,
  );
}

async function findAccess(
  reading: Reading,
  coworker: CoworkerRecord,
  standsOn: readonly StandsOn[],
  holders: Map<number, Promise<Holder>>,
): Promise<Found> {
  const { source } = reading;
  const teamsStoodOn = standsOn.map(({ teamId }) => teamId).filter(isThere);
  const holderOf = (one: CoworkerRecord): Promise<Holder> => {
    const holder = holders.get(one.id) ?? readHolder(reading, one);
    holders.set(one.id, holder);
    return holder;
  };
  const lend = async (team: TeamRecord): Promise<Found['loans'][number] | null> => {
    if (!team.sharesPasses || team.payerId === null || team.payerId === coworker.id) return null;
    // Where no key hangs on the payer, the worst is a loan that comes a look later.
    const isHeld = teamsStoodOn.includes(team.id);
    const payer = await (isHeld ? certainCoworker(reading, team.payerId) : source.coworker(team.payerId));
    return payer === null ? null : { team, payer: await holderOf(payer) };
  };
  const [own, teams] = await Promise.all([holderOf(coworker), source.teamsOf(coworker, teamsStoodOn)]);
  const loans = await Promise.all(teams.sort((a, b) => a.id - b.id).map(lend));
  return { own, loans: loans.filter(isThere) };
}

async function readHolder({ source, readingRules }: Reading, coworker: CoworkerRecord): Promise<Holder> {
  const [{ rows: passes, broken }, { contracts, pauses }] = await Promise.all([
    source.passesOf(coworker.id),
    source.contractsOf(coworker.id).catch((error: unknown): ContractRows => {
      // A suspended coworker has no access, whatever else there is.
      if (readingRules.isSuspended(coworker) && isNexudusError(error, 'malformed'))
        return { contracts: [], pauses: [] };
      throw error;
    }),
  ]);
  return {
    coworker,
    // A copy, as are the contracts: what is looked up later is added, and the source's own list is shared.
    passes: [...passes],
    contracts: contracts.map((contract) => joinPauses(contract, pauses)),
    own: { coworkers: [coworker], contracts, pauses, passes },
    broken,
  };
}

async function offersFor(reading: Reading, offers: Offers, holders: readonly Holder[]): Promise<Offers> {
  const types = new Set(offers.passTypes.map(({ id }) => id));
  const allowances = new Set(offers.allowances.map(({ uniqueId }) => uniqueId));
  const isKnown = ({ passTypeId, allowanceUniqueId }: PassRecord): boolean =>
    types.has(passTypeId) && (allowanceUniqueId === null || allowances.has(allowanceUniqueId));
  return holders.every(({ passes }) => passes.every(isKnown)) ? offers : reading.offers(true);
}

async function placesFor(reading: Reading, holders: readonly Holder[]): Promise<Places> {
  const places = await reading.places(false);
  const known = new Set(places.locations.map(({ id }) => id));
  const complete = holders.every(({ passes }) => passes.every(({ locationId }) => known.has(locationId)));
  const fresh = complete ? places : await reading.places(true);
  return { ...fresh, locations: [...fresh.locations] };
}

function recordsOf({ own, loans }: Found, readAt: Instant): string {
  return fingerprintOfMember({
    own: own.own,
    loans: loans.map(({ team, payer }) => ({ team, payer: payer.own })),
    broken: own.broken.map(({ text }) => text),
    readAt,
  });
}

function profileOf({ own, loans }: Found): Profile {
  return {
    member: memberOf(own.coworker),
    passes: own.passes,
    contracts: own.contracts,
    loans: loans.map(({ team, payer }): Loan => ({
      teamId: team.id,
      teamName: team.name,
      payer: memberOf(payer.coworker),
      passes: payer.passes,
      contracts: payer.contracts,
    })),
  };
}

function memberOf(coworker: CoworkerRecord): Member {
  const { id, fullName, email, active, archived, individual, homeLocationId, changedAt } = coworker;
  return { id, fullName, email, active, archived, individual, homeLocationId, changedAt };
}
