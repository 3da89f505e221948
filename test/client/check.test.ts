import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { latchkey, linesOf, scratch, type Ran } from './cli.js';

describe('latchkey check', () => {
  const folder = scratch();
  let nexudus: NexudusSimulator;
  let kisi: KisiSimulator;
  let groupId: number;
  let bareGroupId: number;

  before(async () => {
    nexudus = await startNexudusSimulator();
    kisi = await startKisiSimulator();
    groupId = kisi.org.addGroup({ name: 'Harbour members', locks_count: 2 }).id;
    bareGroupId = kisi.org.addGroup({ name: 'Store room', locks_count: 0 }).id;
    nexudus.space.addTimePass({ Name: 'Day pass', KisiGroupId: String(groupId) });
    nexudus.space.addTimePass({ Name: 'Week pass' });
  });

  after(async () => {
    await nexudus.stop();
    await kisi.stop();
    folder.remove();
  });

  /** Runs in the folder with `latchkey.yaml` as given, and with the settings of both simulators but for `env`. */
  function run(args: string[], yaml: string, env: Record<string, string> = {}): Promise<Ran> {
    const file = join(folder.path, `${args.join('-')}-${String(files++)}.yaml`);
    writeFileSync(file, yaml);
    return latchkey(args, folder.path, {
      NEXUDUS_BASE_URL: nexudus.url,
      NEXUDUS_EMAIL: 'admin@example.com',
      NEXUDUS_PASSWORD: 'nexudus-password',
      KISI_BASE_URL: kisi.url,
      KISI_API_KEY: 'kisi-test-key',
      LATCHKEY_CONFIG: file,
      ...env,
    });
  }
  let files = 0;

  const mapping = `mapping:\n  - { passType: Week pass, groups: [Store room, Harbour members] }\n`;

  it('shows which pass types open which groups, and what is probably not meant', async () => {
    const [words, json] = await Promise.all([run(['check'], mapping), run(['check', '--json'], mapping)]);
    assert.equal(words.stderr, '');
    assert.equal(words.code, 0);
    const [headings, ...lines] = linesOf(words.stdout);
    assert.match(headings ?? '', /^group +name +doors +app access +opened by pass types$/);
    assert.match(lines[0] ?? '', new RegExp(`${groupId} +Harbour members +2 +yes +Day pass, Week pass$`));
    assert.match(lines[1] ?? '', new RegExp(`${bareGroupId} +Store room +0 +yes +Week pass$`));
    assert.match(lines[2] ?? '', /^Warning: group \d+ \(Store room\) has no doors$/);

    assert.equal(json.stderr, '');
    const { groups, warnings } = JSON.parse(json.stdout) as { groups: unknown; warnings: string[] };
    assert.deepEqual(groups, [
      {
        id: groupId,
        name: 'Harbour members',
        locksCount: 2,
        loginEnabled: true,
        passTypes: ['Day pass', 'Week pass'],
        placeId: kisi.org.groups.all()[0]?.place_id ?? null,
      },
      {
        id: bareGroupId,
        name: 'Store room',
        locksCount: 0,
        loginEnabled: true,
        passTypes: ['Week pass'],
        placeId: null,
      },
    ]);
    assert.deepEqual(warnings, [`group ${bareGroupId} (Store room) has no doors`]);
  });

  it('lets no name forge a line, or reach the terminal with what it obeys', async () => {
    const forged = 'Roof\u001b[2J\u202e\nAll is well.';
    const roof = kisi.org.addGroup({ name: forged, locks_count: 0 }).id;
    const { Id } = nexudus.space.addTimePass({ Name: `Night\r\n\u009b31m`, KisiGroupId: String(roof) });
    const { code, stdout } = await run(['check'], mapping);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u);
    assert.doesNotMatch(stdout, /^All is well/m);
    assert.match(stdout, /^Warning: group \d+ \(Roof \[2J All is well\.\) has no doors$/m);
    assert.match(stdout, /Roof \[2J All is well\. +0 +yes +Night 31m$/m);
    nexudus.space.update('timepasses', Id, { KisiGroupId: '' });
  });

  it('names every group and pass type that does not exist', async () => {
    const yaml = `mapping:\n  - { passType: Month pass, groups: [Roof, ${groupId}] }\n`;
    const { code, stdout, stderr } = await run(['check', '--json'], yaml);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.deepEqual(linesOf(stderr), [
      'latchkey: pass type "Month pass" in the configuration does not exist',
      'latchkey: group "Roof" in the configuration does not exist',
    ]);
  });

  it('says in one line each that both logins are refused, without them', async () => {
    const env = { NEXUDUS_PASSWORD: 'not-the-password', KISI_API_KEY: 'not-the-key' };
    const { code, stderr } = await run(['check'], '', env);
    assert.equal(code, 2);
    const lines = linesOf(stderr);
    assert.equal(lines.length, 2);
    assert.match(lines.find((line) => line.includes('Nexudus')) ?? '', /NEXUDUS_PASSWORD|refused/);
    assert.match(lines.find((line) => line.includes('Kisi')) ?? '', /401.*API key is wrong/);
    assert.doesNotMatch(stderr, /not-the|example\.com/);
  });

  it('says in one line each that neither API can be reached', async () => {
    const nobody = 'http://127.0.0.1:9';
    const { code, stderr } = await run(['check'], '', { NEXUDUS_BASE_URL: nobody, KISI_BASE_URL: nobody });
    assert.equal(code, 2);
    const lines = linesOf(stderr);
    assert.equal(lines.length, 2);
    assert.ok(lines.some((line) => line.startsWith('latchkey: Nexudus ') && line.includes('no answer')));
    assert.ok(lines.some((line) => line.startsWith('latchkey: Kisi gave no answer')));
  });

  it('refuses a key that cannot be one before it asks anyone', async () => {
    const { code, stderr } = await run(['check'], '', { KISI_API_KEY: 'two words' });
    assert.equal(code, 2);
    assert.deepEqual(linesOf(stderr), [
      'latchkey: The API key of Kisi must be one word, without spaces or line ends',
    ]);
  });

  it('keeps the worker from starting anything where something must be mended', async () => {
    const broken = await run(['worker'], 'mapping:\n  - { passType: Day pass, groups: }\npolices: {}\n');
    assert.equal(broken.code, 2);
    assert.equal(broken.stdout, '');
    const lines = linesOf(broken.stderr);
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /\.yaml:2: mapping\[0\]\.groups/);
    assert.match(lines[1] ?? '', /\.yaml:3: polices is not a known key$/);

    const notYaml = await run(['worker'], 'mapping: [\n');
    assert.equal(notYaml.code, 2);
    assert.match(notYaml.stderr, /\.yaml:\d: not YAML/);

    const unknown = await run(['worker'], 'mapping: [{ passType: Day pass, groups: Roof }]');
    assert.equal(unknown.code, 2);
    assert.deepEqual(linesOf(unknown.stderr), ['latchkey: group "Roof" in the configuration does not exist']);
    assert.equal(existsSync(join(folder.path, '.latchkey')), false);
  });

  it('says what to do where no Temporal server is, in one line', async () => {
    const members = await run(['members', '--json'], '');
    assert.equal(members.code, 1);
    assert.equal(members.stdout, '');
    assert.deepEqual(linesOf(members.stderr), [
      'latchkey: no Temporal server is running here: start `latchkey worker` first, or set TEMPORAL_ADDRESS',
    ]);
    const worker = await run(['worker'], '', { TEMPORAL_ADDRESS: 'http://localhost:7233/' });
    assert.equal(worker.code, 2);
    assert.match(worker.stderr, /TEMPORAL_ADDRESS must be host:port/);
  });
});
