import assert from 'node:assert/strict';
import { Watcher } from '../../desk/watcher.js';
import { eventually } from '../support/eventually.js';

describe('a watcher', () => {
  it('looks once for all who watch, and no more once nobody does', async () => {
    let looks = 0;
    const watcher = new Watcher(() => Promise.resolve(`look ${++looks}`));
    const heard: [string, string | null][] = [];
    const stops = ['one', 'other'].map((name) => watcher.watch(() => void heard.push([name, watcher.seen])));
    await eventually('both have heard', () => heard.length === 4);
    assert.deepEqual(heard, [
      ['one', 'look 1'],
      ['other', 'look 1'],
      ['one', 'look 2'],
      ['other', 'look 2'],
    ]);
    for (const stop of stops) stop();
    assert.ok(watcher.isIdle());
    await eventually('it has forgotten', () => watcher.seen === null);
    assert.equal(looks, 2);
  });

  it('tells nothing while all is the same', async () => {
    let looks = 0;
    let heard = 0;
    const watcher = new Watcher(() => Promise.resolve(`the same ${String(++looks).slice(0, 0)}`));
    const stop = watcher.watch(() => heard++);
    await eventually('several looks', () => looks >= 3);
    stop();
    assert.equal(heard, 1);
  });

  it('tells that it sees nothing, and when it sees again', async () => {
    let isDown = false;
    const watcher = new Watcher(() => (isDown ? Promise.reject(new Error('down')) : Promise.resolve('up')));
    const seen: (string | null)[] = [];
    const stop = watcher.watch(() => void seen.push(watcher.seen));
    await eventually('a look', () => seen.length === 1);
    isDown = true;
    await eventually('the failure', () => seen.length === 2);
    isDown = false;
    await eventually('the recovery', () => seen.length === 3);
    stop();
    assert.deepEqual([seen[0], seen[2]], ['up', 'up']);
  });

  it('goes on looking for somebody who comes as another one leaves', async () => {
    let looks = 0;
    const watcher = new Watcher(() => Promise.resolve(`look ${++looks}`));
    const leave = watcher.watch(() => undefined);
    await eventually('a look', () => looks === 1);
    leave();
    let heard = 0;
    const stop = watcher.watch(() => heard++);
    await eventually('it hears', () => heard === 2);
    stop();
  });
});
