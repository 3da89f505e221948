import { mkdir, readdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { network, type Wire } from '../lib/http.js';
import { tokenPath } from '../nexudus/session.js';
import { begun, carried, type Api, type Exchange, type Recorder } from './recorder.js';

/**
 * How `latchkey tape` hears what a worker asks: by a socket in the folder that only the same user may read. The worker keeps
 * nothing and writes nothing down; the listener takes names and e-mails out, in memory. A login is never told.
 */
export class Tap {
  private readonly listeners = new Set<(exchange: Exchange) => void>();

  /** A wire to this API that tells everybody who listens; costs nothing while nobody does. */
  readonly wireTo = (api: Api): Wire => {
    return (config) => {
      if (this.listeners.size === 0) return network(config);
      const exchange = begun(api, 'worker', config);
      return carried(exchange, network, config).finally(() => {
        for (const tell of this.listeners) tell(withoutLogin(exchange));
      });
    };
  };

  /** Tells of each exchange from now on. Answers a function that ends that. */
  listen(tell: (exchange: Exchange) => void): () => void {
    this.listeners.add(tell);
    return () => {
      this.listeners.delete(tell);
    };
  }
}

function withoutLogin(exchange: Exchange): Exchange {
  return exchange.path === tokenPath ? { ...exchange, sent: '', body: '' } : exchange;
}

const ownFolder = '.latchkey';
const isTap = (name: string): boolean => /^tape-\d+\.sock$/.test(name);
/** While this much waits for a listener, further exchanges are left out. */
const mostWaitingBytes = 64 * 1024 * 1024;

/**
 * Serves a tap to everybody who may read this folder, which is made where it is missing. Answers a function that ends that.
 * Throws where it cannot listen.
 */
export async function serveTap(tap: Tap, folder = ownFolder): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await sweep(folder);
  const path = join(folder, `tape-${process.pid}.sock`);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const end = tap.listen((exchange) => {
      const isFull = socket.writableLength > mostWaitingBytes;
      socket.write(`${JSON.stringify(isFull ? { leftOut: 1 } : { exchange })}\n`);
    });
    // A listener that hangs up amid a line has heard enough.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      end();
      sockets.delete(socket);
    });
  });
  await listening(server, path);
  server.unref();
  return async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(path, { force: true });
  };
}

/** Takes away the sockets of processes that were killed. */
async function sweep(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter(isTap)) {
    const socket = await reached(join(folder, name));
    if (socket === null) await rm(join(folder, name), { force: true });
    else socket.destroy();
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const umask = process.umask(0o077);
    server.listen(path, resolve);
    process.umask(umask);
  });
}

const line = z.union([
  z.object({
    exchange: z.object({
      ...{
        api: z.enum(['nexudus', 'kisi']),
        by: z.literal('worker'),
        at: z.number(),
        durationMs: z.number(),
      },
      ...{ method: z.string(), path: z.string(), query: z.array(z.tuple([z.string(), z.string()])) },
      ...{ sent: z.string(), status: z.number().nullable(), failure: z.string().nullable() },
      ...{ headers: z.record(z.string(), z.string()), body: z.string() },
    }),
  }),
  z.object({ leftOut: z.number() }),
]);

/** What is heard of the workers of a folder. */
export interface Hearing {
  /** How many workers are heard. */
  workers: number;
  /** Resolves once none of them runs any more. */
  over: Promise<void>;
  end: () => void;
}

/** Listens to all workers of this folder, and has the recorder take what they say. */
export async function hearWorkers(
  recorder: Pick<Recorder, 'take' | 'noteLeftOut'>,
  folder = ownFolder,
): Promise<Hearing> {
  const names = (await readdir(folder).catch(() => [])).filter(isTap);
  const tried = await Promise.all(names.map((name) => reached(join(folder, name))));
  const sockets = tried.filter((socket) => socket !== null);
  for (const socket of sockets) {
    createInterface({ input: socket }).on('line', (text) => {
      const told = exchangeIn(text);
      if (told === null) recorder.noteLeftOut();
      else recorder.take(told);
    });
  }
  return {
    workers: sockets.length,
    over: Promise.all(sockets.map(closed)).then(() => undefined),
    end: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The exchange that a line tells; null: it was left out, or the line was cut. */
function exchangeIn(text: string): Exchange | null {
  try {
    const told = line.parse(JSON.parse(text));
    return 'exchange' in told ? told.exchange : null;
  } catch {
    return null;
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
}

/** A connection; null: the process that listened there is gone. */
function reached(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', () => {
      resolve(null);
    });
  });
}
