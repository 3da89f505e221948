import type { KisiError } from '../kisi/errors.js';
import { idOf } from './finding.js';
import type { Outcome } from './maker.js';
import type { Trial } from './trial.js';

const oddSigns = '“&@/…☂';
const long = 1_000;
/** Limits that are usual. */
const lengths = [255, 200, 128, 100, 64, 50, 40, 32];

const plain = (mark: string): string => `Latchkey verify ${mark}`;
const odd = (mark: string): string => `${plain(mark)} ${oddSigns}`;
const ofLength =
  (length: number, name = plain) =>
  (mark: string): string =>
    name(mark).padEnd(length, 'x');

/** Whether Kisi says that an e-mail is taken, as far as its answer tells. */
const isAboutEmail = ({ kind, fields }: KisiError): boolean =>
  fields.includes('email') || (kind === 'conflict' && fields.length === 0);

/** A user for a moment, who gets no mail. Throws as `Maker.user`. */
async function tryName(trial: Trial, name: (mark: string) => string): Promise<Outcome> {
  const outcome = await trial.maker.user({ email: trial.email, name, sendEmails: false });
  if (outcome.refusal === null) await trial.maker.remove(outcome.made);
  return outcome;
}

/** Which names Kisi takes, where it takes the e-mail at all: `takenEmails` is told where it does not. */
export async function tryNames(trial: Trial): Promise<void> {
  const first = await tryName(trial, ofLength(long, odd));
  if (first.refusal === null) {
    trial.tell('plainNames', {
      value: false,
      evidence: ['a name with quotes, signs and a picture was taken'],
    });
    tellLength(trial, first, 'any');
    return;
  }
  if (isAboutEmail(first.refusal)) {
    tellTaken(trial, first.refusal);
    return;
  }
  const withSigns = await tryName(trial, odd);
  const takesSigns = withSigns.refusal === null;
  if (takesSigns || (await tryName(trial, plain)).refusal === null)
    trial.tell('plainNames', { value: !takesSigns, evidence: ['names with and without signs were tried'] });
  await tryLengths(trial);
}

function tellTaken(trial: Trial, { status }: KisiError): void {
  trial.tell('takenEmails', {
    value: false,
    evidence: [`HTTP ${status ?? '-'} of an e-mail that no list shows`],
  });
}

async function tryLengths(trial: Trial): Promise<void> {
  let refused = long;
  const whole = await tryName(trial, ofLength(long));
  if (whole.refusal === null) {
    tellLength(trial, whole, 'any');
    return;
  }
  for (const length of lengths) {
    const outcome = await tryName(trial, ofLength(length));
    if (outcome.refusal === null) {
      tellLength(trial, outcome, refused === long ? `${length} or more` : `${length} to ${refused - 1}`);
      return;
    }
    // An answer that was lost or broken on its way may have hidden why the first name was refused.
    if (isAboutEmail(outcome.refusal)) {
      tellTaken(trial, outcome.refusal);
      return;
    }
    refused = length;
  }
  trial.tell('longestName', { untold: 'Kisi refused every name, so not for its length.' });
}

/** A name that is cut is not a name that is taken. */
function tellLength(trial: Trial, outcome: Outcome, value: string): void {
  const name = outcome.refusal === null ? outcome.row['name'] : null;
  const kept = typeof name === 'string' ? Array.from(name).length : 0;
  const isCut = value === 'any' && kept > 0 && kept < long;
  trial.tell('longestName', {
    value: isCut ? `cut to ${kept}` : value,
    evidence: [`names of up to ${long} signs were tried`],
  });
}

/** What becomes of a second user with the same e-mail, and in another case. `userId`: the user who has the e-mail. */
export async function tryTwins(trial: Trial, userId: number): Promise<void> {
  await trial.step(['duplicateUserEmail'], async () => {
    const twin = await trial.maker.user({ email: trial.email, name: plain, sendEmails: false });
    if (twin.refusal === null) await trial.maker.remove(twin.made);
    else if (!isAboutEmail(twin.refusal)) throw twin.refusal;
    trial.refusesTwins = twin.refusal !== null;
    trial.tell('duplicateUserEmail', {
      value: trial.refusesTwins ? 'reject' : 'allow',
      evidence: [twin.refusal === null ? 'a second one was made' : `HTTP ${twin.refusal.status ?? '-'}`],
    });
  });
  trial.findings.takenEmails ??= {
    untold: `The e-mail that was refused is that of user ${userId}. Only one that is refused though nobody is seen to have it tells.`,
  };
  await trial.step(['otherCaseTaken'], () => tryOtherCase(trial));
}

async function tryOtherCase(trial: Trial): Promise<void> {
  if (trial.refusesTwins !== true) {
    trial.tell('otherCaseTaken', { untold: 'Not even the same e-mail is known to be refused.' });
    return;
  }
  const small = trial.email.toLowerCase();
  const email = small === trial.email ? trial.email.toUpperCase() : small;
  const twin = await trial.maker.user({ email, name: plain, sendEmails: false });
  if (twin.refusal === null) await trial.maker.remove(twin.made);
  else if (!isAboutEmail(twin.refusal)) throw twin.refusal;
  const isTaken = twin.refusal !== null;
  const evidence = ['a second user with the e-mail in another case was tried'];
  trial.tell('otherCaseTaken', { value: isTaken, evidence });
  trial.tell('userEmailCaseSensitive', { value: !isTaken, evidence });
}

/** Makes the user that keys are tried with, who gets no mail. Throws KisiError. */
export async function makeManagedUser(trial: Trial): Promise<Outcome> {
  const sinceMs = performance.now();
  const outcome = await trial.maker.user({ email: trial.email, name: plain, sendEmails: false });
  if (outcome.refusal !== null) return outcome;
  const rows = async () => (await trial.look.page('/users', { email: trial.email, limit: 100 })).rows;
  await trial.noteLag(rows, idOf(outcome.row, 'id') ?? outcome.id, sinceMs);
  return outcome;
}
