import assert from 'node:assert/strict';
import { reportWords } from '../../space/resync.js';
import type { RoundReport } from '../../messages/to-member.js';

describe('what `latchkey resync ID` says', () => {
  const of = (over: Partial<RoundReport>): ReturnType<typeof reportWords> =>
    reportWords(7, { changes: [], problem: null, isDone: true, ...over });

  it('is that all is well where it is, or what changed', () => {
    const well = { says: 'Member 7: all is as it should be, nothing changed.', problem: null };
    assert.deepEqual(of({}), well);
    const changes = ['granted group 12 (created)'];
    const changed = { says: 'Member 7:\n  granted group 12 (created)', problem: null };
    assert.deepEqual(of({ changes }), changed);
  });

  it('is what the member waits for', () => {
    const waits = { says: 'Member 7: nothing changed.', problem: 'member 7 waits: Kisi is down' };
    assert.deepEqual(of({ problem: 'Kisi is down' }), waits);
  });

  it('is never that all is well where its time ran out: it is not known yet', () => {
    const { says, problem } = of({ isDone: false });
    assert.equal(says, 'Member 7: nothing changed so far.');
    assert.match(
      problem ?? '',
      /^member 7 is not known yet, waiting for an answer of Nexudus or Kisi \(it goes on/,
    );
    const down = of({ isDone: false, problem: 'Kisi is down', changes: ['revoked group 12'] });
    assert.equal(down.says, 'Member 7:\n  revoked group 12');
    assert.match(down.problem ?? '', /^member 7 is not known yet, waiting: Kisi is down \(it goes on/);
  });
});
