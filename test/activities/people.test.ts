import assert from 'node:assert/strict';
import { People } from '../../activities/people.js';
import { member, profile, snapshot } from '../support/builders.js';

describe('what a process knows of a person', () => {
  it('is kept for a day after the last read, so that nobody who is gone is kept for as long as the process runs', async () => {
    let now = Date.UTC(2026, 10, 28);
    const people = new People(
      () => Promise.resolve(null),
      20_000,
      () => now,
    );
    people.note(snapshot({ profiles: [profile({ member: member({ id: 100, email: 'ada@example.com' }) })] }));
    now += 20 * 3_600_000;
    people.note(snapshot({ profiles: [profile({ member: member({ id: 101, email: 'bob@example.com' }) })] }));
    assert.equal((await people.find(100))?.email, 'ada@example.com');
    now += 4 * 3_600_000;
    assert.equal(await people.find(100), null);
    assert.deepEqual(Object.keys((await people.find(101)) ?? {}), ['email', 'name']);
  });
});
