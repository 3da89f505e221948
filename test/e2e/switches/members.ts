import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../../../client/stage.js';
import { eventually, patienceMs } from '../../support/eventually.js';
import { takenEmail } from './values.js';
import type { KeyWatch } from './key-watch.js';

const dayMs = 86_400_000;
const hourMs = dayMs / 24;

/** What the scenarios need in latchkey.yaml, so that they need not wait for a day's end. */
export const policies = { usedPass: 'atOnce', renewalGrace: '10s' };

/** More than 255 signs, some of them on no list of plain ones. */
const oddName = `Jón “J” O’Neil & Söhne / ${'von und zu '.repeat(25)}`;

const emailOf = (name: string): string => `${name}@example.com`;

/** Members of the two cities. One of the main scenarios happens to each of them, all at once. */
export class Members {
  private readonly ids: Record<string, number> = {};
  private readonly passes: Record<string, number> = {};
  private readonly contracts: Record<string, number> = {};

  constructor(
    private readonly stage: Stage,
    private readonly watch: KeyWatch,
  ) {}

  /** Adds everybody, as if an hour ago, and says what each is entitled to. */
  fill(): void {
    const { romeOffice, romeDay, newYorkOffice } = this.stage.ids.groups;
    for (const name of ['ann', 'cyn', 'dot', 'gus']) this.subscribe(name, romeOffice);
    for (const name of ['bob', 'dee', 'eve', 'ida', 'jon', 'tia']) this.buys(name, 'romeDay', romeDay);
    this.joins('jon', { FullName: oddName });
    this.extends('dee', Date.now() + 2 * dayMs);
    // Else their plans' passes would end at midnight, which may be now.
    for (const name of ['ann', 'cyn', 'dot', 'gus']) this.extends(name, Date.now() + 2 * dayMs);
    this.fillTwoProfiles();
    this.fillTeam();
    const { org } = this.stage.kisi;
    // A part of her e-mail is the whole of Ann's.
    org.addUser({ email: emailOf('joann') });
    const hal = org.addUser({ email: 'Hal@Example.com' }).id;
    this.gaveByHand({ userId: hal, groupId: newYorkOffice });
    this.subscribe('hal', romeOffice, newYorkOffice);
    this.extends('hal', Date.now() + 2 * dayMs);
    const ida = org.addUser({ email: emailOf('ida') }).id;
    this.gaveByHand({ userId: ida, groupId: romeDay, validUntil: Date.now() - dayMs });
  }

  /** Says that a member is entitled to nothing, since Kisi refuses it because of what is switched. */
  expectNothing(name: string): void {
    this.watch.entitle(emailOf(name));
  }

  idOf(name: string): number {
    const id = this.ids[name];
    if (id === undefined) throw new Error(`There is no ${name}.`);
    return id;
  }

  /** All scenarios at once. */
  async live(): Promise<void> {
    await Promise.all([
      this.usesUp(),
      this.renews(),
      this.movesEnd(),
      this.isSuspended(),
      this.losesOneProfilesPass(),
      this.losesKeyByHand(),
    ]);
  }

  private async usesUp(): Promise<void> {
    const { space } = this.stage.nexudus;
    this.watch.entitle(emailOf('bob'));
    space.checkIn(this.idOf('bob'));
    space.checkOut(this.idOf('bob'));
    await this.holdsDue('bob', 'whose pass is used up');
  }

  /** The next pass of Cyn's plan comes while her key is held for it; no next pass of Dot's plan comes. */
  private async renews(): Promise<void> {
    const end = Math.ceil(Date.now() / 1_000) * 1_000 + 3_000;
    for (const name of ['cyn', 'dot']) this.extends(name, end);
    await sleep(end + 2_000 - Date.now());
    this.stage.nexudus.space.renew(this.contracts['cyn'] ?? 0);
    this.watch.entitle(emailOf('dot'));
    await this.holdsDue('dot', 'whose plan was not renewed');
  }

  private async movesEnd(): Promise<void> {
    const later = Math.ceil(Date.now() / 1_000) * 1_000 + 3 * dayMs;
    this.extends('dee', later);
    await eventually('the key of dee ends later', () =>
      this.watch
        .keysOf(emailOf('dee'))
        .some(({ valid_until: end }) => end !== null && Date.parse(end) >= later),
    );
  }

  private async isSuspended(): Promise<void> {
    const { space } = this.stage.nexudus;
    this.watch.entitle(emailOf('eve'));
    space.suspend(this.idOf('eve'));
    await this.holdsDue('eve', 'who is suspended');
    this.watch.entitle(emailOf('eve'), this.stage.ids.groups.romeDay);
    space.update('coworkers', this.idOf('eve'), { Active: true });
    await this.holdsDue('eve', 'who is back');
  }

  private async losesOneProfilesPass(): Promise<void> {
    this.watch.entitle(emailOf('fay'), this.stage.ids.groups.romeDay);
    this.stage.nexudus.space.usePass(this.passes['fay’s other profile'] ?? 0);
    await this.holdsDue('fay', 'of whose two profiles one has used its pass');
  }

  private async losesKeyByHand(): Promise<void> {
    this.watch.takeByHand(emailOf('gus'), this.stage.ids.groups.romeOffice);
    await this.holdsDue('gus', 'whose key a person took away in Kisi');
  }

  private async holdsDue(name: string, words: string): Promise<void> {
    const email = emailOf(name);
    const isSo = (): boolean => this.watch.holdsDue(email);
    await eventually(`just what is due to ${name}, ${words}`, isSo, patienceMs, 50, () =>
      Promise.resolve(this.stage.kisi.org.keysOf(email)),
    );
  }

  private fillTwoProfiles(): void {
    const { romeDay, newYorkOffice } = this.stage.ids.groups;
    this.buys('fay', 'romeDay');
    this.joins('fay’s other profile', { Email: emailOf('fay') });
    this.buys('fay’s other profile', 'newYorkOffice');
    this.watch.entitle(emailOf('fay'), romeDay, newYorkOffice);
  }

  /** Lou pays, and Kim has what is Lou's. */
  private fillTeam(): void {
    const { romeDay } = this.stage.ids.groups;
    this.buys('lou', 'romeDay', romeDay);
    this.joins('kim');
    this.watch.entitle(emailOf('kim'), romeDay);
    this.stage.nexudus.space.addTeam({
      TeamMembers: [this.idOf('lou'), this.idOf('kim')],
      PayingMemberId: this.idOf('lou'),
      ShareTimePasses: true,
      BusinessId: this.stage.ids.rome,
    });
  }

  /** A person gave the key, an hour ago. */
  private gaveByHand(grant: { userId: number; groupId: number; validUntil?: number }): void {
    const { org } = this.stage.kisi;
    const created_at = new Date(Date.now() - hourMs).toISOString();
    org.changeAssignment({ ...org.grantByHand(grant), created_at });
  }

  private joins(name: string, fields: { Email?: string; FullName?: string } = {}): void {
    const { space } = this.stage.nexudus;
    const known = this.ids[name];
    if (known !== undefined) {
      space.update('coworkers', known, fields);
      return;
    }
    const at = new Date(Math.floor(Date.now() / 1_000) * 1_000 - hourMs).toISOString().replace('.000', '');
    const person = { Email: emailOf(name), FullName: name, InvoicingBusinessId: this.stage.ids.rome };
    this.ids[name] = space.addCoworker({ ...person, CreatedOn: at, UpdatedOn: at, ...fields }).Id;
  }

  private subscribe(name: string, ...groupIds: number[]): void {
    const { space } = this.stage.nexudus;
    this.joins(name);
    const TariffId = this.stage.ids.plans.romeUnlimited;
    const contract = space.addContract({ CoworkerId: this.idOf(name), TariffId });
    this.contracts[name] = contract.Id;
    this.passes[name] = space.renew(contract.Id)[0]?.Id ?? 0;
    this.watch.entitle(emailOf(name), ...groupIds);
  }

  private buys(name: string, type: 'romeDay' | 'newYorkOffice', ...groupIds: number[]): void {
    this.joins(name);
    const { ids, nexudus } = this.stage;
    const pass = { CoworkerId: this.idOf(name), TimePassId: ids.passTypes[type] };
    this.passes[name] = nexudus.space.addPass(pass).Id;
    this.watch.entitle(emailOf(name), ...groupIds);
  }

  private extends(name: string, endsAt: number): void {
    const ExpireDate = new Date(Math.ceil(endsAt / 1_000) * 1_000).toISOString().replace('.000', '');
    this.stage.nexudus.space.update('coworkertimepasses', this.passes[name] ?? 0, { ExpireDate });
  }
}

/** The member that Kisi refuses where this is switched. */
export const refusedBy = { takenEmails: takenEmail.replace(/@.*/, ''), hiddenStillCount: 'ida' } as const;
