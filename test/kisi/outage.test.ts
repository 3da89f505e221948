import assert from 'node:assert/strict';
import { createOutageWatch } from '../../kisi/outage.js';

describe('the watch over outages of Kisi', () => {
  it('lets one request in two seconds through after three failures in a row, and all after an answer', () => {
    let now = 0;
    const watch = createOutageWatch(() => now);
    for (let i = 0; i < 3; i++) {
      assert.equal(watch.admits(), true);
      watch.note(false);
    }
    assert.deepEqual([watch.admits(), watch.admits()], [false, false]);
    now = 2_000;
    assert.deepEqual([watch.admits(), watch.admits()], [true, false]);
    watch.note(false);
    now = 3_999;
    assert.equal(watch.admits(), false);
    now = 4_000;
    assert.equal(watch.admits(), true);
    watch.note(true);
    assert.deepEqual([watch.admits(), watch.admits()], [true, true]);
  });

  it('counts only failures in a row', () => {
    const watch = createOutageWatch(() => 0);
    for (const answered of [false, false, true, false, false]) watch.note(answered);
    assert.equal(watch.admits(), true);
  });
});
