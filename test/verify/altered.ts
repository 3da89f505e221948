import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

type Row = Record<string, unknown>;

/** What an API under us may do to a field, one at a time. */
export const alterations: Readonly<Record<string, (row: Row, field: string) => Row>> = {
  removed: ({ ...row }, field) => {
    Reflect.deleteProperty(row, field);
    return row;
  },
  renamed: (row, field) => {
    const { [field]: value, ...others } = row;
    return { ...others, [`${field}New`]: value };
  },
  retyped: (row, field) => ({ ...row, ...(row[field] === null ? {} : { [field]: { value: row[field] } }) }),
  'made null': (row, field) => ({ ...row, [field]: null }),
};

/** What stands between `verify` and a simulator, and alters each record that comes from a path. */
export interface Between {
  url: string;
  alter: (path: string, row: Row) => Row;
  stop(): Promise<void>;
}

/** Starts it in front of a simulator's address. Without an `alter` of yours it changes nothing. */
export async function standBetween(target: string): Promise<Between> {
  const between = { alter: (_path: string, row: Row): Row => row };
  const base = new URL(target);
  const server = createServer((request, response) => {
    void (async () => {
      const path = new URL(request.url ?? '/', base).pathname;
      const { method = 'GET' } = request;
      const body = method === 'GET' ? null : await bodyOf(request);
      const headers = { ...(request.headers as Record<string, string>) };
      for (const own of ['host', 'connection', 'content-length', 'transfer-encoding'])
        Reflect.deleteProperty(headers, own);
      const answer = await fetch(new URL(request.url ?? '/', base), { method, headers, body });
      const text = await answer.text();
      response.statusCode = answer.status;
      for (const name of ['content-type', 'x-collection-range', 'retry-after', 'date']) {
        const value = answer.headers.get(name);
        if (value !== null) response.setHeader(name, value);
      }
      response.end(altered(text, (row) => between.alter(path, row)));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${base.pathname === '/' ? '' : base.pathname}`,
    get alter() {
      return between.alter;
    },
    set alter(alter) {
      between.alter = alter;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function altered(text: string, alter: (row: Row) => Row): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return text;
  }
  if (Array.isArray(json)) return JSON.stringify(json.map((row) => alter(row as Row)));
  if (typeof json !== 'object' || json === null) return text;
  const { Records: records } = json as Row;
  if (Array.isArray(records))
    return JSON.stringify({ ...json, Records: records.map((row) => alter(row as Row)) });
  return JSON.stringify(alter(json as Row));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
