import type { Doubt, Holder, Reading } from './reading.js';
import type { StandsOn } from '../access/types.js';
import type { BrokenRow } from './client.js';
import { findSparing } from './lookups.js';
import { stillMatters } from './passes.js';
import type { Places } from './places.js';
import type { CollectionName, ContractRecord, CoworkerRecord, PassRecord, TeamRecord } from './records.js';
import type { Offers } from './reference.js';
import { isThere, openCheckins, withOwnPauses } from './source.js';

/** What was read of one person so far. What is looked up here is added to it in place. */
export interface PersonRecords {
  standsOn: readonly StandsOn[];
  people: readonly CoworkerRecord[];
  /** The person's profiles and the payers of their teams. */
  holders: readonly Holder[];
  offers: Offers;
  places: Places;
}

/**
 * Absence needs two witnesses: a record that an existing key stands on, and that the lists lack, is looked up by its id. A
 * record that is found joins the rest and ends by its own fields. One that is missing there too counts as gone where its
 * collection is plausible; else it is a doubt. Throws NexudusError.
 */
export async function confirmEvidence(reading: Reading, person: PersonRecords): Promise<Doubt[]> {
  const standsOn = new Map(person.standsOn.map((record) => [record.passId, record]));
  const passDoubts = await Promise.all(
    [...standsOn.values()].map((one) => confirmPass(reading, person, one)),
  );
  const others = [
    await confirmContracts(reading, person, standsOn),
    await confirmTypes(reading, person, standsOn),
    await confirmPlaces(reading, person, standsOn),
  ];
  await confirmAllowances(reading, person, standsOn);
  await confirmCheckins(reading, person, standsOn);
  return [...passDoubts.filter(isThere), ...others.flat()];
}

/** The doubt that a malformed record leaves: nothing is concluded from the record. */
const unreadable = (passId: number, { error }: BrokenRow): Doubt => ({ passId, why: error.message });

async function doubtOf(
  reading: Reading,
  name: CollectionName,
  id: number | string,
  passId: number,
): Promise<Doubt | null> {
  const why = await reading.disbelief(name);
  return why === null ? null : { passId, why: `${name} ${id} is missing; ${why}` };
}

async function confirmPass(
  reading: Reading,
  person: PersonRecords,
  standsOn: StandsOn,
): Promise<Doubt | null> {
  const { passId } = standsOn;
  if (person.holders.some(({ passes }) => passes.some(({ id }) => id === passId))) return null;
  const found = await findSparing(reading.lookups, 'coworkertimepasses', passId);
  if ('error' in found) return unreadable(passId, found);
  const pass = found.row;
  if (pass === null) return doubtOf(reading, 'coworkertimepasses', passId, passId);
  const holder = person.holders.find(({ coworker }) => coworker.id === pass.memberId);
  if (holder !== undefined) {
    holder.passes.push(pass);
    return null;
  }
  return confirmNoHolder(reading, person, pass, standsOn.teamId);
}

/**
 * The pass is there, but the way from it to the person is not: is the team gone, or the owner's profile? Where a record leads to
 * the person now, it was read amid a change, and the next read tells.
 */
async function confirmNoHolder(
  reading: Reading,
  { people }: PersonRecords,
  pass: PassRecord,
  teamId: number | null,
): Promise<Doubt | null> {
  const leadsThere = (record: string): Doubt => ({
    passId: pass.id,
    why: `${record} leads to pass ${pass.id} now, and did not a moment ago`,
  });
  if (teamId !== null) {
    const team = await findSparing(reading.lookups, 'teams', teamId);
    if ('error' in team) return unreadable(pass.id, team);
    if (team.row === null) return doubtOf(reading, 'teams', teamId, pass.id);
    if (lends(team.row, pass, people)) return leadsThere(`teams ${teamId}`);
  }
  const owner = await reading.lookups.find('coworkers', pass.memberId);
  if (owner === null) return doubtOf(reading, 'coworkers', pass.memberId, pass.id);
  const isPersons = owner.email !== '' && people.some(({ email }) => email === owner.email);
  return isPersons ? leadsThere(`coworkers ${owner.id}`) : null;
}

function lends(team: TeamRecord, pass: PassRecord, people: readonly CoworkerRecord[]): boolean {
  if (team.sharesPasses !== true || team.payerId !== pass.memberId) return false;
  return people.some(({ id, teamIds }) => team.memberIds?.includes(id) ?? teamIds?.includes(team.id));
}

type StandsOnByPass = ReadonlyMap<number, StandsOn>;

async function confirmContracts(
  reading: Reading,
  { holders }: PersonRecords,
  standsOn: StandsOnByPass,
): Promise<Doubt[]> {
  const doubts: Doubt[] = [];
  for (const holder of holders) {
    for (const pass of holder.passes) {
      const stands = standsOn.get(pass.id);
      const isOver = !stillMatters(pass, reading.source.startedAt);
      if ((stands === undefined && isOver) || hasContract(pass, holder)) continue;
      holder.contracts.push(...(await findContracts(reading, pass, holder, stands)));
      if (stands === undefined || hasContract(pass, holder)) continue;
      const record = stands.contractId ?? `of coworker ${pass.memberId}`;
      const doubt = await doubtOf(reading, 'coworkercontracts', record, pass.id);
      if (doubt !== null) doubts.push(doubt);
    }
  }
  return doubts;
}

/** Whether the contracts at hand are enough to judge the pass. */
function hasContract(pass: PassRecord, holder: Holder): boolean {
  const { contracts } = holder;
  if (pass.contractUniqueId === null) {
    return !pass.fromPlan || (contracts.length > 0 && missingContracts(holder).length === 0);
  }
  return contracts.some(({ uniqueId }) => uniqueId === pass.contractUniqueId);
}

/** Contracts that the coworker's own record names, and the list of them lacks. */
function missingContracts({ coworker, contracts }: Holder): number[] {
  return coworker.contractIds.filter((id) => contracts.every((contract) => contract.id !== id));
}

/** The contract of a pass by every way that leads to it; for a plan's pass without a link, all contracts that run. */
async function findContracts(
  reading: Reading,
  pass: PassRecord,
  holder: Holder,
  standsOn: StandsOn | undefined,
): Promise<ContractRecord[]> {
  const ids =
    pass.contractUniqueId === null ? missingContracts(holder) : [standsOn?.contractId].filter(isThere);
  const byId = (await Promise.all(ids.map((id) => reading.lookups.find('coworkercontracts', id))))
    .filter(isThere)
    .filter(({ uniqueId }) => pass.contractUniqueId === null || uniqueId === pass.contractUniqueId);
  if (byId.length > 0) return Promise.all(byId.map((contract) => withOwnPauses(reading.client, contract)));
  if (pass.contractUniqueId === null) return [];
  const linked = await reading.source.contractWithUniqueId(pass.contractUniqueId);
  return linked === null ? [] : [linked];
}

async function confirmTypes(
  reading: Reading,
  { holders, offers }: PersonRecords,
  standsOn: StandsOnByPass,
): Promise<Doubt[]> {
  const doubts: Doubt[] = [];
  for (const pass of passesStoodOn(holders, standsOn)) {
    if (offers.passTypes.some(({ id }) => id === pass.passTypeId)) continue;
    const found = await findSparing(reading.lookups, 'timepasses', pass.passTypeId);
    if ('error' in found) {
      doubts.push(unreadable(pass.id, found));
      continue;
    }
    if (found.row !== null) offers.passTypes.push(found.row);
    const doubt = found.row === null ? await doubtOf(reading, 'timepasses', pass.passTypeId, pass.id) : null;
    if (doubt !== null) doubts.push(doubt);
  }
  return doubts;
}

async function confirmPlaces(
  reading: Reading,
  { holders, places }: PersonRecords,
  standsOn: StandsOnByPass,
): Promise<Doubt[]> {
  const doubts: Doubt[] = [];
  for (const pass of passesStoodOn(holders, standsOn)) {
    if (places.locations.some(({ id }) => id === pass.locationId)) continue;
    const found = await findSparing(reading.lookups, 'businesses', pass.locationId);
    if ('error' in found) {
      doubts.push(unreadable(pass.id, found));
      continue;
    }
    const place = found.row === null ? null : await reading.place(found.row);
    if (place !== null) places.locations.push(place);
    const doubt = place === null ? await doubtOf(reading, 'businesses', pass.locationId, pass.id) : null;
    if (doubt !== null) doubts.push(doubt);
  }
  return doubts;
}

/** Nobody waits for the renewal of a used pass whose allowance is not known. */
async function confirmAllowances(
  reading: Reading,
  { holders, offers }: PersonRecords,
  standsOn: StandsOnByPass,
): Promise<void> {
  for (const { allowanceUniqueId } of passesStoodOn(holders, standsOn)) {
    if (allowanceUniqueId === null) continue;
    if (offers.allowances.some(({ uniqueId }) => uniqueId === allowanceUniqueId)) continue;
    const allowance = await reading.allowance(allowanceUniqueId);
    if (allowance !== null) offers.allowances.push(allowance);
  }
}

/** A minute pass that is used up counts through an open check-in, which its own flag may not show yet. */
async function confirmCheckins(
  reading: Reading,
  { holders, offers, people }: PersonRecords,
  standsOn: StandsOnByPass,
): Promise<void> {
  for (const { passes } of holders) {
    for (const [index, pass] of passes.entries()) {
      const exhausted = pass.used || (pass.remainingUses !== null && pass.remainingUses <= 0);
      const isMinutes = offers.passTypes.some(
        ({ id, minutes }) => id === pass.passTypeId && minutes !== null,
      );
      if (!standsOn.has(pass.id) || !exhausted || pass.checkedIn || !isMinutes) continue;
      // A lent pass is used by the person, not by the one who owns it.
      const users = [...new Set([pass.memberId, ...people.map(({ id }) => id)])];
      const open = await Promise.all(users.map((id) => openCheckins(reading.client, id)));
      const checkedIn = open.flat().some(({ passUniqueId }) => passUniqueId === pass.uniqueId);
      if (checkedIn) passes[index] = { ...pass, checkedIn };
    }
  }
}

function passesStoodOn(holders: readonly Holder[], standsOn: StandsOnByPass): PassRecord[] {
  return holders.flatMap(({ passes }) => passes.filter(({ id }) => standsOn.has(id)));
}
