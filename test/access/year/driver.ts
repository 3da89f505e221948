/**
 * The member workflow's loop without Temporal: look, decide, write the differences, sleep until the next change. It
 * calls the product's own decide, planSteps and nextWake, and the ledger changes by the product's own transitions
 * (access/ledger.ts). What is a model here: the clock, the records and Kisi, in which every call answers at once.
 */
import assert from 'node:assert/strict';
import { decide } from '../../../access/decide.js';
import {
  explained,
  granted,
  keyAt,
  toGrant,
  toMove,
  withDropped,
  withKey,
  withoutKey,
  type KeyWritten,
  type Ledger,
} from '../../../access/ledger.js';
import { nextWake, planSteps, type LedgerKey, type Step } from '../../../access/plan.js';
import type { Contract, Entitlement, Pass, Rules, Snapshot } from '../../../access/types.js';
import { contract, member, newYork, pass, passType, profile, rome, rules } from '../../support/builders.js';
import { dayMs } from './clock.js';
import { planIds, type Facts, type PaperContract, type PaperPass } from './life.js';

/** The product's functions that the driver calls; a test that wants them wrong passes others. */
export interface Product {
  decide: typeof decide;
  planSteps: typeof planSteps;
  nextWake: typeof nextWake;
  rules: Rules;
}

export const product: Product = { decide, planSteps, nextWake, rules: rules() };

export interface Write {
  at: number;
  kind: 'mail' | 'grant' | 'move' | 'revoke';
  email: string;
  groupId: number | null;
}

interface KisiKey {
  id: number;
  userId: number;
  groupId: number;
  /** Null: for ever, as a key given by hand is. */
  validUntil: number | null;
}

const runMs = 30 * dayMs;
const idleMs = 90 * dayMs;

export class Driver {
  readonly users = new Map<string, number>();
  keys: KisiKey[] = [];
  readonly writes: Write[] = [];
  looks = 0;
  /** When the workflow wakes by itself; null: it has completed or not begun. */
  dueAt: number | null = null;
  private ledger: Ledger = { ledger: [], dropped: [] };
  private kisiUser: { id: number; email: string } | null = null;
  private idleSince: number | null = null;
  private runEndsAt = 0;
  private ids = 1;

  constructor(private readonly product: Product) {}

  /** One round of the loop at `now`. */
  look(facts: Facts, now: number): void {
    this.looks++;
    if (this.dueAt === null) this.begin();
    if (now >= this.runEndsAt) this.runEndsAt = now + runMs;
    const snapshot = facts.deleted ? null : snapshotOf(facts, now);
    const decision =
      snapshot === null
        ? { keys: [], next: null }
        : this.product.decide(snapshot, this.product.rules, [], now);
    const email = facts.deleted ? null : facts.member.email;
    const hasRecords = facts.passes.length + facts.contracts.length + (facts.loan?.passes.length ?? 0) > 0;
    this.idleSince =
      (hasRecords && !facts.deleted) || this.ledger.ledger.length > 0 ? null : (this.idleSince ?? now);
    const userId = this.kisiUser !== null && this.kisiUser.email === email ? this.kisiUser.id : null;
    for (const step of this.product.planSteps(this.ledger.ledger, decision.keys, [], userId))
      this.apply(step, email, now);
    const next = this.product.nextWake(decision.next, this.ledger.ledger, decision.keys);
    if (next !== null && next.at <= now)
      assert.fail(`at ${iso(now)} the next look is due at ${iso(next.at)}: it would spin`);
    const idleEnd = this.idleSince === null ? Infinity : this.idleSince + idleMs;
    const ended = (facts.deleted && this.ledger.ledger.length === 0) || now >= idleEnd;
    this.dueAt = ended ? null : Math.min(next?.at ?? Infinity, idleEnd, this.runEndsAt);
  }

  /** The keys to a group that the Kisi user with an e-mail has, valid or run out. */
  keysOf(email: string, groupId: number): KisiKey[] {
    const userId = this.users.get(email);
    return this.keys.filter((key) => key.userId === userId && key.groupId === groupId);
  }

  /** Somebody gives a key by hand, in Kisi. */
  giveByHand(email: string, groupId: number): void {
    const userId = this.ids++;
    this.users.set(email, userId);
    this.keys.push({ id: this.ids++, userId, groupId, validUntil: null });
  }

  private begin(): void {
    this.ledger = { ledger: [], dropped: [] };
    this.kisiUser = null;
    this.idleSince = null;
    this.runEndsAt = 0;
  }

  private apply(step: Step, email: string | null, now: number): void {
    switch (step.kind) {
      case 'grant':
        if (email !== null) this.grant(step.wish, email, now);
        return;
      case 'move':
        this.move(step.key, step.wish, now);
        return;
      case 'revoke':
        this.revoke(step.key, now);
        return;
      case 'note':
        this.ledger = withKey(this.ledger, explained(step.key, step.wish));
        return;
      case 'forget':
        this.ledger = withDropped(this.ledger, step.key);
    }
  }

  private grant(wish: Entitlement, email: string, now: number): void {
    const userId = this.userFor(email, now);
    const { groupId } = wish;
    const byHand = this.keysOf(email, groupId).find((key) => key.validUntil === null);
    const known = keyAt(this.ledger.ledger, { userId, groupId });
    const entry = toGrant(wish, userId, known);
    if (byHand !== undefined) {
      this.conclude(entry, { outcome: 'byHand', keyId: byHand.id, validUntil: null });
      return;
    }
    assert.deepEqual(this.keysOf(email, groupId), [], `at ${iso(now)} group ${groupId} is granted twice`);
    const { validUntil } = entry;
    const key = { id: this.ids++, userId, groupId, validUntil };
    this.keys.push(key);
    this.conclude(entry, { outcome: 'created', keyId: key.id, validUntil });
    this.writes.push({ at: now, kind: 'grant', email, groupId });
  }

  /** Kisi's answer to a grant or a move. */
  private conclude(entry: LedgerKey, answer: Pick<KeyWritten, 'outcome' | 'keyId' | 'validUntil'>): void {
    const version = entry.version + 1;
    this.ledger = withKey(this.ledger, granted(entry, { ...answer, was: null, version }));
  }

  private userFor(email: string, now: number): number {
    if (this.kisiUser?.email === email) return this.kisiUser.id;
    let id = this.users.get(email);
    if (id === undefined) {
      id = this.ids++;
      this.users.set(email, id);
      this.writes.push({ at: now, kind: 'mail', email, groupId: null });
    }
    this.kisiUser = { id, email };
    return id;
  }

  private move(key: LedgerKey, wish: Entitlement, now: number): void {
    const real = this.keys.find((one) => one.id === key.keyId);
    assert.ok(real, `at ${iso(now)} a key that Kisi does not have is moved`);
    const entry = toMove(key, wish);
    real.validUntil = entry.validUntil;
    this.conclude(entry, { outcome: 'moved', keyId: real.id, validUntil: entry.validUntil });
    this.writes.push({ at: now, kind: 'move', email: this.emailOf(key.userId), groupId: key.groupId });
  }

  private revoke(key: LedgerKey, now: number): void {
    assert.ok(
      this.keys.some((one) => one.id === key.keyId),
      `at ${iso(now)} a key that Kisi does not have is revoked`,
    );
    this.keys = this.keys.filter((one) => one.id !== key.keyId);
    this.ledger = withoutKey(this.ledger, key);
    this.writes.push({ at: now, kind: 'revoke', email: this.emailOf(key.userId), groupId: key.groupId });
  }

  private emailOf(userId: number): string {
    return [...this.users].find(([, id]) => id === userId)?.[0] ?? '';
  }
}

export const iso = (at: number): string => new Date(at).toISOString();

const passTypes = [
  passType(),
  passType({ id: 31, ownerLocationId: 2, locationIds: [2], kisiGroupIds: [22] }),
  passType({ id: 32, name: 'Both cities', locationIds: [1, 2], kisiGroupIds: [12, 22] }),
  passType({ id: 33, name: 'Meeting room', kisiGroupIds: [] }),
];
const renewals = [
  [planIds.day, 'day'],
  [planIds.week, 'week'],
  [planIds.month, 'calendarMonth'],
] as const;
const allowances = renewals.flatMap(([planId, renews]) =>
  [30, 31, 32].map((passTypeId) => ({ uniqueId: `${planId}-${passTypeId}`, planId, passTypeId, renews })),
);

/** The paper records in the product's words. */
export function snapshotOf(facts: Facts, now: number): Snapshot {
  const loan =
    facts.loan === null
      ? []
      : [
          {
            teamId: 7,
            teamName: 'Team',
            payer: member({ id: 101, email: 'payer@example.org', active: facts.loan.payerActive }),
            passes: facts.loan.passes.map((one) => passOf(one, 101)),
            contracts: [],
          },
        ];
  return {
    readAt: now,
    profiles: [
      profile({
        member: member(facts.member),
        passes: facts.passes.map((one) => passOf(one, 100)),
        contracts: facts.contracts.map(contractOf),
        loans: loan,
      }),
    ],
    passTypes,
    allowances,
    locations: [rome, newYork].map((one) => ({ ...one, dayStartsAtMinute: facts.cutOffMinute })),
  };
}

function passOf(paper: PaperPass, memberId: number): Pass {
  return pass({
    id: paper.id,
    uniqueId: `pass-${paper.id}`,
    memberId,
    passTypeId: paper.typeId,
    locationId: paper.place,
    used: paper.used,
    usedAt: paper.usedAt,
    remainingUses: paper.usesLeft,
    expiresAt: paper.expiresAt,
    fromPlan: paper.from !== null,
    contractUniqueId:
      paper.from !== null && 'contractId' in paper.from ? `contract-${paper.from.contractId}` : null,
    allowanceUniqueId:
      paper.from !== null && 'planId' in paper.from ? `${paper.from.planId}-${paper.typeId}` : null,
  });
}

function contractOf(paper: PaperContract): Contract {
  const { id, planId, startsAt, cancelledAt, pauses } = paper;
  return contract({
    id,
    uniqueId: `contract-${id}`,
    planId,
    startsAt,
    cancelledAt,
    cancelled: false,
    pauses: [...pauses],
  });
}
