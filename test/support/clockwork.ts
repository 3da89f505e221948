import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { GuardBook } from '../../activities/revocation-guard.js';
import { createBlockActivities } from '../../activities/blocks.js';
import { assess } from '../../activities/membership.js';
import { takeBack } from '../../activities/late.js';
import type { Outcome } from '../../activities/places.js';
import type { KeyInKisi, KeyWish } from '../../access/ledger.js';
import type {
  AssessRequest,
  BlockActivities,
  GrantResult,
  KeyActivities,
  MembershipActivities,
  PlanActivities,
  AuditLogActivities,
  WakeActivities,
  WriteNote,
} from '../../messages/to-activities.js';
import { KnownRecords } from '../../activities/known.js';
import { People } from '../../activities/people.js';
import { remote } from '../../activities/remote.js';
import { KisiError } from '../../kisi/errors.js';
import { NexudusError } from '../../nexudus/errors.js';
import { DatabaseError } from '../../database/errors.js';
import type { AuditLog } from '../../database/audit-log.js';
import type { Exception, Profile, Rules, Snapshot } from '../../access/types.js';
import {
  kisiBatchTaskQueue,
  kisiTaskQueue,
  memberWorkflowId,
  memberWorkflowType,
  membershipChanged,
  nexudusTaskQueue,
  newMember,
  stateQuery,
  type MemberState,
  type MemberView,
} from '../../messages/to-member.js';
import { firstOrders } from '../../messages/to-control.js';
import { planPartUpdate } from '../../messages/to-plan.js';
import { patienceMs } from './eventually.js';
import { workflowsHere } from './workflows.js';
import type { Ownership } from '../../database/ownership.js';
import { memoryStores, withMethods } from './stores.js';
import { rules as rulesOf, snapshot as snapshotOf } from './builders.js';

const noAuditLog: Pick<AuditLog, 'last' | 'note'> = {
  last: () => Promise.resolve(null),
  note: () => Promise.resolve(),
};
const noActs: AuditLogActivities = {
  noteAct: () => Promise.resolve(),
  remember: () => Promise.resolve(null),
};
const openGate = { admit: () => Promise.resolve(), admitWrite: () => Promise.resolve() };

/** One Kisi assignment of the in-memory model. */
export interface ModelKey {
  id: number;
  userId: number;
  groupId: number;
  validUntil: number | null;
}

const staff = { higherRole: 'organization_administrator' };
const noRest = { validFrom: null, createdAt: null, createdById: null };

/**
 * A world in memory around real workflows on the time-skipping server: the records of Nexudus, a model of Kisi that
 * counts what it is asked, and both failing when told to. The rules and the assessment are the real ones.
 */
export class Clockwork {
  readonly profiles = new Map<number, Profile>();
  facts: Partial<Snapshot> = {};
  rules: Rules = rulesOf();
  readonly users = new Map<string, number>();
  /** Whether it is known of everybody whether Kisi has a user. */
  knowsUsers = false;
  keys: ModelKey[] = [];
  readonly log: string[] = [];
  /** For each key that was given or taken away: since when the workflow said that it was due. */
  readonly dues: (number | null)[] = [];
  mails = 0;
  doubts: { passId: number; why: string }[] = [];
  nexudusFails: string | null = null;
  /** How many reads have failed for that. */
  failedReads = 0;
  /** What Nexudus waits for before it answers, if anything, and how many reads wait for it. */
  nexudusHolds: Promise<void> | null = null;
  heldReads = 0;
  /** Whether the database does not answer those who ask for blocks. */
  recordFails = false;
  /** How far the clock that decisions go by is ahead of Temporal's, and how often something was decided. */
  deciderOffMs = 0;
  looks = 0;
  /** The request for the last decision. */
  lastLook: AssessRequest | null = null;
  /** For how long Nexudus, or Kisi, asks everybody to wait; null: it answers. */
  nexudusAsksMs: number | null = null;
  kisiAsksMs: number | null = null;
  kisiFails: string | null = null;
  /** Only calls that are logged with this fail; by default all. */
  kisiFailsAt = '';
  /** What Kisi waits for before it answers, if anything, and how many calls wait for it. */
  kisiHolds: Promise<void> | null = null;
  heldCalls = 0;
  /** The same for calls of a batch: only one of those is made at a time. */
  fullReadHolds: Promise<void> | null = null;
  /** An order that holds every write back, if one does. */
  order: string | null = null;
  /** What is said of each loss; by default that it may go. */
  guard: GuardBook = {
    weigh: ({ losses }) =>
      Promise.resolve(
        losses
          .filter(({ doubt }) => doubt === null)
          .map(({ memberId, groupId, why }) => ({ memberId, groupId, withheldBy: null, why })),
      ),
  };
  /** What is allowed and blocked outside the rules. */
  exceptions: Exception[] = [];
  /** How many of the next writes happen, but lose their answers. */
  losesAnswers = 0;
  /** Everybody sees to the doors of others in Kisi, too. */
  isStaff = false;
  /** Whether each grant loses its answer. */
  losesGrants = false;
  /** What the workflows of others show of the profiles that a person has besides. */
  profilesBeside: number[] = [];
  private readonly started: number[] = [];
  private ids = 1000;

  private constructor(
    readonly env: TestWorkflowEnvironment,
    readonly taskQueue: string,
    readonly ownership: Ownership,
    /** The skipped clock, as last asked. */
    private readonly clock: { now: number },
  ) {}

  /** Runs `story` against fresh workers on a task queue of its own. */
  static async run(env: TestWorkflowEnvironment, story: (world: Clockwork) => Promise<void>): Promise<void> {
    const clock = { now: await env.currentTimeMs() };
    const { ownership } = await memoryStores(() => clock.now);
    const world = new Clockwork(env, `clockwork-${crypto.randomUUID()}`, ownership, clock);
    const members = await Worker.create({
      connection: env.nativeConnection,
      namespace: env.namespace ?? 'default',
      taskQueue: world.taskQueue,
      ...(await workflowsHere()),
      activities: { ...world.wakes(), ...world.parts(), ...world.blocks() },
    });
    const reads = await Worker.create({
      connection: env.nativeConnection,
      namespace: env.namespace ?? 'default',
      taskQueue: nexudusTaskQueue(world.taskQueue),
      activities: { ...world.membership(), ...noActs },
    });
    const [keys, keysInBatch] = await Promise.all(
      [kisiTaskQueue, kisiBatchTaskQueue].map((queueOf) =>
        Worker.create({
          connection: env.nativeConnection,
          namespace: env.namespace ?? 'default',
          taskQueue: queueOf(world.taskQueue),
          activities: world.kisi(queueOf === kisiBatchTaskQueue),
          ...(queueOf === kisiBatchTaskQueue ? { maxConcurrentActivityTaskExecutions: 1 } : {}),
        }),
      ),
    );
    assert.ok(keys && keysInBatch);
    const told = story(world).finally(() => world.endAll());
    await members.runUntil(reads.runUntil(keys.runUntil(keysInBatch.runUntil(told))));
  }

  async now(): Promise<number> {
    return (this.clock.now = await this.env.currentTimeMs());
  }

  /** A workflow left behind without a worker would stop the skipped clock of the next story. */
  private async endAll(): Promise<void> {
    for (const id of this.started) {
      await this.handle(id)
        .terminate()
        .catch(() => undefined);
    }
  }

  /** `claims`: what somebody who starts a workflow by hand says of the member. */
  async start(memberId: number, claims: Partial<MemberState> = {}): Promise<WorkflowHandle> {
    this.started.push(memberId);
    return this.env.client.workflow.start(memberWorkflowType, {
      taskQueue: this.taskQueue,
      workflowId: `${this.taskQueue}-${memberWorkflowId(memberId)}`,
      args: [{ ...newMember(memberId), ...claims }],
    });
  }

  handle(memberId: number): WorkflowHandle {
    return this.env.client.workflow.getHandle(`${this.taskQueue}-${memberWorkflowId(memberId)}`);
  }

  /** Groups with a key that Kisi would let through now. */
  async open(): Promise<number[]> {
    const now = await this.now();
    return this.keys
      .filter((key) => key.validUntil === null || key.validUntil > now)
      .map((key) => key.groupId)
      .sort();
  }

  membership(): MembershipActivities {
    return remote<MembershipActivities>({
      assessMember: async (request) => {
        if (this.nexudusHolds !== null) {
          this.heldReads++;
          await this.nexudusHolds;
        }
        if (this.nexudusAsksMs !== null) {
          const [path, says] = ['/x', 'asks to slow down.'];
          throw new NexudusError({ kind: 'throttled', path, says, retryAfterMs: this.nexudusAsksMs });
        }
        if (this.nexudusFails !== null) {
          this.failedReads++;
          throw ApplicationFailure.create({ type: 'Nexudus', message: this.nexudusFails });
        }
        this.looks++;
        this.lastLook = request;
        const now = (await this.now()) + this.deciderOffMs;
        const own = this.profiles.get(request.memberId);
        const isPersons = ({ member: { id, email } }: Profile): boolean => {
          const known = request.siblingIds.includes(id);
          if (own === undefined || email === '' || own.member.email === '') return known;
          return email === own.member.email;
        };
        const people = [...this.profiles.values()]
          .filter((profile) => profile === own || isPersons(profile))
          .sort((a, b) => a.member.id - b.member.id);
        const snapshot =
          people.length === 0 ? null : snapshotOf({ ...this.facts, readAt: now, profiles: people });
        const reader = {
          readMember: () =>
            Promise.resolve({
              snapshot,
              gone: own === undefined,
              doubts: this.doubts,
              broken: [],
              written: [],
              records: '',
            }),
        };
        const peopleBook = new People(() => Promise.resolve(null));
        return assess(
          {
            reader,
            rules: this.rules,
            people: peopleBook,
            known: new KnownRecords(),
            gate: openGate,
            orders: this.orders,
            guard: this.guard,
            auditLog: noAuditLog,
            ownership: this.ownership,
            now: () => now,
            possible: () => [now],
          },
          request,
        );
      },
    });
  }

  wakes(): WakeActivities {
    const signalAll = async (ids: number[], args: [string, ...unknown[]]): Promise<void> => {
      for (const id of ids) {
        const [signal, ...rest] = args;
        await this.handle(id).signal(signal, ...rest);
      }
    };
    return {
      wakeOwner: (id) => signalAll([id], ['membershipChanged', { reason: 'profile' }]),
      wakeSiblings: (ids) => signalAll(ids, ['membershipChanged', { reason: 'profile' }]),
      wakeBatch: () => Promise.resolve(),
      letPoll: () => Promise.resolve(),
      wakeRunning: async (ids, isAgain = false) => {
        await signalAll(ids, ['membershipChanged', { reason: isAgain ? 'released' : 'order' }]);
        return [];
      },
      wakeOrdered: (id) => signalAll([id], ['membershipChanged', { reason: 'order' }]),
      wakeStopped: () => signalAll([...this.profiles.keys()], ['membershipChanged', { reason: 'released' }]),
    };
  }

  private readonly orders = {
    get: () => Promise.resolve({ ...firstOrders('live', 0), exceptions: this.exceptions }),
  };

  blocks(): BlockActivities {
    return createBlockActivities({
      orders: this.orders,
      ownership: withMethods(this.ownership, {
        read: (memberId, places) =>
          this.recordFails
            ? Promise.reject(new DatabaseError('it does not answer'))
            : this.ownership.read(memberId, places),
      }),
      waker: {
        wakeIfRunning: async (id, wake) => {
          await this.handle(id).signal(membershipChanged, wake);
          return true;
        },
      },
      otherProfiles: () => Promise.resolve(this.profilesBeside),
      now: Date.now,
    });
  }

  parts(): PlanActivities {
    return {
      sendPart: (id, part) => this.handle(id).executeUpdate(planPartUpdate, { args: [part] }),
    };
  }

  private kisi(isBulk: boolean): KeyActivities {
    const step = (what: string): void => {
      if (this.order !== null)
        throw ApplicationFailure.create({
          type: 'Stopped',
          message: this.order,
          nonRetryable: true,
          details: [{ mayBeDone: false }],
        });
      if (this.kisiAsksMs !== null) {
        const failure = { kind: 'throttled', status: 429, retryAfterMs: this.kisiAsksMs } as const;
        throw new KisiError({ method: 'GET', path: '/x' }, failure);
      }
      if (this.kisiFails !== null && what.startsWith(this.kisiFailsAt))
        throw ApplicationFailure.create({ type: 'Kisi', message: this.kisiFails });
      this.log.push(what);
    };
    const answer = <T>(value: T): T => {
      if (this.losesAnswers === 0) return value;
      this.losesAnswers--;
      throw ApplicationFailure.create({ type: 'Kisi', message: 'the answer was lost' });
    };
    const async = async <T>(job: () => T): Promise<T> => {
      if (isBulk && this.fullReadHolds !== null) {
        this.heldCalls++;
        await this.fullReadHolds;
      }
      if (this.kisiHolds !== null) {
        this.heldCalls++;
        await this.kisiHolds;
      }
      return job();
    };
    /** As activities/places.ts does it. */
    const onRecord =
      <R extends unknown[]>(write: (wish: KeyWish, ...rest: R) => Promise<Outcome>) =>
      async (wish: KeyWish, ...rest: R): Promise<GrantResult> => {
        const { workflowId = '' } = Context.current().info.workflowExecution ?? {};
        const memberId = Number(/member-(\d+)$/.exec(workflowId)?.[1]);
        await this.ownership.own(memberId, { ...wish, uncertain: true });
        const result = await write(wish, ...rest);
        if (result.outcome === 'userGone') {
          await this.ownership.userGone(wish.userId);
          return result;
        }
        const { keyId, validUntil, was } = result;
        const byHand = result.outcome === 'byHand';
        const key = {
          ...wish,
          keyId,
          validUntil,
          byHand,
          handUntil: was ?? wish.handUntil,
          uncertain: false,
        };
        return { ...result, version: await this.ownership.own(memberId, key) };
      };
    return remote<KeyActivities>({
      findKisiUser: (memberId, how) =>
        async(() => {
          step(how);
          return answer(this.users.get(this.emailOf(memberId)) ?? (this.knowsUsers ? 'nobody' : null));
        }),
      createKisiUser: (memberId) =>
        async(() => {
          step('user');
          const email = this.emailOf(memberId);
          const known = this.users.get(email);
          if (known !== undefined) return known;
          this.mails++;
          this.users.set(email, ++this.ids);
          return answer(this.ids);
        }),
      createKey: onRecord((wish: KeyWish, triedUntil: number | null, note: WriteNote) =>
        async((): Outcome => {
          step(`grant ${wish.groupId}`);
          this.dues.push(note.since ?? null);
          if (![...this.users.values()].includes(wish.userId)) return { outcome: 'userGone' as const };
          const there = this.keys.find((key) => key.userId === wish.userId && key.groupId === wish.groupId);
          if (there === undefined) {
            const { userId, groupId, validUntil } = wish;
            const key = { id: ++this.ids, userId, groupId, validUntil };
            this.keys.push(key);
            if (this.losesGrants) this.losesAnswers = 1;
            return answer({
              outcome: 'created' as const,
              keyId: key.id,
              validUntil: key.validUntil,
              was: null,
            });
          }
          const found = { keyId: there.id, validUntil: there.validUntil, was: null };
          const tried = triedUntil !== null && there.validUntil === triedUntil;
          if (this.losesGrants) this.losesAnswers = 1;
          if (there.validUntil === wish.validUntil || tried)
            return answer({ outcome: 'adopted' as const, ...found });
          if (there.validUntil === null || there.validUntil > wish.validUntil)
            return { outcome: 'byHand' as const, ...found, ...(this.isStaff ? staff : {}) };
          const was = there.validUntil;
          there.validUntil = wish.validUntil;
          return { outcome: 'extended' as const, keyId: there.id, validUntil: wish.validUntil, was };
        }),
      ),
      moveKey: (keyId, wish) =>
        onRecord(({ userId, groupId, validUntil }: KeyWish) =>
          async((): Outcome => {
            step('move');
            const known = this.keys.find((one) => one.id === keyId);
            const key = known ?? { id: ++this.ids, userId, groupId, validUntil };
            if (known === undefined) this.keys.push(key);
            key.validUntil = validUntil;
            const outcome = known === undefined ? ('created' as const) : ('moved' as const);
            return answer({ outcome, keyId: key.id, validUntil, was: null });
          }),
        )(wish),
      giveBackKey: (keyId, { validUntil, ...place }) =>
        async(() => {
          step('give back');
          for (const key of this.keys) if (key.id === keyId) key.validUntil = validUntil;
          answer(undefined);
        }).then(() => this.ownership.release(place, null)),
      removeKey: (gone, note) =>
        async(() => {
          step(`revoke ${gone.groupId}`);
          this.dues.push(note.since ?? null);
          this.keys = this.keys.filter((key) =>
            gone.keyId !== null
              ? key.id !== gone.keyId
              : key.userId !== gone.userId ||
                key.groupId !== gone.groupId ||
                key.validUntil !== gone.validUntil,
          );
          answer(undefined);
        }).then(() => this.ownership.release(gone, null)),
      inspectKeys: (userId) =>
        async(() => {
          step('inspect');
          if (![...this.users.values()].includes(userId)) return null;
          return this.keys.filter((key) => key.userId === userId);
        }).then((keys) => keys && this.withLate(keys)),
    });
  }

  /** As activities/keys.ts does it. */
  private async withLate(keys: readonly ModelKey[]): Promise<KeyInKisi[]> {
    const { workflowId = '' } = Context.current().info.workflowExecution ?? {};
    const memberId = Number(/member-(\d+)$/.exec(workflowId)?.[1]);
    await this.now();
    const rows = keys.map((key) => ({ ...key, roleId: 'group_basic', ...noRest }));
    const writes = await this.ownership.unanswered({ memberId });
    const late = await takeBack(this.ownership, rows, writes, () => Promise.resolve(1));
    await this.ownership.looked(memberId);
    return keys.map(({ id, groupId, validUntil }) => ({
      ...{ keyId: id, groupId, validUntil },
      isLate: late.some(({ keyId }) => keyId === id),
    }));
  }

  private emailOf(memberId: number): string {
    return this.profiles.get(memberId)?.member.email ?? '';
  }
}

/**
 * Lets the skipped clock run until the workflow's state is as wanted; the test server skips only when asked. For an end,
 * too: awaiting a workflow's result skips as well, and after that the server's clock often stands still for good.
 */
export async function until(
  world: Clockwork,
  handle: WorkflowHandle,
  wanted: (view: MemberView) => boolean | Promise<boolean>,
): Promise<MemberView> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline;) {
    const view = await handle.query(stateQuery);
    if (await wanted(view)) return view;
    await world.env.sleep(100);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`never came: ${JSON.stringify(await handle.query(stateQuery))}`);
}

/** Whether the member was looked at. */
export const settled = (view: MemberView): boolean => view.lastCheckedAt !== null && view.state !== 'new';
