/** A fresh look at one member, as people ask for it. */
import type { Client } from '@temporalio/client';
import type { RoundReport } from '../messages/to-member.js';
import type { NexudusClient } from '../nexudus/client.js';
import { CommandError } from './failure.js';
import { isRunning } from './member-workflows.js';

/**
 * Throws CommandError where there is nobody to look at: a member who is gone from Nexudus may still hold keys, but a number that
 * was never one gets no workflow. Throws NexudusError where only Nexudus could tell.
 */
export async function checkMember(client: Client, nexudus: NexudusClient, memberId: number): Promise<void> {
  if ((await isRunning(client, memberId)) || (await nexudus.getOne('coworkers', memberId)) !== null) return;
  throw new CommandError('Nexudus has no coworker with this id, and Latchkey knows none');
}

/** What is said of a look, and what is in the way; null: nothing. Pure. */
export function reportWords(
  memberId: number,
  { changes, problem, isDone }: RoundReport,
): { says: string; problem: string | null } {
  const member = `Member ${memberId}:`;
  const isWell = isDone && problem === null;
  const unchanged = `${member} ${isWell ? 'all is as it should be, ' : ''}nothing changed${isDone ? '' : ' so far'}.`;
  const says =
    changes.length === 0 ? unchanged : [member, ...changes.map((change) => `  ${change}`)].join('\n');
  if (isWell) return { says, problem: null };
  if (isDone) return { says, problem: `member ${memberId} waits: ${problem ?? ''}` };
  const waits = problem === null ? 'waiting for an answer of Nexudus or Kisi' : `waiting: ${problem}`;
  const then = `it goes on by itself, and \`latchkey show ${memberId}\` says how it ends`;
  return { says, problem: `member ${memberId} is not known yet, ${waits} (${then})` };
}
