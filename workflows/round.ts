import type { Instant } from '../access/types.js';
import type { AssessRequest } from '../messages/to-activities.js';
import type { Wake } from '../messages/to-member.js';

/** One go through read, decide and write: why it happens, and from when on a read may be used for it. */
export interface Round {
  notBefore: Instant;
  /** How old locations and pass types may be: a change of theirs wakes with a reason of its own. */
  reference: AssessRequest['reference'];
  /** The member came or went, and nothing else is known. */
  isCheckIn: boolean;
  /** The member is compared with Kisi, too. */
  isResync: boolean;
  /** Nobody waits for just this member. */
  isBatch: boolean;
  /** The wakes that the round answers; none: only the clock woke. */
  wakes: Wake[];
}

/** The round that answers all these wakes. Without any it is for the instant that was due. */
export function roundFor(wakes: Wake[], dueAt: Instant): Round {
  const now = Date.now();
  const isWoken = wakes.length > 0;
  return {
    notBefore: isWoken ? Math.max(...wakes.map(({ notBefore = now }) => notBefore)) : Math.min(dueAt, now),
    reference: referenceFor(wakes),
    isCheckIn: isWoken && wakes.every(({ reason }) => reason === 'checkIn'),
    isResync: wakes.some(({ reason }) => reason === 'resync' || reason === 'drift'),
    isBatch: isWoken && wakes.every(({ isBatch }) => isBatch === true),
    wakes,
  };
}

function referenceFor(wakes: readonly Wake[]): Round['reference'] {
  const others = wakes.filter(({ reason }) => !keptSufficesAt.includes(reason));
  if (others.length === 0) return 'kept';
  return others.every(({ reason }) => reason === 'resync') ? 'recent' : 'anew';
}

const keptSufficesAt: Wake['reason'][] = [
  'changed',
  'checkIn',
  'profile',
  'order',
  'released',
  'profileOrder',
  'drift',
];
