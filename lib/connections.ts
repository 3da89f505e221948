import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { callerOf } from './callers.js';

/** How many connections a server holds at most. */
export interface ConnectionLimits {
  most: number;
  /** From one address, where that is not one that everybody's calls may come from. */
  mostOfOne: number;
}

/** Not more than a quarter of the files that a process may have open: the rest is for Temporal, the database and Kisi. */
export function connectionLimits(mostFiles = openFilesLimit()): ConnectionLimits {
  const most = Math.max(16, Math.min(256, Math.floor(mostFiles / 4)));
  return { most, mostOfOne: Math.ceil(most / 8) };
}

/** How many files this process may have open. Where the system does not tell, few are taken for granted. */
function openFilesLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return 1_024;
  }
}

/**
 * Bounds the connections that a server holds. A new connection is always taken. In its place the one that has waited longest
 * for a whole request is closed, one of the same address where that has too many. So a caller that holds connections for
 * nothing shuts out nobody else, and a call that is sent in one go comes through. `onClosed` is told of each connection that
 * was closed.
 */
export function limitConnections(
  server: Server,
  { most, mostOfOne }: ConnectionLimits,
  { trustedProxy = null, onClosed }: { trustedProxy?: string | null; onClosed?: () => void } = {},
): void {
  /** The address that each connection is judged by. */
  const addresses = new Map<Socket, string>();
  /** Those without a whole request, the longest first. */
  const waiting = new Set<Socket>();

  function wait(socket: Socket): void {
    waiting.delete(socket);
    if (addresses.has(socket)) waiting.add(socket);
  }

  function closeOne(newcomer: Socket, mayGo: (socket: Socket) => boolean): void {
    const socket = [...waiting].find(mayGo) ?? newcomer;
    forget(socket);
    socket.destroy();
    onClosed?.();
  }

  function forget(socket: Socket): void {
    addresses.delete(socket);
    waiting.delete(socket);
  }

  server.on('connection', (socket: Socket) => {
    const { address, isShared } = callerOf(socket.remoteAddress, null, trustedProxy);
    addresses.set(socket, address);
    waiting.add(socket);
    socket.once('close', () => {
      forget(socket);
    });
    const isOfSame = (one: Socket): boolean => addresses.get(one) === address;
    if (!isShared && [...addresses.keys()].filter(isOfSame).length > mostOfOne) closeOne(socket, isOfSame);
    else if (addresses.size > most) closeOne(socket, () => true);
  });
  server.on('request', (request, response) => {
    const { socket, headers } = request;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
    if (!hasBody) waiting.delete(socket);
    request.once('end', () => {
      if (!response.writableEnded) waiting.delete(socket);
    });
    response.once('close', () => {
      wait(socket);
    });
  });
}
