/**
 * The fields that Latchkey reads, by their names on the wire, and what each holds. Only these are on a tape, each as its kind
 * says. A test holds the lists to the schemas of both clients, so that a field which is read anew is not forgotten here.
 */
import type { CollectionName } from '../nexudus/records.js';

/**
 * - `number`, `flag`, `time`, `guid`, `ids`, `word` (one of a few that the API knows): kept where it looks like one
 * - `zone`: the name of a time zone, kept
 * - `thing`: the name of a plan, a pass type, a location or a group, kept but for what it has of a person
 * - `name`, `company`, `email`: of a person or a company, replaced
 * - `setting`, `value`: the name of a setting and what it says, kept of the one that is read
 * - `hook`: the name of a webhook, kept where it is one of Latchkey's
 * - `text`: anything else, replaced
 */
export type Kind =
  | 'number'
  | 'flag'
  | 'time'
  | 'guid'
  | 'ids'
  | 'word'
  | 'zone'
  | 'thing'
  | 'name'
  | 'company'
  | 'email'
  | 'setting'
  | 'value'
  | 'hook'
  | 'text';

/** A record's fields; a record within a record has fields of its own. */
export interface Fields {
  readonly [field: string]: Kind | Fields;
}

const stamps = { Id: 'number', UpdatedOn: 'time' } as const;

/** The rows of Nexudus' collections (nexudus/schemas.ts). */
export const nexudusFields: Record<CollectionName, Fields> = {
  coworkers: {
    ...stamps,
    FullName: 'name',
    Email: 'email',
    Active: 'flag',
    Archived: 'flag',
    CoworkerType: 'number',
    InvoicingBusinessId: 'number',
    TeamIds: 'ids',
    Teams: 'ids',
    CoworkerContractIds: 'ids',
  },
  people: { ...stamps, FullName: 'name', Email: 'email', CompanyName: 'company', Active: 'flag' },
  coworkercontracts: {
    ...stamps,
    UniqueId: 'guid',
    CoworkerId: 'number',
    TariffId: 'number',
    TariffName: 'thing',
    IssuedById: 'number',
    StartDate: 'time',
    CancellationDate: 'time',
    Cancelled: 'flag',
    Active: 'flag',
    RenewalDate: 'time',
    InPausedPeriod: 'flag',
    InPausedPeriodFrom: 'time',
    InPausedPeriodUntil: 'time',
  },
  contractpausedperiods: {
    ...stamps,
    CoworkerContractId: 'number',
    CoworkerContractCoworkerId: 'number',
    PauseFrom: 'time',
    PauseUntil: 'time',
  },
  coworkertimepasses: {
    ...stamps,
    UniqueId: 'guid',
    CoworkerId: 'number',
    TimePassId: 'number',
    BusinessId: 'number',
    Used: 'flag',
    UsedDate: 'time',
    CheckedIn: 'flag',
    RemainingUses: 'number',
    ExpireDate: 'time',
    IsFromTariff: 'flag',
    CoworkerContractUniqueId: 'guid',
    TariffTimePassUniqueId: 'guid',
  },
  timepasses: {
    ...stamps,
    Name: 'thing',
    BusinessId: 'number',
    MinutesIncluded: 'number',
    Businesses: 'ids',
    KisiGroupId: 'ids',
  },
  tarifftimepasses: {
    ...stamps,
    UniqueId: 'guid',
    TariffId: 'number',
    TimePassId: 'number',
    PassRenewalTime: 'number',
  },
  teams: {
    ...stamps,
    Name: 'company',
    ShareTimePasses: 'flag',
    PayingMemberId: 'number',
    TeamMembers: 'ids',
    CoworkerIds: 'ids',
  },
  checkins: { ...stamps, CoworkerId: 'number', CoworkerTimePassGuid: 'guid', ToTime: 'time' },
  businesses: {
    ...stamps,
    Name: 'thing',
    UniqueId: 'guid',
    RootLocationId: 'number',
    SimpleTimeZoneId: 'number',
    TownCity: 'thing',
    CountryName: 'thing',
  },
  simpletimezones: { ...stamps, Name: 'zone' },
  businesssettings: { ...stamps, BusinessId: 'number', Name: 'setting', Value: 'value' },
  webhooks: {
    ...stamps,
    Name: 'hook',
    Description: 'text',
    URL: 'text',
    BusinessId: 'number',
    Action: 'number',
    Active: 'flag',
    ErrorCount: 'number',
    LastError: 'text',
    LastTrigger: 'time',
  },
};

/** What stands around the rows of a list of Nexudus (nexudus/lists.ts). */
export const listFields: Fields = {
  TotalItems: 'number',
  TotalPages: 'number',
  HasNextPage: 'flag',
  CurrentPageSize: 'number',
};

/** Times of any record of Nexudus at which only `latchkey verify` looks. */
export const verifiedTimes = /^(CreatedOn|[A-Z][A-Za-z]{1,50}Local)$/;

/** What Nexudus says of the user that asks, of a login, and of a write (nexudus/client.ts). */
export const userFields: Fields = {
  IsAdmin: 'flag',
  APIAccess: 'flag',
  DefaultBusinessId: 'number',
  DefaultSimpleTimeZoneNameIana: 'zone',
};
export const writeFields: Fields = { WasSuccessful: 'flag', Message: 'text', Errors: { Message: 'text' } };

/** Kisi's records (kisi/records.ts, kisi/logins.ts), by the first word of their address. */
export const kisiFields = {
  user: {
    id: 'number',
    organization_id: 'number',
    organization: { id: 'number', name: 'text' },
  },
  groups: {
    id: 'number',
    name: 'thing',
    place_id: 'number',
    login_enabled: 'flag',
    locks_count: 'number',
    geofence_restriction_enabled: 'flag',
    reader_restriction_enabled: 'flag',
    primary_device_restriction_enabled: 'flag',
    managed_device_restriction_enabled: 'flag',
    time_restriction_enabled: 'flag',
    tap_to_access_restriction_enabled: 'flag',
  },
  group_locks: { group_id: 'number', lock_id: 'number', lock: { name: 'thing' } },
  users: {
    id: 'number',
    email: 'email',
    name: 'name',
    access_enabled: 'flag',
    scim_access_enabled: 'flag',
    created_at: 'time',
    confirmed: 'flag',
    last_accessed_at: 'time',
  },
  logins: {
    id: 'number',
    user_id: 'number',
    user: { id: 'number' },
    type: 'word',
    expire: 'flag',
    created_at: 'time',
    last_used_at: 'time',
  },
  role_assignments: {
    id: 'number',
    role_id: 'word',
    assignee_type: 'word',
    assignee_id: 'number',
    applies_to_type: 'word',
    applies_to_id: 'number',
    user_id: 'number',
    group_id: 'number',
    valid_from: 'time',
    valid_until: 'time',
    created_at: 'time',
    created_by_id: 'number',
    created_by_type: 'word',
  },
} as const satisfies Record<string, Fields>;
