import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Where an answer begins to trickle: in its headers, in its body, or its body stops half-way. */
export const trickles = ['headers', 'body', 'half a body'] as const;
export type Trickle = (typeof trickles)[number];

/** A server whose answers to `is` come in bit by bit and never end; to all else it answers `body` at once. */
export interface TrickleServer {
  url: string;
  /** The paths that were asked, in order. */
  asked: string[];
  /** How many connections with a trickling answer are open. */
  open: () => number;
  stop(): Promise<void>;
}

const dripMs = 5;

export async function startTrickle(
  how: Trickle,
  is: (path: string, before: number) => boolean,
  answer: (path: string) => unknown = () => ({}),
): Promise<TrickleServer> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let open = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (data) => {
      const path = /^[A-Z]+ (\S+) HTTP/.exec(data.toString())?.[1]?.split('?')[0];
      // The rest of a request.
      if (path === undefined) return;
      asked.push(path);
      if (is(path, asked.length - 1)) {
        open++;
        socket.on('close', () => open--);
        drip(socket, how);
        return;
      }
      const body = JSON.stringify(answer(path));
      const length = Buffer.byteLength(body);
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    open: () => open,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function drip(socket: Socket, how: Trickle): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n');
  if (how !== 'headers') socket.write('Content-Length: 100000\r\n\r\n[');
  if (how === 'half a body') return;
  const timer = setInterval(() => socket.write(how === 'headers' ? 'X-Slow: 1\r\n' : ' '), dripMs);
  socket.on('close', () => {
    clearInterval(timer);
  });
}
