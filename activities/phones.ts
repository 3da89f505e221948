import type { InvitationSigns } from '../access/invitations.js';
import type { KisiClient } from '../kisi/client.js';
import type { KisiInvitee } from '../kisi/records.js';

type Lists = Pick<KisiClient, 'inviteesByUnlock' | 'inviteesByLastUnlock'>;

/**
 * The users who never opened a door, or of whose doors Kisi says nothing. Kisi documents that its list begins with them; where
 * it does not, they are looked for at the other end of the list. Throws KisiError.
 */
export async function firstIdle(kisi: Lists): Promise<KisiInvitee[]> {
  for (const pages of [kisi.inviteesByUnlock(), kisi.inviteesByLastUnlock()]) {
    const idle: KisiInvitee[] = [];
    for await (const { rows } of pages) {
      const some = rows.filter((user) => !hasOpened(user));
      idle.push(...some);
      if (some.length < rows.length) break;
    }
    if (idle.length > 0) return idle;
  }
  return [];
}

const hasOpened = ({ lastUnlockAt }: KisiInvitee): boolean => typeof lastUnlockAt === 'number';

/** The most users who opened a door whose phones are asked for, to see whether Kisi shows phones of others at all. */
const mostWitnesses = 5;
/** The most users whose phones Kisi is asked for: more would take its turns for minutes. */
const mostAsked = 300;

type Phone = InvitationSigns['phone'];

/**
 * Whether people are signed in to the app on a phone. Whether Kisi tells an administrator is not documented, and it may show an
 * empty list for everybody else. So an empty list is believed only once a phone of somebody else was seen, or where nobody has
 * opened a door who ought to have a phone. To be made anew for each read.
 */
export class Phones {
  /** Null: not known yet. */
  private areShown: boolean | null = null;
  private asked = 0;

  constructor(private readonly kisi: Pick<KisiClient, 'loginsOf' | 'inviteesByLastUnlock'>) {}

  /** Whether a user is signed in on a phone, and since when. Throws KisiError. */
  async of(userId: number): Promise<Phone> {
    if (this.areShown === false || this.asked >= mostAsked) return 'unknown';
    const phone = await this.ask(userId);
    if (phone !== 'none') return phone;
    this.areShown ??= await this.haveWitness();
    return this.areShown ? 'none' : 'unknown';
  }

  private async ask(userId: number): Promise<Phone> {
    this.asked++;
    const logins = await this.kisi.loginsOf({ userId });
    if (logins === null) {
      this.areShown = false;
      return 'unknown';
    }
    const phones = logins.filter(({ type }) => type === 'device');
    if (phones.length === 0) return 'none';
    this.areShown = true;
    const since = phones.flatMap(({ createdAt }) => createdAt ?? []);
    return since.length === 0 ? 'some' : Math.min(...since);
  }

  /** Whether somebody who opened a door has a phone, or nobody opened one. Some use cards only, so a few are asked for. */
  private async haveWitness(): Promise<boolean> {
    const opened = await this.lastToOpen();
    for (const { id } of opened) {
      const phone = await this.ask(id);
      if (phone !== 'none') return phone !== 'unknown';
    }
    return opened.length === 0;
  }

  private async lastToOpen(): Promise<KisiInvitee[]> {
    for await (const { rows } of this.kisi.inviteesByLastUnlock())
      return rows.filter(hasOpened).slice(0, mostWitnesses);
    return [];
  }
}
