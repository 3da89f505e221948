import assert from 'node:assert/strict';
import { malformed } from '../../nexudus/errors.js';
import type { ContractRecord, CoworkerRecord, TeamRecord } from '../../nexudus/records.js';
import { collections } from '../../nexudus/schemas.js';
import { createReplica, type Replica } from '../../nexudus/replica.js';

const nobody = { contracts: [], pauses: [], passes: [], teams: [], broken: [] };

/** A coworker as a list shows one. */
function coworker(Id: number, FullName: string, UpdatedOn: string): CoworkerRecord {
  const parsed = collections.coworkers.schema.parse({
    ...{ Id, FullName, UpdatedOn, Email: `member${Id}@example.com`, Active: true, Archived: false },
    CoworkerType: 1,
  });
  return parsed;
}

const at = (minute: number): number => Date.UTC(2026, 10, 24, 12, minute);
const stamp = (minute: number): string => new Date(at(minute)).toISOString();

describe('the copy of all records', () => {
  let replica: Replica;
  let nowMs: number;
  beforeEach(() => {
    nowMs = 0;
    replica = createReplica(() => nowMs);
    replica.rebase(at(0))({
      ...nobody,
      coworkers: [coworker(1, 'Ada', stamp(0)), coworker(2, 'Ben', stamp(0))],
    });
  });

  /** Takes a row, and answers which members have changed since. */
  const take = (row: CoworkerRecord, since: number, readAt: number): number[] => {
    nowMs += 60_000;
    replica.take('coworkers', { rows: [row], broken: [], since: at(since), readAt: at(readAt) });
    return changed();
  };
  const changed = (): number[] => [1, 2, 3].filter((id) => replica.hasChanged(id, 1_000));
  const names = (): string[] => replica.collections().coworkers.map(({ fullName }) => fullName);

  it('takes what was written, and says once which member it concerns', () => {
    const row = coworker(1, 'Ada Lovelace', stamp(1));
    assert.deepEqual(take(row, 0, 2), [1]);
    assert.deepEqual(take(coworker(1, 'Ada Lovelace', stamp(1)), 0, 2), []);
    assert.deepEqual(names(), ['Ada Lovelace', 'Ben']);
  });

  it('gives the same lists until something new comes to them, and never changes one that it gave', () => {
    const before = replica.collections();
    take(coworker(1, 'Ada', stamp(0)), 0, 1);
    assert.equal(replica.collections().coworkers, before.coworkers);
    take(coworker(1, 'Ada Lovelace', stamp(1)), 0, 2);
    const { coworkers, passes, teams } = replica.collections();
    assert.deepEqual(
      [before.coworkers, coworkers].map((rows) => rows.map(({ fullName }) => fullName)),
      [
        ['Ada', 'Ben'],
        ['Ada Lovelace', 'Ben'],
      ],
    );
    assert.equal(passes, before.passes);
    assert.equal(teams, before.teams);
  });

  it('keeps what was written later where an older answer comes after it, and does not vouch for the older one', () => {
    take(coworker(1, 'Ada Lovelace', stamp(2)), 0, 3);
    const older = coworker(1, 'Ada King', stamp(1));
    assert.deepEqual(take(older, 0, 2), []);
    assert.deepEqual(names(), ['Ada Lovelace', 'Ben']);
    assert.equal(replica.holds('coworkers', older), false);
  });

  it('keeps the teams that were read later where an older answer comes after them', () => {
    const team = (Id: number): TeamRecord => collections.teams.schema.parse({ Id, UpdatedOn: stamp(0) });
    replica.takeTeams({ rows: [team(2)], broken: [] }, at(3));
    replica.takeTeams({ rows: [team(1)], broken: [] }, at(2));
    assert.deepEqual(
      replica.collections().teams.map(({ id }) => id),
      [2],
    );
    assert.equal(replica.readTo('teams'), at(3));
  });

  it('is no further up to date by a list that leaves a gap', () => {
    take(coworker(1, 'Ada Lovelace', stamp(6)), 5, 7);
    assert.equal(replica.readTo('coworkers'), at(0));
    take(coworker(1, 'Ada Lovelace', stamp(6)), 0, 7);
    assert.equal(replica.readTo('coworkers'), at(7));
  });

  it('drops what a read of everything lacks, but not what came in while that was under way', () => {
    const laid = replica.rebase(at(10));
    take(coworker(3, 'Cid', stamp(11)), 0, 11);
    take(coworker(1, 'Ada Lovelace', stamp(11)), 0, 11);
    laid({ ...nobody, coworkers: [coworker(1, 'Ada', stamp(0))] });
    assert.deepEqual(names(), ['Ada Lovelace', 'Cid']);
    assert.equal(replica.readTo('coworkers'), at(11));
  });

  it('says which members a read of everything shows otherwise than before, or not at all any more', () => {
    take(coworker(3, 'Cid', stamp(1)), 0, 1);
    const laid = replica.rebase(at(10));
    nowMs += 60_000;
    laid({
      ...nobody,
      coworkers: [coworker(1, 'Ada Lovelace', stamp(2)), coworker(2, 'Ben', stamp(0))],
    });
    assert.deepEqual(changed(), [1, 3]);
    nowMs += 1_001;
    assert.deepEqual(changed(), []);
  });

  it('has a malformed pause concern the owner of its contract, where the pause names nobody', () => {
    const contract = { id: 5, memberId: 1, updatedOn: stamp(1) } as ContractRecord;
    replica.take('coworkercontracts', { rows: [contract], broken: [], since: at(0), readAt: at(1) });
    const pause = { id: 6, ownerId: null, contractId: 5, text: 'a pause that makes no sense' };
    const error = malformed('/pauses', 'record 6: PauseFrom');
    const broken = [{ ...pause, collection: 'contractpausedperiods', error } as const];
    nowMs += 60_000;
    replica.take('contractpausedperiods', { rows: [], broken, since: at(0), readAt: at(1) });
    assert.deepEqual(changed(), [1]);
    assert.deepEqual(
      replica.collections().broken.map(({ ownerId }) => ownerId),
      [1],
    );
  });

  it('holds nothing before everything was read once', () => {
    const empty = createReplica();
    empty.take('coworkers', { rows: [coworker(1, 'Ada', stamp(0))], broken: [], since: 0, readAt: at(1) });
    assert.equal(empty.readTo('coworkers'), null);
    assert.deepEqual(empty.collections().coworkers, []);
  });
});
