/** The act about an invitation: have Kisi mail it again. */
import { mailAgainProblem } from '../../access/invitations.js';
import type { Invitation } from '../../activities/invitations.js';
import { within } from '../../space/blocks.js';
import { CommandError } from '../../space/failure.js';
import { invitationWords, resendInvitation } from '../../space/invitations.js';
import { withLocalTimes } from '../../space/times.js';
import { readZones, zoneOf } from '../../space/zones.js';
import type { Desk } from '../desk.js';
import { invitationNow } from '../invitation-facts.js';
import { memberPath, type Act } from './act.js';
import { asked, ordersNow, waitsFor } from './reads.js';
import { actWords } from './words.js';

const words = actWords.resend;

/** Somebody waits at the desk. */
const readWithinMs = 8_000;
const answerWithinMs = 15_000;

/** Has Kisi mail the invitation again. */
export const resend: Act = {
  name: 'resend',
  least: 'desk',
  about: 'member',
  fields: ['why'],
  defaults: {},
  needsWhy: false,
  async plan({ desk, id, name }) {
    const [invitation, orders, zones] = await Promise.all([
      openInvitation(desk, id),
      ordersNow(desk),
      asked(() => readZones(desk.client)),
    ]);
    const zone = zoneOf(zones, invitation.locationId);
    const problem = invitation.isSuspended
      ? words.suspended(invitation.userId)
      : mailAgainProblem(invitation, invitation, desk.now());
    if (problem !== null) throw new CommandError(withLocalTimes(problem, zone), 2);
    const [held] = waitsFor(orders, false, zone);
    if (held !== undefined) throw new CommandError(words.held(held), 2);
    const { invitedAt, mailedAgainAt } = invitation;
    return {
      says: [words.does(actWords.member(name, id)), words.once, invitationWords(invitation, zone)],
      facts: { invitedAt, mailedAgainAt },
      async carryOut(giver) {
        const { isSure } = await resendInvitation(desk, id, giver, answerWithinMs);
        return { path: memberPath(id), told: isSure ? 'resent' : 'resentPerhaps' };
      },
    };
  },
};

async function openInvitation(desk: Desk, memberId: number): Promise<Invitation> {
  if (desk.config.file.invitations.mails === 'none') throw new CommandError(words.off, 2);
  const read = await within(readWithinMs, 'Kisi', async () => ({
    invitation: await invitationNow(desk, memberId),
  }));
  if (typeof read === 'string') throw new CommandError(`it takes an answer of Kisi. ${read}`);
  if (read.invitation === null) throw new CommandError(words.noKey, 2);
  return read.invitation;
}
