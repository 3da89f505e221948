import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKisiClient } from '../../kisi/client.js';
import { createKisiPacer } from '../../kisi/pace.js';
import { createNexudusClient } from '../../nexudus/client.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { openDatabase } from '../../database/database.js';
import { checkSpace, type CheckedSpace, type Resolved } from '../../worker/check.js';
import { loadConfig } from '../../config/config.js';
import { keepResolved, readResolved } from '../../worker/resolved.js';
import { noPace } from '../nexudus/stub.js';

describe('a space that is checked', () => {
  let nexudus: NexudusSimulator;
  let kisi: KisiSimulator;
  let [typeId, groupId, roofId, placeId] = [0, 0, 0, 0];

  beforeEach(async () => {
    nexudus = await startNexudusSimulator({ switches: { rateLimits: null } });
    kisi = await startKisiSimulator({ switches: { rateLimit: null } });
    groupId = kisi.org.addGroup({ name: 'Harbour', locks_count: 2 }).id;
    roofId = kisi.org.addGroup({ name: 'Roof', locks_count: 1 }).id;
    placeId = nexudus.space.addBusiness({ Name: 'Pier' }).Id;
    typeId = nexudus.space.addTimePass({ Name: 'Day pass', BusinessId: placeId }).Id;
  });
  afterEach(async () => {
    await nexudus.stop();
    await kisi.stop();
  });

  function check(yaml: string, before: Resolved = {}): Promise<CheckedSpace> {
    const env = {
      NEXUDUS_BASE_URL: nexudus.url,
      NEXUDUS_EMAIL: 'admin@example.com',
      NEXUDUS_PASSWORD: 'nexudus-password',
      KISI_BASE_URL: kisi.url,
      KISI_API_KEY: 'kisi-test-key',
      LATCHKEY_CONFIG: 'latchkey.yaml',
    };
    const config = loadConfig(env, () => yaml);
    const { baseUrl, auth } = config.nexudus;
    return checkSpace(
      config,
      createNexudusClient({ baseUrl, auth, pace: noPace() }),
      createKisiClient({ ...config.kisi, pace: createKisiPacer({ most: 1000 }).urgent }),
      before,
    );
  }

  const line = (passType: string, groups: string, location = 'Pier'): string =>
    `mapping: [{ location: ${location}, passType: ${passType}, groups: ${groups} }]\n`;
  const rename = (Name: string): unknown => nexudus.space.update('timepasses', typeId, { Name });

  it('has ids for everything that is named, to know each thing by when it has another name', async () => {
    const first = await check(line('Day pass', '[Roof, Harbour]'));
    assert.deepEqual(first.problems, []);
    assert.deepEqual(first.resolved, {
      'location "Pier"': placeId,
      [`pass type "Day pass" at location ${placeId}`]: typeId,
      'group "Roof"': roofId,
      'group "Harbour"': groupId,
    });
    rename('Visit');
    nexudus.space.update('businesses', placeId, { Name: 'Pier 9' });
    const second = await check(line('Day pass', '[Roof, Harbour]'), first.resolved);
    assert.deepEqual(second.rules, first.rules);
    assert.deepEqual([second.problems, second.resolved], [[], first.resolved]);
    assert.deepEqual(second.warnings.slice(0, 2), [
      `location "Pier" in the configuration does not exist; it was ${placeId}, which is called "Pier 9" now: Latchkey still uses it`,
      `pass type "Day pass" at location ${placeId} in the configuration does not exist; it was ${typeId}, which is called "Visit" now: Latchkey still uses it`,
    ]);
  });

  it('is to be mended where a name was never known, and opens nothing by that line meanwhile', async () => {
    nexudus.space.update('timepasses', typeId, { KisiGroupId: String(groupId) });
    const cases: [yaml: string, problem: RegExp, ofType: number | null][] = [
      [line('Day pass', 'Cellar'), /^group "Cellar" in the configuration does not exist$/, typeId],
      [line('Day pass', 'Roof', 'Moon'), /^location "Moon" in the configuration does not exist$/, typeId],
      [
        line('Month pass', 'Roof'),
        /^pass type "Month pass" at location \d+ in the configuration does not exist$/,
        null,
      ],
      [line('77', 'Roof'), /^pass type 77 at location \d+ in the configuration does not exist$/, null],
    ];
    for (const [yaml, problem, ofType] of cases) {
      const { problems, rules } = await check(yaml);
      assert.equal(problems.length, 1, yaml);
      assert.match(problems[0] ?? '', problem);
      assert.deepEqual(
        rules.unresolved?.map(({ passTypeId }) => passTypeId),
        [ofType],
      );
      // The field of a type whose line is broken opens nothing instead.
      const expected = ofType === null ? [] : [{ passTypeId: typeId, groupIds: [] }];
      assert.deepEqual(
        rules.mapping.map(({ passTypeId, groupIds }) => ({ passTypeId, groupIds })),
        expected,
      );
    }
  });

  it('starts where a group is gone that was there before: it opens nothing, and what else the line opens goes on', async () => {
    const { resolved } = await check(line('Day pass', '[Roof, Harbour]'));
    kisi.org.deleteGroup(roofId);
    const { problems, warnings, rules } = await check(line('Day pass', '[Roof, Harbour]'), resolved);
    assert.deepEqual(problems, []);
    assert.match(warnings[0] ?? '', new RegExp(`^group "Roof" .* \\(it was ${roofId}\\): it opens nothing`));
    assert.deepEqual(rules.mapping[0]?.groupIds, [groupId]);
    assert.deepEqual(rules.unresolved, [
      { passTypeId: typeId, groupId: roofId, why: 'group "Roof" in the configuration does not exist' },
    ]);
  });

  it('still means the same pass type as before where a second one has its name', async () => {
    const { resolved } = await check(line('Day pass', 'Roof'));
    nexudus.space.addTimePass({ Name: 'Day pass', BusinessId: placeId });
    const { problems, rules } = await check(line('Day pass', 'Roof'), resolved);
    assert.deepEqual(problems, []);
    assert.equal(rules.mapping[0]?.passTypeId, typeId);
    assert.match(
      (await check(line('Day pass', 'Roof'))).problems[0] ?? '',
      /is the name of \d+, \d+: give the id/,
    );
  });

  it('names a group that is only in Nexudus, and opens what else there is', async () => {
    nexudus.space.update('timepasses', typeId, { KisiGroupId: `${groupId}, 999` });
    const { problems, warnings, rules, groups } = await check('');
    assert.deepEqual(problems, []);
    assert.equal(
      warnings[0],
      `pass type ${typeId} (Day pass) names Kisi group 999 in Nexudus (KisiGroupId), which does not exist: it opens nothing`,
    );
    assert.deepEqual(
      rules.unresolved?.map((one) => [one.passTypeId, one.groupId]),
      [[typeId, 999]],
    );
    assert.deepEqual(groups.find(({ id }) => id === groupId)?.passTypes, [{ id: typeId, name: 'Day pass' }]);
  });

  it('asks for a group by its id that the list does not show yet, and believes that it is there', async () => {
    nexudus.space.update('timepasses', typeId, { KisiGroupId: String(groupId) });
    const asked = [line('Day pass', `[${roofId}]`), ''];
    const { resolved } = await check(line('Day pass', 'Roof'));
    kisi.switches.listLagMs = 3_600_000;
    for (const yaml of [...asked, line('Day pass', 'Roof')]) {
      const { problems, rules, groups } = await check(yaml, resolved);
      assert.deepEqual([problems, rules.unresolved], [[], undefined], yaml);
      assert.ok(
        groups.some(({ passTypes }) => passTypes.length > 0),
        yaml,
      );
    }
  });

  it('names each malformed pass type, allowance and location by its id, and goes on', async () => {
    const nothing = null as unknown as number;
    const type = nexudus.space.addTimePass({ BusinessId: nothing }).Id;
    const plan = nexudus.space.addTariff({ Name: 'Office' }).Id;
    const allowance = nexudus.space.addTariffTimePass({ TariffId: plan, TimePassId: nothing }).Id;
    const place = nexudus.space.addBusiness({ Name: 7 as unknown as string }).Id;
    const { problems, warnings, rules } = await check(line('Day pass', 'Roof'));
    assert.deepEqual([problems, rules.mapping.length], [[], 1]);
    for (const id of [type, allowance, place])
      assert.ok(
        warnings.some((warning) => warning.includes(`record ${id}:`)),
        warnings.join('\n'),
      );
  });

  it('says which pass type is not clear about its groups, unless latchkey.yaml stands in for it', async () => {
    const effect = 'Latchkey gives no key by that, and takes none away (docs/rules.md)';
    const warned = async (yaml: string): Promise<string[]> =>
      (await check(yaml)).warnings.filter((one) => !one.startsWith('group '));
    nexudus.space.addTimePass({ Name: 'Month', BusinessId: placeId, KisiGroupId: String(groupId) });
    nexudus.space.addPass({ CoworkerId: nexudus.space.addCoworker().Id, TimePassId: typeId });
    nexudus.space.update('timepasses', typeId, { KisiGroupId: 'the roof' });
    const unclear = `TimePass ${typeId} KisiGroupId is no list of Kisi group ids: ${effect}`;
    assert.ok((await warned('')).includes(unclear));
    assert.ok((await warned('')).every((one) => !/opens? nothing/.test(one)));
    assert.ok(!(await warned(line('Day pass', 'Roof'))).includes(unclear));
  });

  it('says that nothing is mapped at all', async () => {
    const { warnings } = await check('');
    assert.ok(
      warnings.some((one) =>
        one.startsWith('no TimePass names a KisiGroupId, and latchkey.yaml maps none: '),
      ),
    );
  });

  it('keeps what it resolved for the next start, in a database that the first one makes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-'));
    const url = join(folder, 'latchkey.db');
    try {
      assert.deepEqual(await readResolved(url), {});
      const db = await openDatabase(url);
      await keepResolved(db, { 'group "Roof"': 12 });
      await db.destroy();
      assert.deepEqual(await readResolved(url), { 'group "Roof"': 12 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
