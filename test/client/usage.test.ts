import assert from 'node:assert/strict';
import { latchkey, latchkeyHere, latchkeyWith, linesOf, scratch } from './cli.js';

const commands = [
  'worker',
  'listen',
  'demo',
  'play',
  'check',
  'members',
  'show',
  'explain',
  'report',
  'resync',
  'poll',
  'allow',
  'block',
  'withdraw',
  'exceptions',
  'drift',
  'repair',
  'hooks',
  'disagreements',
  'status',
  'alert',
  'tape',
];

describe('the command line', () => {
  it('lists every command in its help, and prints it on stdout', async () => {
    const { code, stdout, stderr } = await latchkeyHere('--help');
    assert.equal(code, 0);
    assert.equal(stderr, '');
    for (const name of commands) assert.match(stdout, new RegExp(`^  ${name} .*[a-z]`, 'm'));
  });

  it('groups the commands by what somebody wants to do', async () => {
    const { stdout } = await latchkeyHere('--help');
    const groups = stdout.split('\n').filter((line) => /^\S.*:$/.test(line));
    assert.deepEqual(groups.slice(0, 10), [
      'Options:',
      'Start:',
      'Ask who has access, and why:',
      'Change the rules:',
      'Stop and go on:',
      'Make an exception:',
      'Check that all is well:',
      'Look back:',
      'Webhooks:',
      'Help:',
    ]);
  });

  for (const shell of ['bash', 'zsh', 'fish']) {
    it(`completes every command in ${shell}`, async () => {
      const { code, stdout } = await latchkeyHere('completion', shell);
      assert.equal(code, 0);
      for (const name of [...commands, '--json', 'revokes', 'install'])
        assert.ok(stdout.includes(name), name);
    });
  }

  for (const name of [
    ...commands,
    'hooks status',
    'hooks install',
    'tape explain',
    'tape plan',
    'tape verify',
    'tape play',
  ]) {
    it(`explains ${name} in plain words`, async () => {
      const { code, stdout } = await latchkeyHere(...name.split(' '), '--help');
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^Usage: latchkey ${name}`));
      if (name !== 'worker') assert.match(stdout, new RegExp(`^Examples:\n  latchkey ${name}`, 'm'));
    });
  }

  it('says what it is', async () => {
    const { code, stdout } = await latchkeyHere('--version');
    assert.equal(code, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  const wrong: [args: string[], says: RegExp][] = [
    [['membres'], /unknown command \(Did you mean members\?\)/],
    [['ada@example.com'], /unknown command; see latchkey --help/],
    [['check', '--ada@example.com'], /unknown option/],
    [['check', '--jsn'], /unknown option \(Did you mean --json\?\)/],
    [['completion', 'ada'], /value is invalid for argument 'shell'\. Allowed choices are bash, zsh, fish;/],
    [['show'], /missing required argument 'id'/],
    [['show', '1', '2'], /too many arguments/],
    [['members', '--state', 'ada@example.com'], /'--state <state>' argument is invalid.*noAccess/],
    [['members', '--problem', "x' OR '1'='1"], /--problem takes one word/],
    [['members', '--location', 'Rome'], /--location must be the id/],
    [['explain', '1', '--at'], /'--at <time>' argument missing/],
    [['explain', '1', '--at', '2026-12-01'], /--at must be a time like/],
    [['explain', '1', '--at', '2026-13-41T09:00Z'], /--at must be a time like/],
    [['allow', '1', '--until', '2027-01-01', '--reason', 'r'], /'--group <group>' not specified/],
    [['block', '1', '--reason', 'r'], /'--until <time>' not specified/],
    [['block', '1', '--until', '2027-01-01'], /'--reason <reason>' not specified/],
    [
      ['block', '1', '--until', 'Rome', '--reason', 'r'],
      /--until takes how long from now \(2h, 3d\), a clock time/,
    ],
    [
      ['block', '1', '--until', '2027-02-30', '--reason', 'r'],
      /--until takes how long from now \(2h, 3d\), a clock time/,
    ],
    [['block', 'ada@', '--until', '2027-01-01', '--reason', 'r'], /ID must be/],
    [['withdraw', 'ada'], /as `latchkey exceptions` lists it/],
    [['plan', 'ada@'], /ID must be/],
    [['plan', '--at', 'tomorrow'], /--at must be a time like/],
    [['plan', '--location', 'Rome'], /--location must be the id/],
    [['report', '--location', 'Rome'], /--location must be the id/],
    [['report', '1'], /too many arguments/],
    [['explain', 'ada@'], /ID must be/],
    [['show', '0'], /ID must be/],
    [['show', '1; drop'], /ID must be/],
    [['disagreements', 'ada@'], /ID must be/],
    [['resync'], /either an ID or --all/],
    [['resync', '1', '--all'], /either an ID or --all/],
    [['hooks', 'ada'], /unknown command; see latchkey --help/],
  ];
  for (const [args, says] of wrong) {
    it(`answers wrong use with one line that repeats nothing private: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await latchkeyHere(...args);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.equal(linesOf(stderr).length, 1);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /ada|drop|Rome/);
    });
  }

  it('shows its help on stderr when nothing was asked, as wrong use', async () => {
    const { code, stdout, stderr } = await latchkeyHere();
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^Usage: latchkey/);
  });

  it('listens to nothing where no setting says what to listen to', async () => {
    const env = { NEXUDUS_TOKEN: 't', KISI_API_KEY: 'k', LATCHKEY_PUSH_PORT: '' };
    const { code, stdout, stderr } = await latchkeyWith(env, 'listen');
    assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1]);
    assert.match(stderr, /LATCHKEY_PUSH_PORT must be set/);
  });

  it('carries the exit code out of the process', async () => {
    const folder = scratch();
    try {
      const [wrongUse, noSettings] = await Promise.all([
        latchkey(['nonsense'], folder.path),
        latchkey(['check'], folder.path),
      ]);
      assert.equal(wrongUse.code, 2);
      assert.deepEqual(linesOf(wrongUse.stderr), ['latchkey: unknown command; see latchkey --help']);
      assert.equal(noSettings.code, 2);
      assert.equal(noSettings.stdout, '');
      assert.deepEqual(linesOf(noSettings.stderr), [
        'latchkey: NEXUDUS_EMAIL and NEXUDUS_PASSWORD must be set, or NEXUDUS_TOKEN',
        'latchkey: KISI_API_KEY must be set',
      ]);
    } finally {
      folder.remove();
    }
  });
});
