import { defaultPolicies } from '../../config/policies.js';
import type {
  Contract,
  Exception,
  Location,
  Member,
  Pass,
  PassType,
  Profile,
  Rules,
  Snapshot,
} from '../../access/types.js';

/** Builders of the rules' facts with unremarkable defaults: a test names only what it is about. */

export const at = (iso: string): number => Date.parse(iso);

export const rome: Location = {
  id: 1,
  name: 'Trastevere, Rome',
  timeZone: 'Europe/Rome',
  dayStartsAtMinute: 0,
};
export const newYork: Location = {
  id: 2,
  name: 'Chelsea, New York',
  timeZone: 'America/New_York',
  dayStartsAtMinute: 0,
};

export function member(over: Partial<Member> = {}): Member {
  return {
    id: 100,
    fullName: 'Ada Example',
    email: 'ada@example.org',
    active: true,
    archived: false,
    individual: true,
    homeLocationId: 1,
    changedAt: null,
    ...over,
  };
}

export function contract(over: Partial<Contract> = {}): Contract {
  return {
    id: 500,
    uniqueId: 'contract-500',
    memberId: 100,
    planId: 70,
    planName: 'Office',
    locationId: 1,
    startsAt: at('2026-01-01T00:00:00Z'),
    cancelledAt: null,
    cancelled: false,
    renewsAt: null,
    pauses: [],
    changedAt: null,
    ...over,
  };
}

export function pass(over: Partial<Pass> = {}): Pass {
  return {
    id: 900,
    uniqueId: 'pass-900',
    memberId: 100,
    passTypeId: 30,
    locationId: 1,
    used: false,
    usedAt: null,
    checkedIn: false,
    remainingUses: null,
    expiresAt: null,
    fromPlan: false,
    contractUniqueId: null,
    allowanceUniqueId: null,
    changedAt: null,
    ...over,
  };
}

export function planPass(over: Partial<Pass> = {}): Pass {
  return pass({
    fromPlan: true,
    contractUniqueId: 'contract-500',
    allowanceUniqueId: 'allowance-1',
    ...over,
  });
}

export function passType(over: Partial<PassType> = {}): PassType {
  return {
    id: 30,
    name: 'Day pass',
    ownerLocationId: 1,
    minutes: null,
    locationIds: [1],
    kisiGroupIds: [12],
    ...over,
  };
}

export function profile(over: Partial<Profile> = {}): Profile {
  return { member: member(), passes: [], contracts: [], loans: [], ...over };
}

export function exception(over: Partial<Exception> = {}): Exception {
  return {
    id: 7,
    kind: 'allow',
    memberId: 100,
    groupId: 12,
    from: at('2026-11-01T00:00:00Z'),
    until: at('2026-12-01T00:00:00Z'),
    by: 'gina',
    reason: 'forgot to renew',
    ...over,
  };
}

export function snapshot(over: Partial<Snapshot> = {}): Snapshot {
  return {
    readAt: 0,
    profiles: [profile()],
    passTypes: [passType()],
    allowances: [{ uniqueId: 'allowance-1', planId: 70, passTypeId: 30, renews: 'day' }],
    locations: [rome, newYork],
    ...over,
  };
}

export function rules(over: Partial<Rules['policies']> = {}, mapping: Rules['mapping'] = []): Rules {
  return { mapping, policies: { ...defaultPolicies, ...over } };
}
