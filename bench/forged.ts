/**
 * What a forged call of 255 KB costs the listener in processor time, beside a bare server that only reads it.
 * `node --import=tsx bench/forged.ts [calls]`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startListener } from '../push/listener.js';
import { tell, type Row } from './rows.js';

type Kind = 'listener' | 'bare';

const role = process.argv[2];
if (role === 'listener' || role === 'bare') await serve(role);
else await measure(Number(role ?? 300));

/** A server in a process of its own, which tells its port, and then its processor time in ms whenever it is asked. */
async function serve(kind: Kind): Promise<void> {
  const port = await (kind === 'listener' ? startForgeable() : startBare());
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.((user + system) / 1_000);
  });
  process.send?.(port);
}

async function startForgeable(): Promise<number> {
  const debouncer = {
    tell: () => undefined,
    tellSomething: () => undefined,
    drain: () => Promise.resolve(),
  };
  const doors = { acs: null, kisi: null, debouncer, count: () => undefined };
  return (await startListener({ port: 0, nexudusSecret: 'a shared secret of Nexudus', ...doors })).port;
}

async function startBare(): Promise<number> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(401).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function measure(calls: number): Promise<void> {
  const bodies: [string, Buffer][] = [
    ['of ASCII', Buffer.alloc(255_000, 'x')],
    ['of letters with accents', Buffer.from('é'.repeat(127_500))],
    ['of no text', Buffer.alloc(255_000, 0xfe)],
  ];
  const rows: Row[] = [];
  for (const [what, body] of bodies) {
    const [ours, bare] = [await costOf('listener', body, calls), await costOf('bare', body, calls)];
    rows.push({
      what: `a forged call of 255 KB ${what}, processor time`,
      measured: `${ours.toFixed(2)} ms`,
      floor: `${bare.toFixed(2)} ms (only read)`,
      ratio: ours / bare,
      goal: 'at most 3 ms more',
      holds: ours - bare <= 3,
    });
  }
  tell(rows);
}

/** Processor time of one call in ms, once the server is warm. */
async function costOf(kind: Kind, body: Buffer, calls: number): Promise<number> {
  const server = fork(fileURLToPath(import.meta.url), [kind], { execArgv: ['--import=tsx'] });
  const answer = async (): Promise<number> => Number((await once(server, 'message'))[0]);
  const url = `http://127.0.0.1:${await answer()}/nexudus/access`;
  const headers = { 'X-Nexudus-Hook-Signature': 'A'.repeat(64) };
  const call = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: 10 }, async () => {
        for (let i = 0; i < count / 10; i++) {
          const { status } = await fetch(url, { method: 'POST', body, headers });
          if (status !== 401) throw new Error(`answered ${status}`);
        }
      }),
    );
  const cpuMs = (): Promise<number> => {
    server.send('cpu');
    return answer();
  };
  try {
    await call(calls / 2);
    const before = await cpuMs();
    await call(calls);
    return ((await cpuMs()) - before) / calls;
  } finally {
    server.kill();
  }
}
