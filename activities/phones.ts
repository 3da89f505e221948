import type { InvitationSigns } from '../access/invitations.js';
import type { KisiClient } from '../kisi/client.js';
import type { KisiInvitee } from '../kisi/records.js';

type Lists = Pick<KisiClient, 'inviteesByUnlock' | 'inviteesByLastUnlock'>;

/**
 * Everybody who never opened a door, and everybody about whom Kisi does not say whether they did. Kisi documents that its list begins with them; where it
 * does not, they are looked for at its other end. Throws KisiError.
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

/** Of whom opened a door so many are asked for, to see whether Kisi shows phones of others at all. */
const mostWitnesses = 5;
/** Kisi is asked for the phones of so many at most: more would take its turns for minutes. */
const mostAsked = 300;

type Phone = InvitationSigns['phone'];

/**
 * Whether people are signed in to the app on a phone. Whether Kisi tells an administrator is not documented, and an empty list
 * may be all that it shows of others: so none is believed until a phone of somebody else was seen, or nobody has opened a door
 * who ought to have one. To be made anew for each read.
 */
export class Phones {
  /** Null: not known yet. */
  private areShown: boolean | null = null;
  private asked = 0;

  constructor(private readonly kisi: Pick<KisiClient, 'loginsOf' | 'inviteesByLastUnlock'>) {}

  /** Throws KisiError. */
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

  /** Whether somebody who opened a door is shown with a phone. Some open doors with cards, so a few are asked for. */
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
