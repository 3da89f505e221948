import assert from 'node:assert/strict';
import { createAuditLog, type AuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import { OpinionKeeper } from '../../webhooks/opinions.js';
import { scratch } from '../client/cli.js';
import { collect } from '../database/records.js';

const noon = Date.parse('2026-11-25T12:00:00Z');
const minuteMs = 60_000;

describe('what Nexudus works out itself', () => {
  let folder: ReturnType<typeof scratch>;
  let auditLog: AuditLog;
  let keeper: OpinionKeeper;
  let problems = 0;
  let broken = false;
  beforeEach(async () => {
    folder = scratch();
    auditLog = createAuditLog(await openDatabase(`file:${folder.path}/latchkey.db`));
    [problems, broken] = [0, false];
    const note: AuditLog['note'] = (record) =>
      broken ? Promise.reject(new Error('no disk')) : auditLog.note(record);
    keeper = new OpinionKeeper({
      auditLog: { last: (kind, memberId) => auditLog.last(kind, memberId), note },
      now: () => noon,
      onProblem: () => {
        problems++;
      },
    });
  });
  afterEach(async () => {
    await auditLog.close();
    folder.remove();
  });

  const take = (groupIds: number[], at: number | null = null, memberId = 7): void => {
    keeper.take({ memberId, locationId: 1, groupIds, at });
  };
  async function kept(): Promise<[at: number, memberId: number | null, groups: unknown][]> {
    await keeper.drain();
    const records = await collect(auditLog.all({ kinds: ['opinion'] }));
    return records.map(({ at, memberId, after }) => [at - noon, memberId, after]);
  }

  it('is kept where it is new, at the time that Nexudus says', async () => {
    take([12], noon - 3 * minuteMs);
    await keeper.drain();
    take([12], noon - 2 * minuteMs);
    await keeper.drain();
    take([], noon - minuteMs);
    take([], null, 8);
    assert.deepEqual(await kept(), [
      [-3 * minuteMs, 7, [12]],
      [-minuteMs, 7, []],
      [0, 8, []],
    ]);
  });

  it('is kept once in a flood', async () => {
    for (let i = 0; i < 1_000; i++) take([12], noon - minuteMs + i);
    assert.equal((await kept()).length, 1);
  });

  it('is not replaced by what comes late, nor by a time that is still to come', async () => {
    take([12], noon + minuteMs);
    await keeper.drain();
    take([13], noon - minuteMs);
    await keeper.drain();
    assert.deepEqual(await kept(), [[0, 7, [12]]]);
    take([14], noon);
    assert.deepEqual(await kept(), [
      [0, 7, [12]],
      [1, 7, [14]],
    ]);
  });

  it('waits while the audit log cannot be written, and is then kept as it is by then', async () => {
    broken = true;
    take([12], noon - minuteMs);
    await keeper.drain();
    take([13], noon);
    await keeper.drain();
    assert.equal(problems, 1);
    broken = false;
    assert.deepEqual(await kept(), [[0, 7, [13]]]);
  });
});
