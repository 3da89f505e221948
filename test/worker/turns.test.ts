import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { KisiTurns } from '../../kisi/pace.js';
import { turnsByPriority } from '../../worker/turns.js';

describe('turns at Kisi', () => {
  const asked: string[] = [];
  const line = (name: string): KisiTurns => ({
    turn: (requests = 1) => {
      asked.push(`${name} ${requests}`);
      return Promise.resolve();
    },
    pause: (ms) => void asked.push(`${name} pauses ${ms}`),
  });
  const turns = turnsByPriority({ urgent: line('urgent'), batch: line('batch') });
  /** In which line an activity of this priority waits. */
  async function lineOf(priorityKey?: number): Promise<string[]> {
    asked.length = 0;
    const env = new MockActivityEnvironment(priorityKey === undefined ? {} : { priority: { priorityKey } });
    await env.run(() => turns.turn(2));
    return [...asked];
  }

  it('are those of one of many from priority 4 on', async () => {
    for (const priority of [4, 5]) assert.deepEqual(await lineOf(priority), ['batch 2']);
    for (const priority of [undefined, 1, 2, 3]) assert.deepEqual(await lineOf(priority), ['urgent 2']);
  });

  it('are what somebody waits for outside of any activity', async () => {
    asked.length = 0;
    await turns.turn();
    turns.pause(5);
    assert.deepEqual(asked, ['urgent 1', 'urgent pauses 5']);
  });
});
