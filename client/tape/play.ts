import { keyEmailDigests } from '../../activities/email-digest.js';
import { createKisiClient } from '../../kisi/client.js';
import { createNexudusClient } from '../../nexudus/client.js';
import { createServerClock } from '../../nexudus/clock.js';
import { memberReader } from '../../space/apis.js';
import { CommandError } from '../../space/failure.js';
import type { Space } from '../../space/rules-in-force.js';
import { parseId } from '../../space/who.js';
import { readTape, TapeError } from '../../tape/file.js';
import type { Tape } from '../../tape/format.js';
import { lacksCode, Player } from '../../tape/player.js';
import { settingsOf } from '../../worker/in-force.js';
import { tellVerified } from '../start/verify.js';
import { explainIn } from '../members/explain.js';
import { planIn } from '../rules/plan.js';
import type { Question } from './questions.js';
import { tapeSecret } from './record.js';
import { standingOn } from './standing.js';
import { configOf } from './config.js';
import { verifyOn } from './verify.js';

/**
 * `latchkey tape play`: answers a question by a tape alone, as it was answered when the tape was made. Throws CommandError
 * where the tape cannot be played, or lacks what is asked for.
 */
export async function playTape(
  path: string,
  question: Question,
  id: string | undefined,
  { json = false }: { json?: boolean },
): Promise<void> {
  const memberId = question === 'explain' ? parseId(id ?? '', idSays) : null;
  if (memberId === null && id !== undefined)
    throw new CommandError(`\`${question}\` is played for all: leave out ID`, 2);
  const tape = tapeAt(path);
  const player = new Player(tape, question);
  if (question === 'verify') {
    await playVerify(tape, player, json);
    return;
  }
  const space = spaceOn(tape, player);
  try {
    if (memberId === null) await playPlan(space, tape, json);
    else await explainIn(space, memberId, { typed: null, json });
  } catch (error) {
    throw error instanceof Error && error.message.includes(lacksCode) ? lacking(tape, player) : error;
  }
  if (player.lacks().length > 0) throw lacking(tape, player);
}

const idSays = 'ID must be the id of a coworker (a whole number): a tape has no names and no e-mails';

async function playPlan(space: Space, { standing, header }: Tape, json: boolean): Promise<void> {
  keyEmailDigests(tapeSecret);
  await planIn(space, { now: space.now, withStanding: standingOn(standing, header) }, json);
}

/** Throws CommandError where the tape lacks something: that would else be told as what an API did not answer. */
async function playVerify(tape: Tape, player: Player, json: boolean): Promise<void> {
  const verified = await verifyOn(tape, player);
  if (player.lacks().length > 0) throw lacking(tape, player);
  tellVerified(verified, json);
}

function tapeAt(path: string): Tape {
  try {
    return readTape(path);
  } catch (error) {
    if (error instanceof TapeError) throw new CommandError(error.message, 2);
    throw error;
  }
}

const mostNamed = 3;

function lacking({ header, end }: Tape, player: Player): CommandError {
  const lacks = player.lacks();
  const more = lacks.length > mostNamed ? ` and ${lacks.length - mostNamed} more` : '';
  const about =
    header.ground === null
      ? '`verify`'
      : header.memberId === null
        ? 'all members'
        : `member ${header.memberId}`;
  const full = end.leftOut === 0 ? '' : `; it was full, and ${end.leftOut} requests are not on it`;
  return new CommandError(
    `the tape lacks what was answered to ${lacks.slice(0, mostNamed).join(', ')}${more}: ` +
      `it was made of ${about}${full}. Ask about what is on it, or have another tape made`,
  );
}

/** The space as it was when the tape was made: its records, its rules, its time. */
function spaceOn({ header }: Tape, player: Player): Space {
  if (header.ground === null)
    throw new CommandError(
      'the tape has no rules and no members: it was made by `latchkey tape verify`, and plays `verify` alone',
    );
  const config = configOf(header);
  const now = (): number => header.now;
  const nexudus = createNexudusClient({
    ...config.nexudus,
    ...{ wire: player.wireTo('nexudus'), clock: createServerClock({ wallMs: now }) },
    pace: { turn: () => Promise.resolve(), pause: () => undefined },
  });
  const kisi = createKisiClient({ ...config.kisi, wire: player.wireTo('kisi'), throttleRetries: 10 });
  const ground = { ...header.ground, settings: settingsOf(config.file) };
  const everybody = header.memberId === null;
  return {
    ...{ config, nexudus, kisi, ground, now, from: header.from, exceptions: header.exceptions },
    inForce: header.inForce && {
      ...header.inForce,
      ...{ process: '', since: header.inForce.startedAt, fileDigest: '', change: 0, ground },
    },
    readMember: memberReader({ nexudus, timeZones: ground.timeZones, now, everybody }),
  };
}
