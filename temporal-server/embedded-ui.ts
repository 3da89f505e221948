/**
 * The UI of the embedded Temporal server, for people on this machine only. The UI itself obeys whoever reaches its port, under
 * whatever name: a web page whose name is made to point to 127.0.0.1 could read all and order anything (DNS rebinding). The
 * server cannot be told which names are its own, so it serves the UI at an address that no page can guess. At the known address
 * stands a guard, which passes on only what a browser asks from the UI's own pages.
 */
import { randomInt } from 'node:crypto';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';

/** Where the server itself serves the UI. */
export interface UiTarget {
  host: string;
  port: number;
}

/** The UI as people reach it. */
export interface GuardedUi {
  url: string;
  close(): Promise<void>;
}

/**
 * Where to have the server serve the UI: on Linux, any of 16 million addresses of this machine and 40,000 ports. Elsewhere this
 * machine has one address only, and a page that tries all ports finds it: `isHidden` is false.
 */
export function hiddenTarget(platform = process.platform): UiTarget & { isHidden: boolean } {
  const part = (): number => randomInt(1, 255);
  const isHidden = platform === 'linux';
  const host = isHidden ? `127.${part()}.${part()}.${part()}` : '127.0.0.1';
  return { host, port: randomInt(20_000, 60_000), isHidden };
}

/** Serves the UI at `port` of 127.0.0.1. Throws where the port is taken. */
export async function guardUi(port: number, target: UiTarget): Promise<GuardedUi> {
  const names = [`127.0.0.1:${port}`, `localhost:${port}`];
  const server = createServer((request, response) => {
    const refusal = refusalOf(request, names);
    if (refusal === null) passOn(request, response, target);
    else response.writeHead(403, { 'content-type': 'text/plain' }).end(`${refusal}\n`);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Why a request is not one of the UI's own pages, nor of a person who opens one; null: it is. */
function refusalOf({ method, headers }: IncomingMessage, names: readonly string[]): string | null {
  const { host = '', origin } = headers;
  if (!names.includes(host.toLowerCase())) return `the Temporal UI is at http://${names[0] ?? ''}`;
  if (origin !== undefined && origin !== `http://${host.toLowerCase()}`)
    return 'other pages have no access to the Temporal UI';
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return null;
  // A link to the UI, in a chat or an e-mail.
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return method === 'GET' && isLink ? null : 'other pages have no access to the Temporal UI';
}

function passOn(request: IncomingMessage, response: ServerResponse, { host, port }: UiTarget): void {
  const { method, url, headers } = request;
  const passed = ask({ host, port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'x-frame-options': 'DENY' });
    answer.pipe(response);
  });
  passed.on('error', () => {
    if (response.headersSent) response.destroy();
    else
      response.writeHead(502, { 'content-type': 'text/plain' }).end('the Temporal UI does not answer now\n');
  });
  response.on('close', () => passed.destroy());
  request.pipe(passed);
}
