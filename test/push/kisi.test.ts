import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { KisiRoute, type KisiEvent } from '../../push/kisi.js';
import { startListener } from '../../push/listener.js';

const key = 'the signature key of Kisi';

describe('the door for events of Kisi', () => {
  let door: KisiRoute;
  let batches: (readonly KisiEvent[])[] = [];
  beforeEach(() => {
    batches = [];
    door = new KisiRoute({
      key,
      judge: (events) => Promise.resolve(void batches.push(events)),
      gatherMs: 20,
      waitMs: 20,
      remembered: 3,
    });
  });

  const sign = (body: string): string => createHmac('sha256', key).update(body).digest('hex');
  const send = (event: object | string, signature?: string): string => {
    const body = typeof event === 'string' ? event : JSON.stringify(event);
    return door.take(Buffer.from(body), { 'x-signature': signature ?? `sha256=${sign(body)}` }).outcome;
  };
  const event = (uuid: string, over: object = {}): object => ({
    uuid,
    type: 'role_assignment.destroy',
    object_type: 'RoleAssignment',
    object_id: 5,
    object_name: null,
    actor_name: 'Olive Owner',
    ...over,
  });
  async function judged(): Promise<(readonly KisiEvent[])[]> {
    await door.drain();
    return batches;
  }

  it('has what comes together judged at once, each event once', async () => {
    assert.equal(send(event('a')), 'taken');
    assert.equal(send(event('a')), 'repeated');
    assert.equal(send(event('b', { type: 'user.update', object_id: null })), 'taken');
    assert.deepEqual(await judged(), [
      [
        { type: 'role_assignment.destroy', objectId: 5 },
        { type: 'user.update', objectId: null },
      ],
    ]);
    assert.equal(send(event('c')), 'taken');
    assert.equal((await judged()).length, 2);
  });

  it('remembers the last events only, whatever comes in', async () => {
    for (const uuid of ['a', 'b', 'c', 'd']) assert.equal(send(event(uuid)), 'taken');
    for (const uuid of ['b', 'c', 'd']) assert.equal(send(event(uuid)), 'repeated');
    assert.equal(send(event('a')), 'taken');
    await judged();
  });

  it('passes over what is of no interest, and refuses what is not signed', async () => {
    assert.equal(send(event('a', { type: 'lock.unlock' })), 'ignored');
    assert.equal(send(event('a'), ''), 'forged');
    assert.equal(send(event('a'), sign(JSON.stringify(event('b')))), 'forged');
    assert.equal(door.take(Buffer.from('{}'), {}).outcome, 'forged');
    assert.deepEqual(await judged(), []);
  });

  it('takes whatever is signed, and has judged what it can make out', async () => {
    const nobody = { type: 'unclear', objectId: null };
    const destroy = { type: 'role_assignment.destroy', objectId: 5 };
    const shapes: [event: object | string, outcome: string, events: object[]][] = [
      ['', 'unclear', [nobody]],
      ['{', 'unclear', [nobody]],
      ['null', 'unclear', [nobody]],
      ['7', 'unclear', [nobody]],
      ['[]', 'unclear', [nobody]],
      ['{}', 'unclear', [nobody]],
      [event('a', { type: null }), 'unclear', [{ ...nobody, objectId: 5 }]],
      [event(''), 'taken', [destroy]],
      [event('', { uuid: 7 }), 'taken', [destroy]],
      [event('b', { object_id: '5' }), 'taken', [destroy]],
      [event('c', { object_id: 0 }), 'taken', [{ ...destroy, objectId: null }]],
      [event('d', { object_id: {}, note: 'x'.repeat(300_000) }), 'taken', [{ ...destroy, objectId: null }]],
      [[event('e'), event('e'), event('f', { type: 'lock.unlock' })], 'taken', [destroy]],
      [[event('g'), 7], 'unclear', [destroy, nobody]],
      [`\uFEFF${JSON.stringify(event('h'))}`, 'taken', [destroy]],
    ];
    for (const [said, outcome, events] of shapes) {
      batches = [];
      assert.equal(send(said), outcome, JSON.stringify(said).slice(0, 80));
      assert.deepEqual(await judged(), [events], JSON.stringify(said).slice(0, 80));
    }
  });

  it('is an address of the listener', async () => {
    const counted: string[] = [];
    const debouncer = {
      tell: () => undefined,
      tellSomething: () => undefined,
      drain: () => Promise.resolve(),
    };
    const count = (...one: string[]): void => void counted.push(one.join(' '));
    const about = { port: 0, host: '127.0.0.1', nexudusSecret: null, acs: null };
    const listener = await startListener({ ...about, kisi: door, debouncer, count });
    const body = JSON.stringify(event('a'));
    const ask = (signature: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${listener.port}/kisi/events`, {
        method: 'POST',
        body,
        headers: { 'X-Signature': signature, 'Content-Type': 'application/json' },
      });
    assert.deepEqual([(await ask(sign(body))).status, (await ask('none')).status], [200, 401]);
    await listener.close();
    assert.deepEqual(counted, ['kisi taken', 'kisi forged']);
    assert.equal(batches.length, 1);
  });
});
