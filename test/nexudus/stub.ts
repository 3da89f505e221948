import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createNexudusClient, type NexudusClient, type NexudusClientOptions } from '../../nexudus/client.js';
import { createPacer } from '../../nexudus/pace.js';

/** One request as a stub server saw it. */
export interface Asked {
  method: string;
  path: string;
  query: Record<string, string>;
  authorization: string | undefined;
  contentType: string | undefined;
  body: string;
}

/** What a stub answers; a string or Buffer goes out as it is, anything else as JSON, undefined as nothing at all. */
export interface Said {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Never answers. */
  silent?: boolean;
  /** Answers a bit every 10 ms, and is never done. */
  trickles?: boolean;
}

export interface Stub {
  asked: Asked[];
  client: NexudusClient;
  stop(): Promise<void>;
}

/** No waiting at all between requests. */
export const noPace = () => createPacer({ minGapMs: 0, perMinute: Infinity, perHour: Infinity }).members;

/** A server that answers what `answer` says, and a client for it with a ready token and no pace. */
export async function startStub(
  answer: (asked: Asked, before: number) => Said,
  options: Partial<NexudusClientOptions> = {},
): Promise<Stub> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const one = askedOf(request, body);
      asked.push(one);
      const said = answer(one, asked.length - 1);
      if (said.silent) return;
      response.writeHead(said.status ?? 200, said.headers ?? {});
      if (said.trickles) {
        const drip = setInterval(() => response.write(' '), 10);
        response.on('close', () => {
          clearInterval(drip);
        });
        return;
      }
      response.end(
        typeof said.body === 'string' || Buffer.isBuffer(said.body) ? said.body : JSON.stringify(said.body),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = createNexudusClient({
    baseUrl: `http://127.0.0.1:${port}/api`,
    auth: { token: 'secret-token' },
    pace: noPace(),
    ...options,
  });
  return {
    asked,
    client,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function askedOf(request: IncomingMessage, body: string): Asked {
  const url = new URL(request.url ?? '/', 'http://stub');
  return {
    method: request.method ?? '',
    path: url.pathname.replace(/^\/api/, ''),
    query: Object.fromEntries(url.searchParams),
    authorization: request.headers.authorization,
    contentType: request.headers['content-type'],
    body,
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

/** A list envelope of one page out of `rows`. */
export function pageOf(rows: readonly unknown[], asked: Asked, size = Number(asked.query['size'])): Said {
  const page = Number(asked.query['page']);
  const Records = rows.slice((page - 1) * size, page * size);
  return { body: { Records, TotalItems: rows.length, HasNextPage: page * size < rows.length } };
}

/** A setting row: the plainest of all records. */
export const settingRow = (Id: number, Name = 'Checkin.PayAsYouGo') => ({
  Id,
  UpdatedOn: '2026-11-24T10:00:00Z',
  BusinessId: 1,
  Name,
  Value: 'True',
});
