/** The workers that one process at a time runs, the leader: activities for Nexudus and for Kisi. */
import { Worker } from '@temporalio/worker';
import type { Instant } from '../access/types.js';
import { createAuditLogActivities } from '../activities/audit-log.js';
import { createBaselineBook } from '../activities/baselines.js';
import { createDriftActivities } from '../activities/drift.js';
import { notKnownYet } from '../activities/failures.js';
import { createGate } from '../activities/gate.js';
import { shownHoldings } from '../activities/holdings.js';
import { createKeyActivities } from '../activities/keys.js';
import { KnownRecords } from '../activities/known.js';
import { createMembershipActivities } from '../activities/membership.js';
import { createOrderBook, orderException } from '../activities/orders.js';
import { People } from '../activities/people.js';
import { createPollActivities } from '../activities/poll.js';
import { createInvitationActivities } from '../activities/reminders.js';
import { createRecorder, type Stopwatch } from '../activities/recorder.js';
import { createGuardBook } from '../activities/revocation-guard.js';
import { readingRules } from '../access/pass-rules.js';
import { createWaker } from '../activities/wake.js';
import { createDirectory } from '../kisi/directory.js';
import type { Moves } from '../kisi/keys.js';
import type { KnownKisi } from '../kisi/known.js';
import { mayWriteSince } from '../messages/to-control.js';
import { kisiBatchTaskQueue, kisiTaskQueue, nexudusTaskQueue } from '../messages/to-member.js';
import { askForComparison } from '../monitoring/drift.js';
import { createReader } from '../nexudus/reader.js';
import type { CheckedSpace } from './check.js';
import { createVerifyActivities } from './daily-verify.js';
import { shutdown } from './member-worker.js';
import { identityIn, type Parts } from './parts.js';
import type { SpaceWatch } from './space.js';

/**
 * Few, so that what waits for Kisi waits in Temporal's queue, where the urgent goes first; enough to keep Kisi's 5 a
 * second busy while an answer takes a second.
 */
const kisiSlots = 5;
/** What is asked of the APIs is given up at once, unless it has begun to change something (activities/remote.ts). */
const shutdownOfLeader = { ...shutdown, shutdownGraceTime: 0 } as const;

/** Makes the workers of the leader, anew in each term. What they remember outlives a term. */
export class LeaderWorkers {
  private readonly now = (): Instant => this.parts.apis.time.now();
  private readonly people = new People(async (memberId) => {
    const record = await this.parts.apis.nexudus.getOne('coworkers', memberId);
    return record === null ? null : { email: record.email, name: record.fullName };
  });
  private readonly known = new KnownRecords();
  private readonly moves;
  private readonly baselines;
  private readonly orders;
  private readonly guard;
  private readonly gate;
  private readonly waker;
  private readonly kisi;
  private readonly directory;
  private readonly nexudusActivities: object;
  private readonly kisiActivities: object;

  constructor(private readonly parts: Parts) {
    const { config, apis, client, ownership, profile } = parts;
    this.moves = movesBy(() => profile.known().kisi);
    this.baselines = createBaselineBook(client, this.now);
    this.orders = createOrderBook(client, this.now);
    this.guard = createGuardBook({ client, limits: config.file.guard });
    this.gate = createGate(this.orders, async () => (await profile.current()).known.falseHere);
    this.waker = createWaker(client, config.taskQueue, ownership);
    this.kisi = apis.kisiWhere(() => this.gate.admitWrite());
    this.directory = createDirectory({
      ...{ kisi: this.kisi, now: () => performance.now() },
      get how() {
        return profile.known().kisi.filterFindsEveryCase === false ? 'search' : config.file.findUsers;
      },
      // A comparison reads it too.
      wantList: () => void askForComparison(client).catch(() => undefined),
    });
    this.nexudusActivities = this.makeNexudusActivities();
    this.kisiActivities = this.makeKisiActivities();
  }

  /** The workers of a term, not yet running. */
  async open(): Promise<Worker[]> {
    const { config, profile } = this.parts;
    await profile.read();
    return Promise.all([
      // Members that wait for the same full read each hold a slot; waiting costs nothing.
      this.openWorker(nexudusTaskQueue(config.taskQueue), this.nexudusActivities, 2000),
      this.openWorker(kisiTaskQueue(config.taskQueue), this.kisiActivities, kisiSlots),
      this.openWorker(kisiBatchTaskQueue(config.taskQueue), this.kisiActivities, kisiSlots),
    ]);
  }

  private openWorker(taskQueue: string, activities: object, slots: number): Promise<Worker> {
    const { client, native, space } = this.parts;
    return Worker.create({
      ...shutdownOfLeader,
      connection: native,
      namespace: client.options.namespace,
      identity: identityIn(space),
      ...{ taskQueue, activities, maxConcurrentActivityTaskExecutions: slots },
    });
  }

  private makeNexudusActivities(): object {
    const { space, auditLog, kept, runs } = this.parts;
    const byRules = byTheRules(
      space,
      { assessMember: true, pollChanges: true, reconcile: true },
      (found) => ({
        ...this.membershipActivities(found),
        ...this.pollActivities(found),
      }),
    );
    return {
      ...runs.watched(byRules),
      ...createAuditLogActivities({ auditLog, kept, now: this.now }),
    };
  }

  private membershipActivities({ rules, timeZones }: CheckedSpace) {
    const { apis, auditLog, ownership, follower } = this.parts;
    const { now, people, known, gate, orders, guard } = this;
    const reader = createReader({
      client: apis.nexudus,
      clientForGroups: apis.nexudusForGroups,
      clientForBatches: apis.nexudusForBatches,
      ...{ readingRules, now, timeZones, follower },
      baselines: () => this.baselines.read(),
    });
    return createMembershipActivities({
      ...{ reader, rules, people, known, gate, orders, guard, auditLog, ownership, now },
      possible: () => apis.time.possible(),
    });
  }

  private pollActivities({ rules, timeZones }: CheckedSpace) {
    const { config, apis, client, ownership, auditLog, replica, meters } = this.parts;
    const { now, known, baselines, waker } = this;
    return createPollActivities({
      nexudus: apis.nexudusForPolls,
      nexudusForReconciliations: apis.nexudusForReconciliations,
      ...{ client, waker, ownership, rules, timeZones, known, baselines, auditLog, replica, now },
      verdict: () => apis.time.verdict(),
      auditLogRetentionMs: config.file.auditLogRetentionMs,
      tellLag: (collection, lagMs) => {
        meters.pollLag(collection, lagMs);
      },
    });
  }

  private makeKisiActivities(): object {
    const { config, apis, space, auditLog, ownership, profile, kept, log } = this.parts;
    const { kisi, directory, moves, people, gate, now } = this;
    const ofRules = { compareWithKisi: true, wakeToMend: true, freeze: true, except: true } as const;
    return {
      ...createKeyActivities({
        ...{ kisi, directory, moves, people, gate, ownership },
        recorder: createRecorder(auditLog, now, this.stopwatch()),
        known: () => profile.known().kisi,
        isApiUserOurs: config.file.apiUser === 'latchkeyOnly',
      }),
      ...createInvitationActivities({
        ...{ kisi, ownership, auditLog, gate, now },
        policy: config.file.invitations,
      }),
      ...createVerifyActivities({ config, apis, kept, profile, gate, log, now }),
      ...byTheRules(space, { ...ofRules, noteFindings: true }, (found) => this.driftActivities(found)),
    };
  }

  private driftActivities({ rules }: CheckedSpace) {
    const { config, apis, client, auditLog, ownership } = this.parts;
    const { kisi, directory, moves, baselines, gate, waker, now } = this;
    return createDriftActivities({
      orderException: (wish, id) => orderException(client, wish, id),
      readLedgers: (afresh) => shownHoldings(client, ownership, afresh),
      nexudus: apis.nexudusForReconciliations,
      mapping: rules.mapping,
      policy: config.file.drift,
      ...{ kisi, directory, moves, baselines, gate, auditLog, ownership, waker, now },
    });
  }

  private stopwatch(): Stopwatch {
    return {
      // The gate has just read the orders.
      countsFrom: async () => mayWriteSince(await this.orders.get({ notBefore: Infinity, maxAgeMs: 60_000 })),
      tell: (wait) => {
        this.parts.meters.key(wait);
      },
    };
  }
}

/** What is known of PATCH: by the profile at first, and then by what Kisi does. */
function movesBy(known: () => KnownKisi): Moves {
  return {
    areHeeded: known().patchMovesEnd === true,
    get areIgnored() {
      return known().patchMovesEnd === false;
    },
  };
}

/**
 * Activities that follow the rules: made as soon as these are known, and anew where they turn out to be others. Until then
 * each fails, for its workflow to say what it waits for and to try it again.
 */
function byTheRules<A extends object>(
  space: SpaceWatch,
  names: Record<keyof A, true>,
  make: (space: CheckedSpace) => A,
): A {
  let made: { of: CheckedSpace; activities: A } | null = null;
  const current = (): A => {
    const known = space.known();
    if (known === null) throw notKnownYet(space.problem() ?? { api: null, lines: [] });
    if (made?.of !== known) made = { of: known, activities: make(known) };
    return made.activities;
  };
  const functions = (Object.keys(names) as (keyof A)[]).map((name) => [
    name,
    async (...args: unknown[]): Promise<unknown> =>
      (current()[name] as (...a: unknown[]) => Promise<unknown>)(...args),
  ]);
  return Object.fromEntries(functions) as A;
}
