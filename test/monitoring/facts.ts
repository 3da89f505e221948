import type { KeyHealth } from '../../access/kisi-key.js';
import type { ApiState } from '../../monitoring/api-watch.js';
import type { Facts } from '../../monitoring/facts.js';
import { firstOrders } from '../../messages/to-control.js';

export const minute = 60_000;
export const hour = 60 * minute;
/** 2026-11-28 12:00 UTC. */
export const noon = Date.UTC(2026, 10, 28, 12);

/** An API that has answered for a day. */
export function api(over: Partial<ApiState> = {}): ApiState {
  return {
    reachableSince: noon - 24 * hour,
    answeredAt: noon - 1_000,
    down: null,
    acceptedAt: noon - 1_000,
    refused: null,
    problems: [],
    actsAs: null,
    role: 'administrator',
    skewMs: 300,
    retiring: null,
    ...over,
  };
}

/** A key that lasts, of an owner who has no other. */
export function kisiKey(over: Partial<KeyHealth> = {}): KeyHealth {
  return {
    ...{ checkedAt: noon - 3 * hour, userId: 7, keyCount: 1, expires: false, unused: [] },
    ...{ role: 'organization_owner', mayManage: true },
    ...over,
  };
}

/** A space in which all is well at noon. */
export function facts(over: Partial<Facts> = {}): Facts {
  return {
    at: noon,
    orders: firstOrders('live', noon - 48 * hour),
    held: [],
    poll: { lastGoodAt: noon - 20_000, everyMs: 30_000, isPaused: false },
    reconciliation: { lastGoodAt: noon - 4 * minute, everyMs: 10 * minute, isPaused: false },
    doubted: [],
    drift: {
      lastComparedAt: noon - 8 * minute,
      failure: null,
      doubt: null,
      open: {},
      settled: 0,
      more: 0,
      contested: [],
      contestedCount: 0,
    },
    kisiKey: kisiKey(),
    apiLook: { at: noon - 3 * hour, changes: [] },
    members: { running: 120, withAccess: 98 },
    blocked: {},
    endingSoon: [],
    workers: [{ identity: '17@desk latchkey/0.1.0 rules 5296c79c', lastSeenAt: noon - 3_000 }],
    rules: { digest: '5296c79c', process: '17@desk' },
    leader: { isLeading: true, identity: '17@desk latchkey/0.1.0 rules 5296c79c', beatAt: noon - 1_000 },
    reportedAt: noon - 1_000,
    apis: { nexudus: api(), kisi: api({ actsAs: 7, role: 'organization_owner' }) },
    temporalSkewMs: -400,
    hooks: { at: noon - 5 * minute, off: [] },
    tokenEndsAt: null,
    auditLog: null,
    journal: { head: { seq: 420, hash: 'c0ffee' }, verifiedAt: noon - hour, records: 400, problem: null },
    channels: ['the webhook at hooks.slack.com'],
    undelivered: [],
    ...over,
  };
}
