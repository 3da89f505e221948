import type { Kept } from '../database/kept.js';
import { isKisiError } from '../kisi/errors.js';
import type { KisiClientOptions } from '../kisi/http.js';
import { normalEmail } from '../lib/emails.js';
import type { NexudusClientOptions } from '../nexudus/options.js';
import { assumptions } from './assumptions.js';
import { idOf } from './finding.js';
import { KeyTrials } from './key-trials.js';
import { KisiLook } from './kisi-look.js';
import { mailNames, tryMails } from './mail-trials.js';
import { Maker } from './maker.js';
import { NexudusLook } from './nexudus-look.js';
import { answerOf, type Profile } from './profile.js';
import { takeAway } from './take-away.js';
import { Trial, type Ask, type Findings } from './trial.js';
import { makeManagedUser, tryNames, tryTwins } from './user-trials.js';
import { WriteJournal } from './write-journal.js';
import { WriteRefused } from './write-refused.js';

export interface CleanOptions {
  kisi: KisiClientOptions;
  kept: Kept;
  settleMs?: number;
  pauseMs?: number;
}

export interface WritingOptions extends CleanOptions {
  nexudus: NexudusClientOptions;
  /** The id of the group in Kisi. */
  groupId: number;
  /** An e-mail that nobody has, neither in Nexudus nor in Kisi. */
  email: string;
  /** Null: nobody can say which mails come, so none is sent. */
  ask: Ask | null;
  /** Once it is aborted nothing more is tried, and what was made is taken away. */
  signal?: AbortSignal;
}

/**
 * Tries at Kisi what only writing tells, and takes away all that it made, whatever happens. Answers what was found, and what could
 * not be taken away (in words). Throws WriteRefused before anything is made; KisiError or DatabaseError where something may be left,
 * which the journal then names.
 */
export async function verifyByWriting(
  options: WritingOptions,
): Promise<{ findings: Findings; stays: string[] }> {
  const { kept, kisi, groupId, pauseMs } = options;
  const before = await clean(options);
  if (before.length > 0) return { findings: {}, stays: before };
  const look = new KisiLook(kisi, pauseMs);
  await refuseUnlessFree(look, options);
  const journal = WriteJournal.begin(kept, await organizationOf(look), groupId);
  const maker = new Maker({ ...options, look, journal });
  const trial = new Trial(maker, look, options.email);
  try {
    await tryAll(trial, options.ask);
  } catch (error) {
    // Ctrl-C: what was found so far counts.
    if (options.signal?.aborted !== true || error !== options.signal.reason) {
      await takeAway(maker, journal);
      throw error;
    }
  }
  const stays = await takeAway(maker, journal);
  return { findings: trial.findings, stays };
}

/** Takes away what a run before has left. Answers what stays, in words. Throws KisiError, DatabaseError, WriteRefused. */
export async function clean(options: CleanOptions): Promise<string[]> {
  const { kept, kisi, pauseMs } = options;
  const journal = await WriteJournal.left(kept);
  if (journal === null) return [];
  const look = new KisiLook(kisi, pauseMs);
  const organizationId = await organizationOf(look);
  if (organizationId !== journal.organizationId)
    throw new WriteRefused(
      `Something of \`verify --write\` is left in Kisi's organization ${journal.organizationId}, and the API key is of ${organizationId}. Run \`latchkey verify --clean\` with a key of that one`,
    );
  const { settleMs } = options;
  const maker = new Maker({
    ...{ kisi, look, journal },
    ...(settleMs === undefined ? {} : { settleMs }),
    ...(pauseMs === undefined ? {} : { pauseMs }),
  });
  return takeAway(maker, journal);
}

/** A profile with what was found by writing, or by webhooks. Where reading told something already, that stays. */
export function withFindings(profile: Profile, findings: Findings): Profile {
  const answers = { ...profile.answers };
  for (const assumption of assumptions) {
    const finding = findings[assumption.name];
    const known = answers[assumption.name];
    if (finding === undefined || (known !== undefined && known.result !== 'untold')) continue;
    answers[assumption.name] = answerOf(assumption, finding);
  }
  return { ...profile, answers };
}

async function tryAll(trial: Trial, ask: Ask | null): Promise<void> {
  await trial.step(['plainNames', 'longestName'], () => tryNames(trial));
  const isTaken = trial.findings.takenEmails !== undefined;
  if (!isTaken) {
    await trial.step([], () => tryWithUser(trial));
    if (ask !== null) await tryMails(trial, ask);
  }
  trial.tellLag();
  const untold = isTaken
    ? 'Kisi says that the e-mail is taken, and shows nobody who has it. Run it again with another e-mail.'
    : 'What would tell it could not be made in Kisi. Run it again.';
  const unasked =
    'Nobody could be asked which mails came, so none was sent. Run `latchkey verify --write` at a terminal.';
  for (const { name } of assumptions.filter(({ tried }) => tried === 'writing')) {
    const isMail = mailNames.some((one) => one === name);
    trial.findings[name] ??= { untold: isMail && ask === null ? unasked : untold };
  }
}

async function tryWithUser(trial: Trial): Promise<void> {
  const user = await makeManagedUser(trial);
  if (user.refusal !== null) throw user.refusal;
  await tryTwins(trial, user.id);
  await new KeyTrials(trial, user.id).run();
  await trial.maker.remove(user.made);
}

async function organizationOf(look: KisiLook): Promise<number> {
  const { organization_id: id } = await look.record('/user');
  if (typeof id !== 'number')
    throw new WriteRefused(
      'Kisi does not say which organization the API key is of. Nothing was made. Report it',
    );
  return id;
}

/** Whoever has the e-mail already may hold keys, or be given some by the worker meanwhile. */
async function refuseUnlessFree(look: KisiLook, options: WritingOptions): Promise<void> {
  const { groupId, email, nexudus, pauseMs } = options;
  try {
    await look.record('/groups/{id}', groupId);
  } catch (error) {
    if (!isKisiError(error, 'notFound')) throw error;
    throw new WriteRefused(`There is no group ${groupId} in Kisi. Nothing was made`);
  }
  const wanted = normalEmail(email);
  const forms = [...new Set([email, wanted, wanted.toUpperCase()])];
  for (const query of [...forms.map((one) => ({ email: one })), { query: wanted }]) {
    const user = (await look.page('/users', { ...query, limit: 100 })).rows.find(
      (one) => typeof one['email'] === 'string' && one['email'].trim().toLowerCase() === wanted.toLowerCase(),
    );
    if (user !== undefined)
      throw new WriteRefused(
        `User ${idOf(user, 'id') ?? ''} in Kisi has this e-mail. Nothing was made: name an e-mail that nobody has`,
      );
  }
  const members = await new NexudusLook(nexudus, pauseMs).page('coworkers', {
    ...{ Coworker_Email: wanted, orderBy: 'Id', size: '50', page: '1' },
  });
  const member = members.rows.find(({ Email }) => typeof Email === 'string' && normalEmail(Email) === wanted);
  if (member !== undefined)
    throw new WriteRefused(
      `Member ${idOf(member, 'Id') ?? ''} in Nexudus has this e-mail, so that the worker may use the same user in Kisi. Nothing was made: name an e-mail that nobody has`,
    );
  if (members.total > members.rows.length)
    throw new WriteRefused(
      'Nexudus passes over the filter by e-mail, so whether a member has it is not known. Nothing was made. Report it',
    );
}
