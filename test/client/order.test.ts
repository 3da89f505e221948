import assert from 'node:assert/strict';
import { CommandError } from '../../client/failure.js';
import { loginName, named } from '../../client/order.js';
import { latchkeyWith, linesOf } from './cli.js';

describe('who gives an order at the command line', () => {
  it('is who is logged in, unless a name is given', () => {
    assert.deepEqual(named({ by: ' Mia ', why: 'paid' }), { by: 'Mia', why: 'paid' });
    assert.deepEqual(named({}), { by: loginName(), why: '' });
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

  it('is somebody', () => {
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
