import type { Allowance, Contract, Instant, Member, Pass, Pause } from '../access/types.js';

/** The Nexudus records that access depends on: only the fields that are needed. How they are parsed: schemas.ts. */

/** What every record has. */
export interface Stamped {
  id: number;
  /** UpdatedOn as written; it says that a record changed, never what is true. Empty: the record has none. */
  updatedOn: string;
}

export interface CoworkerRecord extends Stamped, Member {
  /** Trimmed only: a search may mind the case. */
  emailAsWritten: string;
  /** Null: not said (list rows may leave it out). */
  teamIds: number[] | null;
  /** Contracts that the record itself names as running; empty where it does not say. */
  contractIds: number[];
}

/** A coworker as people look for one. None of its fields decides access. */
export interface PersonRecord extends Stamped {
  fullName: string;
  /** Trimmed and lower-cased; empty when the record has none. */
  email: string;
  companyName: string;
  active: boolean;
}

export interface ContractRecord extends Stamped, Contract {}
export interface PassRecord extends Stamped, Pass {}
export interface AllowanceRecord extends Stamped, Allowance {}

export interface PausedPeriodRecord extends Stamped {
  contractId: number;
  /** Null: not said. */
  memberId: number | null;
  pause: Pause;
}

export interface PassTypeRecord extends Stamped {
  name: string;
  ownerLocationId: number;
  minutes: number | null;
  /** As written; null: list rows leave it out. Empty: the owner, or all of an owning network. */
  businessIds: number[] | null;
  kisiGroups: GroupField;
}

/** Kisi groups that a field names. `unclear`: what of the field cannot be read, in plain words; null: it all can. */
export interface GroupField {
  ids: number[];
  unclear: string | null;
}

export interface TeamRecord extends Stamped {
  name: string;
  /** Null: not said (list rows may leave it out). */
  sharesPasses: boolean | null;
  payerId: number | null;
  /** Null: not said (list rows may leave it out). */
  memberIds: number[] | null;
}

export interface CheckinRecord extends Stamped {
  memberId: number | null;
  passUniqueId: string | null;
  open: boolean;
}

export interface BusinessRecord extends Stamped {
  name: string;
  /** In lower case; null: not said. */
  uniqueId: string | null;
  /** The network above; null: top level. */
  parentId: number | null;
  zoneId: number | null;
  /** As people typed them; empty: not said. */
  city: string;
  country: string;
}

export interface ZoneRecord extends Stamped {
  name: string;
}

export interface SettingRecord extends Stamped {
  locationId: number | null;
  name: string;
  value: string;
}

export interface WebhookRecord extends Stamped {
  name: string;
  description: string;
  url: string;
  /** Null, as is any of the following: not said (list rows may leave it out). */
  locationId: number | null;
  action: number | null;
  active: boolean | null;
  errorCount: number | null;
  lastError: string;
  lastCallAt: Instant | null;
}

/** The collections by the last part of their path. */
export interface Records {
  coworkers: CoworkerRecord;
  /** The same rows, read for a search: what decides access is left out. */
  people: PersonRecord;
  coworkercontracts: ContractRecord;
  contractpausedperiods: PausedPeriodRecord;
  coworkertimepasses: PassRecord;
  timepasses: PassTypeRecord;
  tarifftimepasses: AllowanceRecord;
  teams: TeamRecord;
  checkins: CheckinRecord;
  businesses: BusinessRecord;
  simpletimezones: ZoneRecord;
  businesssettings: SettingRecord;
  webhooks: WebhookRecord;
}
export type CollectionName = keyof Records;
