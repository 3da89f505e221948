import type { Logger } from 'pino';
import { distrustWords } from '../activities/gate.js';
import { mayExist, openDatabase } from '../database/database.js';
import { createKept, type Kept } from '../database/kept.js';
import { readKeptProfile, usableOf, type Usable } from '../verify/keep-profile.js';
import { nothingKnown, type KnownApis } from '../verify/known-apis.js';
import type { Ways } from '../verify/profile.js';

export interface ProfileBookOptions {
  kept: Pick<Kept, 'read'>;
  ways: Ways;
  log: Pick<Logger, 'warn' | 'error' | 'info'>;
  /** Monotonic, in milliseconds. */
  nowMs?: () => number;
}

/** How old the profile may be: `latchkey verify` in another process is heeded without a restart. */
const mayBeOldMs = 60_000;

/** The verified profile as a worker uses it, read anew every minute, and told in the log where it changes anything. */
export class ProfileBook {
  private usable: Usable = { profile: null, known: nothingKnown, whyNot: null };
  /** The kept value that `usable` was made of. */
  private of: string | undefined;
  private readAtMs = -Infinity;
  private readonly nowMs: () => number;

  constructor(private readonly options: ProfileBookOptions) {
    this.nowMs = options.nowMs ?? ((): number => performance.now());
  }

  /** What the profile says, as it was read last. */
  known(): KnownApis {
    return this.usable.known;
  }

  /** The same, a minute old at most. Where the database does not answer it is as it was: nothing is forgotten by that. */
  async current(): Promise<Usable> {
    if (this.nowMs() - this.readAtMs >= mayBeOldMs) await this.read();
    return this.usable;
  }

  /** Reads it now. */
  async read(): Promise<void> {
    const { kept, ways, log } = this.options;
    this.readAtMs = this.nowMs();
    try {
      const value = await readKeptProfile(kept);
      const text = JSON.stringify(value);
      if (text === this.of) return;
      const before = this.usable;
      this.usable = usableOf(value, ways);
      this.of = text;
      this.tell(before);
    } catch (err) {
      log.warn(
        { err },
        'Latchkey could not read the verified profile, and goes on by what it read of it before',
      );
    }
  }

  private tell(before: Usable): void {
    const { log } = this.options;
    const { whyNot, known } = this.usable;
    if (whyNot !== null && whyNot !== before.whyNot)
      log.warn(`The verified profile is not used: ${whyNot}. Run \`latchkey verify\` again.`);
    const { falseHere } = known;
    if (falseHere.join() === before.known.falseHere.join()) return;
    if (falseHere.length > 0) log.error(distrustWords(falseHere));
    else log.info('The lists of both APIs can be trusted again: keys are taken away by the rules as before.');
  }
}

/** What the profile in this database says, before a worker starts; where there is no database yet, nothing. Throws DatabaseError. */
export async function readKnownApis(databaseUrl: string, ways: Ways): Promise<KnownApis> {
  if (!mayExist(databaseUrl)) return nothingKnown;
  const db = await openDatabase(databaseUrl);
  try {
    return usableOf(await readKeptProfile(createKept(db)), ways).known;
  } finally {
    await db.destroy();
  }
}
