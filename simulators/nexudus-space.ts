/**
 * A Nexudus account in memory: typed ways to fill it, and what happens in a space's daily life (passes are used,
 * plans renew, contracts end). What is not given gets a sensible default.
 */
import { DateTime } from 'luxon';
import type { Checkin, Contract, Pass, RecordOf, TariffTimePass } from './nexudus-records.js';
import { groupBy, runs } from './nexudus-views.js';
import { NexudusStore, stamp } from './nexudus-store.js';

/** Numbers of TariffTimePass.PassRenewalTime (enum eTimeSpanWeekMonth). */
export const passRenewalTimes = { week: 1, calendarMonth: 2, billingCycle: 3, year: 4, day: 5 } as const;

const dayMs = 24 * 60 * 60 * 1000;

/** The records of the account and the acts that change them. All times are the simulator's clock. */
export class NexudusSpace extends NexudusStore {
  /** Adds a time zone; `Name` may be an IANA or a Windows name, switch `simpleTimeZoneNames` rules what is shown. */
  addSimpleTimeZone(fields: Partial<RecordOf<'simpletimezones'>> = {}): RecordOf<'simpletimezones'> {
    const Name = fields.Name ?? 'UTC';
    return this.add('simpletimezones', { Name, Description: Name, TimeOffset: '0', ...fields });
  }

  /** Adds a location, or a network when other locations name it as their RootLocationId. In UTC by default. */
  addBusiness(fields: Partial<RecordOf<'businesses'>> = {}): RecordOf<'businesses'> {
    const business = this.add('businesses', {
      Name: 'Riverside',
      WebAddress: 'riverside',
      CountryId: 1221,
      CountryName: 'United Kingdom',
      CurrencyId: 3030,
      CurrencyCode: 'GBP',
      ...fields,
    });
    if (fields.SimpleTimeZoneId !== undefined) return business;
    const zone = this.list('simpletimezones')[0] ?? this.addSimpleTimeZone();
    return this.update('businesses', business.Id, { SimpleTimeZoneId: zone.Id });
  }

  /** Adds an active individual at the first location. */
  addCoworker(fields: Partial<RecordOf<'coworkers'>> = {}): RecordOf<'coworkers'> {
    const home = fields.InvoicingBusinessId ?? this.#firstBusiness();
    const coworker = this.add('coworkers', {
      FullName: 'Member',
      Active: true,
      CountryId: 1221,
      SimpleTimeZoneId: this.get('businesses', home)?.SimpleTimeZoneId ?? 0,
      InvoicingBusinessId: home,
      Businesses: [home],
      IsDefaultProfile: true,
      RegistrationDate: stamp(this.now()),
      ...fields,
    });
    if (fields.Email !== undefined) return coworker;
    return this.update('coworkers', coworker.Id, { Email: `member${coworker.Id}@example.com` });
  }

  /** Adds a price plan, billed monthly. */
  addTariff(fields: Partial<RecordOf<'tariffs'>> = {}): RecordOf<'tariffs'> {
    const BusinessId = fields.BusinessId ?? this.#firstBusiness();
    const currency = { CurrencyId: 3030, CurrencyCode: 'GBP' };
    const plan = { Name: 'Plan', Price: 100, Visible: true, UseTimePasses: true, InvoiceEvery: 1 };
    return this.add('tariffs', { BusinessId, ...currency, ...plan, ...fields });
  }

  /** Adds a pass type: a day pass unless MinutesIncluded is given. */
  addTimePass(fields: Partial<RecordOf<'timepasses'>> = {}): RecordOf<'timepasses'> {
    const BusinessId = fields.BusinessId ?? this.#firstBusiness();
    const currency = { CurrencyId: 3030, CurrencyCode: 'GBP' };
    return this.add('timepasses', { BusinessId, Name: 'Day pass', Price: 20, ...currency, ...fields });
  }

  /** Adds a plan's allowance: one pass per billing cycle unless said otherwise. */
  addTariffTimePass(
    fields: Partial<TariffTimePass> & Pick<TariffTimePass, 'TariffId' | 'TimePassId'>,
  ): TariffTimePass {
    const PassRenewalTime = passRenewalTimes.billingCycle;
    return this.add('tarifftimepasses', { PassesIncluded: 1, PassRenewalTime, ...fields });
  }

  /** Adds a contract that starts today; its passes come with `renew` or `tick`. */
  addContract(fields: Partial<Contract> & Pick<Contract, 'CoworkerId' | 'TariffId'>): Contract {
    const tariff = this.need('tariffs', fields.TariffId);
    const IssuedById =
      fields.IssuedById ?? this.get('coworkers', fields.CoworkerId)?.InvoicingBusinessId ?? tariff.BusinessId;
    const today = stamp(this.local(IssuedById, this.now()).startOf('day').toMillis());
    const StartDate = fields.StartDate === undefined ? today : fields.StartDate;
    const RenewalDate = StartDate && this.#afterCycle(IssuedById, fields.TariffId, StartDate);
    const MainContract = this.where('coworkercontracts', 'CoworkerId', fields.CoworkerId).length === 0;
    const BillingDay = this.local(IssuedById, Date.parse(StartDate ?? today)).day;
    const dates = { StartDate, RenewalDate, InvoicedPeriod: RenewalDate, BillingDay };
    return this.add('coworkercontracts', { IssuedById, Quantity: 1, MainContract, ...dates, ...fields });
  }

  /** Adds an issued pass without an end, as bought or given by hand. */
  addPass(fields: Partial<Pass> & Pick<Pass, 'CoworkerId' | 'TimePassId'>): Pass {
    const type = this.need('timepasses', fields.TimePassId);
    // That minute passes count minutes here is a guess: the unit of RemainingUses is not published.
    const uses = type.MinutesIncluded ?? 1;
    const BusinessId = type.BusinessId;
    const counts = { CreateMultiple: 1, TotalUses: uses, RemainingUses: uses };
    return this.add('coworkertimepasses', { BusinessId, ...counts, ...fields });
  }

  /** Adds a freeze of a contract. */
  addPausedPeriod(
    fields: Partial<RecordOf<'contractpausedperiods'>> &
      Pick<RecordOf<'contractpausedperiods'>, 'CoworkerContractId' | 'PauseFrom' | 'PauseUntil'>,
  ): RecordOf<'contractpausedperiods'> {
    return this.add('contractpausedperiods', fields);
  }

  /** Adds a team. */
  addTeam(fields: Partial<RecordOf<'teams'>> = {}): RecordOf<'teams'> {
    const BusinessId = fields.BusinessId ?? this.#firstBusiness();
    return this.add('teams', { BusinessId, Name: 'Team', ...fields });
  }

  /** Adds a check-in, open unless ToTime is given. */
  addCheckin(fields: Partial<Checkin> & Pick<Checkin, 'CoworkerId' | 'BusinessId'>): Checkin {
    return this.add('checkins', { Source: 1, FromTime: stamp(this.now()), ...fields });
  }

  /** Adds a setting of a location, such as `Checkin.DailyCutOffTime`. */
  addBusinessSetting(
    fields: Partial<RecordOf<'businesssettings'>> & Pick<RecordOf<'businesssettings'>, 'Name' | 'Value'>,
  ): RecordOf<'businesssettings'> {
    const BusinessId = fields.BusinessId ?? this.#firstBusiness();
    return this.add('businesssettings', { BusinessId, ...fields });
  }

  /** Adds a webhook that is on. */
  addWebhook(
    fields: Partial<RecordOf<'webhooks'>> & Pick<RecordOf<'webhooks'>, 'Action' | 'URL'>,
  ): RecordOf<'webhooks'> {
    const BusinessId = fields.BusinessId ?? this.#firstBusiness();
    return this.add('webhooks', { BusinessId, Name: 'Hook', Active: true, ...fields });
  }

  /** Uses a pass: a day pass as a whole, a minute pass by `minutes` (all that is left by default). */
  usePass(passId: number, minutes?: number): Pass {
    const pass = this.need('coworkertimepasses', passId);
    const isDayPass = this.need('timepasses', pass.TimePassId).MinutesIncluded === null;
    const left = pass.RemainingUses ?? 0;
    const RemainingUses = isDayPass ? 0 : Math.max(0, left - (minutes ?? left));
    const changes = { RemainingUses, Used: RemainingUses === 0, UsedDate: stamp(this.now()) };
    return this.update('coworkertimepasses', passId, changes);
  }

  /** Checks a member in with the first pass that can be used, or without one. A day pass is used at once. */
  checkIn(coworkerId: number, businessId?: number): Checkin {
    const coworker = this.need('coworkers', coworkerId);
    const BusinessId = businessId ?? coworker.InvoicingBusinessId ?? this.#firstBusiness();
    const pass = this.#usablePass(coworkerId, BusinessId);
    if (pass && !pass.Used && this.get('timepasses', pass.TimePassId)?.MinutesIncluded === null)
      this.usePass(pass.Id);
    return this.addCheckin({
      CoworkerId: coworkerId,
      BusinessId,
      CoworkerTimePassGuid: pass?.UniqueId ?? null,
    });
  }

  /** Ends a member's open check-ins; a minute pass loses the minutes spent. */
  checkOut(coworkerId: number): void {
    const at = this.now();
    for (const checkin of this.list('checkins')) {
      if (checkin.CoworkerId !== coworkerId || checkin.ToTime !== null) continue;
      this.update('checkins', checkin.Id, { ToTime: stamp(at) });
      const pass = this.list('coworkertimepasses').find((p) => p.UniqueId === checkin.CoworkerTimePassGuid);
      const minutes = Math.ceil((at - Date.parse(checkin.FromTime)) / 60_000);
      if (pass && !pass.Used) this.usePass(pass.Id, minutes);
    }
  }

  /** Suspends a member; contracts and passes stay as they are. */
  suspend(coworkerId: number): void {
    this.update('coworkers', coworkerId, { Active: false });
  }

  /** Cancels a contract as of a local day (`YYYY-MM-DD`) or an instant in milliseconds. It runs until then. */
  cancelContract(contractId: number, date: string | number): Contract {
    const { IssuedById } = this.need('coworkercontracts', contractId);
    const CancellationDate = typeof date === 'number' ? stamp(date) : this.localMidnight(IssuedById, date);
    const Cancelled = Date.parse(CancellationDate) <= this.now();
    return this.update('coworkercontracts', contractId, { CancellationDate, Cancelled });
  }

  /** Changes a contract's plan, at once or at its next renewal. Passes already issued stay. */
  changePlan(contractId: number, tariffId: number, when: 'now' | 'atRenewal' = 'atRenewal'): Contract {
    const changes = when === 'now' ? { TariffId: tariffId, NextTariffId: null } : { NextTariffId: tariffId };
    return this.update('coworkercontracts', contractId, changes);
  }

  /** Issues a contract's passes for the period after the last one that was issued; the first time, for this one. */
  renew(contractId: number): Pass[] {
    const issued = this.#issuedBy(this.need('coworkercontracts', contractId));
    const before = this.need('coworkercontracts', contractId);
    const renewsAt = before.RenewalDate && Date.parse(before.RenewalDate);
    const paidAhead = renewsAt && issued.some((pass) => this.#periodEndMs(pass) >= renewsAt);
    const contract = paidAhead ? this.#bill(before) : this.#billUntilNow(before);
    return this.#allowancesOf(contract).flatMap((allowance) => {
      const lastEnd = this.#lastEndMs(issued, allowance);
      return this.#issue(contract, allowance, Math.max(lastEnd, this.now(), startMs(contract)));
    });
  }

  /** What the benefit engine does as time goes by: ends contracts, bills cycles, issues passes that are due. */
  tick(): Pass[] {
    const now = this.now();
    const passes = groupBy(this.list('coworkertimepasses'), (pass) => pass.CoworkerContractUniqueId);
    return this.list('coworkercontracts').flatMap((contract) => {
      const ended = contract.CancellationDate !== null && Date.parse(contract.CancellationDate) <= now;
      if (ended && !contract.Cancelled) this.update('coworkercontracts', contract.Id, { Cancelled: true });
      if (!this.#earnsPasses(contract, now)) return [];
      const billed = this.#billUntilNow(contract);
      const due = this.#allowancesOf(billed).filter(
        (allowance) => this.#lastEndMs(passes.get(contract.UniqueId) ?? [], allowance) <= now,
      );
      return due.flatMap((allowance) => this.#issue(billed, allowance, now));
    });
  }

  #earnsPasses(contract: Contract, nowMs: number): boolean {
    if (!runs(contract, nowMs) || !this.get('coworkers', contract.CoworkerId)?.Active) return false;
    return !this.list('contractpausedperiods').some(
      (pause) =>
        pause.CoworkerContractId === contract.Id &&
        Date.parse(pause.PauseFrom) <= nowMs &&
        nowMs < Date.parse(pause.PauseUntil),
    );
  }

  #allowancesOf(contract: Contract): TariffTimePass[] {
    return this.list('tarifftimepasses').filter((allowance) => allowance.TariffId === contract.TariffId);
  }

  #issuedBy(contract: Contract): Pass[] {
    return this.list('coworkertimepasses').filter((p) => p.CoworkerContractUniqueId === contract.UniqueId);
  }

  /** End of the last period for which an allowance was issued; 0 when it never was. */
  #lastEndMs(passes: Pass[], allowance: TariffTimePass): number {
    const own = passes.filter((pass) => pass.TariffTimePassUniqueId === allowance.UniqueId);
    return own.reduce((latest, pass) => Math.max(latest, this.#periodEndMs(pass)), 0);
  }

  #periodEndMs(pass: Pass): number {
    if (pass.ExpireDate === null) return Infinity;
    const expires = this.local(pass.BusinessId, Date.parse(pass.ExpireDate));
    return this.switches.planPassExpires === 'lastDay'
      ? expires.plus({ days: 1 }).toMillis()
      : expires.toMillis();
  }

  /** Issues an allowance's passes for the period that holds an instant. */
  #issue(contract: Contract, allowance: TariffTimePass, atMs: number): Pass[] {
    const at = this.local(contract.IssuedById, atMs);
    const end = periodEnd(at, allowance.PassRenewalTime, contract);
    const expires = this.switches.planPassExpires === 'lastDay' ? end.minus({ days: 1 }) : end;
    return Array.from({ length: allowance.PassesIncluded }, () =>
      this.addPass({
        CoworkerId: contract.CoworkerId,
        TimePassId: allowance.TimePassId,
        BusinessId: contract.IssuedById,
        ExpireDate: stamp(expires.toMillis()),
        IsFromTariff: true,
        TariffTimePassUniqueId: allowance.UniqueId,
        CoworkerContractUniqueId: contract.UniqueId,
      }),
    );
  }

  #billUntilNow(contract: Contract): Contract {
    const due = contract.RenewalDate !== null && Date.parse(contract.RenewalDate) <= this.now();
    return due ? this.#billUntilNow(this.#bill(contract)) : contract;
  }

  /** Moves a contract on by one billing cycle, to its next plan if one is set. */
  #bill(contract: Contract): Contract {
    if (contract.RenewalDate === null) return contract;
    const TariffId = contract.NextTariffId ?? contract.TariffId;
    const RenewalDate = this.#afterCycle(contract.IssuedById, TariffId, contract.RenewalDate);
    const changes = { TariffId, NextTariffId: null, RenewalDate, InvoicedPeriod: RenewalDate };
    return this.update('coworkercontracts', contract.Id, changes);
  }

  #afterCycle(businessId: number, tariffId: number, from: string): string {
    const { InvoiceEvery, InvoiceEveryWeeks } = this.need('tariffs', tariffId);
    const cycle = InvoiceEvery === 0 ? { weeks: InvoiceEveryWeeks || 1 } : { months: InvoiceEvery };
    return stamp(this.local(businessId, Date.parse(from)).plus(cycle).toMillis());
  }

  /** Today's day pass goes on; else a day pass, else the minute pass with the fewest minutes; of equals the oldest. */
  #usablePass(coworkerId: number, businessId: number): Pass | undefined {
    const now = this.now();
    const today = this.local(businessId, now).startOf('day').toMillis();
    const own = this.list('coworkertimepasses').filter((pass) => pass.CoworkerId === coworkerId);
    const usedToday = own.find(
      (p) => p.Used && p.UsedDate !== null && Date.parse(p.UsedDate) >= today && p.TotalUses === 1,
    );
    if (usedToday) return usedToday;
    const usable = own.filter(
      (p) => !p.Used && (p.ExpireDate === null || Date.parse(p.ExpireDate) + dayMs > now),
    );
    const rank = (pass: Pass) => this.get('timepasses', pass.TimePassId)?.MinutesIncluded ?? 0;
    return usable.sort((a, b) => rank(a) - rank(b))[0];
  }

  #firstBusiness(): number {
    return (this.list('businesses')[0] ?? this.addBusiness()).Id;
  }
}

function startMs(contract: Contract): number {
  return contract.StartDate === null ? 0 : Date.parse(contract.StartDate);
}

/** End of the period that holds an instant: local midnights, but for the billing cycle, which ends at renewal. */
function periodEnd(at: DateTime, renewal: number, contract: Contract): DateTime {
  if (renewal === passRenewalTimes.week) return at.startOf('week').plus({ weeks: 1 });
  if (renewal === passRenewalTimes.calendarMonth) return at.startOf('month').plus({ months: 1 });
  if (renewal === passRenewalTimes.year) return at.startOf('year').plus({ years: 1 });
  if (renewal === passRenewalTimes.day || contract.RenewalDate === null)
    return at.startOf('day').plus({ days: 1 });
  return DateTime.fromISO(contract.RenewalDate, { zone: at.zone });
}
