import type { Config } from '../../config/config.js';
import { emailDigestBy, emailDigestOf } from '../../activities/email-digest.js';
import { atOnce } from '../../lib/at-once.js';
import { NexudusError } from '../../nexudus/errors.js';
import { CommandError } from '../../space/failure.js';
import { groupNames } from '../../space/names.js';
import { withProgress } from '../../space/progress.js';
import { remark } from '../../space/remark.js';
import { openSpace, type RulesWanted, type Space } from '../../space/rules-in-force.js';
import { standingBy } from '../../space/survey.js';
import { memberIdFor, parseWho } from '../../space/who.js';
import { linesOf, TapeError, writeTape } from '../../tape/file.js';
import { refuseLeaks, tapeOf, type Recording } from '../../tape/make.js';
import { Recorder } from '../../tape/recorder.js';
import { explainIn } from '../members/explain.js';
import { planIn } from '../rules/plan.js';
import { questions, type Question } from './questions.js';
import { heard, type Heard } from './standing.js';

export interface TapeOptions {
  /** The file to write. */
  out?: string;
  json?: boolean;
}

/** The key by which e-mails on a tape are digested. In the space they are digested by the secret of the installation. */
export const tapeSecret = Buffer.from('a tape');

/**
 * `latchkey tape explain`: explains one member, or reads everybody, and writes what both APIs answered to a file. Throws CommandError
 * where the file cannot be written, and as `latchkey explain` does, in which case the file is written all the same.
 */
export async function tapeExplain(id: string | undefined, options: TapeOptions): Promise<void> {
  const { json = false } = options;
  const who = id === undefined ? null : parseWho(id);
  const taping = new Taping(pathOf(options));
  const space = await taping.open('explain', { everybody: who === null });
  const memberId = who === null ? null : await memberIdFor(who, space.nexudus);
  try {
    if (memberId === null) await readEverybody(space);
    else await explainIn(space, memberId, { typed: null, json });
  } finally {
    taping.write(space, memberId);
  }
}

/**
 * `latchkey tape plan`: shows the plan for all members, and writes to a file what it stands on, and what each can be explained by.
 * Throws as `latchkey plan` does, and as `tapeExplain`.
 */
export async function tapePlan(options: TapeOptions): Promise<void> {
  const { json = false } = options;
  const taping = new Taping(pathOf(options));
  const space = await taping.open('plan', { mayLackWorker: false });
  try {
    await taping.plan(space, json);
    await readEverybody(await taping.open('explain', { everybody: true }));
  } finally {
    taping.write(space, null);
  }
}

/** Where the tape is to go. Throws CommandError where that is not said. */
export function pathOf({ out }: TapeOptions): string {
  if (out === undefined || out === '') throw new CommandError('say where the tape goes: --out FILE', 2);
  return out;
}

/** One tape while it is made: all questions are answered as of the instant at which the tape began. */
export class Taping {
  private readonly known: Heard = { standing: null };
  /** The instant at which the tape began. */
  readonly now = Date.now();

  constructor(
    private readonly path: string,
    readonly recorder = new Recorder(),
  ) {}

  /** The space for the answer to this question, with all requests recorded. Throws as `openSpace` does. */
  open(question: Question, wanted: Pick<RulesWanted, 'everybody' | 'mayLackWorker'>): Promise<Space> {
    const wireTo: RulesWanted['wireTo'] = (api) => this.recorder.wireTo(api, question);
    return openSpace({ mayLackWorker: true, ...wanted, wireTo, now: () => this.now });
  }

  /** Shows the plan for all members. Throws as `latchkey plan` does. */
  plan(space: Space, json: boolean): Promise<void> {
    const withStanding = heard(standingBy(space.config), this.known);
    return planIn(space, { now: space.now, withStanding }, json);
  }

  /**
   * Writes the tape, and says so. `memberId` null: the tape is of everybody. `zoned`: locations whose time zone is configured,
   * where `verify` was asked; null: it was not. Throws CommandError.
   */
  write(
    { config, ground, from, inForce, exceptions }: Space,
    memberId: number | null,
    zoned: Recording['header']['zoned'] = null,
  ): void {
    const { rules, timeZones, knownZones } = ground;
    this.writeWith(config, {
      ...{ memberId, from, ground: { rules, timeZones, knownZones }, zoned },
      inForce: inForce && {
        digest: inForce.digest,
        startedAt: inForce.startedAt,
        version: inForce.version,
      },
      exceptions: exceptions === null ? null : [...exceptions],
    });
  }

  /** As `write`; `about` is the rest of the header. Throws CommandError. */
  writeWith(config: Config, about: Omit<Recording['header'], 'now' | 'nexudusLogin'>): void {
    const nexudusLogin = 'token' in config.nexudus.auth ? 'token' : 'password';
    const recording: Recording = {
      header: { ...about, now: this.now, nexudusLogin },
      standing: this.known.standing,
      digests: { was: emailDigestOf, is: (email) => emailDigestBy(tapeSecret, email) },
      exchanges: this.recorder.exchanges(),
      leftOut: this.recorder.leftOut(),
    };
    const { auth } = config.nexudus;
    const logins = 'token' in auth ? [auth.token] : [auth.email, auth.password];
    try {
      const lines = linesOf(tapeOf(recording));
      refuseLeaks(lines, [...logins, config.kisi.apiKey]);
      writeTape(this.path, lines);
    } catch (error) {
      throw error instanceof TapeError ? new CommandError(error.message) : error;
    }
    this.tell(recording, about.memberId);
  }

  private tell({ exchanges }: Recording, memberId: number | null): void {
    const asked = questions.filter((one) => exchanges.some(({ by }) => by === one));
    const plays = asked.map((one) => {
      const about = one === 'explain' ? ` ${memberId ?? 'ID'}` : '';
      return `\`latchkey tape play ${this.path} ${one}${about}\``;
    });
    remark(
      `the tape is in ${this.path}, with ${exchanges.length} requests, and without logins, names and e-mails; ` +
        `${plays.join(' and ')} answer${plays.length === 1 ? 's' : ''} by it`,
    );
  }
}

/** Reads all that `explain` reads of any member. Throws NexudusError where nothing can be read. */
export async function readEverybody(space: Space): Promise<void> {
  await withProgress('Reading Nexudus for all members', async () => {
    const { rows } = await space.nexudus.listSparing('coworkers');
    const read = await atOnce(50, rows, ({ id }) => isRead(space, id));
    const left = read.filter((one) => !one).length;
    remark(
      `the records of ${rows.length} members are on the tape${left === 0 ? '' : `, of ${left} not all`}`,
    );
  });
  await groupNames(space);
}

/** Whether a member's records can be read. If not, the tape has the error. */
async function isRead(space: Space, memberId: number): Promise<boolean> {
  try {
    await space.readMember(memberId);
    return true;
  } catch (error) {
    if (error instanceof NexudusError) return false;
    throw error;
  }
}
