import type { CollectionName } from '../nexudus/records.js';
import type { Assumption } from './assumption.js';
import { kisiAssumptions } from './kisi-assumptions.js';
import { kisiBeyondReading } from './kisi-beyond-reading.js';
import { kisiEventAssumptions, kisiKindAssumptions } from './kisi-event-assumptions.js';
import { kisiFields, type KisiRecordName } from './kisi-fields.js';
import { nexudusAssumptions } from './nexudus-assumptions.js';
import { nexudusFields } from './nexudus-fields.js';
import { nexudusKindAssumptions, nexudusWebhookAssumptions } from './nexudus-webhook-assumptions.js';

export type NexudusFieldsName = `nexudusFields.${CollectionName}`;
export type KisiFieldsName = `kisiFields.${KisiRecordName}`;

const named = [
  ...nexudusAssumptions,
  ...nexudusWebhookAssumptions,
  ...nexudusKindAssumptions,
  ...kisiAssumptions,
  ...kisiBeyondReading,
  ...kisiEventAssumptions,
  ...kisiKindAssumptions,
];

export type AssumptionName = (typeof named)[number]['name'] | NexudusFieldsName | KisiFieldsName;

type Named<N extends AssumptionName> = Assumption & { name: N };

const ifFieldsDiffer =
  'Records that lack what decides access are not believed, so their members wait and say so, and no key is taken. Report what is named.';

function fieldsAssumption<N extends NexudusFieldsName | KisiFieldsName>(
  name: N,
  api: Assumption['api'],
  what: string,
): Named<N> {
  return {
    ...{ name, api, tried: 'reading', sureness: 'documented', switch: null, copes: false },
    says: `Every field that Latchkey reads of ${what} is there, with the type that it expects.`,
    source: api === 'Nexudus' ? 'nexudus-entities.yaml' : 'kisi-openapi.yaml',
    values: 'a list',
    assumed: [[]],
    ifNot: ifFieldsDiffer,
  };
}

const kisiWords: Readonly<Record<KisiRecordName, string>> = {
  currentUser: 'the person whose key asks',
  users: 'users',
  groups: 'groups',
  roleAssignments: 'role assignments',
};

const nexudusFieldAssumptions = keysOf(nexudusFields).map((name) =>
  fieldsAssumption(`nexudusFields.${name}`, 'Nexudus', name),
);
const kisiFieldAssumptions = keysOf(kisiFields).map((name) =>
  fieldsAssumption(`kisiFields.${name}`, 'Kisi', kisiWords[name]),
);

/** All that Latchkey takes to be so at both APIs without having seen it in this account: one entry an assumption. */
export const assumptions: readonly Named<AssumptionName>[] = [
  ...named,
  ...nexudusFieldAssumptions,
  ...kisiFieldAssumptions,
];

/** The names that a table has an entry for. */
export function keysOf<K extends string>(table: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(table) as K[];
}
