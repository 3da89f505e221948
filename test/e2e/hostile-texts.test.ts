/** Every command, in a space where everything with a name has a name that a terminal or a spreadsheet would obey. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { latchkeyHere, latchkeyWith, scratch } from '../client/cli.js';
import { eventually } from '../support/eventually.js';
import { startSpace, type RunningSpace } from '../support/space.js';

/** Colours, a title, a line that looks like one of ours, letters turned around, and a formula. */
const hostile =
  '=1+1\u001b]0;owned\u0007\u001b[2J\r\n;=cmd()\u202enimda\u2028\u009b31m <b>[a](https://evil.example)';
/** Signs that a terminal obeys; line ends are looked at apart. */
const obeyed = /[^\P{Cc}\r\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
/** Commands that run until they are stopped, and `help`. */
const lasting = ['worker', 'listen', 'demo', 'help'];

describe('texts from outside that a reader would obey', function () {
  this.timeout(300_000);
  const folder = scratch();
  let space: RunningSpace;
  let memberId: number;

  before(async () => {
    space = await startSpace(
      ({ nexudus, kisi, ids }) => {
        const own = nexudus.space;
        for (const id of [ids.rome, ids.newYork]) own.update('businesses', id, { Name: `${hostile} ${id}` });
        for (const id of Object.values(ids.passTypes))
          own.update('timepasses', id, { Name: `${hostile} ${id}` });
        for (const id of Object.values(ids.plans)) own.update('tariffs', id, { Name: `${hostile} ${id}` });
        for (const id of Object.values(ids.groups)) kisi.org.renameGroup(id, `${hostile} ${id}`);
        const person = { FullName: hostile, InvoicingBusinessId: ids.rome };
        memberId = own.addCoworker({ ...person, Email: 'ann@example.com' }).Id;
        own.addPass({ CoworkerId: memberId, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
        // What Latchkey finds of others, and tells.
        const byHand = kisi.org.addUser({ email: 'by-hand@example.com', name: hostile });
        kisi.org.grantByHand({ userId: byHand.id, groupId: ids.groups.romeDay });
      },
      { LATCHKEY_COMPARISON_INTERVAL: '1s' },
    );
    await eventually('a key', () => space.kisi.org.keysOf('ann@example.com').length === 1);
  });
  after(async () => {
    await space.stop();
    folder.remove();
  });

  function assertPlain(what: string, text: string): void {
    assert.doesNotMatch(text.replaceAll('\r\n', '\n'), obeyed, what);
    assert.doesNotMatch(text, /^\s*;?=cmd/m, what);
  }

  it('come out of no command as they are', async () => {
    const file = join(folder.path, 'plan.json');
    const id = String(memberId);
    const until = ['--until', '2099-01-01', '--reason', hostile, '--by', hostile];
    const runs: string[][] = [
      ['play', 'buy', hostile],
      ['play', hostile, 'bob'],
      ['check'],
      ['check', '--json'],
      ['members'],
      ['members', '--json'],
      ['show', id],
      ['show', id, '--json'],
      ['show', hostile],
      ['explain', id],
      ['explain', id, '--json'],
      ['plan'],
      ['plan', '--json'],
      ['plan', '--out', file],
      ['apply', file, '--yes'],
      ['undo', hostile],
      ['report'],
      ['report', '--json'],
      ['resync', id, '--by', hostile],
      ['poll'],
      ['pause', 'revokes', '--by', 'jo', '--why', hostile],
      ['resume', '--by', hostile],
      ['mode', 'live', '--yes', '--why', hostile],
      ['status'],
      ['status', '--json'],
      ['withheld'],
      ['approve', hostile],
      ['reject', hostile],
      ['allow', id, '--group', String(space.ids.groups.romeOffice), ...until],
      ['allow', id, '--group', hostile, ...until],
      ['block', id, ...until],
      ['exceptions'],
      ['exceptions', '--json'],
      ['completion', hostile],
      ['withdraw', '1', '--by', hostile],
      ['timeline', id],
      ['timeline', id, '--json'],
      ['audit'],
      ['audit', '--format', 'jsonl'],
      ['latency'],
      ['alert', '--test'],
      ['drift'],
      ['drift', '--json'],
      ['repair', hostile],
      ['adopt', hostile],
      ['ignore', hostile],
      ['hooks', 'status'],
      ['hooks', 'install'],
      ['disagreements'],
      ['disagreements', id],
      ['tape', 'explain', id, '-o', `${file}.tape`],
      ['tape', 'play', `${file}.tape`, 'explain', id],
      ['tape', 'play', hostile, 'explain', id],
      ['verify'],
      ['verify', '--show', '--json'],
      ['desk', 'invite', hostile, '--role', 'desk'],
      ['desk', 'sessions'],
      ['desk', 'end', hostile],
      ['invitations', '--names'],
      ['invitations', '--json'],
      ['forget', id, '--why', hostile, '--yes'],
      ['forget', hostile],
      [hostile],
      ['show', `--${hostile}`],
    ];
    const { stdout: help } = await latchkeyHere('--help');
    const known = [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name);
    const tried = new Set(runs.map(([name = '']) => name));
    assert.deepEqual(
      known.filter((name) => name !== 'latchkey' && !tried.has(name) && !lasting.includes(name)),
      [],
      'a command that is not tried here',
    );
    for (const args of runs) {
      const { stdout, stderr } = await latchkeyWith(space.env, ...args);
      const what = args.map((one) => JSON.stringify(one)).join(' ');
      if (process.env['TEST_LOG'] !== undefined) console.log(`--- ${what}\n${stdout}${stderr}`);
      assertPlain(what, stdout);
      assertPlain(what, stderr);
      assert.notEqual(stdout + stderr, '', what);
      if (args.includes('--json')) JSON.parse(stdout);
    }
    assertPlain('the plan file', readFileSync(file, 'utf8'));
  });
});
