import { fileURLToPath } from 'node:url';
import formBody from '@fastify/formbody';
import serveFiles from '@fastify/static';
import fastify, { type FastifyInstance } from 'fastify';
import { ConfigError } from '../config/config-error.js';
import { listenProblem } from '../lib/ports.js';
import type { Desk } from './desk.js';
import { addFind } from './find.js';
import { personHere } from './frame.js';
import { addLive } from './live.js';

/** Where a desk is served. */
export interface DeskAddress {
  /** An address of this machine. */
  host: string;
  /** 0: any free port. */
  port: number;
}

/** A running desk. */
export interface DeskServer {
  /** Where a browser on this machine finds it. */
  url: string;
  close(): Promise<void>;
}

/** Serves the desk's pages. Throws ConfigError where the port is taken. */
export async function startDesk(desk: Desk, address: DeskAddress): Promise<DeskServer> {
  const app = appOf(desk);
  try {
    await app.listen(address);
  } catch (error) {
    const line = listenProblem(error, address, 'LATCHKEY_DESK');
    throw line === null ? error : new ConfigError([line]);
  }
  const bound = app.server.address();
  const port = bound === null || typeof bound === 'string' ? address.port : bound.port;
  return { url: `http://127.0.0.1:${port}`, close: () => app.close() };
}

function appOf(desk: Desk): FastifyInstance {
  const app = fastify({ logger: false });
  void app.register(formBody);
  void app.register(serveFiles, {
    root: fileURLToPath(new URL('./assets/', import.meta.url)),
    prefix: '/assets/',
  });
  app.decorateRequest('csrf', '');
  app.addHook('onRequest', (request, _reply, done) => {
    request.viewer = personHere();
    done();
  });
  addFind(app, desk);
  addLive(app, desk);
  return app;
}
