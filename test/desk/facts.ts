/** What could be read of Ada, member 100: a test names only what it is about. */
import { defaultDriftPolicy } from '../../access/drift.js';
import type { PersonFacts } from '../../desk/person-reads.js';
import type { Wanted } from '../../desk/standing.js';
import type { InForce } from '../../messages/to-leader.js';
import { firstOrders, type Orders } from '../../messages/to-control.js';
import { shownOf, newMember, type MemberView } from '../../messages/to-member.js';
import type { InKisiInFull } from '../../space/in-kisi.js';
import type { KnownMember } from '../../space/member-workflows.js';
import { rules } from '../support/builders.js';
import { ledgerKey } from '../support/stores.js';

/** What was read of the invitation is told apart from what is said of it. */
export type Over = Partial<Omit<PersonFacts, 'invitation'>> & Partial<Wanted>;

export const kisiDown = { why: 'Kisi is down', since: 0 };

export function aKey(over: Partial<InKisiInFull['keys'][number]> = {}): InKisiInFull['keys'][number] {
  return {
    ...{ groupId: 12, role: 'group_basic', until: '2026-12-06T10:00:00Z', isEndReadable: true },
    ...{ byLatchkey: true, isByApp: false, isMovedOn: false, since: '2026-11-20T10:00:00Z' },
    ...over,
  };
}

export function view(over: Partial<MemberView> = {}): MemberView {
  return {
    ...{ memberId: 100, state: 'access', nextChange: null, waitingFor: null, lastError: null },
    ...{ standing: '', blocks: null, lastCheckedAt: '2026-11-29T09:59:00Z' },
    keys: [
      {
        ...{ groupId: 12, until: '2026-11-30T05:15:00Z', kisiEndsAt: '2026-11-30T05:30:00Z' },
        ...{ because: 'pass 900 (Day pass)', givenByHand: false },
      },
    ],
    ...over,
  };
}

export function watched(over: Partial<KnownMember> = {}): {
  value: { row: KnownMember | null; owner: KnownMember | null };
} {
  const shown = shownOf({ ...newMember(100), ledger: [ledgerKey()], kisiUser: { id: 5, emailDigest: '' } });
  const row: KnownMember = {
    ...{ memberId: 100, state: 'access', problem: null, locationId: 1, nextChangeAt: null },
    ...{ view: view(), closed: null, shown },
    ...over,
  };
  return { value: { row, owner: null } };
}

export function governed(over: Partial<Orders> = {}): { value: { inForce: InForce; orders: Orders } } {
  const inForce: InForce = {
    ...{ version: '0', process: '1@desk', startedAt: 0, since: 0, digest: '', fileDigest: '', change: 1 },
    ground: {
      ...{ rules: rules(), timeZones: {}, knownZones: { 1: 'Europe/Rome', 2: 'America/New_York' } },
      settings: {
        drift: defaultDriftPolicy,
        ...{ guard: { people: 5, share: 0.1 }, latency: { withinMs: 60_000, share: 0.95 } },
        ...{ findUsers: 'directory', apiUser: 'shared', undoWindowMs: 0, auditLogRetentionMs: 0 },
      },
    },
  };
  return { value: { inForce, orders: { ...firstOrders('live', 0), ...over } } };
}

export function person(over: Omit<Over, 'invitation'> = {}): PersonFacts {
  const doors = {
    groups: new Map([
      [12, { id: 12, name: 'Office', placeId: null, loginEnabled: true, locksCount: 2, restrictions: [] }],
    ]),
    organizationId: 7,
  };
  return {
    ...{ memberId: 100, now: 0, watched: watched(), governed: governed() },
    records: { why: 'not read', since: 0 },
    inKisi: { value: { userId: 5, isSuspended: false, keys: [], widerRoles: [] } },
    doors: { value: doors },
    kept: { value: [] },
    invitation: { value: null, readAt: 0, problem: null, isReading: false },
    ...over,
  };
}
