import assert from 'node:assert/strict';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { leaveDemoFile } from '../../../client/start/demo-file.js';
import { Playground } from '../../../client/start/playground.js';
import { startKisiSimulator, type KisiSimulator } from '../../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../../simulators/nexudus.js';
import { buildTwoCities, environmentOf } from '../../../simulators/two-cities.js';
import { latchkey, linesOf, scratch, type Ran } from '../cli.js';

describe('latchkey play', () => {
  const folder = scratch();
  let nexudus: NexudusSimulator;
  let kisi: KisiSimulator;
  let port: { url: string; stop: () => Promise<void> };

  before(async () => {
    nexudus = await startNexudusSimulator();
    kisi = await startKisiSimulator();
    port = await new Playground(nexudus, kisi, buildTwoCities(nexudus, kisi)).listen();
    const before = process.cwd();
    process.chdir(folder.path);
    leaveDemoFile({ playUrl: port.url, env: environmentOf(nexudus, kisi) });
    process.chdir(before);
  });
  after(async () => {
    await port.stop();
    await nexudus.stop();
    await kisi.stop();
    folder.remove();
  });

  const play = (...args: string[]): Promise<Ran> => latchkey(['--demo', 'play', ...args], folder.path);
  async function played(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await play(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  }
  async function refused(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await play(...args);
    assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
    return stderr;
  }
  const frank = () => nexudus.space.list('coworkers').find(({ FullName }) => FullName === 'Frank');
  const franksPasses = () =>
    nexudus.space.list('coworkertimepasses').filter(({ CoworkerId }) => CoworkerId === frank()?.Id);

  it('finds the demo by a file that is its owner’s alone', () => {
    assert.equal(statSync(join(folder.path, '.latchkey/demo.json')).mode & 0o777, 0o600);
  });

  it('has people join, buy, use, be suspended and come again', async () => {
    assert.match(await played('buy', 'frank'), /^Frank buys a day pass in Rome\. Latchkey notices within 10/);
    assert.equal(franksPasses().filter(({ Used }) => !Used).length, 1);
    assert.match(await played('use', 'FRANK'), /^Frank uses a pass up/);
    assert.equal(franksPasses().filter(({ Used }) => !Used).length, 0);
    assert.match(await refused('use', 'frank'), /Frank has no pass left: npx latchkey --demo play buy frank/);
    await played('suspend', 'frank');
    assert.equal(frank()?.Active, false);
    await played('admit', 'frank');
    assert.equal(frank()?.Active, true);
    assert.match(await played('join', 'grace'), /Grace joins in Rome with the plan "Unlimited"/);
    assert.match(await refused('join', 'grace'), /Grace is a member already/);
  });

  it('has either API fail and work again', async () => {
    const kisiStatus = async (): Promise<number> =>
      (await fetch(`${kisi.url}/user`, { headers: { Authorization: 'KISI-LOGIN kisi-test-key' } })).status;
    assert.match(await played('kisi', 'down'), /503 until: npx latchkey --demo play kisi up/);
    assert.equal(await kisiStatus(), 503);
    await played('nexudus', 'down');
    assert.equal(nexudus.faults.list().length, 1);
    await played('kisi', 'up');
    assert.equal(await kisiStatus(), 200);
    await played('nexudus', 'up');
    assert.equal(nexudus.faults.list().length, 0);
  });

  it('refuses in one line what cannot be played', async () => {
    assert.match(await refused('suspend', 'nobody'), /nobody here is called Nobody: .* play join nobody/);
    assert.match(await refused('buy', 'frank; drop'), /NAME must be a first name/);
    assert.match(await refused('kisi', 'sideways'), /say whether Kisi is down or up/);
    assert.match(await refused('steal', 'frank'), /Allowed choices are join, buy, use/);
  });

  it('has any command use the settings of the demo, and none of `.env`', async () => {
    const wrong = 'NEXUDUS_TOKEN=other\nKISI_BASE_URL=http://127.0.0.1:1\nLATCHKEY_CONFIG=nowhere.yaml\n';
    writeFileSync(join(folder.path, '.env'), `${wrong}TEMPORAL_TLS_CLIENT_CERT_PATH=nowhere.pem\n`);
    const { code, stdout, stderr } = await latchkey(['check', '--demo'], folder.path);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Trastevere, Rome – Day Pass/);
  });

  it('says in one line where no demo runs, also where one was killed', async () => {
    const empty = scratch();
    try {
      const none = /^latchkey: no demo runs in this folder: start one with `npm run demo`\n$/;
      assert.match((await latchkey(['--demo', 'members'], empty.path)).stderr, none);
      assert.ok(!existsSync(join(empty.path, '.latchkey')));
      mkdirSync(join(empty.path, '.latchkey'));
      const killed = { playUrl: 'http://127.0.0.1:9/play', env: {} };
      writeFileSync(join(empty.path, '.latchkey/demo.json'), JSON.stringify(killed));
      const { code, stdout, stderr } = await latchkey(['play', 'buy', 'bob'], empty.path);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, none);
    } finally {
      empty.remove();
    }
  });
});
