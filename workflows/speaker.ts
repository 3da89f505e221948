import {
  makeContinueAsNewFunc,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertMemo,
} from '@temporalio/workflow';
import { iso } from '../access/types.js';
import type { SpeakerActivities } from '../activities/contract.js';
import type { InForce } from '../activities/in-force.js';
import { goOn } from './go-on.js';
import { inForceMemo, inForceSignal, type Statement } from './speaker-messages.js';

const { speak } = proxyActivities<SpeakerActivities>({
  // A term ends by itself before this.
  startToCloseTimeout: '2d',
  heartbeatTimeout: '8s',
  summary: 'speak to Nexudus and Kisi until the process ends',
  retry: { initialInterval: '250ms', backoffCoefficient: 1 },
});

/** What a date can hold. */
const lastInstant = 8.64e15;

/**
 * Has one worker process, and only one, speak to Nexudus and Kisi: their limits are for each login, so the budgets are
 * kept in one place, members that wake together share one read, and the other processes stand by. The activity lasts
 * for as long as the process does; when that dies, another takes over within seconds. By which rules the process works is
 * shown in the memo, from one run to the next. `said`: by the run before; null: nobody has spoken yet.
 */
export function speaker(said: InForce | null = null): Promise<void> {
  return goOn(() => giveTerms(said));
}

async function giveTerms(said: InForce | null): Promise<void> {
  let inForce = said;
  let lastTerm = 0;
  setCurrentDetails(detailsOf(inForce));
  setHandler(inForceSignal, (statement) => {
    // Anybody can type a signal in the UI, and none may stop this.
    if (!isStatement(statement)) return;
    const { term, ...next } = statement;
    // It was on its way while another process took over.
    if (term < lastTerm) return;
    lastTerm = term;
    inForce = { ...next, since: isSameProcess(inForce, next) ? inForce.since : Date.now() };
    upsertMemo({ [inForceMemo]: inForce });
    setCurrentDetails(detailsOf(inForce));
  });
  await speak();
  const memo = inForce === null ? {} : { memo: { [inForceMemo]: inForce } };
  await makeContinueAsNewFunc<typeof speaker>(memo)(inForce);
}

function isStatement(argument: unknown): argument is Statement {
  const { term, process, digest, startedAt } = Object(argument) as Partial<Record<keyof Statement, unknown>>;
  return (
    Number.isSafeInteger(term) &&
    typeof startedAt === 'number' &&
    Math.abs(startedAt) <= lastInstant &&
    typeof process === 'string' &&
    typeof digest === 'string'
  );
}

/** Whether it is the same process that speaks on, in a new term. */
function isSameProcess(
  last: InForce | null,
  { process, startedAt }: Omit<InForce, 'since'>,
): last is InForce {
  return last !== null && last.process === process && last.startedAt === startedAt;
}

function detailsOf(inForce: InForce | null): string {
  const lines = [
    'One worker process speaks to Nexudus and Kisi; the others stand by. ' +
      'Its name is the worker of the pending activity `speak`; if it dies, another takes over within 8 seconds.',
  ];
  if (inForce !== null) {
    const { digest, process, version, startedAt, since } = inForce;
    lines.push(
      `Rules in force: digest ${digest}, of process ${process} (Latchkey ${version}), ` +
        `started ${iso(startedAt)}, speaking since ${iso(since)}.`,
    );
  }
  return lines.join('\n\n');
}
