import type { AssumptionName } from './assumptions.js';
import { oddEnds } from './ends.js';
import { madeOf, type Ask, type Trial } from './trial.js';

const name = (mark: string): string => `Latchkey verify ${mark}`;
const plural = 'A mail may take some minutes, and may lie in the spam folder.';

/** Assumptions that only the mails tell. */
export const mailNames = [
  'invitationSent',
  'notifyDefault',
  'notifyOnUpdate',
  'sendEmailsDefault',
] as const satisfies readonly AssumptionName[];

/** Which mails Kisi sends, as the operator sees them arrive. The last user is left to be taken away. */
export async function tryMails(trial: Trial, ask: Ask): Promise<void> {
  await trial.step(mailNames, async () => {
    const { maker, email } = trial;
    const user = madeOf(await maker.user({ email, name, sendEmails: true }));
    const invitation = await ask(`Has an invitation of Kisi reached that address? ${plural}`);
    tellAnswer(trial, 'invitationSent', invitation, 'a user who is to get mails was made');
    if (invitation !== 'yes') {
      const untold = 'No mail of Kisi was seen to reach the address, so one that is missing tells nothing.';
      for (const one of mailNames) trial.findings[one] ??= { untold };
      return;
    }
    await tryKeyMails(trial, user.id, ask);
    await maker.remove(user.made);
    const other = madeOf(await maker.user({ email, name }));
    const answer = await ask(
      `The user was removed and made again, without a word about mails. Has another invitation come? ${plural}`,
    );
    tellAnswer(trial, 'sendEmailsDefault', answer, 'a user was made without a word about mails');
    await maker.remove(other.made);
  });
}

async function tryKeyMails(trial: Trial, userId: number, ask: Ask): Promise<void> {
  const { maker } = trial;
  const [first, second] = oddEnds(Date.now());
  const key = madeOf(await maker.key(userId, { validUntil: first }));
  const told = await ask(`A key was given, without a word about mails. Has a mail about it come? ${plural}`);
  tellAnswer(trial, 'notifyDefault', told, 'a key was given without a word about mails');
  const refusal = await maker.moveEnd(key.id, second, true);
  if (refusal !== null) {
    trial.tell('notifyOnUpdate', { untold: 'Kisi refuses to move the end of a key.' });
  } else {
    const again = await ask(
      `The end of the key was moved, and Kisi asked to tell. Has one more mail come? ${plural}`,
    );
    tellAnswer(trial, 'notifyOnUpdate', again, 'the end of a key was moved, with a mail asked for');
  }
  await maker.remove(key.made);
}

function tellAnswer(
  trial: Trial,
  assumption: (typeof mailNames)[number],
  answer: Awaited<ReturnType<Ask>>,
  evidence: string,
): void {
  trial.tell(
    assumption,
    answer === 'unknown'
      ? { untold: 'Nobody could say whether a mail came.', evidence: [evidence] }
      : { value: answer === 'yes', evidence: [evidence] },
  );
}
