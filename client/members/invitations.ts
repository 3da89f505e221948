import type { Invitation } from '../../activities/invitations.js';
import type { Config } from '../../config/config.js';
import { nexudusOf } from '../../space/apis.js';
import { invitationStates, readAllInvitations, resendInvitation } from '../../space/invitations.js';
import { named, type Giver } from '../../space/order.js';
import { withProgress } from '../../space/progress.js';
import { remark } from '../../space/remark.js';
import { zonesIfAny } from '../../space/rules-in-force.js';
import { withSession } from '../../space/session.js';
import { readConfig } from '../../space/settings.js';
import { timeWords, withLocalTimes } from '../../space/times.js';
import { memberIdFor, parseWho } from '../../space/who.js';
import { zoneOf } from '../../space/zones.js';
import { isoTimes, print, printJson } from '../terminal/output.js';
import { table, type Cell } from '../terminal/table.js';

export interface InvitationsOptions extends Giver {
  names?: boolean;
  /** The member to mail again. */
  resend?: string;
  json?: boolean;
}

/** `latchkey invitations`: who was invited and has not accepted; or one mail again. Throws CommandError. */
export async function invitations(options: InvitationsOptions): Promise<void> {
  const { names: isNamed = false, resend, json = false } = options;
  if (resend !== undefined) return mailAgain(resend, options);
  const config = readConfig();
  const { open, acceptedCount } = await withProgress('Asking Kisi who has signed in', () =>
    readAllInvitations(config),
  );
  const names = isNamed ? await memberNames(config) : null;
  const others = othersWords(acceptedCount);
  if (json) printJson(open.map((one) => isoTimes(rowOf(one, names))));
  else if (open.length === 0) remark(`no invitation is open; ${others}`);
  else {
    const zones = await zonesIfAny(config);
    print(
      table(
        headingsOf(names),
        open.map((one) => cellsOf(one, names, zoneOf(zones, one.locationId))),
      ),
    );
    print(others);
  }
}

function othersWords(count: number): string {
  if (count === 0) return 'No other member holds a key of Latchkey.';
  return count === 1
    ? 'One other member with a key has accepted.'
    : `${count} other members with a key have accepted.`;
}

type MemberNames = ReadonlyMap<number, string>;

/** Names are read when asked for, and kept nowhere. */
async function memberNames(config: Config): Promise<MemberNames> {
  const everyone = await withProgress('Reading the names in Nexudus', () =>
    nexudusOf(config).list('coworkers'),
  );
  return new Map(everyone.map(({ id, fullName }) => [id, fullName]));
}

function rowOf(invitation: Invitation, names: MemberNames | null): object {
  const { mailedAgainAt, ...row } = invitation;
  return {
    ...row,
    // `isoTimes` knows a time by its name.
    mailedAgain: mailedAgainAt.map((at) => ({ at })),
    ...(names === null ? {} : { name: names.get(invitation.memberId) ?? null }),
  };
}

function headingsOf(names: MemberNames | null): string[] {
  return [
    'member',
    ...(names === null ? [] : ['name']),
    'invitation',
    'invited',
    'mails',
    'because the member',
  ];
}

function cellsOf(
  { memberId, state, invitedAt, mailedAgainAt, evidence, isSuspended }: Invitation,
  names: MemberNames | null,
  zone: string | null,
): Cell[] {
  const suspended = isSuspended ? '; is suspended in Kisi' : '';
  return [
    memberId,
    ...(names === null ? [] : [names.get(memberId) ?? null]),
    invitationStates[state],
    invitedAt === null ? null : timeWords(invitedAt, zone),
    1 + mailedAgainAt.length,
    `${withLocalTimes(evidence, zone)}${suspended}`,
  ];
}

async function mailAgain(id: string, giver: Giver): Promise<void> {
  const order = named(giver);
  const who = parseWho(id);
  const config = readConfig();
  const memberId = await memberIdFor(who, nexudusOf(config), 2);
  const { isSure } = await withSession(config, (session) =>
    withProgress('Having Kisi mail it', () => resendInvitation(session, memberId, order)),
  );
  print(
    isSure
      ? `Kisi was asked to mail member ${memberId} again.`
      : `Kisi was asked to mail member ${memberId} again, and its answer was lost: the mail may be on its way or not.`,
  );
}
