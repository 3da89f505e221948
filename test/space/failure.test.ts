import assert from 'node:assert/strict';
import { CommandError, failureOf } from '../../space/failure.js';
import { errorOfStatus } from '../../nexudus/errors.js';
import { ConfigError } from '../../config/config-error.js';

describe('failureOf', () => {
  it('gives a configuration error one line for each problem, and exit code 2', () => {
    const failure = failureOf(
      new ConfigError(['KISI_API_KEY must be set', 'latchkey.yaml:3: x must be set']),
    );
    assert.deepEqual(failure, {
      lines: ['KISI_API_KEY must be set', 'latchkey.yaml:3: x must be set'],
      exitCode: 2,
    });
  });

  it('keeps the words and the code of a command error', () => {
    assert.deepEqual(failureOf(new CommandError('wrong use', 2)), { lines: ['wrong use'], exitCode: 2 });
    assert.deepEqual(failureOf(new CommandError('no luck')), { lines: ['no luck'], exitCode: 1 });
  });

  it('takes the words of an API error as they are', () => {
    const error = errorOfStatus(503, '/x');
    assert.deepEqual(failureOf(error), { lines: [error.message], exitCode: 1 });
  });

  it('finds the words of a Temporal error in its cause', () => {
    const cause = Object.assign(new Error('5 NOT_FOUND: long'), {
      code: 5,
      details: 'namespace x is not found',
    });
    const { lines } = failureOf(new Error('Failed to list', { cause }));
    assert.deepEqual(lines, ['Temporal did not do what was asked: namespace x is not found']);
  });

  it('makes one line of anything else, without a stack or an e-mail', () => {
    const { lines, exitCode } = failureOf(new TypeError('bad value\n  ada@example.com at row 3'));
    assert.deepEqual(lines, ['TypeError: bad value [redacted] at row 3']);
    assert.equal(exitCode, 1);
    assert.equal(failureOf('text').lines.length, 1);
  });
});
