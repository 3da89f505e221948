import type { ReadingRules } from '../access/types.js';
import type { Absences } from './absences.js';
import type { BrokenRow, NexudusClient } from './client.js';
import type { Lookups } from './lookups.js';
import type { Places } from './places.js';
import type {
  AllowanceRecord,
  BusinessRecord,
  CollectionName,
  ContractRecord,
  CoworkerRecord,
  PassRecord,
} from './records.js';
import type { Offers } from './reference.js';
import type { RecordSource } from './source.js';
import type { OwnRecords } from './written.js';

/** A reason not to believe an absence that would cost the keys that stand on a pass. */
export interface Doubt {
  passId: number;
  why: string;
}

/** Everything that reading one person needs. */
export interface Reading {
  client: NexudusClient;
  readingRules: ReadingRules;
  source: RecordSource;
  lookups: Lookups;
  /** `again`, here and below: a record points at something that the kept copy lacks. */
  offers(again: boolean): Promise<Offers>;
  places(again: boolean): Promise<Places>;
  /** A place that is not in the list, by its record. */
  place(business: BusinessRecord): Promise<Places['locations'][number]>;
  /** Why nothing that is missing from this collection may be believed to be gone; null: it may. */
  disbelief(name: CollectionName): Promise<string | null>;
  absences: Absences;
  /** The allowance with this GUID, which the list of them lacks; null: there is none. */
  allowance(uniqueId: string): Promise<AllowanceRecord | null>;
}

/** A coworker with the passes and contracts that it owns. */
export interface Holder {
  coworker: CoworkerRecord;
  passes: PassRecord[];
  /** With their pauses. */
  contracts: ContractRecord[];
  /** All of them as they were read. */
  own: OwnRecords;
  /** Passes that are malformed: they count for nobody. */
  broken: readonly BrokenRow[];
}
