import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Instant } from '../access/types.js';
import { KisiError } from '../kisi/errors.js';
import type { JsonValue, TrailRecord } from '../trail/records.js';
import type { Trail } from '../trail/trail.js';
import { memberIdOf } from '../workflows/messages.js';
import type { WriteNote } from './contract.js';

/** A write that is about to be made. */
export interface Write {
  what: 'createUser' | 'grant' | 'move' | 'giveBack' | 'revoke';
  groupId: number | null;
  before: JsonValue;
  /** What is wished. */
  after: JsonValue;
}

/** What came of it. */
export interface Written<T> {
  result: T;
  after: JsonValue;
  /** Kisi's answer, in a few words. */
  answer: string;
  /** False: Kisi was as it was wished already, or could not be so. */
  done: boolean;
  /** Of earlier writes to the same key whose answers were lost: whether this one was done, as shows now. */
  shows?: (earlier: TrailRecord) => boolean;
}

/** Keeps every write in the trail: noted before it is made, and its answer after. */
export interface Recorder {
  /**
   * Makes the write; `again`: an earlier try may have made it. Throws what it throws, and TrailError, before anything is
   * written, where the trail cannot be.
   */
  write<T>(note: WriteNote, write: Write, make: (again: boolean) => Promise<Written<T>>): Promise<T>;
}

export function createRecorder(trail: Trail, now: () => Instant): Recorder {
  return {
    async write(note, write, make) {
      const { workflowExecution, attempt } = Context.current().info;
      const asking = memberIdOf(workflowExecution?.workflowId ?? '');
      const { id, again, memberId = asking, ...about } = note;
      // The same for each try, however the workflow tries: one change is one record.
      const key = `write/${id}`;
      await trail.begin({ key, at: now(), memberId, ...write, ...about });
      try {
        const { result, done, after, answer, shows } = await make(again || attempt > 1);
        await trail.finish(key, { state: done ? 'done' : 'failed', after, answer });
        if (memberId !== null && shows !== undefined) await settle(trail, memberId, write.groupId, shows);
        return result;
      } catch (error) {
        if (isRefused(error))
          await trail.finish(key, { state: 'failed', after: write.before, answer: error.message });
        throw error;
      }
    },
  };
}

/** Says of earlier writes whose answers were lost what became of them. */
async function settle(
  trail: Trail,
  memberId: number,
  groupId: number | null,
  wasDone: (earlier: TrailRecord) => boolean,
): Promise<void> {
  for (const earlier of await trail.begunFor(memberId, groupId)) {
    const answer = 'its answer was lost; what became of it showed at the next write';
    const outcome = wasDone(earlier)
      ? { state: 'done' as const, after: earlier.after, answer }
      : { state: 'failed' as const, after: earlier.before, answer };
    await trail.finish(earlier.key, outcome);
  }
}

/** A definite no. After any other failure it may have been made all the same, and it is tried again under the same key. */
function isRefused(error: unknown): error is Error {
  if (error instanceof KisiError) return !error.canRetryHelp;
  if (!(error instanceof ApplicationFailure) || error.nonRetryable !== true) return false;
  const [detail] = (error.details ?? []) as [{ mayBeDone?: boolean }?];
  return detail?.mayBeDone !== true;
}
