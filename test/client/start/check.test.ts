import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startKisiSimulator, type KisiSimulator } from '../../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../../simulators/nexudus.js';
import { latchkey, latchkeyWith, linesOf, scratch, type Ran } from '../cli.js';

describe('latchkey check', () => {
  const folder = scratch();
  let nexudus: NexudusSimulator;
  let kisi: KisiSimulator;
  let groupId: number;
  let bareGroupId: number;
  let day: number;
  let week: number;

  before(async () => {
    nexudus = await startNexudusSimulator();
    kisi = await startKisiSimulator();
    groupId = kisi.org.addGroup({ name: 'Harbour members', locks_count: 2 }).id;
    bareGroupId = kisi.org.addGroup({ name: 'Store room', locks_count: 0 }).id;
    day = nexudus.space.addTimePass({ Name: 'Day pass', KisiGroupId: String(groupId) }).Id;
    week = nexudus.space.addTimePass({ Name: 'Week pass' }).Id;
  });

  after(async () => {
    await nexudus.stop();
    await kisi.stop();
    folder.remove();
  });

  /** The settings of both simulators, with `latchkey.yaml` as given. */
  function settings(yaml: string): Record<string, string> {
    const file = join(folder.path, `${String(files++)}.yaml`);
    writeFileSync(file, yaml);
    return {
      NEXUDUS_BASE_URL: nexudus.url,
      NEXUDUS_EMAIL: 'admin@example.com',
      NEXUDUS_PASSWORD: 'nexudus-password',
      KISI_BASE_URL: kisi.url,
      KISI_API_KEY: 'kisi-test-key',
      LATCHKEY_CONFIG: file,
    };
  }
  const run = (args: string[], yaml: string, env: Record<string, string> = {}): Promise<Ran> =>
    latchkey(args, folder.path, { ...settings(yaml), ...env });
  /** The same in this process. */
  const runHere = (args: string[], yaml: string, env: Record<string, string> = {}): Promise<Ran> =>
    latchkeyWith({ ...settings(yaml), ...env }, ...args);
  let files = 0;

  const mapping = `mapping:\n  - { passType: Week pass, groups: [Store room, Harbour members] }\n`;

  it('shows which pass types open which groups, and what is probably not meant', async () => {
    const [words, json] = await Promise.all([run(['check'], mapping), run(['check', '--json'], mapping)]);
    assert.equal(words.stderr, '');
    assert.equal(words.code, 0);
    const [headings, ...lines] = linesOf(words.stdout);
    assert.match(headings ?? '', /^group +name +doors +app access +opened by pass types$/);
    assert.match(
      lines[0] ?? '',
      new RegExp(`${groupId} +Harbour members +2 +yes +Day pass \\(${day}\\), Week pass \\(${week}\\)$`),
    );
    assert.match(lines[1] ?? '', new RegExp(`${bareGroupId} +Store room +0 +yes +Week pass \\(${week}\\)$`));
    assert.match(lines[2] ?? '', /^Warning: group \d+ \(Store room\) has no doors$/);

    assert.equal(json.stderr, '');
    const { groups, warnings } = JSON.parse(json.stdout) as { groups: unknown; warnings: string[] };
    assert.deepEqual(groups, [
      {
        id: groupId,
        name: 'Harbour members',
        locksCount: 2,
        loginEnabled: true,
        passTypes: [
          { id: day, name: 'Day pass' },
          { id: week, name: 'Week pass' },
        ],
        placeId: kisi.org.groups.all()[0]?.place_id ?? null,
      },
      {
        id: bareGroupId,
        name: 'Store room',
        locksCount: 0,
        loginEnabled: true,
        passTypes: [{ id: week, name: 'Week pass' }],
        placeId: null,
      },
    ]);
    assert.deepEqual(warnings, [`group ${bareGroupId} (Store room) has no doors`]);
  });

  it('lets no name forge a line, or reach the terminal with what it obeys', async () => {
    const forged = 'Roof\u001b[2J\u202e\nAll is well.';
    const roof = kisi.org.addGroup({ name: forged, locks_count: 0 }).id;
    const { Id } = nexudus.space.addTimePass({ Name: `Night\r\n\u009b31m`, KisiGroupId: String(roof) });
    const { code, stdout } = await runHere(['check'], mapping);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u);
    assert.doesNotMatch(stdout, /^All is well/m);
    assert.match(stdout, /^Warning: group \d+ \(Roof \[2J All is well\.\) has no doors$/m);
    assert.match(stdout, /Roof \[2J All is well\. +0 +yes +Night 31m \(\d+\)$/m);
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

  it('takes names as they look, and names the nearest of those that it does not find', async () => {
    const yaml = (type: string, group: string): string =>
      `mapping:\n  - { passType: ${JSON.stringify(type)}, groups: [${JSON.stringify(group)}] }\n`;
    const found = await runHere(['check'], yaml(' Week\u00a0 pass\u3000', 'Harbour  members '));
    assert.equal(found.code, 0, found.stderr);
    assert.match(
      linesOf(found.stdout)[1] ?? '',
      new RegExp(`Day pass \\(${day}\\), Week pass \\(${week}\\)$`),
    );
    const { code, stderr } = await runHere(['check'], yaml('week passes', 'Harbor members'));
    assert.equal(code, 2);
    assert.deepEqual(linesOf(stderr), [
      `latchkey: pass type "week passes" in the configuration does not exist; did you mean "Week pass" (${week})?`,
      `latchkey: group "Harbor members" in the configuration does not exist; did you mean "Harbour members" (${groupId})?`,
    ]);
  });

  it('finds, of two pass types with one name, that of the location that a line names', async () => {
    const [harbour, mill] = ['Harbour', 'Mill'].map((Name) => nexudus.space.addBusiness({ Name }).Id);
    const ids = [harbour, mill].map(
      (BusinessId) => nexudus.space.addTimePass({ Name: 'Desk', BusinessId: BusinessId ?? 0 }).Id,
    );
    const yaml = (line: string): string =>
      `mapping:\n  - { ${line}passType: Desk, groups: ${bareGroupId} }\n`;
    for (const [at, id] of [
      ['Harbour', ids[0]],
      ['Mill', ids[1]],
    ] as const) {
      const { code, stdout, stderr } = await runHere(['check'], yaml(`location: ${at}, `));
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`Store room +0 +yes +Desk \\(${id ?? 0}\\)$`, 'm'));
    }
    const { code, stderr } = await runHere(['check'], yaml(''));
    assert.equal(code, 2);
    assert.deepEqual(linesOf(stderr), [
      `latchkey: pass type "Desk" in the configuration is the name of ${ids.join(', ')}: give the id`,
    ]);
  });

  it('warns of pass types that are in use and open nothing, and of no others', async () => {
    const member = nexudus.space.addCoworker({ Email: 'ada@example.com' }).Id;
    const issued = nexudus.space.addTimePass({ Name: 'Night' }).Id;
    const unused = nexudus.space.addTimePass({ Name: 'Dusk' }).Id;
    nexudus.space.addPass({ CoworkerId: member, TimePassId: issued });
    const { code, stdout } = await runHere(['check', '--json'], mapping);
    assert.equal(code, 0);
    const { warnings } = JSON.parse(stdout) as { warnings: string[] };
    assert.deepEqual(
      warnings.filter((one) => one.includes('pass type')),
      [`pass type ${issued} (Night) is in use and maps to no group: its passes open nothing`],
    );
    nexudus.space.update('timepasses', issued, { KisiGroupId: String(groupId) });
    nexudus.space.update('timepasses', unused, { KisiGroupId: String(groupId) });
  });

  it('names a base address without /api as the likely cause', async () => {
    const website = createServer((_request, response) => {
      response.writeHead(status, { 'Content-Type': 'text/html' }).end('<html></html>');
    });
    let status = 404;
    await new Promise<void>((resolve) => void website.listen(0, '127.0.0.1', resolve));
    website.unref();
    const { port } = website.address() as AddressInfo;
    for (status of [404, 200, 405]) {
      const { code, stderr } = await runHere(['check'], '', { NEXUDUS_BASE_URL: `http://127.0.0.1:${port}` });
      assert.equal(code, 2);
      const [line, ...others] = linesOf(stderr);
      assert.match(
        line ?? '',
        /^latchkey: Nexudus .* NEXUDUS_BASE_URL does not end in \/api, which is probably why\.$/,
      );
      assert.deepEqual(others, []);
    }
    status = 503;
    for (const path of ['', '/api']) {
      const { stderr } = await runHere(['check'], '', {
        NEXUDUS_BASE_URL: `http://127.0.0.1:${port}${path}`,
      });
      assert.doesNotMatch(stderr, /does not end/);
    }
    status = 404;
    const { stderr } = await runHere(['check'], '', { NEXUDUS_BASE_URL: `http://127.0.0.1:${port}/api` });
    assert.doesNotMatch(stderr, /does not end/);
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
