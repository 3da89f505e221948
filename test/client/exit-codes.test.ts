// What each exit code means, of every kind of command: 0 done; 1 it failed, or something needs somebody; 2 wrong use or
// configuration, and nothing was done.
import assert from 'node:assert/strict';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { latchkey, scratch } from './cli.js';

describe('exit codes', () => {
  const folder = scratch();
  let nexudus: NexudusSimulator;
  before(async () => {
    nexudus = await startNexudusSimulator();
    for (const name of ['Ada Lovelace', 'Ada Byron', 'Zoë Grün'])
      nexudus.space.addCoworker({ FullName: name, Email: `${name.replace(' ', '.')}@example.com` });
  });
  after(async () => {
    await nexudus.stop();
    folder.remove();
  });

  const nobody = 'http://127.0.0.1:9';
  const settings = (): Record<string, string> => ({
    NEXUDUS_BASE_URL: nexudus.url,
    NEXUDUS_EMAIL: 'admin@example.com',
    NEXUDUS_PASSWORD: 'nexudus-password',
    KISI_BASE_URL: nobody,
    KISI_API_KEY: 'k',
  });

  const table: [
    what: string,
    args: string[],
    env: () => Record<string, string>,
    code: number,
    says: RegExp,
  ][] = [
    ['help', ['--help'], () => ({}), 0, /^$/],
    ['an unknown command', ['membres'], () => ({}), 2, /Did you mean members/],
    ['a wrong option', ['status', '--jsn'], () => ({}), 2, /Did you mean --json/],
    ['a missing argument', ['show'], () => ({}), 2, /missing required argument/],
    ['no settings', ['members'], () => ({}), 2, /KISI_API_KEY must be set/],
    ['no Temporal server', ['members'], settings, 1, /no Temporal server is running here/],
    [
      'an order without a Temporal server',
      ['pause', 'all'],
      settings,
      1,
      /no Temporal server is running here/,
    ],
    ['an API that does not answer', ['check'], settings, 2, /Kisi/],
    ['no audit log', ['audit'], settings, 1, /there is no audit log/],
    ['an unknown name', ['show', 'Eve'], settings, 1, /no coworker in Nexudus has this name/],
    [
      'a name of several',
      ['show', 'ada'],
      settings,
      1,
      /^latchkey: 2 coworkers have this name.*: \d+ \(Ada Lovelace\), \d+ \(Ada Byron\)$/m,
    ],
    [
      'a name of one, without its accents',
      ['show', 'zoe grun'],
      settings,
      1,
      /no Temporal server is running here/,
    ],
  ];
  for (const [what, args, env, code, says] of table) {
    it(`${code}: ${what}`, async () => {
      const ran = await latchkey(args, folder.path, env());
      assert.equal(ran.code, code, ran.stderr);
      assert.match(ran.stderr, says);
    });
  }
});
