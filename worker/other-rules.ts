/**
 * Workers with different rules on one space. The rules hold that the leader put in force last. A worker that was started before
 * that does not bring its own, older rules back, however the other worker ended; it must be started again.
 */
import type { FileConfig } from '../config/rules-file.js';
import type { InForce } from '../messages/to-leader.js';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { readInForce } from '../activities/in-force.js';
import { digestOfFile } from './in-force.js';

/** What this process knows of its own rules and of those in force. */
export interface OtherRules {
  /** Why this process must not become the leader with its rules; null: it may. Throws where Temporal cannot be reached. */
  heldBack(): Promise<string | null>;
  /** Says in the log where the rules of this process are not those in force, and which hold; once for each. Throws likewise. */
  tell(): Promise<void>;
}

/** Where the rules of a process stand beside those in force: the same, to be the next, or put out of force since it started. */
export function standingOf(
  fileDigest: string,
  atStart: Pick<InForce, 'change'> | null,
  now: Pick<InForce, 'change' | 'fileDigest'> | null,
): 'inForce' | 'next' | 'past' {
  if (now === null) return 'next';
  if (now.fileDigest === fileDigest) return 'inForce';
  return now.change === (atStart?.change ?? 0) ? 'next' : 'past';
}

/** Looks at what is in force as this process starts. Throws where Temporal cannot be reached. */
export async function watchOtherRules(client: Client, file: FileConfig, log: Logger): Promise<OtherRules> {
  const own = digestOfFile(file);
  const atStart = await readInForce(client);
  let told = '';

  return {
    async heldBack() {
      const now = await readInForce(client);
      if (standingOf(own, atStart, now) !== 'past') return null;
      return `other rules were put in force after this worker was started (${wordsOf(now)})`;
    },
    async tell() {
      const now = await readInForce(client);
      const standing = standingOf(own, atStart, now);
      const about = `${standing} ${now?.process ?? ''} ${now?.change ?? ''}`;
      if (about === told) return;
      told = about;
      if (now === null || standing === 'inForce') return;
      log.warn(
        { rulesInForce: now.digest, process: now.process },
        standing === 'next'
          ? `the rules of this worker are not in force: ${wordsOf(now)} are, until no worker with them runs any more; then those of this worker are. If you do not want that, end this worker`
          : `the rules of this worker are not in force: ${wordsOf(now)} are, which were put in force after this worker was started, so it does not become the leader with its own. Start it again with the right latchkey.yaml`,
      );
    },
  };
}

function wordsOf(inForce: InForce | null): string {
  return inForce === null ? 'none' : `rules ${inForce.digest} of process ${inForce.process}`;
}
