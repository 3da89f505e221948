import type { Config } from '../../config/config.js';
import type { Kept } from '../../database/kept.js';
import { createKisiPacer } from '../../kisi/pace.js';
import { kisiOf, usable } from '../../space/apis.js';
import { CommandError } from '../../space/failure.js';
import { remark } from '../../space/remark.js';
import { clean, verifyByWriting, withFindings, type WritingOptions } from '../../verify/by-writing.js';
import type { Profile } from '../../verify/profile.js';
import { WriteRefused } from '../../verify/write-refused.js';
import { groupOf } from '../exceptions/exceptions.js';
import { confirmed, hasTerminal, told } from '../terminal/ask.js';

/** Options of `latchkey verify` as typed. */
export interface WriteOptions {
  write?: boolean;
  group?: string;
  email?: string;
  yes?: boolean;
  clean?: boolean;
}

export interface WriteWish {
  groupId: number;
  email: string;
}

/** What is to be tried by writing, once the operator has agreed; null: nothing. Throws CommandError where not. */
export async function writeWish(config: Config, options: WriteOptions): Promise<WriteWish | null> {
  const { write = false, group, email, yes = false } = options;
  if (!write && (group !== undefined || email !== undefined || yes))
    throw new CommandError('--group, --email and --yes go with --write', 2);
  if (!write) return null;
  if (group === undefined || email === undefined)
    throw new CommandError(
      '--write needs --group, in which it makes keys, and --email, for a user that it makes: name an e-mail that you can read, and that nobody has in Nexudus or Kisi',
      2,
    );
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw new CommandError('--email must be one e-mail', 2);
  const { id: groupId, name } = groupOf(group, await kisiOf(config).listGroups());
  if (!yes) await agreeOn(`"${name}" (${groupId})`, email);
  return { groupId, email };
}

const minutes = 'a minute or two';

/** Tells what is about to be made, and asks. Throws CommandError where there is nobody to ask, or the answer is no. */
async function agreeOn(groupName: string, email: string): Promise<void> {
  if (!hasTerminal())
    throw new CommandError(
      'verify --write makes a user and keys in Kisi: give --yes, or run it at a terminal, which tells first what it does',
      2,
    );
  remark(
    `in Kisi a user with the e-mail ${email} is made some times, and keys to the group ${groupName}. All of that is taken away again, within ${minutes} and your answers. Until then that user can open the doors of the group.`,
  );
  remark(
    `Kisi sends up to 5 mails to ${email}: an invitation, up to two about a key, another invitation, and what Kisi sends when a user is removed. You are asked which have come. Nobody else is mailed, and nobody else’s key is touched.`,
  );
  if (!(await confirmed('Go on?'))) throw new CommandError('nothing was done');
}

/**
 * Tries it until `stop`, which Ctrl-C asks for, and answers the profile with what was found. Throws CommandError where
 * something is left in Kisi, or it was refused.
 */
export async function tryByWriting(
  config: Config,
  kept: Kept,
  { groupId, email }: WriteWish,
  profile: Profile,
  stop: AbortController,
): Promise<Profile> {
  const onSignal = (): void => {
    remark('stopping: what was made in Kisi is taken away first');
    stop.abort();
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const ask = hasTerminal() ? told : null;
    const reach = { ...kisiAndKept(config, kept), nexudus: { ...config.nexudus } };
    const options: WritingOptions = { ...reach, groupId, email, ask, signal: stop.signal };
    const { findings, stays } = await orWords(() => verifyByWriting(options));
    if (stays.length > 0) throw new CommandError(stays.join('. '));
    remark('all that was made in Kisi is taken away again');
    return withFindings(profile, findings);
  } finally {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  }
}

/** `latchkey verify --clean`: takes away what a run that was cut off has left in Kisi. Throws CommandError where something stays. */
export async function cleanUp(config: Config, kept: Kept): Promise<void> {
  const stays = await orWords(() => clean(kisiAndKept(config, kept)));
  if (stays.length > 0) throw new CommandError(stays.join('. '));
  remark('nothing of verify --write is left in Kisi');
}

function kisiAndKept({ kisi }: Config, kept: Kept): Pick<WritingOptions, 'kisi' | 'kept'> {
  // The worker shares the limit of this key.
  const pace = createKisiPacer({ most: 3 }).urgent;
  return { kisi: { ...kisi, pace }, kept };
}

async function orWords<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await usable(job);
  } catch (error) {
    if (error instanceof WriteRefused) throw new CommandError(error.message, 2);
    if (!(error instanceof Error)) throw error;
    remark('something may be left in Kisi: run `latchkey verify --clean` once it answers');
    throw error;
  }
}
