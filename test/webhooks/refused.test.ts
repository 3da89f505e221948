import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { RefusedLog } from '../../webhooks/refused.js';

function logging(everyMs: number): { refused: RefusedLog; said: object[] } {
  const said: object[] = [];
  const log = { warn: ({ refused }: { refused: object }) => void said.push(refused) };
  return { refused: new RefusedLog(log as unknown as Logger, everyMs), said };
}

describe('the log of refused calls', () => {
  it('tells of the first at once, and of all that came since in one line', async () => {
    const { refused, said } = logging(50);
    for (let i = 0; i < 1_000; i++) refused.note('nexudus', 'forged');
    assert.deepEqual(said, [{ 'nexudus forged': 1 }]);
    refused.note('elsewhere', 'slow');
    refused.note('elsewhere', 'replaced');
    while (said.length < 2) await sleep(5);
    assert.deepEqual(said[1], { 'elsewhere replaced': 1, 'elsewhere slow': 1, 'nexudus forged': 999 });
    await sleep(120);
    assert.equal(said.length, 2, 'nothing to tell');
    refused.note('kisi', 'tooMany');
    assert.deepEqual(said[2], { 'kisi tooMany': 1 });
  });

  it('tells what it has not told yet as it stops, and nothing of what was taken or could not be served', () => {
    const { refused, said } = logging(60_000);
    for (const one of ['taken', 'repeated', 'ignored', 'unclear', 'failed'] as const)
      refused.note('nexudus', one);
    assert.deepEqual(said, []);
    refused.note('acs', 'forged');
    refused.note('acs', 'forged');
    refused.stop();
    refused.stop();
    assert.deepEqual(said, [{ 'acs forged': 1 }, { 'acs forged': 1 }]);
  });
});
