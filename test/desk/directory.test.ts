import assert from 'node:assert/strict';
import { Directory } from '../../desk/directory.js';
import type { NexudusClient } from '../../nexudus/client.js';
import { createServerClock } from '../../nexudus/clock.js';
import { NexudusError } from '../../nexudus/errors.js';
import type { Filter } from '../../nexudus/filters.js';
import type { PersonRecord } from '../../nexudus/records.js';
import { eventually } from '../support/eventually.js';

const minuteMs = 60_000;

function row(id: number, fullName: string, over: Partial<PersonRecord> = {}): PersonRecord {
  const email = `${id}@example.com`;
  return { id, updatedOn: '2026-11-01T00:00:00Z', fullName, email, companyName: '', active: true, ...over };
}

/** Nexudus as far as a directory asks it, with a clock that the test sets. */
class Fake {
  now = Date.UTC(2026, 10, 29, 10);
  lists: string[] = [];
  fails: NexudusError | null = null;
  ignoresFilters = false;

  constructor(public rows: PersonRecord[]) {}

  directory(): Directory {
    return new Directory(this.client(), () => this.now);
  }

  private client(): Pick<NexudusClient, 'clock' | 'listSparing'> {
    const listSparing = (_: string, filters: readonly Filter<PersonRecord>[] = []): Promise<unknown> => {
      this.lists.push(filters.length === 0 ? 'all' : 'written');
      if (this.fails !== null) return Promise.reject(this.fails);
      const path = '/spaces/coworkers';
      if (filters.length > 0 && this.ignoresFilters)
        return Promise.reject(new NexudusError({ kind: 'filterIgnored', path, says: 'ignored.' }));
      const rows = this.rows.filter((one) => filters.every(({ holds }) => holds(one)));
      return Promise.resolve({ rows, broken: [] });
    };
    return {
      clock: createServerClock({ wallMs: () => this.now }),
      listSparing: listSparing as NexudusClient['listSparing'],
    };
  }
}

const people = [
  row(1, 'Ada Lovelace', { email: 'ada@example.com', companyName: 'Analytical Engines' }),
  row(2, 'Zoë Ångström', { email: 'zoe@example.com' }),
  row(3, 'Bob Adams', { companyName: 'Ada Lovelace Ltd' }),
  row(4, 'Adalbert Stifter', { email: 'stifter@ada@example.com' }),
  row(50, 'Ann 1 Lee'),
];

const named = (directory: Directory, text: string): number[] =>
  directory.find(text).people.map(({ id }) => id);

describe('the directory of people', () => {
  it('finds by the exact e-mail first, whatever its case', async () => {
    const directory = new Fake(people).directory();
    await directory.ready();
    const found = directory.find(' ADA@example.com ');
    assert.equal(found.people[0]?.id, 1);
    assert.equal(found.exact, 1);
  });

  it('finds by the id before names that hold the number', async () => {
    const directory = new Fake([...people, row(12, 'Nobody')]).directory();
    await directory.ready();
    assert.deepEqual([directory.find('1').people[0]?.id, directory.find('1').exact], [1, 1]);
  });

  it('finds by parts of names, companies and e-mails, without accents and capitals, names first', async () => {
    const directory = new Fake(people).directory();
    await directory.ready();
    assert.deepEqual(named(directory, 'lovel'), [1, 3]);
    assert.deepEqual(named(directory, 'angs zoe'), [2]);
    assert.deepEqual(named(directory, 'ENGINES ada'), [1]);
    assert.deepEqual(named(directory, 'ada lovelace'), [1, 3]);
    assert.deepEqual(named(directory, 'stifter@'), [4]);
    assert.deepEqual(named(directory, 'xyz'), []);
    assert.deepEqual(named(directory, '   '), []);
  });

  it('finds a name with an apostrophe, whichever one is typed, and without', async () => {
    const directory = new Fake([row(1, 'Zoë O’Neil')]).directory();
    await directory.ready();
    for (const typed of ["o'neil", 'O’Neil', 'oneil']) assert.deepEqual(named(directory, typed), [1], typed);
  });

  it('says how many more there are, and shows no more than it is asked for', async () => {
    const many = Array.from({ length: 30 }, (_, index) => row(index + 1, `Eve ${index}`));
    const directory = new Fake(many).directory();
    await directory.ready();
    const found = directory.find('eve', 20);
    assert.deepEqual([found.people.length, found.more, found.exact], [20, 10, 0]);
  });

  it('asks Nexudus once, and nothing for each search', async () => {
    const fake = new Fake(people);
    const directory = fake.directory();
    for (const text of ['a', 'ad', 'ada']) {
      await directory.ready();
      directory.find(text);
    }
    assert.deepEqual(fake.lists, ['all']);
  });

  it('is brought up to date by what was written, and read anew where the filter is not known', async () => {
    const fake = new Fake(people);
    const directory = fake.directory();
    await directory.ready();
    fake.now += minuteMs;
    fake.rows = [...people, row(6, 'New Comer', { updatedOn: new Date(fake.now).toISOString() })];
    await directory.ready();
    await eventually('the new one', () => named(directory, 'comer').length === 1);
    assert.deepEqual(fake.lists, ['all', 'written']);
    fake.ignoresFilters = true;
    fake.now += minuteMs;
    await eventually('a read of all', async () => {
      await directory.ready();
      return fake.lists.length === 4;
    });
    assert.deepEqual(fake.lists.slice(2), ['written', 'all']);
  });

  it('forgets a person who was deleted once everybody is read anew', async () => {
    const fake = new Fake(people);
    const directory = fake.directory();
    await directory.ready();
    fake.rows = people.filter(({ id }) => id !== 3);
    fake.now += 31 * minuteMs;
    await directory.ready();
    assert.equal(directory.nameOf(3), null);
    assert.equal(directory.nameOf(1), 'Ada Lovelace');
  });

  it('keeps what it has while Nexudus fails, says so, and does not ask at each search', async () => {
    const fake = new Fake(people);
    const directory = fake.directory();
    await directory.ready();
    fake.fails = new NexudusError({
      kind: 'unavailable',
      path: '/spaces/coworkers',
      says: 'did not answer.',
    });
    fake.now += 10 * minuteMs;
    await directory.ready();
    const failedAt = fake.now;
    fake.now += 1_000;
    await directory.ready();
    assert.deepEqual(named(directory, 'lovel'), [1, 3]);
    assert.deepEqual(fake.lists.length, 2);
    assert.equal(directory.state().problem?.since, failedAt);
    assert.match(directory.state().problem?.why ?? '', /did not answer/);
    fake.fails = null;
    fake.now += minuteMs;
    await directory.ready();
    assert.equal(directory.state().problem, null);
  });
});
