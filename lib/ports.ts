import { createServer } from 'node:net';

/** The first port from `from` on that can be bound on 127.0.0.1. Throws when a hundred in a row are taken. */
export async function nextFreePort(from: number): Promise<number> {
  for (let port = from; port < from + 100; port++) {
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${from} to ${from + 99}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** Why nothing can listen at an address of the settings `<of>_HOST` and `<of>_PORT`; null: the reason is another. */
export function listenProblem(
  error: unknown,
  { host, port }: { host: string; port: number },
  of: string,
): string | null {
  const code = codeOf(error);
  if (isPortTaken(error)) return `port ${port} is taken: set ${of}_PORT to a free one (0: any)`;
  if (code === 'EACCES') return `port ${port} is not for everybody to take: set ${of}_PORT to one above 1023`;
  if (code === 'EADDRNOTAVAIL') return `${host} is no address of this machine: set ${of}_HOST to one`;
  return null;
}

/** Whether nothing can listen since something listens there already. */
export function isPortTaken(error: unknown): boolean {
  return codeOf(error) === 'EADDRINUSE';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}
