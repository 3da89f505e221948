import assert from 'node:assert/strict';
import { isMember, survey, type Survey } from '../../activities/survey.js';
import { createKisiClient, type KisiClient } from '../../kisi/client.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { newMember, type Holdings } from '../../messages/to-member.js';
import { startBench, type Bench } from '../nexudus/space.js';

describe('survey of a space', () => {
  let bench: Bench;
  let sim: KisiSimulator;
  let kisi: KisiClient;
  let passTypeId: number;

  beforeEach(async () => {
    bench = await startBench();
    sim = await startKisiSimulator({ switches: { rateLimit: null } });
    kisi = createKisiClient({ baseUrl: sim.url, apiKey: 'kisi-test-key' });
    bench.space.addBusiness({ Name: 'Rome' });
    passTypeId = bench.space.addTimePass().Id;
  });
  afterEach(async () => {
    await bench.stop();
    await sim.stop();
  });

  /** `running`: members who have a workflow, which holds nothing. */
  const look = (running: number[] = [], only: number[] | null = null): Promise<Survey> =>
    survey(
      {
        nexudus: bench.client,
        kisi,
        timeZones: {},
        baselines: () => Promise.resolve(null),
        exceptions: () => Promise.resolve([]),
        running: () => Promise.resolve(running),
        holdingsOf: (ids) =>
          Promise.resolve(new Map(ids.map((id): [number, Holdings] => [id, newMember(id)]))),
        now: () => bench.clock.now,
      },
      only,
    );

  it('looks at every coworker, and tells members from contacts', async () => {
    const { space } = bench;
    const contact = space.addCoworker().Id;
    const idle = space.addCoworker().Id;
    const member = space.addCoworker().Id;
    space.addPass({ CoworkerId: member, TimePassId: passTypeId });
    const visitor = space.addCoworker().Id;
    space.usePass(space.addPass({ CoworkerId: visitor, TimePassId: passTypeId }).Id);
    const gone = 999_999;
    const { people } = await look([idle, gone]);
    assert.deepEqual(
      people.map(({ memberId }) => memberId),
      [contact, idle, member, visitor, gone].sort((a, b) => a - b),
    );
    const members = people.filter(isMember).map(({ memberId }) => memberId);
    assert.deepEqual(
      members,
      [idle, member, visitor, gone].sort((a, b) => a - b),
    );
  });

  it('costs no more requests for many contacts', async () => {
    const { space } = bench;
    space.addPass({ CoworkerId: space.addCoworker().Id, TimePassId: passTypeId });
    space.addCoworker();
    await look();
    const few = bench.asked();
    for (let i = 0; i < 50; i++) space.addCoworker();
    await look();
    assert.equal(bench.asked() - few, few - 1, 'all but the login');
  });

  it('knows by e-mail which member a Kisi user is, also for members that cannot be read', async () => {
    const { space } = bench;
    const known = space.addCoworker({ Email: 'Known@Example.com' }).Id;
    space.addCoworker({ Email: '' });
    const unread = space.addCoworker({ Email: 'unread@example.com' }).Id;
    const contract = space.addContract({ CoworkerId: unread, TariffId: space.addTariff().Id });
    space.update('coworkercontracts', contract.Id, { StartDate: 'soon' });
    const groupId = sim.org.addGroup({ name: 'Office' }).id;
    const userIds = ['known@example.com', 'unread@example.com', 'nobody@example.com', ''].map((email) => {
      const { id } = sim.org.addUser({ email });
      sim.org.grantByHand({ userId: id, groupId });
      return id;
    });
    const seen = await look();
    assert.deepEqual(
      seen.unread.map(({ memberId }) => memberId),
      [unread],
    );
    const side = seen.people.find(({ memberId }) => memberId === known)?.kisi;
    assert.deepEqual([side?.userId, side?.keys.length], [userIds[0], 1]);
    // The last is the owner of the API key, who is in no group.
    const strangers = seen.strangers.filter(({ keys }) => keys.length > 0).map(({ userId }) => userId);
    assert.deepEqual(strangers, userIds.slice(2));
  });

  it('tells a coworker apart whose own record is malformed', async () => {
    const broken = bench.space.addCoworker().Id;
    bench.space.update('coworkers', broken, { Email: 7 as unknown as string });
    const { people, unread } = await look();
    assert.deepEqual([people, unread.map(({ memberId }) => memberId)], [[], [broken]]);
  });

  it('asks Kisi for nobody else where it looks at a few', async () => {
    const known = bench.space.addCoworker({ Email: 'known@example.com' }).Id;
    const { id } = sim.org.addUser({ email: 'known@example.com' });
    sim.org.addUser({ email: 'nobody@example.com' });
    const { people, strangers } = await look([], [known]);
    assert.deepEqual([people.map(({ kisi: side }) => side.userId), strangers], [[id], []]);
  });
});
