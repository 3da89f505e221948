import assert from 'node:assert/strict';
import { assumptions, type AssumptionName } from '../../verify/assumptions.js';
import { needingSomebody, type Answer } from '../../verify/profile.js';
import { verifyByReading } from '../../verify/verify.js';
import { standBetween } from './altered.js';
import { fullWorld, startWorld, type World } from './world.js';

type Row = Record<string, unknown>;

describe('latchkey verify, what is not as it should be', () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld(fullWorld);
  });
  afterEach(async () => {
    await world.stop();
  });

  async function answerTo(name: AssumptionName): Promise<Answer> {
    const { profile } = await world.verify();
    const answer = profile.answers[name];
    assert.ok(answer !== undefined, name);
    return answer;
  }
  async function valueOf(name: AssumptionName): Promise<unknown> {
    const answer = await answerTo(name);
    assert.equal(answer.result, 'differs', JSON.stringify(answer));
    return 'value' in answer ? answer.value : null;
  }
  /** With each record of one path altered. */
  async function answerWith(name: AssumptionName, path: RegExp, alter: (row: Row) => Row): Promise<Answer> {
    const between = await standBetween(world.nexudus.url);
    between.alter = (asked, row) => (path.test(asked) ? alter(row) : row);
    try {
      const nexudus = { ...world.options.nexudus, baseUrl: between.url };
      const { profile } = await verifyByReading({ ...world.options, nexudus });
      const answer = profile.answers[name];
      assert.ok(answer !== undefined, name);
      return answer;
    } finally {
      await between.stop();
    }
  }

  it('names each filter of a list that is ignored', async () => {
    world.nexudus.faults.add({ match: '/api/billing/coworkertimepasses', kind: 'ignoreFilters' });
    assert.deepEqual(await valueOf('nexudusFilters'), [
      'from_CoworkerTimePass_UpdatedOn is ignored',
      'CoworkerTimePass_Coworker is ignored',
      'CoworkerTimePass_TimePass is ignored',
      'from_CoworkerTimePass_ExpireDate is ignored',
      'to_CoworkerTimePass_ExpireDate is ignored',
      'CoworkerTimePass_Used is ignored',
    ]);
  });

  it('says that Latchkey copes where it has another way to ask than by a filter that is ignored', async () => {
    const faults = [
      'ContractPausedPeriod_CoworkerContract_Coworker',
      'UniqueId',
      'from_CoworkerTimePass_ExpireDate',
      'to_CoworkerTimePass_ExpireDate',
    ].map((key) => ({ match: `[?&]${key}=`, kind: 'ignoreFilters' }) as const);
    for (const fault of faults) world.nexudus.faults.add(fault);
    assert.deepEqual(await valueOf('nexudusFilters'), [
      'ContractPausedPeriod_CoworkerContract_Coworker is ignored',
      'UniqueId of coworkercontracts is ignored',
      'UniqueId of tarifftimepasses is ignored',
      'from_CoworkerTimePass_ExpireDate is ignored',
      'to_CoworkerTimePass_ExpireDate is ignored',
    ]);
    const copes = async (): Promise<boolean | null> => {
      const answer = await answerTo('nexudusFilters');
      return 'copes' in answer ? answer.copes : null;
    };
    assert.equal(await copes(), true);
    world.nexudus.faults.add({ match: '[?&]CoworkerTimePass_Coworker=', kind: 'ignoreFilters' });
    assert.equal(await copes(), false);
  });

  it('does not tell what differs at one try only', async () => {
    world.nexudus.faults.add({ match: 'CoworkerTimePass_Coworker=1$', kind: 'ignoreFilters', times: 1 });
    const answer = await answerTo('nexudusFilters');
    assert.equal(answer.result, 'untold');
    assert.match('why' in answer ? answer.why : '', /^Two tries answered differently\./);
  });

  it('names filters of Kisi that are ignored, and tells nothing of e-mails by them', async () => {
    world.kisi.faults.add({ match: '/users', kind: 'ignoreFilters' });
    assert.deepEqual(await valueOf('kisiFilters'), [
      'ids of users is ignored',
      'query of users is ignored',
      'email of users is ignored',
    ]);
    assert.equal((await answerTo('emailFilterExact')).result, 'untold');
    assert.equal((await answerTo('userEmailCaseSensitive')).result, 'untold');
  });

  it('sees pages that do not add up', async () => {
    world.nexudus.faults.add({ match: '/api/spaces/coworkers', kind: 'truncated' });
    assert.equal(await valueOf('nexudusPaging'), false);
    world.kisi.faults.add({ match: '/role_assignments', kind: 'truncated' });
    assert.equal(await valueOf('kisiPaging'), false);
  });

  it('names webhooks that are off, by their ids', async () => {
    const [hook] = world.nexudus.space.list('webhooks');
    world.nexudus.space.update('webhooks', hook?.Id ?? 0, { Active: false });
    assert.deepEqual(await valueOf('webhooksOn'), [`webhook ${hook?.Id ?? ''} (AccessControlUpdate) is off`]);
  });

  it('names groups without app access or doors, by their ids', async () => {
    const [group] = world.kisi.org.groups.all();
    assert.ok(group !== undefined);
    world.kisi.org.changeGroup({ ...group, login_enabled: false, lock_ids: [] });
    assert.deepEqual(await valueOf('groupsOpen'), [`group ${group.id} has no doors and no app access`]);
  });

  it('names a location with a time zone that nobody knows, unless it is configured', async () => {
    const zone = world.nexudus.space.addSimpleTimeZone({ Name: 'Middle-earth' });
    const { Id } = world.nexudus.space.addBusiness({ Name: 'Shire', SimpleTimeZoneId: zone.Id });
    assert.deepEqual(await valueOf('timeZonesKnown'), [`location ${Id}`]);
    for (const zoned of [Id, 'Shire']) {
      const { profile } = await verifyByReading({ ...world.options, zoned: [zoned] });
      assert.equal(profile.answers.timeZonesKnown?.result, 'holds');
    }
  });

  it('sees a user without API access, and a key without a role', async () => {
    const access = await answerWith('nexudusUser', /\/auth\/me$/, (row) => ({ ...row, APIAccess: false }));
    assert.equal(access.result, 'differs');
    world.kisi.org.demoteKeyOwner();
    const { profile, failures } = await world.verify();
    assert.equal(profile.answers.kisiRole?.result, 'untold');
    assert.match(failures.map(({ message }) => message).join(), /403/);
  });

  it('asks for somebody where records cannot be read, and not where Latchkey reads them all the same', async () => {
    const without = (field: string): Promise<Answer> =>
      answerWith('nexudusFields.coworkers', /\/spaces\/coworkers/, (row) => {
        const others = { ...row };
        Reflect.deleteProperty(others, field);
        return others;
      });
    const spare = await without('Archived');
    assert.equal(spare.result, 'differs');
    assert.equal('copes' in spare && spare.copes, true);
    const decisive = await without('Active');
    assert.equal('copes' in decisive && decisive.copes, false);
  });

  it('needs nobody in a space where all is as assumed', async () => {
    const { profile } = await world.verify();
    assert.deepEqual(needingSomebody(profile), []);
    const differing = assumptions.filter(({ name }) => profile.answers[name]?.result === 'differs');
    assert.deepEqual(differing, []);
  });
});
