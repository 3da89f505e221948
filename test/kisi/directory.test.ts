import assert from 'node:assert/strict';
import { createKisiClient } from '../../kisi/client.js';
import { createDirectory, directoryLastsMs, type WayToFindUsers } from '../../kisi/directory.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { eventually } from '../support/eventually.js';

const minuteMs = 60_000;
const email = 'ada@example.com';

describe('the directory of Kisi’s users', () => {
  let running: KisiSimulator | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  /** A directory of an organization with this many users, Ada among them, and the owner of the key. */
  async function start(
    users: number,
    how: WayToFindUsers = 'directory',
    afterRequest: (sim: KisiSimulator, n: number) => void = () => undefined,
  ) {
    const apiKey = 'kisi-test-key';
    const sim = await startKisiSimulator({ apiKey, switches: { rateLimit: null } });
    running = sim;
    const { id: ada } = sim.org.addUser({ email: 'Ada@Example.com ', name: 'Ada' });
    for (let i = 2; i < users; i++) sim.org.addUser({ email: `someone${i}@example.com` });
    const clock = { now: Date.parse('2026-11-25T12:00:00Z') };
    let requests = 0;
    const onRequest = (): void => {
      afterRequest(sim, ++requests);
    };
    const client = createKisiClient({ baseUrl: sim.url, apiKey, onRequest });
    const wanted = { times: 0 };
    const directory = createDirectory({
      ...{ kisi: client, now: () => clock.now, how },
      wantList: () => wanted.times++,
    });
    /** What the directory says of each e-mail, and how many requests that takes. */
    async function asked(...emails: string[]): Promise<[unknown[], number]> {
      const before = sim.requests.count();
      const answers = await Promise.all(emails.map((one) => directory.find(one)));
      return [answers, sim.requests.count() - before];
    }
    return { sim, directory, asked, ada, clock, wanted };
  }

  it('is one request for each 100 users, and none for each member', async () => {
    const { asked, ada } = await start(100);
    assert.deepEqual(await asked(email, 'bob@example.com', ' ADA@example.com'), [[ada, 'nobody', ada], 1]);
    assert.deepEqual(await asked('bob@example.com', email), [['nobody', ada], 0]);
  });

  it('is read for the sake of members only once their searches would cost as much', async () => {
    const { asked, ada, clock } = await start(250);
    // The first page tells how many there are.
    assert.deepEqual(await asked(email), [[null], 1]);
    assert.deepEqual(await asked(email, 'bob@example.com'), [[ada, 'nobody'], 3]);
    clock.now += directoryLastsMs;
    assert.deepEqual(await asked(email), [[null], 0]);
  });

  it('is wanted where it is long, and then holds up no member', async () => {
    const { asked, directory, ada, clock, wanted } = await start(450);
    assert.deepEqual(await asked(email, email), [[null, null], 1]);
    assert.equal(wanted.times, 0);
    assert.deepEqual(await asked(email, email, email), [[null, null, null], 0]);
    assert.equal(wanted.times, 1);
    clock.now += 5 * minuteMs;
    assert.deepEqual(await asked(email), [[null], 0]);
    assert.equal(wanted.times, 2);
    await directory.read();
    assert.deepEqual(await asked(email), [[ada], 0]);
  });

  it('is taken from a read for another reason', async () => {
    const { directory, asked, ada } = await start(450);
    assert.equal((await directory.read()).length, 450);
    assert.deepEqual(await asked(email, 'bob@example.com'), [[ada, 'nobody'], 0]);
  });

  it('knows everyone who was there all the time, though users are made, renamed and deleted while it is read', async () => {
    const emailOf = (n: number): string => `someone${n}@example.com`;
    const { directory, asked } = await start(950, 'directory', (sim, n) => {
      const of = (email: string) => sim.org.users().find((user) => user.email === email);
      const [gone, renamed] = [of(emailOf(100 + n)), of(emailOf(900 - n))];
      if (gone && n % 3 === 0) sim.org.deleteUser(gone.id);
      if (renamed && n % 3 === 1) sim.org.changeUser({ ...renamed, name: n % 2 === 0 ? 'A' : 'Z' });
      if (n % 3 === 2) sim.org.addUser({ email: `new${n}@example.com`, name: 'Mia' });
    });
    const read = await directory.read();
    assert.equal(new Set(read.map(({ id }) => id)).size, read.length);
    const stayed = [2, 50, 99, 500, 700, ...Array.from({ length: 30 }, (_, n) => 900 - n)];
    const [answers] = await asked(...stayed.map(emailOf));
    assert.ok(answers.every((answer) => typeof answer === 'number'));
    assert.ok(directory.known(minuteMs));
  });

  it('is of the read that began last, whichever ends last', async () => {
    const { sim, directory, clock } = await start(50);
    sim.faults.add({ match: '/users', kind: 'slow', times: 1 });
    const slow = directory.read();
    await eventually('it is asked', () => sim.faults.list().length === 0, 45_000, 5);
    clock.now += minuteMs;
    await directory.read();
    await sim.faults.release();
    await slow;
    assert.equal(directory.known(minuteMs)?.length, 50);
  });

  it('knows who was made or found since, while it is read too', async () => {
    const { directory, asked } = await start(150);
    const bob = { id: 7, email: 'bob@example.com', name: 'Bob', accessEnabled: true };
    const read = directory.read();
    directory.note(bob);
    await read;
    assert.deepEqual(await asked(bob.email), [[7], 0]);
    directory.note({ ...bob, id: 8, email: 'cid@example.com' });
    assert.deepEqual(await asked('cid@example.com'), [[8], 0]);
    assert.equal(directory.known(minuteMs)?.length, 152);
  });

  it('has a member searched for whose user was found gone or shares an e-mail, until one is known again', async () => {
    const { sim, directory, asked, ada } = await start(50);
    for (let i = 0; i < 3; i++) sim.org.addUser({ email: 'twin@example.com' });
    await directory.read();
    directory.forget(ada);
    assert.deepEqual(await asked(email, 'twin@example.com'), [[null, null], 0]);
    directory.note({ id: 7, email, name: 'Ada', accessEnabled: true });
    assert.deepEqual(await asked(email), [[7], 0]);
  });

  it('is not believed for longer than it lasts', async () => {
    const { sim, directory, asked, ada, clock } = await start(250);
    await directory.read();
    clock.now += directoryLastsMs - 1;
    assert.deepEqual(await asked(email), [[ada], 0]);
    sim.org.deleteUser(ada);
    clock.now += 1;
    assert.deepEqual(await asked(email), [[null], 0]);
    assert.deepEqual(await asked(email), [['nobody'], 3]);
    assert.equal(directory.known(minuteMs)?.length, 249);
    clock.now += minuteMs;
    assert.equal(directory.known(minuteMs), null);
  });

  for (const kind of ['status', 'malformed', 'truncated', 'empty'] as const) {
    it(`tells nothing where its list cannot be right (${kind}), nor asks again before 5 minutes`, async () => {
      const { sim, asked, ada, clock } = await start(50);
      sim.faults.add({ match: '/users', kind });
      assert.deepEqual((await asked(email, 'bob@example.com'))[0], [null, null]);
      sim.faults.clear();
      assert.deepEqual(await asked(email), [[null], 0]);
      clock.now += 5 * minuteMs;
      assert.deepEqual(await asked(email), [[ada], 1]);
    });
  }

  it('tells nothing after a list that lost most of its rows, until one 10 minutes later is as short', async () => {
    const { sim, directory, asked, clock } = await start(50);
    await directory.read();
    for (const { id } of sim.org.users().slice(20)) sim.org.deleteUser(id);
    for (const laterMs of [0, 9 * minuteMs]) {
      clock.now += laterMs;
      assert.equal((await directory.read()).length, 21);
      assert.deepEqual(await asked('bob@example.com'), [[null], 0]);
      assert.equal(directory.known(minuteMs), null);
    }
    clock.now += minuteMs;
    await directory.read();
    assert.deepEqual(await asked('bob@example.com'), [['nobody'], 0]);
  });

  it('says nothing where members are to be searched for', async () => {
    const { directory, asked } = await start(50, 'search');
    await directory.read();
    assert.deepEqual(await asked(email, 'bob@example.com'), [[null, null], 0]);
  });
});
