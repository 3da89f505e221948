import { SingleBar } from 'cli-progress';
import { ConfigError } from '../../config/config-error.js';
import type { Config } from '../../config/config.js';
import { openDatabase } from '../../database/database.js';
import { createKept, type Kept } from '../../database/kept.js';
import { createKisiPacer } from '../../kisi/pace.js';
import { counted } from '../../lib/words.js';
import { usable } from '../../space/apis.js';
import { CommandError } from '../../space/failure.js';
import { remark } from '../../space/remark.js';
import { readConfig } from '../../space/settings.js';
import { timeWords } from '../../space/times.js';
import type { ApiName, Assumption } from '../../verify/assumption.js';
import { assumptions } from '../../verify/assumptions.js';
import { keepProfile, readProfile } from '../../verify/keep-profile.js';
import { needingSomebody, type Answer, type Profile } from '../../verify/profile.js';
import { verifyByReading, type Failure, type Verified } from '../../verify/verify.js';
import { openPushes, pushWish, type PushWish, type PushOptions } from './verify-push.js';
import { cleanUp, tryByWriting, writeWish, type WriteOptions, type WriteWish } from './verify-write.js';
import { isoTimes, print, printJson } from '../terminal/output.js';
import { wrapped } from '../terminal/table.js';

export interface VerifyOptions extends WriteOptions, PushOptions {
  /** Print what was found last, and ask nobody. */
  show?: boolean;
  json?: boolean;
}

/**
 * `latchkey verify`: tries what Latchkey takes to be so at both APIs, by reading, with `write` also by writing and with `push`
 * by the webhooks that come, and keeps the answers. Throws ConfigError where a login is refused, CommandError where something
 * could not be tried or needs somebody.
 */
export async function verify(options: VerifyOptions): Promise<void> {
  const { show = false, json = false, clean = false } = options;
  const config = readConfig();
  if (show) {
    showKept(await inDatabase(config, readProfile), json);
    return;
  }
  if (clean) {
    await inDatabase(config, (kept) => cleanUp(config, kept));
    return;
  }
  const pushes = pushWish(config, options);
  const wish = await writeWish(config, options);
  const stop = new AbortController();
  const verified = await listening(config, pushes, stop, async (hear) =>
    hear(await withWriting(config, wish, stop, await withBar((onStep) => ask(config, onStep)))),
  );
  const { failures } = verified;
  const isWhole = failures.every(({ isAll }) => isAll === null);
  const profile = isWhole
    ? await inDatabase(config, (kept) => keepProfile(kept, verified.profile))
    : verified.profile;
  if (!isWhole) remark('the answers were not kept, since nothing could be asked of one API');
  tellVerified({ profile, failures }, json);
}

/** Prints what was found. Throws as `verify` does. */
export function tellVerified(
  { profile, failures }: Pick<Verified, 'profile' | 'failures'>,
  json: boolean,
): void {
  if (json) printJson({ ...jsonOf(profile), failures });
  else print(words(profile));
  throwIfNeeded(profile, failures);
}

/** Does the job while webhooks are taken in, so that a write may cause some. */
async function listening(
  config: Config,
  wish: PushWish | null,
  stop: AbortController,
  job: (hear: (verified: Verified) => Promise<Verified>) => Promise<Verified>,
): Promise<Verified> {
  if (wish === null) return job((verified) => Promise.resolve(verified));
  const pushes = await openPushes(config, wish, stop);
  try {
    return await job(async (verified) => {
      if (verified.failures.every(({ isAll }) => isAll === null))
        return { ...verified, profile: await pushes.hear(verified.profile) };
      remark('no webhook was waited for, since nothing could be asked of one API');
      return verified;
    });
  } finally {
    await pushes.close();
  }
}

/** Nothing is written where one API does not even answer. */
async function withWriting(
  config: Config,
  wish: WriteWish | null,
  stop: AbortController,
  verified: Verified,
): Promise<Verified> {
  if (wish === null) return verified;
  if (verified.failures.some(({ isAll }) => isAll !== null)) {
    remark('nothing was tried by writing, since nothing could be asked of one API');
    return verified;
  }
  const { profile } = verified;
  return {
    ...verified,
    profile: await inDatabase(config, (kept) => tryByWriting(config, kept, wish, profile, stop)),
  };
}

function ask(config: Config, onStep: (done: number, total: number) => void): Promise<Verified> {
  const { nexudus, kisi, file } = config;
  // The worker shares the limit of this key: it goes first.
  const pace = createKisiPacer({ most: 2 }).urgent;
  return usable(() =>
    verifyByReading({
      nexudus: { ...nexudus },
      kisi: { ...kisi, pace },
      zoned: file.zones.map(({ location }) => location),
      onStep,
    }),
  );
}

async function inDatabase<T>({ databaseUrl }: Config, job: (kept: Kept) => Promise<T>): Promise<T> {
  const db = await openDatabase(databaseUrl);
  try {
    return await job(createKept(db));
  } finally {
    await db.destroy();
  }
}

/** Shows on stderr how far a job is. The job tells of its steps by `onStep`. */
export async function withBar<T>(
  job: (onStep: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    format: 'Trying what Latchkey takes to be so {bar} {value}/{total}',
    stream: process.stderr,
    noTTYOutput: false,
    clearOnComplete: true,
  });
  let begun = false;
  try {
    return await job((done, total) => {
      if (!begun) bar.start(total, done);
      begun = true;
      bar.update(done);
    });
  } finally {
    bar.stop();
  }
}

function showKept(profile: Profile | null, json: boolean): void {
  if (profile === null)
    throw new CommandError('nothing was verified yet by this release: run `latchkey verify`');
  if (json) printJson(jsonOf(profile));
  else print(words(profile));
}

/** The profile without what tells of logins, since people send it to others. */
const jsonOf = (profile: Profile): object => Object(isoTimes({ ...profile, reached: undefined })) as object;

function words(profile: Profile): string {
  const { at, latchkey, account } = profile;
  const organization =
    account.kisiOrganizationId === null ? '' : `, Kisi organization ${account.kisiOrganizationId}`;
  return [
    `As of ${timeWords(at, null)}, by Latchkey ${latchkey}${organization}.`,
    ...(['Nexudus', 'Kisi'] as const).flatMap((api) => ['', ...apiLines(api, profile)]),
  ].join('\n');
}

const labels = { holds: 'holds', differs: 'DIFFERS', untold: 'not told' } as const;
const indent = ' '.repeat(11);

function apiLines(api: ApiName, { answers }: Profile): string[] {
  const all = assumptions.flatMap((assumption) => {
    const answer = answers[assumption.name];
    return assumption.api !== api || answer === undefined ? [] : [{ assumption, answer }];
  });
  const count = (result: Answer['result']): number =>
    all.filter(({ answer }) => answer.result === result).length;
  return [
    `${api}: ${count('holds')} hold, ${count('differs')} differ, ${count('untold')} could not be told.`,
    ...(['differs', 'untold', 'holds'] as const).flatMap((result) =>
      all
        .filter(({ answer }) => answer.result === result)
        .flatMap((one) => answerLines(one.assumption, one.answer)),
    ),
  ];
}

function answerLines({ says, ifNot, copes }: Assumption, answer: Answer): string[] {
  const first = `  ${labels[answer.result].padEnd(9)}${says}`;
  const seen = answer.evidence.join('; ');
  if (answer.result === 'holds') return [first, ...(seen === '' ? [] : [wrapped(`${seen}.`, indent)])];
  const here = answer.result === 'untold' ? answer.why : `Here: ${valueWords(answer.value)}.`;
  const isHarmless = answer.result === 'differs' && answer.copes && !copes;
  const means = isHarmless ? 'Latchkey copes with that. Nothing is to be done.' : ifNot;
  const more = answer.result === 'untold' ? '' : ` ${means}`;
  return [first, wrapped(`${here}${seen === '' ? '' : ` (${seen}.)`}${more}`, indent)];
}

function valueWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join('; ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

function throwIfNeeded(profile: Profile, failures: readonly Failure[]): void {
  const refused = failures.filter(({ isAll }) => isAll === 'login');
  if (refused.length > 0) throw new ConfigError(failures.map(({ message }) => message));
  for (const { message } of failures.slice(0, -1)) remark(message);
  const last = failures.at(-1);
  if (last !== undefined) throw new CommandError(`${last.message} What could be tried was tried.`);
  const needing = needingSomebody(profile);
  if (needing.length === 0) return;
  throw new CommandError(
    `${counted(needing.length, 'assumption')} that Latchkey stands on ${needing.length === 1 ? 'is' : 'are'} false here: see what DIFFERS above`,
  );
}
