/**
 * The records of the simulated Nexudus: for each kind the fields it keeps, as a blank record with nothing set.
 * A field that a PUT leaves out falls back to its blank. Names, types and nullability follow the public entity
 * reference; fields that no access rule and no client here could miss (billing, portal, profile links) are left out.
 */

const text = (): string | null => null;
const number = (): number | null => null;
const ids = (): number[] => [];
/** A time on the wire: ISO 8601, UTC, whole seconds. */
const time = text;

/** The fields that every record has. */
export type BaseRecord = {
  Id: number;
  UniqueId: string;
  CreatedOn: string;
  UpdatedOn: string;
  /** E-mail of the user who wrote it. */
  UpdatedBy: string | null;
  IsNew: boolean;
  SystemId: string | null;
  ToStringText: string | null;
  LocalizationDetails: null;
  CustomFields: null;
};

const coworker = {
  CoworkerType: 1,
  Businesses: ids(),
  FullName: '',
  Salutation: text(),
  Gender: 0,
  Email: '',
  Address: text(),
  PostCode: text(),
  CityName: text(),
  State: text(),
  CountryId: 0,
  SimpleTimeZoneId: 0,
  MobilePhone: text(),
  LandLine: text(),
  NickName: text(),
  BusinessArea: text(),
  Position: text(),
  CompanyName: text(),
  ProfileIsPublic: false,
  InvoicingBusinessId: number(),
  BillingEmail: text(),
  BillingName: text(),
  TaxRateType: 1,
  AllowNetworkCheckin: false,
  CheckinSinceLastRenewal: 0,
  MinutesSinceLastRenewal: 0,
  AccessCardId: text(),
  AccessPincode: text(),
  KeyFobNumber: text(),
  CanMakeBookings: false,
  CanPurchaseProducts: false,
  ReferenceNumber: text(),
  Tag: text(),
  Notes: text(),
  UserId: number(),
  UserActive: false,
  UserLastAccess: time(),
  IsAdmin: false,
  Active: false,
  RegistrationDate: time(),
  GeneralTermsAccepted: false,
  Custom1: text(),
  Custom2: text(),
  Custom3: text(),
  AccessControlDebounceTime: time(),
  AccessControlErrorNotificationSent: false,
  IsDefaultProfile: false,
  HasDueInvoices: false,
  Archived: false,
};

const contract = {
  IssuedById: 0,
  CoworkerId: 0,
  TariffId: 0,
  NextTariffId: number(),
  Notes: text(),
  StartDate: time(),
  BillingDay: 0,
  RenewalDate: time(),
  InvoicedPeriod: time(),
  ContractTerm: time(),
  Price: number(),
  Value: number(),
  Desks: ids(),
  Variants: ids(),
  Quantity: 0,
  MainContract: false,
  Cancelled: false,
  PurchaseOrder: text(),
  IncludeSignupFee: false,
  InvoiceAdvancedCycles: false,
  ApplyProRating: false,
  NextAutoInvoice: time(),
  PricePlanTermsAccepted: false,
  CancellationDate: time(),
  CancellationLimitDays: number(),
  ProRateCancellation: false,
  CancelTeamContracts: false,
  CancellationReason: 0,
  CancellationNotes: text(),
  ProposalUniqueId: text(),
  FloorPlanDeskIds: text(),
  FloorPlanDeskNames: text(),
};

const pausedPeriod = { CoworkerContractId: 0, Notes: text(), PauseFrom: '', PauseUntil: '' };

const tariff = {
  BusinessId: 0,
  Name: '',
  SystemTariffType: 5,
  Price: 0,
  DefaultInvoicingDay: number(),
  Visible: false,
  UseTimePasses: false,
  Description: text(),
  CurrencyId: 0,
  CurrencyCode: text(),
  CancellationPeriod: 0,
  DisplayOrder: 0,
  GroupName: text(),
  DefaultContractTerm: number(),
  CancelMemeberAccountAfter: number(),
  CheckinPricePlanLimit: number(),
  CheckinMonthLimit: number(),
  CheckinWeekLimit: number(),
  HoursPricePlanLimit: number(),
  HoursMonthLimit: number(),
  HoursWeekLimit: number(),
  InvoiceEvery: 0,
  InvoiceEveryWeeks: 0,
  AutoCancelAfter: number(),
  AdvanceInvoiceCycles: number(),
  Archived: false,
  KeepNewAccountsOnHold: false,
  CanBePaused: false,
  PauseYearlyLimit: number(),
  PauseCyclesLimit: number(),
  WaitForIdentityChecksToActivate: false,
};

const timePass = {
  BusinessId: 0,
  Name: '',
  InvoiceLineDisplayAs: text(),
  Price: 0,
  MinutesIncluded: number(),
  CountsTowardsPlanLimits: false,
  UseAsPayAsYouGoForMembers: false,
  UseAsPayAsYouGoForContacts: false,
  UsePriority: number(),
  CurrencyId: 0,
  CurrencyCode: text(),
  Businesses: ids(),
  KisiGroupId: text(),
  DoorGuardGroupId: text(),
  AccessControlGroupId: text(),
  AccessControlGroupIds: text(),
  AllowNetworkCheckIn: false,
  OnlyForContacts: false,
  OnlyForMembers: false,
  Tariffs: ids(),
  Archived: false,
};

const tariffTimePass = { TariffId: 0, TimePassId: 0, PassesIncluded: 0, PassRenewalTime: 0 };

const pass = {
  CoworkerId: 0,
  BusinessId: 0,
  TimePassId: 0,
  Notes: text(),
  PurchaseOrder: text(),
  Used: false,
  UsedDate: time(),
  RemainingUses: number(),
  TotalUses: number(),
  Free: false,
  Price: number(),
  CreateMultiple: 0,
  ExpireDate: time(),
  Invoiced: false,
  InvoiceDate: time(),
  IsFromTariff: false,
  IsPayAsYouGo: false,
  TariffTimePassUniqueId: text(),
  CoworkerProductUniqueId: text(),
  CoworkerContractUniqueId: text(),
};

const productTimePass = {
  ProductId: 0,
  TimePassId: 0,
  PassesIncluded: 0,
  ExpireTimeInMonths: number(),
  ExpireTimeInWeeks: number(),
  ExpirationType: 0,
  ExpiresIn: number(),
};

const timeSlot = { TimePassId: 0, FromTime: '', ToTime: '', DayOfWeek: 0 };

const checkin = {
  CoworkerId: number(),
  BusinessId: 0,
  Source: 0,
  FromTime: '',
  ToTime: time(),
  CountsTowardsPlanLimits: false,
  CoworkerTimePassGuid: text(),
  AutoCheckout: false,
  LastActivity: time(),
  MacAddresses: text(),
  TeamsAtTheTimeOfCheckin: text(),
  TariffAtTheTimeOfCheckin: text(),
};

const team = {
  BusinessId: 0,
  Name: '',
  Description: text(),
  TeamMembers: ids(),
  TeamAdministrators: ids(),
  CreateSingleInvoiceForTeam: false,
  PayingMemberId: number(),
  DefaultMemberTariffId: number(),
  MaxTeamMemberCount: number(),
  TransferCreditsToPayingMember: false,
  ShareTimePasses: false,
  ShareExtraServices: false,
  ShareBookingCredit: false,
};

const business = {
  Name: '',
  RootLocationId: number(),
  WebAddress: '',
  Address: text(),
  Phone: text(),
  EmailContact: text(),
  CountryId: 0,
  CountryName: text(),
  CurrencyId: 0,
  CurrencyCode: text(),
  SimpleTimeZoneId: 0,
  DiscountPercentage: 0,
  DiscountAmount: 0,
  InvoicingPeriod: 0,
  Suspended: false,
  PassportPublished: false,
  TownCity: text(),
  PostalCode: text(),
  MondayOpenTime: number(),
  MondayCloseTime: number(),
  MondayClosed: false,
};

const simpleTimeZone = { Name: '', Description: '', TimeOffset: '', UsesSummerTime: false };

const businessSetting = { BusinessId: 0, Name: '', Value: text() };

const webhook = {
  BusinessId: 0,
  Name: '',
  Action: 1,
  Description: text(),
  URL: '',
  Active: false,
  LastError: text(),
  ErrorCount: 0,
  LastTrigger: time(),
};

const audit = { CoworkerId: 0, Description: text(), IsProblem: false };

/** A blank record of each collection. */
export const blanks = {
  coworkers: coworker,
  coworkercontracts: contract,
  contractpausedperiods: pausedPeriod,
  tariffs: tariff,
  timepasses: timePass,
  tarifftimepasses: tariffTimePass,
  coworkertimepasses: pass,
  producttimepasses: productTimePass,
  timepasstimeslots: timeSlot,
  checkins: checkin,
  teams: team,
  businesses: business,
  simpletimezones: simpleTimeZone,
  businesssettings: businessSetting,
  webhooks: webhook,
  coworkeraccesscontrolaudits: audit,
};

/** The last part of a collection's path, which names it here too. */
export type CollectionName = keyof typeof blanks;
/** The fields of a record of a collection, base fields apart. */
export type FieldsOf<C extends CollectionName> = (typeof blanks)[C];
/** A record of a collection. */
export type RecordOf<C extends CollectionName> = BaseRecord & FieldsOf<C>;

export type Contract = RecordOf<'coworkercontracts'>;
export type Tariff = RecordOf<'tariffs'>;
export type TariffTimePass = RecordOf<'tarifftimepasses'>;
export type Pass = RecordOf<'coworkertimepasses'>;
export type Checkin = RecordOf<'checkins'>;

/** A record seen as names and values, as it goes over the wire. */
export type Row = Record<string, unknown>;
