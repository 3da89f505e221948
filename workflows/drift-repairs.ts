import { proxyActivities, uuid4, workflowInfo, type ActivityInterfaceFor } from '@temporalio/workflow';
import {
  isMendedByMember,
  withFinding,
  withoutAdoptedNames,
  withRepair,
  type DriftKind,
  type Finding,
} from '../access/drift.js';
import type { DriftActivities, KeyActivities, WriteNote } from '../messages/to-activities.js';
import type { DriftState } from '../messages/to-drift.js';
import { kisiTaskQueue } from '../messages/to-member.js';
import type { DriftNotes } from './drift-notes.js';
import { insist, problemOf, type Retrying } from './retries.js';

/** What was adopted holds against the rules for at most this long. */
const longestAdoptionMs = 90 * 24 * 3_600_000;
/** The kind of exception that adopts a key that is there (`extra`), or one that is gone (`missing`). */
const exceptionKinds: Partial<Record<DriftKind, 'allow' | 'block'>> = { extra: 'allow', missing: 'block' };

/** Makes Kisi what the ledgers say, or takes Kisi for right, and remembers what was tried. */
export class DriftRepairs {
  private readonly keys = keyActivities();

  constructor(
    private readonly state: Pick<DriftState, 'memory'>,
    private readonly helpers: Retrying<DriftActivities>,
    private readonly notes: DriftNotes,
  ) {}

  /** Members mend their own keys; keys in nobody's ledger are taken away here. */
  async repair(due: readonly Finding[]): Promise<void> {
    const mended = due.filter(({ kind }) => isMendedByMember(kind));
    const memberIds = [...new Set(mended.flatMap(({ memberId }) => memberId ?? []))];
    for (const finding of mended) this.noteMending(finding);
    if (memberIds.length > 0) await insist(this.helpers, (set) => set.wakeToMend(memberIds));
    for (const finding of due) if (!mended.includes(finding)) await this.takeAway(finding);
  }

  /**
   * Kisi's state is taken for right: what the rules say against it does not hold until the key's end. Answers why that
   * is refused, or null.
   */
  async adopt(finding: Finding): Promise<string | null> {
    this.state.memory = withoutAdoptedNames(this.state.memory);
    const { id, kind, memberId, groupId, what, keys } = finding;
    if (memberId === null || groupId === null) return null;
    const latest = Date.now() + longestAdoptionMs;
    const until = Math.min(keys[0]?.validUntil ?? latest, latest);
    if (kind === 'changed') {
      const why = 'its end was changed by hand in Kisi, and a person said to leave it so';
      await insist(this.helpers, (set) => set.freeze(memberId, { groupId, until, why, endsWithRules: null }));
    }
    const exceptionKind = exceptionKinds[kind];
    if (exceptionKind === undefined) return null;
    const reason = `finding ${id} was adopted: ${what}`;
    const wish = { kind: exceptionKind, memberId, groupId, until, by: giverOf(finding), reason };
    // The same at every try.
    const exceptionId = uuid4();
    const refusal = await insist(this.helpers, (set) => set.except(wish, exceptionId));
    if (refusal !== null) this.replace({ ...finding, ruling: null });
    return refusal;
  }

  private noteMending(finding: Finding): void {
    const { key, id, memberId, keys } = finding;
    const by = giverOf(finding);
    const what = `member ${memberId ?? ''} is woken to mend it`;
    if (this.state.memory.repairs[key] === undefined)
      this.notes.note(finding, `finding ${id}: repair`, what, by);
    const keyIds = keys.map(({ keyId }) => keyId);
    this.state.memory = withRepair(this.state.memory, key, by, Date.now(), keyIds);
  }

  private async takeAway(finding: Finding): Promise<void> {
    const { id, key, userId, kind, what, memberId } = finding;
    if (userId === null) return;
    const by = giverOf(finding);
    const cause = `finding ${id} (${kind}): ${what}`;
    for (const { keyId, groupId, validUntil } of finding.keys) {
      const options = { summary: `take key ${keyId} to group ${groupId} away (finding ${id})` };
      // The write is noted for the member whose key it was.
      const note: WriteNote = { id: uuid4(), cause, locationId: null, by, planId: null, memberId };
      try {
        await this.keys.removeKey.executeWithOptions(options, [{ keyId, userId, groupId, validUntil }, note]);
        this.state.memory = withRepair(this.state.memory, key, by, Date.now(), [keyId]);
      } catch (error) {
        this.replace({ ...finding, problem: problemOf(error).message });
      }
    }
  }

  private replace(finding: Finding): void {
    this.state.memory = withFinding(this.state.memory, finding);
  }
}

const giverOf = ({ ruling }: Finding): string => ruling?.by ?? 'drift';

/** A removal that cannot be made is tried again at the next comparison. */
function keyActivities(): ActivityInterfaceFor<KeyActivities> {
  return proxyActivities<KeyActivities>({
    taskQueue: kisiTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '2m',
    heartbeatTimeout: '15s',
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumAttempts: 2 },
  });
}
