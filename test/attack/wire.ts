/** What stands between Latchkey and an API: as a rule it passes everything on; told to, it does what a hostile network does. */
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip } from 'node:zlib';

/**
 * What is done to a request.
 * - `trickle`: the answer comes a byte a second
 * - `silence`: it is taken, and never answered
 * - `bomb`: the answer is a small gzip of 256 MB
 * - `hold`: the caller's connection is cut; the API gets the request when it is let go
 * - `refuse`: answered by this status, and not passed on
 * - `elsewhere`: redirected to another address
 * - `clock`: passed on; the answer's `Date` is later by `byMs`
 */
export type Meddling =
  | { kind: 'trickle' | 'silence' | 'bomb' | 'hold' }
  | { kind: 'refuse'; status: number; headers?: Record<string, string>; body?: string }
  | { kind: 'elsewhere'; location: string }
  | { kind: 'clock'; byMs: number };

export interface Wire {
  /** The API's address by way of this wire. */
  url: string;
  /** What to do to a request from now on; null: passes everything on. */
  meddle: ((method: string, path: string) => Meddling | null) | null;
  /** How many requests were meddled with. */
  readonly meddled: number;
  /** Lets all held requests reach the API, and answers how many there were. */
  letGo(): Promise<number>;
  close(): Promise<void>;
}

/** A wire to an API at this address (`http`, with its path). */
export async function startWire(target: string): Promise<Wire> {
  const api = new URL(target);
  const held: (() => Promise<void>)[] = [];
  const ticking = new Set<NodeJS.Timeout>();
  let meddled = 0;

  function passOn(request: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { method, url, headers } = request;
      const onward = ask({ host: api.hostname, port: api.port, method, path: url, headers }, resolve);
      onward.once('error', reject);
      onward.end(body);
    });
  }

  function trickle(response: ServerResponse, body: Buffer): void {
    let sent = 0;
    const tick = setInterval(() => {
      if (sent < body.length && !response.destroyed) response.write(body.subarray(sent, ++sent));
      else {
        clearInterval(tick);
        ticking.delete(tick);
        response.end();
      }
    }, 1_000);
    ticking.add(tick);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const doing = wire.meddle?.(request.method ?? 'GET', request.url ?? '/') ?? null;
    if (doing !== null) meddled++;
    if (doing?.kind === 'silence') return;
    if (doing?.kind === 'bomb') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      bomb(response);
      return;
    }
    if (doing?.kind === 'refuse') {
      response.writeHead(doing.status, doing.headers ?? {}).end(doing.body ?? '');
      return;
    }
    if (doing?.kind === 'elsewhere') {
      response.writeHead(302, { location: doing.location }).end();
      return;
    }
    if (doing?.kind === 'hold') {
      held.push(async () => {
        await bodyOf(await passOn(request, body));
      });
      request.socket.destroy();
      return;
    }
    const said = await passOn(request, body);
    const whole = await bodyOf(said);
    const headers = { ...said.headers };
    if (doing?.kind === 'clock')
      headers.date = new Date(
        Date.parse(headers.date ?? new Date().toUTCString()) + doing.byMs,
      ).toUTCString();
    response.writeHead(said.statusCode ?? 502, headers);
    if (doing?.kind === 'trickle') trickle(response, whole);
    else response.end(whole);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const wire: Wire = {
    url: `http://127.0.0.1:${port}${api.pathname === '/' ? '' : api.pathname}`,
    meddle: null,
    get meddled() {
      return meddled;
    },
    async letGo() {
      const all = held.splice(0);
      for (const one of all) await one();
      return all.length;
    },
    close() {
      for (const tick of ticking) clearInterval(tick);
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
  return wire;
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A list that begins well, and holds 256 MB of blanks. */
function bomb(response: ServerResponse): void {
  const gzip = createGzip();
  gzip.pipe(response);
  response.once('close', () => gzip.destroy());
  gzip.write('{"Records":[');
  const blanks = Buffer.alloc(1024 * 1024, ' ');
  let left = 256;
  const more = (): void => {
    while (left-- > 0) if (!gzip.write(blanks)) return void gzip.once('drain', more);
    gzip.end(']}');
  };
  more();
}
