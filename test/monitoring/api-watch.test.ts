// What is known of both APIs by how they answered, over real HTTP.
import assert from 'node:assert/strict';
import { createKisiClient, type KisiClient } from '../../kisi/client.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { ApiWatch, type ApiState } from '../../monitoring/api-watch.js';
import { createNexudusClient } from '../../nexudus/client.js';
import { startBench, type Bench } from '../nexudus/space.js';

describe('the watch over the APIs', () => {
  let kisi: KisiSimulator;
  let client: KisiClient;
  let watch: ApiWatch;
  let now: number;

  beforeEach(async () => {
    kisi = await startKisiSimulator();
    now = 1_000;
    watch = new ApiWatch(() => now);
    client = watch.kisi(clientOf(kisi));
  });
  afterEach(async () => {
    await kisi.stop();
  });

  const clientOf = ({ url }: KisiSimulator, apiKey = 'kisi-test-key'): KisiClient =>
    createKisiClient({ baseUrl: url, apiKey });
  const state = (): ApiState => watch.states().kisi;
  const fails = async (job: Promise<unknown>): Promise<void> => assert.rejects(job);

  it('knows nothing before the first request', () => {
    assert.deepEqual([state().reachableSince, state().down, state().answeredAt], [null, null, null]);
  });

  it('says since when an API answers, that the key is accepted, and as whom it acts', async () => {
    const { id } = await client.currentUser();
    now = 5_000;
    await client.listGroups();
    const { reachableSince, answeredAt, acceptedAt, actsAs } = state();
    assert.deepEqual([reachableSince, answeredAt, acceptedAt, actsAs], [1_000, 5_000, 5_000, id]);
  });

  it('says what the key may do in the organization as a whole', async () => {
    const { id: userId } = await client.currentUser();
    assert.equal(state().role, null, 'not known yet');
    await client.organizationRole({ userId });
    assert.equal(state().role, 'organization_owner');
    await client.organizationRole({ userId: kisi.org.addUser({ email: 'ann@example.com' }).id });
    assert.equal(state().role, 'none');
  });

  it('says since when it does not answer and why, and that it does again', async () => {
    await client.listGroups();
    kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
    now = 2_000;
    await fails(client.listGroups());
    now = 9_000;
    await fails(client.listGroups());
    assert.equal(state().reachableSince, null);
    assert.equal(state().down?.since, 2_000);
    assert.match(state().down?.why ?? '', /^Kisi answered 503 to GET \/groups: /);
    kisi.faults.clear();
    now = 10_000;
    // A client of its own: the first one holds back most requests while Kisi is down.
    await watch.kisi(clientOf(kisi)).listGroups();
    assert.deepEqual([state().reachableSince, state().down], [10_000, null]);
  });

  it('does not take a request that was held back for an answer', async () => {
    kisi.faults.add({ match: '.*', kind: 'status', status: 503 });
    for (let tries = 0; tries < 20; tries++) await fails(client.listGroups());
    now = 9_000;
    await fails(client.listGroups());
    assert.deepEqual([state().down?.since, state().down?.lastAt], [1_000, 1_000]);
  });

  it('tells a key that is refused from one that may not do one thing', async () => {
    kisi.faults.add({ match: '/groups', kind: 'status', status: 403 });
    await fails(client.listGroups());
    assert.deepEqual(
      state().problems.map(({ call, kind }) => [call, kind]),
      [['listGroups', 'refused']],
    );
    assert.equal(state().refused, null);
    const wrong = watch.kisi(clientOf(kisi, 'wrong'));
    await fails(wrong.currentUser());
    assert.match(state().refused?.why ?? '', /401/);
    assert.equal(state().down, null, 'it answers');
    await client.currentUser();
    assert.equal(state().refused, null);
    assert.equal(state().problems.length, 1, 'another call says nothing of it');
    kisi.faults.clear();
    await client.listGroups();
    assert.deepEqual(state().problems, []);
  });

  it('keeps since when a call is answered otherwise than documented', async () => {
    kisi.faults.add({ match: '/users', kind: 'malformed' });
    await fails(client.listUsers());
    now = 400_000;
    for await (const page of readingPages(client)) assert.fail(JSON.stringify(page));
    await fails(client.listUsers());
    const calls = state().problems.map(({ call, since, lastAt }) => [call, since, lastAt]);
    assert.deepEqual(calls, [
      ['usersByPage', 400_000, 400_000],
      ['listUsers', 1_000, 400_000],
    ]);
  });

  it('counts a conflict, a refused write or a missing record for an answer, and for no more', async () => {
    await fails(client.getGroup(12_345));
    kisi.faults.add({ match: '/users', method: 'POST', kind: 'status', status: 422 });
    await fails(client.createUser({ email: 'ann@example.com', name: 'Ann' }));
    const { answeredAt, problems, refused, down } = state();
    assert.deepEqual(
      { answeredAt, problems, refused, down },
      { answeredAt: 1_000, problems: [], refused: null, down: null },
    );
  });

  it('holds no e-mail, whatever is asked about', async () => {
    kisi.faults.add({ match: '.*', kind: 'malformed' });
    await fails(client.findUserByEmail('ann@example.com', 'search'));
    assert.doesNotMatch(JSON.stringify(watch.states()), /ann|@/);
  });

  it('leaves alone what no API has said: an error of ours, a read that is given up', async () => {
    const gone = new AbortController();
    gone.abort();
    await fails(client.listGroups(gone.signal));
    assert.equal(state().answeredAt, null);
    assert.equal(state().down, null);
  });

  describe('over Nexudus', () => {
    let bench: Bench;
    beforeEach(async () => {
      bench = await startBench();
    });
    afterEach(async () => {
      await bench.stop();
    });

    it('tells calls apart by their collection, and notices a login that is refused', async () => {
      const nexudus = watch.nexudus(bench.client);
      bench.simulator.faults.add({ match: '/api/spaces/teams', kind: 'malformed' });
      await nexudus.list('coworkers');
      await fails(nexudus.list('teams'));
      await nexudus.list('coworkers');
      assert.deepEqual(
        watch.states().nexudus.problems.map(({ call }) => call),
        ['list teams'],
      );
      await nexudus.me();
      assert.equal(watch.states().nexudus.role, 'administrator');
      const auth = { email: 'nobody@example.com', password: 'wrong' };
      const stranger = watch.nexudus(createNexudusClient({ baseUrl: bench.simulator.url, auth }));
      await fails(stranger.me());
      assert.match(watch.states().nexudus.refused?.why ?? '', /login was refused/);
      assert.doesNotMatch(JSON.stringify(watch.states()), /nobody|wrong"/);
    });
  });
});

/** The pages until an error ends them. */
async function* readingPages(client: KisiClient): AsyncGenerator {
  try {
    yield* client.usersByPage();
  } catch {
    return;
  }
}
