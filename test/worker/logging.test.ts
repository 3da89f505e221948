// Nothing secret or personal leaves through the log, and Temporal's entries come out like our own.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { Writable } from 'node:stream';
import type { AddressInfo } from 'node:net';
import { ApplicationFailure } from '@temporalio/common';
import axios from 'axios';
import fc from 'fast-check';
import pretty from 'pino-pretty';
import type { Logger } from 'pino';
import { createLogger, describeError, temporalLogger } from '../../worker/logging.js';

const secret = 'sesame-0123456789';

function capture(level: 'trace' | 'info' | 'silent' = 'trace'): {
  logger: Logger;
  lines: () => Record<string, unknown>[];
  text: () => string;
} {
  const written: string[] = [];
  const logger = createLogger({ level, to: { write: (line) => void written.push(line) } });
  return {
    logger,
    text: () => written.join(''),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('the logger', () => {
  let server: Server;
  let failure: Error;
  before(async () => {
    server = createServer((_, response) => response.writeHead(401).end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    failure = await axios
      .post(
        `http://127.0.0.1:${port}/logins?password=${secret}`,
        { password: secret, email: 'ann@example.test' },
        {
          headers: { Authorization: `KISI-LOGIN ${secret}` },
        },
      )
      .then(
        () => assert.fail('it should be refused'),
        (error: unknown) => error as Error,
      );
  });
  after(() => server.close());

  it('the error at hand does carry the secret', () => {
    assert.ok(JSON.stringify(failure).includes(secret), 'or these tests would prove nothing');
  });

  it('never writes what an axios error carries, wherever it stands', () => {
    const { logger, text, lines } = capture();
    logger.error(failure);
    logger.error({ err: failure }, 'at err');
    logger.error({ error: failure }, 'at error');
    logger.error({ reason: new Error('outer', { cause: failure }) }, 'as a cause');
    assert.ok(!text().includes(secret), 'no secret');
    assert.ok(!text().includes('ann@example.test'), 'no e-mail');
    const err = lines()[1]?.['err'] as Record<string, unknown>;
    assert.deepEqual([err['name'], err['code'], err['status']], ['AxiosError', 'ERR_BAD_REQUEST', 401]);
    assert.deepEqual(Object.keys(err).sort(), ['code', 'message', 'name', 'stack', 'status']);
  });

  it('censors secrets by key, down to where requests hold them', () => {
    const { logger, text } = capture();
    logger.info(
      { apiKey: secret, a: { Authorization: secret, b: { password: secret, c: { token: secret } } } },
      'keys',
    );
    logger.info({ request: { config: { headers: { Authorization: secret } } } }, 'headers');
    logger.child({ email: secret }).info('child');
    assert.ok(!text().includes(secret), text());
    assert.equal(text().match(/\[redacted\]/g)?.length, 6);
  });

  it('strikes e-mails and credentials from any text', () => {
    const { logger, text } = capture();
    logger.warn({ note: 'asked by jo.o+x@mail.example.test' }, `sent Bearer ${secret} for jörg@example.test`);
    logger.warn(new Error(`member ann@example.test, header "Basic ${secret}"`));
    assert.ok(!text().includes(secret), text());
    assert.ok(!/@[a-z.]*example/.test(text()) && !text().includes('jörg'), text());
  });

  it('keeps what only looks like an e-mail', () => {
    const { logger, text } = capture();
    logger.info({ identity: '123@worker.internal' }, 'at node_modules/@temporalio/worker/lib/worker.js');
    assert.match(text(), /123@worker\.internal/);
    assert.match(text(), /@temporalio\/worker/);
  });

  it('writes level and time as text', () => {
    const { logger, lines } = capture();
    logger.info('hello');
    const line = lines()[0] ?? {};
    assert.deepEqual([line['level'], line['msg']], ['info', 'hello']);
    assert.ok(!Number.isNaN(Date.parse(String(line['time']))), 'an ISO time');
  });

  it('keeps only the first frames of a stack', () => {
    const deep = (n: number): Error => (n === 0 ? new Error('deep') : deep(n - 1));
    const { stack } = describeError(deep(20)) as { stack: string };
    assert.ok(stack.split(', at ').length <= 6 && stack.startsWith('at '), stack);
    assert.doesNotMatch(stack, /\n/);
  });

  it('writes nothing that a terminal obeys, in JSON or in what is written out of it', () => {
    const any = fc.string({ unit: 'binary' });
    const property = fc.property(any, fc.array(any), (text, more) => {
      const { logger, text: written } = capture();
      logger.warn({ group: text, more, err: new Error(text, { cause: new TypeError(text) }) }, text);
      assert.equal(written().indexOf('\n'), written().length - 1);
      const strings = (value: unknown): string[] =>
        typeof value === 'string'
          ? [value]
          : Object.entries(Object(value) as object).flatMap(([key, one]) => [key, ...strings(one)]);
      for (const one of [written().trimEnd(), ...strings(JSON.parse(written()))])
        assert.doesNotMatch(one, /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    });
    fc.assert(property);
  });

  it('keeps what only looks like an escape', () => {
    const { logger, lines } = capture();
    logger.info({ path: 'C:\\new\\u0041', quoted: '"\\"' }, 'a "b" \\n c');
    const [line] = lines();
    assert.deepEqual(
      [line?.['path'], line?.['quoted'], line?.['msg']],
      ['C:\\new\\u0041', '"\\"', 'a "b" \\n c'],
    );
  });

  it('lets nobody write a second line for a person either', () => {
    const written: string[] = [];
    const to = pretty({
      destination: new Writable({
        write(chunk, _, done) {
          written.push(String(chunk));
          done();
        },
      }),
      sync: true,
    });
    createLogger({ level: 'info', to }).info(
      { group: 'x\n[12:00] INFO: all is well' },
      'group\n[12:00] INFO: all is well\u001b[2J',
    );
    assert.equal(written.join('').trimEnd().split('\n').length, 2, 'the message and its one field');
    assert.doesNotMatch(written.join(''), /^\[12:00\] INFO|\u001b\[2J/m);
  });

  it('says nothing of a thrown object that is no error', () => {
    assert.deepEqual(describeError({ password: secret }), { name: 'not an Error' });
    assert.equal(describeError(undefined), undefined);
  });
});

describe('temporalLogger', () => {
  it('forwards level, message, fields and the time of the entry', () => {
    const { logger, lines } = capture();
    const bridge = temporalLogger(logger);
    bridge.log('WARN', 'slow', { workflowId: 'member-1', taskQueue: 'latchkey', big: 1n });
    const at = Symbol.for('log_timestamp');
    bridge.log('INFO', 'core said', { [at]: 1_700_000_000_000_000_000n });
    const [slow, core] = lines();
    assert.deepEqual([slow?.['level'], slow?.['msg'], slow?.['workflowId']], ['warn', 'slow', 'member-1']);
    assert.deepEqual([core?.['level'], core?.['time']], ['info', '2023-11-14T22:13:20.000Z']);
  });

  it('writes each field once', () => {
    const { logger, text } = capture();
    temporalLogger(logger).error('failed', { error: new Error('why') });
    assert.equal(text().match(/"time"/g)?.length, 1);
    assert.match(text(), /"error":\{"name":"Error","message":"why"/);
  });

  it('asks Temporal for no more than our level', () => {
    assert.equal(temporalLogger(capture('info').logger).level, 'INFO');
    const { logger, text } = capture('silent');
    temporalLogger(logger).error('unheard');
    assert.equal(text(), '');
  });

  it('says in one line without a stack what was foreseen, and all that is known of what was not', () => {
    const { logger, lines } = capture();
    const bridge = temporalLogger(logger);
    const meta = { workflowId: 'member-1', activityType: 'createKey', taskToken: 'x', isLocal: false };
    const foreseen = ApplicationFailure.create({
      type: 'Kisi',
      message: 'Kisi answered 422',
      nonRetryable: true,
    });
    bridge.warn('Activity failed', { ...meta, error: foreseen });
    bridge.warn('Activity failed', { ...meta, error: new TypeError('a defect') });
    const [one, defect] = lines();
    assert.deepEqual(one, {
      level: 'warn',
      time: one?.['time'],
      workflowId: 'member-1',
      activityType: 'createKey',
      msg: 'Activity failed: Kisi answered 422',
    });
    assert.match(JSON.stringify(defect?.['error']), /TypeError.*a defect.*"stack":"at /);
  });

  it('leaves out a workflow that failed by an activity, which has told why, unless that ran out of time', () => {
    const { logger, lines } = capture();
    const bridge = temporalLogger(logger);
    const failed = (cause: string): Error => new Error('Activity task failed', { cause: new Error(cause) });
    bridge.warn('Workflow failed', { error: failed('Nexudus /spaces/teams: did not answer properly') });
    bridge.warn('Workflow failed', { error: failed('activity Heartbeat timeout') });
    bridge.warn('Workflow failed', { error: new Error('a defect') });
    assert.equal(lines().length, 2);
  });

  it('leaves out how workers come and go, but for who debugs', () => {
    const { logger, text } = capture('info');
    temporalLogger(logger).info('Worker state changed', { state: 'RUNNING' });
    temporalLogger(logger).info('No Nexus services registered, not polling for Nexus tasks');
    assert.equal(text(), '');
  });
});
