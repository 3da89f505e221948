import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createServer, type Server } from 'node:http';
import { callerOf } from '../../lib/callers.js';
import { limitConnections } from '../../lib/connections.js';
import { Refusals } from '../../push/refusals.js';

const stranger = { address: '203.0.113.7', isShared: false };

describe('whose a call is', () => {
  it('says the address of the socket, whatever the call says itself', () => {
    for (const forwarded of [null, '198.51.100.1', 'x'])
      for (const proxy of [null, '192.0.2.1'])
        assert.deepEqual(callerOf('203.0.113.7', forwarded, proxy), stranger);
    assert.deepEqual(callerOf('::ffff:203.0.113.7', null, null), stranger);
  });

  it('says the last address that a trusted proxy wrote; whoever calls may have written the others', () => {
    for (const proxy of ['127.0.0.1', '::1', '192.0.2.1'])
      for (const forwarded of [
        '203.0.113.7',
        '1.2.3.4, 203.0.113.7',
        'x,,203.0.113.7 ',
        '::ffff:203.0.113.7',
      ])
        assert.deepEqual(callerOf(proxy, forwarded, proxy), stranger);
    assert.equal(callerOf('::ffff:192.0.2.1', '203.0.113.7', '192.0.2.1').address, '203.0.113.7');
  });

  it('is nobody’s in particular where all come from there, and where a proxy does not tell', () => {
    for (const inner of [
      '127.0.0.1',
      '10.1.2.3',
      '172.18.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '::1',
      'fd00::1',
      'fe80::1%eth0',
    ])
      assert.equal(callerOf(inner, '203.0.113.7', null).isShared, true, inner);
    for (const said of [null, '', 'unknown', '203.0.113.7:80', '999.1.1.1', '10.0.0.1'])
      assert.equal(callerOf('192.0.2.1', said, '192.0.2.1').isShared, true, String(said));
    assert.equal(callerOf(undefined, null, null).isShared, true);
  });

  it('is one network of 64 bits, however its IPv6 address is written', () => {
    const address = '2001:db8:1:2::/64';
    for (const ip of ['2001:db8:1:2::1', '2001:DB8:1:2:3:4:5:6', '2001:db8:1:2:ffff::', '2001:db8:1:2::9:1'])
      assert.deepEqual(callerOf(ip, null, null), { address, isShared: false }, ip);
    assert.equal(callerOf('2001:db8::1', null, null).address, '2001:db8:0:0::/64');
  });
});

describe('the book of refusals', () => {
  const forge = (book: Refusals, from = stranger, times = 60): void => {
    for (let i = 0; i < times; i++) book.note(from, 'forged');
  };

  it('sends away an address that was refused sixty times, for the rest of that minute', () => {
    let now = 0;
    const book = new Refusals(() => now);
    forge(book, stranger, 59);
    assert.ok(!book.isSentAway(stranger));
    forge(book, stranger, 1);
    assert.ok(book.isSentAway(stranger));
    now = 59_999;
    book.note(stranger, 'tooMany');
    assert.ok(book.isSentAway(stranger));
    assert.ok(!book.isSentAway({ ...stranger, address: '203.0.113.8' }));
    now = 60_000;
    assert.ok(!book.isSentAway(stranger));
  });

  it('never sends away an address that a right call came from within a day, nor a shared one', () => {
    let now = 0;
    const book = new Refusals(() => now);
    book.note(stranger, 'taken');
    forge(book);
    assert.ok(!book.isSentAway(stranger));
    now = 24 * 3_600_000;
    forge(book);
    assert.ok(book.isSentAway(stranger));
    book.note(stranger, 'repeated');
    assert.ok(!book.isSentAway(stranger));
    const shared = { address: '10.0.0.1', isShared: true };
    forge(book, shared, 1_000);
    assert.ok(!book.isSentAway(shared));
  });

  it('holds nothing against a caller that had the right token, or could not be served', () => {
    const book = new Refusals();
    for (let i = 0; i < 100; i++)
      for (const one of ['unknownLocation', 'failed'] as const) book.note(stranger, one);
    assert.ok(!book.isSentAway(stranger));
  });

  it('remembers a bounded number of addresses', () => {
    const book = new Refusals();
    forge(book);
    for (let i = 0; i < 10_000; i++) book.note({ address: `x${i}`, isShared: false }, 'forged');
    assert.ok(!book.isSentAway(stranger));
  });
});

describe('the connections of one address', () => {
  class FakeSocket extends EventEmitter {
    closed = false;
    constructor(readonly remoteAddress: string) {
      super();
    }
    destroy(): void {
      this.closed = true;
      this.emit('close');
    }
  }

  function serverOfFakes(): Server {
    return createServer().removeAllListeners('connection');
  }
  function open(server: Server, address: string, times: number): FakeSocket[] {
    return Array.from({ length: times }, () => {
      const socket = new FakeSocket(address);
      server.emit('connection', socket);
      return socket;
    });
  }
  const left = (sockets: FakeSocket[]): number => sockets.filter(({ closed }) => !closed).length;

  it('are closed one for another beyond its share, so that a caller that holds them shuts out nobody else', () => {
    const server = serverOfFakes();
    limitConnections(server, { most: 10, mostOfOne: 3 });
    const others = open(server, '198.51.100.1', 2);
    const his = open(server, '203.0.113.7', 50);
    assert.deepEqual([left(others), left(his)], [2, 3]);
    assert.ok(
      his.slice(-3).every(({ closed }) => !closed),
      'the newest stay',
    );
    assert.equal(left(open(server, '198.51.100.2', 1)), 1);
  });

  it('are limited only by the number for all, where everybody comes from there', () => {
    const server = serverOfFakes();
    limitConnections(server, { most: 10, mostOfOne: 3 }, { trustedProxy: '192.0.2.1' });
    assert.equal(left(open(server, '192.0.2.1', 20)), 10);
  });
});
