import { makeContinueAsNewFunc, proxyActivities, setCurrentDetails, upsertMemo } from '@temporalio/workflow';
import { iso } from '../access/types.js';
import type { LeaderActivities } from '../messages/to-activities.js';
import { goOn } from './go-on.js';
import { dropOthers, onSignal } from './hear.js';
import { count, countUpTo, fields, instant, Misshapen, object, or, orNull, words } from './shapes.js';
import { checkPlace, isHandedOn, started } from './start.js';
import { inForceMemo, inForceSignal, type Statement, type InForce } from '../messages/to-leader.js';

const { lead } = proxyActivities<LeaderActivities>({
  // A term ends by itself before this.
  startToCloseTimeout: '2d',
  heartbeatTimeout: '8s',
  summary: 'ask Nexudus and Kisi for all members until the process ends',
  retry: { initialInterval: '250ms', backoffCoefficient: 1 },
});

/**
 * Has one worker process, and only one, ask Nexudus and Kisi: their limits are for each login, so the budgets are
 * kept in one place, members that wake together share one read, and the other processes stand by. The activity lasts
 * for as long as the process does; when that dies, another takes over within seconds. The memo shows by which rules
 * the process works, from one run to the next. `said`: what the run before knew of them; null: there has been no leader yet.
 */
export function leader(said: InForce | null = null): Promise<void> {
  checkPlace();
  return goOn(() =>
    giveTerms(
      isHandedOn() ? said : started(or(orNull(fields<InForce>({ ...word, since: instant })), null), said),
    ),
  );
}

async function giveTerms(said: InForce | null): Promise<void> {
  let inForce = said;
  let lastTerm = 0;
  setCurrentDetails(detailsOf(inForce));
  onSignal(inForceSignal, {
    description: 'The leader sends it: by which rules it works.',
    shape: fields<Statement>({ ...word, term: countUpTo(mostTerms) }),
    act({ term, ...next }) {
      // It was on its way while another process took over.
      if (term < lastTerm) return;
      lastTerm = term;
      inForce = { ...next, since: isSameProcess(inForce, next) ? inForce.since : Date.now() };
      upsertMemo({ [inForceMemo]: inForce });
      setCurrentDetails(detailsOf(inForce));
    },
  });
  dropOthers();
  await lead();
  const memo = inForce === null ? {} : { memo: { [inForceMemo]: inForce } };
  await makeContinueAsNewFunc<typeof leader>(memo)(inForce);
}

/** More tries than a run has in years: a higher number that somebody made up would silence all that follow. */
const mostTerms = 10_000_000;

/** The most characters of rules that a process shows (worker/in-force.ts). */
const mostGround = 64 * 1024;

const word = {
  version: words(100),
  process: words(300),
  startedAt: instant,
  digest: words(100),
  fileDigest: words(100),
  change: count,
  // Whoever goes by these rules checks their form and their digest (activities/in-force.ts).
  ground: (value: unknown, name: string): InForce['ground'] => {
    if (value === null) return null;
    const ground = object(value, name) as unknown as InForce['ground'];
    if (JSON.stringify(ground).length > mostGround) throw new Misshapen(`${name} must be smaller`);
    return ground;
  },
};

/** Whether it is the same process that stays the leader, in a new term. */
function isSameProcess(
  last: InForce | null,
  { process, startedAt }: Omit<InForce, 'since'>,
): last is InForce {
  return last !== null && last.process === process && last.startedAt === startedAt;
}

function detailsOf(inForce: InForce | null): string {
  const lines = [
    'One worker process, the leader, asks Nexudus and Kisi; the others stand by. ' +
      'Its name is the worker of the pending activity `lead`; if it dies, another takes over within 8 seconds.',
  ];
  if (inForce !== null) {
    const { digest, process, version, startedAt, since } = inForce;
    lines.push(
      `Rules in force: digest ${digest}, of process ${process} (Latchkey ${version}), ` +
        `started ${iso(startedAt)}, the leader since ${iso(since)}.`,
    );
  }
  return lines.join('\n\n');
}
