import assert from 'node:assert/strict';
import { CommandError } from '../../space/failure.js';
import { accountHere, loginName, named } from '../../space/order.js';
import { giverProblem } from '../../messages/to-control.js';
import { latchkeyWith, linesOf } from '../client/cli.js';

describe('who gives an order at the command line', () => {
  it('is who is logged in, unless a name is given', () => {
    const account = accountHere();
    assert.deepEqual(named({ by: ' Mia ', why: 'paid' }), { by: 'Mia', why: 'paid', account });
    assert.deepEqual(named({}), { by: loginName(), why: '', account });
    assert.equal(
      loginName(() => ({ username: 'mia' })),
      'mia',
    );
  });

  it('is the number of an account that has no name, as in a container', () => {
    const nameless = (): never => {
      throw new Error('uv_os_get_passwd returned ENOENT');
    };
    assert.equal(loginName(nameless), `uid ${process.getuid?.() ?? 'unknown'}`);
  });

  describe('comes from an account and a machine, kept beside the name', () => {
    const nameless = (): never => {
      throw new Error('uv_os_get_passwd returned ENOENT');
    };
    const named = (username: string) => () => ({ username });
    const cases: [string, () => { username: string }, string, string][] = [
      ['as they are called', named('ada'), 'desk-1', 'ada@desk-1'],
      ['in a container without an account', nameless, '4f5e6d7c8b9a', `${process.getuid?.()}@4f5e6d7c8b9a`],
      ['of a domain', named('ada@corp.example'), 'desk-1.corp', 'ada_corp.example@desk-1.corp'],
      ['of Windows', named('CORP\\Ada Lovelace'), 'DESK 1', 'CORP_Ada_Lovelace@DESK_1'],
      ['in another script', named('Αδα'), 'γραφείο', 'Αδα@γραφείο'],
      ['with what a terminal obeys', named('\u001b[31ma\u202eb\n'), '=x\u2028', '_31ma_b_@_x_'],
      ['without a name', named(''), '', 'unknown@unknown'],
      ['of any length', named('a'.repeat(5_000)), 'b'.repeat(5_000), `${'a'.repeat(49)}@${'b'.repeat(49)}`],
    ];
    for (const [what, lookUp, machine, account] of cases)
      it(what, () => {
        assert.equal(
          accountHere(lookUp, () => machine),
          account,
        );
        assert.equal(giverProblem({ by: 'ada', why: '', account }), null);
      });

    it('and is refused with anything else in it', () => {
      const forged = [
        'ada',
        'ada@',
        '@x',
        'a b@x',
        'a@b@c',
        'a\n@x',
        'a@x\u202e',
        '=1@x',
        7,
        {},
        'a@'.padEnd(101, 'x'),
      ];
      for (const account of forged)
        assert.match(
          giverProblem({ by: 'ada', why: '', account }) ?? '',
          /\(account\)/,
          JSON.stringify(account),
        );
      for (const account of [undefined, null])
        assert.equal(giverProblem({ by: 'ada', why: '', account }), null);
    });
  });

  it('must be somebody', () => {
    for (const by of ['', ' ', '\u00a0', '\u200b', '\u001b', 'nobody', 'a\nb'])
      assert.throws(
        () => named({ by }),
        (error) => error instanceof CommandError && error.exitCode === 2,
        JSON.stringify(by),
      );
  });

  const env = { NEXUDUS_TOKEN: 't', KISI_API_KEY: 'k', TEMPORAL_ADDRESS: '127.0.0.1:9' };
  for (const order of [
    ['pause', 'writes'],
    ['resume'],
    ['mode', 'observe'],
    ['allow', '1', '--group', '2', '--until', '2126-01-01', '--reason', 'r'],
    ['block', '1', '--until', '2126-01-01', '--reason', 'r'],
    ['withdraw', '1'],
    ['approve', '1'],
    ['reject', '1'],
    ['repair', '1'],
    ['adopt', '1'],
    ['ignore', '1'],
    ['undo', '1a2b3c4d'],
    ['resync', '1'],
    ['resync', '--all'],
    ['poll'],
  ])
    it(`is asked for before anything is done: ${order.join(' ')}`, async () => {
      for (const by of ['', 'nobody', '\u200b']) {
        const { code, stdout, stderr } = await latchkeyWith(env, ...order, '--by', by);
        assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1], stderr);
        assert.match(stderr, /say who gives the order/);
      }
    });
});
