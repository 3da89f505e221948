/** Every act there is. A new one is one row more: its page, its form and its route come of that. */
import type { Act } from './act.js';
import { resend } from './invitation-acts.js';
import { allow, block, resync } from './member-acts.js';
import { adopt, approve, ignore, reject, repair, withdraw } from './ruling-acts.js';
import { mode, pause, resume } from './space-acts.js';

/** Which acts there are about each thing, in the order in which they are offered. */
export const actsAbout = {
  member: [resync, allow, block],
  invitation: [resend],
  withheld: [approve, reject],
  finding: [repair, adopt, ignore],
  exception: [withdraw],
  space: [pause, resume, mode],
} as const satisfies Record<string, readonly Act[]>;

/** All of them. */
export const acts: readonly Act[] = Object.values(actsAbout).flat();
