import { createHash } from 'node:crypto';
import type { Instant } from '../access/types.js';
import { parseInstant } from './fields.js';
import { stillMatters } from './passes.js';
import type { CollectionName, PassRecord, Stamped } from './records.js';

/** A record that was written. */
export interface Written {
  collection: CollectionName;
  /** The record, in words: 'pass 123', or 'pass 123 by team 5' for one that is lent. */
  record: string;
  /** Differs whenever its content does: two writes in one second share an UpdatedOn. */
  stamp: string;
  /** Its UpdatedOn; null: it does not say, or is told of by another record. */
  writtenAt: Instant | null;
}

const kinds = {
  coworkers: 'coworker',
  coworkercontracts: 'contract',
  contractpausedperiods: 'pause',
  coworkertimepasses: 'pass',
  checkins: 'checkin',
  teams: 'team',
  timepasses: 'pass type',
  tarifftimepasses: 'allowance',
} as const satisfies Partial<Record<CollectionName, string>>;

/** A record as the lists of its collection have it. Pure. */
export function writtenOf(collection: keyof typeof kinds, row: Stamped): Written {
  return {
    collection,
    record: `${kinds[collection]} ${row.id}`,
    stamp: stampOf(row),
    writtenAt: parseInstant(row.updatedOn),
  };
}

/** A member's own records, as the lists of Nexudus have them. */
export interface OwnRecords {
  coworkers: readonly Stamped[];
  contracts: readonly Stamped[];
  pauses: readonly Stamped[];
  passes: readonly PassRecord[];
}

/** All records that bear on what a member may open. */
export interface MemberRecords {
  own: OwnRecords;
  /** Teams that lend the member passes, with the records of who pays. */
  loans: readonly { team: Pick<Stamped, 'id' | 'updatedOn'>; payer: OwnRecords }[];
  /** Rows of the member that are malformed, as text. */
  broken?: readonly string[];
  /** When they were read. */
  readAt: Instant;
}

/** A member's own records, one by one. Pure. */
export function writtenIn({ coworkers, contracts, pauses, passes }: OwnRecords): Written[] {
  return [
    ...coworkers.map((row) => writtenOf('coworkers', row)),
    ...contracts.map((row) => writtenOf('coworkercontracts', row)),
    ...pauses.map((row) => writtenOf('contractpausedperiods', row)),
    ...passes.map((row) => writtenOf('coworkertimepasses', row)),
  ];
}

/**
 * Differs where the records that a member was judged by differ from those that Nexudus shows now; '' where nothing bears on the
 * member. Passes that do not matter any more are left out, since whole collections are read without them. Pure.
 */
export function fingerprintOfMember({ own, loans, broken = [], readAt }: MemberRecords): string {
  const lasting = lastingOf(own, readAt);
  const isNothing = [lasting.contracts, lasting.passes, loans, broken].every(({ length }) => length === 0);
  if (isNothing) return '';
  return fingerprint([
    ...writtenIn(lasting).map(contentOf),
    ...broken.map((text) => `malformed ${fingerprint([text])}`),
    ...loans.flatMap(({ team: { id, updatedOn }, payer }) => [
      contentOf(writtenOf('teams', { id, updatedOn })),
      ...writtenIn(lastingOf(payer, readAt)).map((one) => `lent ${contentOf(one)}`),
    ]),
  ]);
}

function lastingOf(own: OwnRecords, readAt: Instant): OwnRecords {
  return { ...own, passes: own.passes.filter((pass) => stillMatters(pass, readAt)) };
}

/** Which record, and what is in it. Pure. */
export function contentOf({ record, stamp }: Written): string {
  return `${record} ${stamp}`;
}

/** Fields of coworkers that rows of lists may leave out, or have in another form. */
const inFullOnly = ['teamIds', 'contractIds'];

/** Differs whenever any field of the record does that Latchkey reads. Pure. */
function stampOf(row: Stamped): string {
  const listed = Object.entries(row).filter(([name]) => !inFullOnly.includes(name));
  return fingerprint([JSON.stringify(Object.fromEntries(listed))]);
}

/** 8 hex digits that differ when any of the texts does; their order does not matter. Pure. */
export function fingerprint(texts: readonly string[]): string {
  return createHash('sha256')
    .update([...texts].sort().join('\n'))
    .digest('hex')
    .slice(0, 8);
}
