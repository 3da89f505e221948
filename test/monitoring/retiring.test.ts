// Answers that say that something of an API will end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import axios from 'axios';
import { watchRetiring } from '../../monitoring/retiring.js';

describe('the watch over what APIs say of their end', () => {
  let server: Server;
  let headers: Record<string, string>;
  let told: string[];
  let stop: () => void;
  let url: string;

  beforeEach(async () => {
    headers = {};
    told = [];
    server = createServer((_, response) => response.writeHead(200, headers).end('{}'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    url = `http://${host}`;
    stop = watchRetiring({ nexudus: 'nexudus.example', kisi: host }, (api, words) => {
      told.push(`${api}: ${words}`);
    });
  });
  afterEach(() => {
    stop();
    server.close();
  });

  const ask = async (path = '/role_assignments/4711?query=ann@example.com'): Promise<void> => {
    await axios.get(url + path);
  };

  it('tells what the headers say, of which call, without its ids and query', async () => {
    headers = { deprecation: '@1688169599', sunset: 'Wed, 11 Nov 2027 23:59:59 GMT' };
    await ask();
    assert.deepEqual(told, [
      'kisi: GET /role_assignments/{id} (Deprecation: @1688169599, Sunset: Wed, 11 Nov 2027 23:59:59 GMT)',
    ]);
  });

  it('tells of one of them too, of a bounded length', async () => {
    headers = { sunset: 'x'.repeat(5_000) };
    await ask('/users');
    assert.deepEqual(told, [`kisi: GET /users (Sunset: ${'x'.repeat(100)})`]);
  });

  it('tells nothing of usual answers, of other hosts, or once it has stopped', async () => {
    await ask();
    headers = { deprecation: 'true' };
    await axios.get(url.replace('127.0.0.1', 'localhost')).catch(() => undefined);
    stop();
    await ask();
    assert.deepEqual(told, []);
  });
});
