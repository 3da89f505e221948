import type { FileConfig } from '../config/rules-file.js';
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { readInForce } from '../activities/in-force.js';
import { digestOfRules } from '../activities/membership.js';
import type { Instant } from '../access/types.js';
import { leaderWorkflowId } from '../messages/to-member.js';
import { inForceSignal, type Ground, type InForce } from '../messages/to-leader.js';
import type { CheckedSpace } from './check.js';
import type { Config } from '../config/config.js';
import type { SpaceWatch } from './space.js';
import type { Term } from './leader.js';
import { version } from '../lib/version.js';

/** Temporal takes a memo of more, but not of much more; a thousand lines of mapping are less. */
const largestGround = 64 * 1024;

/** The rules, time zones and settings of a checked space: what a worker started with it works by. */
export function groundOf(file: FileConfig, { rules, timeZones, knownZones }: CheckedSpace): Ground {
  return { rules, timeZones, knownZones, settings: settingsOf(file) };
}

/** What the file chooses besides the rules and the time zones. */
export function settingsOf(file: FileConfig): Ground['settings'] {
  const { drift, guard, latency, findUsers, apiUser, undoWindowMs, auditLogRetentionMs } = file;
  return { drift, guard, latency, findUsers, apiUser, undoWindowMs, auditLogRetentionMs };
}

/** A digest of what a file says: it differs where two files say different things, wherever they are. */
export function digestOfFile(file: FileConfig): string {
  const said = { ...file, path: null, present: null };
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 16);
}

/** What this process says of itself when it becomes the leader. */
export function inForceHere(
  { file }: Config,
  space: CheckedSpace,
  startedAt: Instant,
): Omit<InForce, 'since' | 'change'> {
  const ground = groundOf(file, space);
  const isSmall = Buffer.byteLength(JSON.stringify(ground)) <= largestGround;
  return {
    version: version(),
    process: `${process.pid}@${hostname()}`,
    startedAt,
    digest: digestOfRules(space.rules),
    fileDigest: digestOfFile(file),
    ground: isSmall ? ground : null,
  };
}

/** The number of the change: one more where the rules are others than those before. */
export function changeAfter(
  before: Pick<InForce, 'change' | 'fileDigest'> | null,
  fileDigest: string,
): number {
  if (before === null) return 1;
  return before.fileDigest === fileDigest ? before.change : before.change + 1;
}

/**
 * A function that tells the workflow `leader`, in each term, by which rules this process works: at once where they are known,
 * else as soon as they are, and again where they turn out to be others. It throws where Temporal cannot be reached, or the
 * term's run is over.
 */
export function createTeller(
  client: Client,
  { config, space, log }: { config: Config; space: Pick<SpaceWatch, 'known' | 'onFound'>; log: Logger },
): (term: Term) => Promise<void> {
  const startedAt = Date.now();
  let last: Term | null = null;
  async function tell(term: Term): Promise<void> {
    last = term;
    const known = space.known();
    if (known === null) return;
    const own = inForceHere(config, known, startedAt);
    const before = await readInForce(client);
    const change = changeAfter(before, own.fileDigest);
    if (before !== null && change !== before.change)
      log.warn(
        { rules: own.digest, before: before.digest, process: before.process },
        'the rules in force have changed: those of this worker replace those of another process',
      );
    const statement = { ...own, change, term: term.term };
    await client.workflow.getHandle(leaderWorkflowId, term.runId).signal(inForceSignal, statement);
  }
  space.onFound(() => {
    if (last === null) return;
    tell(last).catch((err: unknown) => {
      log.warn({ err }, 'this process could not tell the workflow `leader` which rules it works by now');
    });
  });
  return tell;
}
