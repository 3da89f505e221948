import { network, type RequestInfo, type Wire } from '../lib/http.js';
import { createServerClock, type ServerClock } from './clock.js';
import { createPacer, type Turns } from './pace.js';
import { createSession, type Session } from './session.js';
import { createStalls, type Stalls } from './stalls.js';

/** An admin user's e-mail and password, which buy a bearer token, or such a token. */
export type NexudusAuth = { email: string; password: string } | { token: string };

export interface NexudusClientOptions {
  /** Ends in '/api', without a slash after it. */
  baseUrl: string;
  auth: NexudusAuth;
  /** How long one request may take from start to last byte, waiting for its turn not counted. Default 10 s. */
  timeoutMs?: number;
  /** How often a throttled request is sent again, after the wait that Nexudus asks for. Default 5. */
  throttleRetries?: number;
  /** Shared by all clients of one login in this process. Default: one of its own. */
  pace?: Turns;
  /** The token of the user that `auth` names, shared by all clients of that user in this process. Default: one of its own. */
  session?: Session;
  /** What is known of Nexudus' clock, shared by all clients of this process. Default: one of its own. */
  clock?: ServerClock;
  /** What finds requests that hang, shared by all clients of this process. Default: one of its own. */
  stalls?: Stalls;
  /** Called as each request has left this process: whole, on a connection that is open. Not by every wire. */
  onSent?: () => void;
  /** Told of every request after its answer. */
  onRequest?: (info: RequestInfo) => void;
  /** What carries the requests. Default: the network. */
  wire?: Wire;
}

/** The options with what is left out at its default. */
export function withDefaults(options: NexudusClientOptions): Required<NexudusClientOptions> {
  return {
    timeoutMs: 10_000,
    throttleRetries: 5,
    pace: createPacer().members,
    session: createSession(),
    clock: createServerClock(),
    stalls: createStalls(),
    onSent: () => undefined,
    onRequest: () => undefined,
    wire: network,
    ...options,
  };
}
