import { WorkflowNotFoundError } from '@temporalio/client';
import type { Invitations } from '../activities/invitations.js';
import type { Withheld } from '../access/revocation-guard.js';
import type { Instant } from '../access/types.js';
import { readOrders } from '../activities/orders.js';
import type { AuditRecord } from '../database/audit-records.js';
import { driftQuery, driftWorkflowId, type DriftView } from '../messages/to-drift.js';
import { guardWorkflowId, withheldQuery } from '../messages/to-revocation-guard.js';
import { readDisagreements, type Disagreement } from '../space/disagreements.js';
import { changingMembers, locationsOf, waitingMembers, type MemberList } from '../space/member-lists.js';
import type { Desk } from './desk.js';
import type { InvitationWatch } from './invitation-facts.js';
import { LastKnown, type Shown } from './last-known.js';
import { readProblems, type Problem } from './problems.js';

/** What today's page knows, each part by itself: one that cannot be read hides no other. */
export interface TodayFacts {
  /** Withheld keys that nobody has approved or rejected yet. */
  withheld: Shown<Withheld[]>;
  /** Null in it: nothing was compared yet. */
  drift: Shown<DriftView | null>;
  waiting: Shown<MemberList>;
  changed: Shown<AuditRecord[]>;
  next: Shown<MemberList>;
  disagreements: Shown<Disagreement[]>;
  invitations: Shown<Invitations>;
  /** Since yesterday. */
  hadProblems: Shown<Problem[]>;
  /** The locations of the members that findings and exceptions are about: times are told as it is there. */
  places: Shown<ReadonlyMap<number, number>>;
}

export const dayMs = 24 * 3_600_000;
/** The most lines of a kind that are listed; a page, or a command, shows all. */
export const mostListed = 50;
/** The page answers in half a second, whatever does not answer. */
const waitMs = 300;
/** A worker answers in well under a second; where none runs, nobody is asked for longer. */
const queryTimeoutMs = 5_000;
/** To find disagreements, the opinions about everybody are looked through. */
const disagreementsMaxAgeMs = 5 * 60_000;

/** To find problems, the writes of a day are looked through. */
const problemsMaxAgeMs = 10_000;
/** Nobody moves from one location to another every second. */
const placesMaxAgeMs = 10_000;
/** No page lists more. */
const mostPlaces = 2 * mostListed;

/** What today's page shows, read for all who look at the same time. */
export class TodayWatch {
  private readonly parts: { [K in keyof TodayFacts]: { get: () => Promise<TodayFacts[K]> } };

  constructor(
    private readonly desk: Desk,
    invitations: Pick<InvitationWatch, 'all'>,
  ) {
    const { client, auditLog, config, now } = desk;
    const known = <T>(read: () => Promise<T>, maxAgeMs = 0): LastKnown<T> =>
      new LastKnown(read, { maxAgeMs, waitMs, now });
    this.parts = {
      withheld: known(() => this.readWithheld()),
      drift: known(() => this.readDrift()),
      waiting: known(() => waitingMembers(client, mostListed)),
      changed: known(() => this.readChanged()),
      next: known(() => changingMembers(client, now(), now() + dayMs, mostListed)),
      disagreements: known(
        // Without the Custom ACS there is nothing to disagree with.
        () =>
          (config.push?.acsToken ?? null) === null
            ? Promise.resolve([])
            : readDisagreements(auditLog, client),
        disagreementsMaxAgeMs,
      ),
      invitations: { get: () => invitations.all() },
      hadProblems: known(() => readProblems(desk, now() - dayMs), problemsMaxAgeMs),
      places: known(() => this.readPlaces(), placesMaxAgeMs),
    };
  }

  /** All of it, as far as it can be read in a third of a second. Throws nothing. */
  async get(): Promise<TodayFacts> {
    const { parts } = this;
    const [withheld, drift, waiting, changed, next, disagreements, invitations, hadProblems, places] =
      await Promise.all([
        parts.withheld.get(),
        parts.drift.get(),
        parts.waiting.get(),
        parts.changed.get(),
        parts.next.get(),
        parts.disagreements.get(),
        parts.invitations.get(),
        parts.hadProblems.get(),
        parts.places.get(),
      ]);
    return { withheld, drift, waiting, changed, next, disagreements, invitations, hadProblems, places };
  }

  private async readWithheld(): Promise<Withheld[]> {
    const guard = this.desk.client.workflow.getHandle(guardWorkflowId);
    const all = (await this.ask(() => guard.query(withheldQuery))) ?? [];
    return all.filter(({ ruling }) => ruling === null);
  }

  private async readDrift(): Promise<DriftView | null> {
    const drift = this.desk.client.workflow.getHandle(driftWorkflowId);
    return this.ask(() => drift.query(driftQuery));
  }

  private async readPlaces(): Promise<ReadonlyMap<number, number>> {
    const { client } = this.desk;
    const [drift, { exceptions }] = await Promise.all([this.readDrift(), readOrders(client)]);
    const found = (drift?.findings ?? []).flatMap(({ memberId }) => memberId ?? []);
    const excepted = exceptions.map(({ memberId }) => memberId);
    return locationsOf(client, [...excepted, ...found].slice(0, mostPlaces));
  }

  /** What was done to keys, but for ends that only moved on, and what people did. What was not done is told as a problem. */
  private readChanged(): Promise<AuditRecord[]> {
    const since: Instant = this.desk.now() - dayMs;
    return this.desk.auditLog.newestFirst({
      ...{ since, kinds: ['write', 'act', 'finding'], exceptWhat: ['move'], limit: mostListed },
      exceptFailed: true,
    });
  }

  /** The answer of a workflow; null: it does not run yet, so there is nothing. */
  private async ask<T>(query: () => Promise<T>): Promise<T | null> {
    try {
      return await this.desk.client.withDeadline(Date.now() + queryTimeoutMs, query);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }
}
