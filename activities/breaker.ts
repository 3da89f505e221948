import type { Client } from '@temporalio/client';
import type { BreakerLimits, Look, Verdict } from '../access/breaker.js';
import { breakerWorkflowId, heldQuery, weighUpdate } from '../messages/to-breaker.js';
import { memberWorkflowType } from '../messages/to-member.js';

/** Asked before any key is lost that no known end foresaw. */
export interface BreakerBook {
  /**
   * What becomes of each loss. Throws where the workflow `breaker` does not answer: then nothing may be taken away. A look
   * without a loss never fails, so that grants go on.
   */
  weigh(look: Look): Promise<Verdict[]>;
}

export interface BreakerOptions {
  client: Client;
  limits: BreakerLimits;
  /** Looks that come within this of each other are weighed together; those of records that are gone take longer to come. */
  quietMs?: number;
  slowQuietMs?: number;
}

interface Waiting {
  look: Look;
  resolve: (verdicts: Verdict[]) => void;
  reject: (error: unknown) => void;
}

const mostWaitMs = 15_000;
const answerWithinMs = 5_000;
/** It answers in well under a second, but not at all once the last worker stops, which waits for those who ask. */
const weighWithinMs = 10_000;

/** Gathers the looks of members that wake together, since only together they show how many would lose a key. */
export function createBreakerBook({
  client,
  limits,
  quietMs = 500,
  slowQuietMs = 3_000,
}: BreakerOptions): BreakerBook {
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | null = null;
  let firstAt = 0;
  /** Members of whom a key is held; null: not known yet. */
  let held: ReadonlySet<number> | null = null;

  /** Who is listed is looked at again and again, so that once it is not known does no harm. */
  async function isHeld(memberId: number): Promise<boolean> {
    try {
      held ??= await heldMembers(client);
    } catch {
      return false;
    }
    return held.has(memberId);
  }

  async function weighAll(): Promise<void> {
    const batch = waiting;
    waiting = [];
    timer = null;
    try {
      const looks = batch.map(({ look }) => look);
      const weighing = { looks, holders: await holdersOf(client, looks), limits };
      const breaker = client.workflow.getHandle(breakerWorkflowId);
      const answer = await client.withDeadline(Date.now() + weighWithinMs, () =>
        breaker.executeUpdate(weighUpdate, { args: [weighing] }),
      );
      held = new Set(answer.heldMembers);
      for (const { look, resolve } of batch)
        resolve(answer.verdicts.filter(({ memberId }) => memberId === look.memberId));
    } catch (error) {
      for (const { look, resolve, reject } of batch) {
        if (look.losses.length === 0) resolve([]);
        else reject(error);
      }
    }
  }

  return {
    async weigh(look) {
      if (look.losses.length === 0 && !(await isHeld(look.memberId))) return [];
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) firstAt = Date.now();
        waiting.push({ look, resolve, reject });
        const isSlow = waiting.some(({ look: { losses } }) =>
          losses.some(({ cause }) => cause === 'vanished' || cause === 'mapping'),
        );
        const waitMs = Math.min(isSlow ? slowQuietMs : quietMs, firstAt + mostWaitMs - Date.now());
        if (timer !== null) clearTimeout(timer);
        timer = setTimeout(() => void weighAll(), Math.max(0, waitMs));
      });
    },
  };
}

async function heldMembers(client: Client): Promise<Set<number>> {
  const breaker = client.workflow.getHandle(breakerWorkflowId);
  const held = await client.withDeadline(Date.now() + answerWithinMs, () => breaker.query(heldQuery));
  return new Set(held.flatMap(({ losses }) => losses.map(({ memberId }) => memberId)));
}

/** How many people have access at each location that a key would be lost at. */
async function holdersOf(client: Client, looks: readonly Look[]): Promise<[number | null, number][]> {
  const places = new Set(looks.flatMap(({ losses }) => losses.map(({ locationId }) => locationId)));
  return Promise.all(
    [...places].map(async (locationId): Promise<[number | null, number]> => {
      const where = locationId === null ? 'LocationId IS NULL' : `LocationId = '${locationId}'`;
      const query = `WorkflowType = '${memberWorkflowType}' AND ExecutionStatus = 'Running' AND AccessState = 'access' AND ${where}`;
      return [locationId, (await client.workflow.count(query)).count];
    }),
  );
}
