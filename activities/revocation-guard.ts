import type { Client } from '@temporalio/client';
import type { GuardLimits, Look, LossVerdict } from '../access/revocation-guard.js';
import {
  guardWorkflowId,
  withheldQuery,
  weighUpdate,
  type Weighing,
  type WeighingAnswer,
} from '../messages/to-revocation-guard.js';
import { memberWorkflowType } from '../messages/to-member.js';

/** Asked before any key is lost that no known end foresaw. */
export interface GuardBook {
  /**
   * What becomes of each loss. Throws where the workflow `revocationGuard` does not answer: then nothing may be taken away. A look
   * without a loss never fails, so that grants go on.
   */
  weigh(look: Look): Promise<LossVerdict[]>;
}

export interface GuardOptions {
  client: Client;
  limits: GuardLimits;
  /** Looks that come within this of each other are weighed together; those of records that are gone take longer to come. */
  quietMs?: number;
  slowQuietMs?: number;
}

interface Waiting {
  look: Look;
  resolve: (verdicts: LossVerdict[]) => void;
  reject: (error: unknown) => void;
}

const mostWaitMs = 15_000;
const answerWithinMs = 5_000;
/** The workflow answers in well under a second, but not at all once the last worker stops, which waits for whoever asks. */
const weighWithinMs = 10_000;

/** Gathers the looks of members that wake together, since only together they show how many would lose a key. */
export function createGuardBook({
  client,
  limits,
  quietMs = 250,
  slowQuietMs = 3_000,
}: GuardOptions): GuardBook {
  let waiting: Waiting[] = [];
  let holders = new Holders(client);
  let timer: NodeJS.Timeout | null = null;
  let firstAt = 0;
  /** Members with a key that is withheld; null: not known yet. */
  let withheld: ReadonlySet<number> | null = null;

  /** A member who is listed is looked at again and again, so not to know it once does no harm. */
  async function isWithheld(memberId: number): Promise<boolean> {
    try {
      withheld ??= await withheldMembers(client);
    } catch {
      return false;
    }
    return withheld.has(memberId);
  }

  async function weighAll(): Promise<void> {
    const [batch, counted] = [waiting, holders];
    waiting = [];
    holders = new Holders(client);
    timer = null;
    try {
      const looks = batch.map(({ look }) => look);
      const answer = await weighed(client, { looks, holders: await counted.all(), limits });
      withheld = new Set(answer.withheldMembers);
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
      if (look.losses.length === 0 && !(await isWithheld(look.memberId))) return [];
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) firstAt = Date.now();
        waiting.push({ look, resolve, reject });
        holders.count(look);
        const waitMs = Math.min(
          waiting.some(comesSlowly) ? slowQuietMs : quietMs,
          firstAt + mostWaitMs - Date.now(),
        );
        if (timer !== null) clearTimeout(timer);
        timer = setTimeout(() => void weighAll(), Math.max(0, waitMs));
      });
    },
  };
}

/** Whether others who lose a key by the same are told of later: their records are gone, or a group is mapped otherwise. */
function comesSlowly({ look: { losses } }: Waiting): boolean {
  return losses.some(({ cause }) => cause === 'vanished' || cause === 'mapping');
}

async function weighed(client: Client, weighing: Weighing): Promise<WeighingAnswer> {
  const guard = client.workflow.getHandle(guardWorkflowId);
  return client.withDeadline(Date.now() + weighWithinMs, () =>
    guard.executeUpdate(weighUpdate, { args: [weighing] }),
  );
}

async function withheldMembers(client: Client): Promise<Set<number>> {
  const guard = client.workflow.getHandle(guardWorkflowId);
  const withheld = await client.withDeadline(Date.now() + answerWithinMs, () => guard.query(withheldQuery));
  return new Set(withheld.flatMap(({ losses }) => losses.map(({ memberId }) => memberId)));
}

/** How many have access at each place that a key would be lost at: asked while looks are gathered, so that it takes no longer. */
class Holders {
  private readonly counts = new Map<number | null, Promise<number>>();

  constructor(private readonly client: Client) {}

  count({ losses }: Look): void {
    for (const { locationId } of losses) {
      if (this.counts.has(locationId)) continue;
      const holders = this.at(locationId);
      // Whoever awaits all of them hears that it failed; until then nobody else does.
      holders.catch(() => undefined);
      this.counts.set(locationId, holders);
    }
  }

  /** By location. Throws where Temporal did not tell. */
  all(): Promise<[number | null, number][]> {
    return Promise.all(
      [...this.counts].map(async ([locationId, holders]): Promise<[number | null, number]> => [
        locationId,
        await holders,
      ]),
    );
  }

  private async at(locationId: number | null): Promise<number> {
    const where = locationId === null ? 'LocationId IS NULL' : `LocationId = '${locationId}'`;
    const query = `WorkflowType = '${memberWorkflowType}' AND ExecutionStatus = 'Running' AND AccessState = 'access' AND ${where}`;
    return (await this.client.workflow.count(query)).count;
  }
}
