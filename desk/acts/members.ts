/** Members' records in Nexudus, for people who are about to act: read once for a page and for the press of its button. */
import type { Instant, Snapshot } from '../../access/types.js';
import { readInForce } from '../../activities/in-force.js';
import { readMember } from '../../space/apis.js';
import { within } from '../../space/blocks.js';
import { CommandError } from '../../space/failure.js';
import type { Desk } from '../desk.js';

/** Workers judge by reads of their own: this one only tells a name, a time zone and what is in the way. */
const keptMs = 60_000;
const mostKept = 200;
const readWithinMs = 8_000;

/** Reads of members, each kept for a minute in memory. Keep one for the process. */
export class Members {
  /** Members in the order in which they were read. */
  private readonly kept = new Map<number, { snapshot: Snapshot; readAt: Instant }>();

  constructor(private readonly desk: Desk) {}

  /** Throws CommandError where Nexudus does not answer within 8 s, or has no such coworker. */
  async read(memberId: number): Promise<Snapshot> {
    const { client, nexudus, now } = this.desk;
    const known = this.kept.get(memberId);
    if (known !== undefined && Math.abs(now() - known.readAt) < keptMs) return known.snapshot;
    const readAt = now();
    const read = await within(readWithinMs, 'Nexudus', async () => {
      const timeZones = (await readInForce(client))?.ground?.timeZones ?? {};
      return readMember(nexudus, { timeZones }, memberId);
    });
    if (typeof read === 'string') throw new CommandError(`it takes an answer of Nexudus. ${read}`);
    if (read.snapshot === null) throw new CommandError('Nexudus has no coworker with this id', 2);
    this.keep(memberId, read.snapshot, readAt);
    return read.snapshot;
  }

  private keep(memberId: number, snapshot: Snapshot, readAt: Instant): void {
    this.kept.delete(memberId);
    this.kept.set(memberId, { snapshot, readAt });
    for (const [id, one] of this.kept) {
      if (this.kept.size <= mostKept && this.desk.now() - one.readAt < keptMs) break;
      this.kept.delete(id);
    }
  }
}
