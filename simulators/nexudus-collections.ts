/** The collections of the simulated Nexudus: where each is served, what it needs and what it points at. */
import type { CollectionName } from './nexudus-records.js';

/** A link to a record of another collection: field `<name>Id` here, and the fields of it shown flattened. */
export interface Relation {
  to: CollectionName;
  shows: string[];
}

/** One collection. */
export interface Collection {
  /** Prefix of its filters. */
  apiName: string;
  /** Path below the base. */
  path: string;
  /** Fields that POST and PUT must carry. */
  required: string[];
  /** Fields that writes leave alone. */
  readonly: string[];
  relations: Record<string, Relation>;
  /** False: records can only be read and updated. */
  creatable: boolean;
}

const business: Relation = { to: 'businesses', shows: ['Name'] };
const timePass: Relation = { to: 'timepasses', shows: ['Name'] };
const noCoworkerName: Relation = { to: 'coworkers', shows: [] };

function collection(
  apiName: string,
  area: 'billing' | 'spaces' | 'sys',
  required: string[],
  more: Partial<Omit<Collection, 'apiName' | 'path' | 'required'>> & { name: CollectionName },
): Collection {
  const { name, ...rest } = more;
  return {
    apiName,
    path: `/${area}/${name}`,
    required,
    readonly: [],
    relations: {},
    creatable: true,
    ...rest,
  };
}

/** Every collection that is served. */
export const collections: Record<CollectionName, Collection> = {
  coworkers: collection('Coworker', 'spaces', ['FullName', 'Email', 'CountryId', 'SimpleTimeZoneId'], {
    name: 'coworkers',
    readonly: [
      'CheckinSinceLastRenewal',
      'MinutesSinceLastRenewal',
      'UserActive',
      'UserLastAccess',
      'IsAdmin',
      'HasDueInvoices',
    ],
    relations: { InvoicingBusiness: business, SimpleTimeZone: { to: 'simpletimezones', shows: [] } },
  }),
  coworkercontracts: collection(
    'CoworkerContract',
    'billing',
    ['IssuedById', 'CoworkerId', 'TariffId', 'BillingDay', 'Quantity'],
    {
      name: 'coworkercontracts',
      readonly: ['MainContract', 'Cancelled', 'ProposalUniqueId', 'FloorPlanDeskIds', 'FloorPlanDeskNames'],
      relations: {
        IssuedBy: business,
        Coworker: {
          to: 'coworkers',
          shows: ['CoworkerType', 'FullName', 'CompanyName', 'BillingName', 'Email', 'Active'],
        },
        Tariff: {
          to: 'tariffs',
          shows: ['Name', 'InvoiceEvery', 'InvoiceEveryWeeks', 'Price', 'CurrencyCode'],
        },
        NextTariff: { to: 'tariffs', shows: ['Name'] },
      },
    },
  ),
  contractpausedperiods: collection(
    'ContractPausedPeriod',
    'billing',
    ['CoworkerContractId', 'PauseFrom', 'PauseUntil'],
    {
      name: 'contractpausedperiods',
      relations: {
        CoworkerContract: {
          to: 'coworkercontracts',
          shows: [
            'Quantity',
            'FloorPlanDeskIds',
            'FloorPlanDeskNames',
            'TariffName',
            'CoworkerId',
            'CoworkerFullName',
            'CoworkerBillingName',
          ],
        },
      },
    },
  ),
  tariffs: collection('Tariff', 'billing', ['BusinessId', 'Name', 'CurrencyId'], {
    name: 'tariffs',
    readonly: ['CurrencyCode'],
    relations: { Business: business },
  }),
  timepasses: collection('TimePass', 'billing', ['BusinessId', 'Name', 'Price', 'CurrencyId'], {
    name: 'timepasses',
    readonly: ['CurrencyCode'],
    relations: { Business: business },
  }),
  tarifftimepasses: collection('TariffTimePass', 'billing', ['TariffId', 'TimePassId', 'PassesIncluded'], {
    name: 'tarifftimepasses',
    relations: { Tariff: { to: 'tariffs', shows: ['Name'] }, TimePass: timePass },
  }),
  coworkertimepasses: collection(
    'CoworkerTimePass',
    'billing',
    ['CoworkerId', 'BusinessId', 'TimePassId', 'CreateMultiple'],
    {
      name: 'coworkertimepasses',
      readonly: [
        'UsedDate',
        'RemainingUses',
        'TotalUses',
        'Invoiced',
        'InvoiceDate',
        'IsFromTariff',
        'IsPayAsYouGo',
      ],
      relations: {
        Coworker: noCoworkerName,
        Business: { to: 'businesses', shows: [] },
        TimePass: { to: 'timepasses', shows: ['Name', 'CurrencyCode'] },
      },
    },
  ),
  producttimepasses: collection('ProductTimePass', 'billing', ['ProductId', 'TimePassId', 'PassesIncluded'], {
    name: 'producttimepasses',
    relations: { TimePass: timePass },
  }),
  timepasstimeslots: collection('TimePassTimeSlot', 'billing', ['TimePassId', 'FromTime', 'ToTime'], {
    name: 'timepasstimeslots',
    relations: { TimePass: { to: 'timepasses', shows: [] } },
  }),
  checkins: collection('Checkin', 'spaces', ['BusinessId', 'FromTime'], {
    name: 'checkins',
    readonly: ['Source'],
    relations: { Coworker: { to: 'coworkers', shows: ['FullName'] }, Business: business },
  }),
  teams: collection('Team', 'spaces', ['BusinessId', 'Name'], {
    name: 'teams',
    relations: {
      Business: business,
      PayingMember: {
        to: 'coworkers',
        shows: ['FullName', 'CoworkerType', 'BillingName', 'CompanyName'],
      },
      DefaultMemberTariff: { to: 'tariffs', shows: ['Name'] },
    },
  }),
  businesses: collection(
    'Business',
    'sys',
    ['Name', 'WebAddress', 'CountryId', 'CurrencyId', 'SimpleTimeZoneId'],
    {
      name: 'businesses',
      readonly: ['RootLocationId', 'CountryName', 'CurrencyCode'],
      relations: {
        RootLocation: { to: 'businesses', shows: [] },
        SimpleTimeZone: { to: 'simpletimezones', shows: [] },
      },
      creatable: false,
    },
  ),
  simpletimezones: collection('SimpleTimeZone', 'sys', ['Name', 'Description', 'TimeOffset'], {
    name: 'simpletimezones',
    creatable: false,
  }),
  businesssettings: collection('BusinessSetting', 'sys', ['BusinessId', 'Name'], {
    name: 'businesssettings',
    relations: { Business: { to: 'businesses', shows: [] } },
  }),
  webhooks: collection('WebHook', 'sys', ['BusinessId', 'Name', 'Action', 'URL'], {
    name: 'webhooks',
    readonly: ['LastError', 'ErrorCount', 'LastTrigger'],
    relations: { Business: { to: 'businesses', shows: [] } },
  }),
  coworkeraccesscontrolaudits: collection('CoworkerAccessControlAudit', 'sys', ['CoworkerId'], {
    name: 'coworkeraccesscontrolaudits',
    relations: { Coworker: noCoworkerName },
  }),
};

/** The names of all collections. */
export const collectionNames = Object.keys(collections) as CollectionName[];
