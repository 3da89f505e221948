/** What the parts of the Kisi simulator share: its switches, the mails it sent, and the caller of a request. */
import type { FastifyRequest } from 'fastify';
import type { KisiOrganization, KisiUser } from './kisi-organization.js';
import type { FaultBook } from './server.js';

/** What is not known of Kisi, each as a switch, so that a client can be tried against every answer. */
export interface KisiSwitches {
  /** How a second role of the same user in the same group is refused; 200: not at all, the first comes as the answer. */
  duplicateGrantStatus: 409 | 422 | 200;
  /** False: PATCH of a role assignment answers 204 but leaves its validity as it was. */
  patchMovesValidity: boolean;
  /** True: a 429 carries `Retry-After`, in seconds. */
  retryAfterHeader: boolean;
  /** What a `limit` or `offset` above its maximum does; `error` is a 400. */
  limitOverMax: 'clamp' | 'error';
  /** False: a role assignment that is over is neither listed nor in the way of a new one. */
  listsExpired: boolean;
  /** True: one that is over and, by `listsExpired`, not listed is in the way of a new one all the same. */
  hiddenStillCount: boolean;
  /** What ends are rounded to, in milliseconds, and which way. Null: kept to the millisecond. */
  endRounding: { toMs: number; how: 'down' | 'up' | 'nearest' } | null;
  /** A name of a user that is longer is refused. Null: none is. */
  longestName: number | null;
  /** True: a name with other signs than letters, digits, spaces, dots, hyphens and apostrophes is refused. */
  plainNames: boolean;
  /** E-mails that are refused as taken, of users who are shown nowhere. */
  takenEmails: string[];
  /** False: the `email` filter of users finds part of an e-mail too. */
  emailFilterExact: boolean;
  /** True: e-mails that differ in case are different ones. */
  userEmailCaseSensitive: boolean;
  /** `Date` of each answer: 'clock' for the simulator's, else just this text; null: none. */
  dateHeader: string | null;
  /** Requests per second and user, by the simulator's clock; as many at once. Null: no limit. */
  rateLimit: { perSecond: number } | null;
  /** The `notify` of a role assignment that was sent without it. */
  notifyDefault: boolean;
  /** False: only a new role assignment is told by mail, not one that is changed. */
  notifyOnUpdate: boolean;
  /** The `send_emails` of a new user that was sent without it. */
  sendEmailsDefault: boolean;
  /**
   * What an administrator who asks for the logins of another person gets: these; a 403; an empty list; or the logins of
   * the administrator, as where the filter is passed over.
   */
  loginsOfOthers: 'shown' | 'refused' | 'empty' | 'own';
  /** What a second user with the same e-mail gets: a 422, or a second user. */
  duplicateUserEmail: 'reject' | 'allow';
  /** How far lists lag behind writes, in milliseconds by the simulator's clock. Reads by id do not lag. */
  listLagMs: number;
  /** True: `sha256=` is before the signature of an event. */
  eventSignaturePrefix: boolean;
  /** How the signature of an event is written. Not known. */
  eventSignatureEncoding: 'hex' | 'base64';
  /** How long after a change its event is sent, in milliseconds. Not known. */
  eventDelayMs: number;
  /** True: each event is sent twice. */
  eventsTwice: boolean;
}

/** The most likely setting of each switch, and for mails the one that shows that a client forgot to say. */
export const defaultSwitches: KisiSwitches = {
  duplicateGrantStatus: 409,
  patchMovesValidity: true,
  retryAfterHeader: false,
  limitOverMax: 'clamp',
  listsExpired: true,
  hiddenStillCount: false,
  endRounding: null,
  longestName: null,
  plainNames: false,
  takenEmails: [],
  emailFilterExact: true,
  userEmailCaseSensitive: false,
  dateHeader: 'clock',
  rateLimit: { perSecond: 5 },
  notifyDefault: true,
  notifyOnUpdate: true,
  sendEmailsDefault: true,
  loginsOfOthers: 'shown',
  duplicateUserEmail: 'reject',
  listLagMs: 0,
  eventSignaturePrefix: true,
  eventSignatureEncoding: 'hex',
  eventDelayMs: 0,
  eventsTwice: false,
};

/** A mail that Kisi sent because of a request. */
export interface Mail {
  to: string;
  kind: 'invitation' | 'grant';
  /** Milliseconds since the epoch, by the simulator's clock. */
  at: number;
  userId: number;
}

/** One running simulator, as its routes see it. */
export interface Simulation {
  org: KisiOrganization;
  switches: KisiSwitches;
  faults: FaultBook;
  mails: Mail[];
  /** Who asks. Throws a 401 when nobody is behind the request. */
  callerOf(request: FastifyRequest): KisiUser;
}

/** The instant that lists show, epoch ms. */
export function listInstant(simulation: Simulation): number {
  return simulation.org.now() - simulation.switches.listLagMs;
}

/** Notes a mail, unless the user is a managed one, who gets none. */
export function mail(simulation: Simulation, kind: Mail['kind'], user: KisiUser): void {
  if (!user.send_emails) return;
  simulation.mails.push({ to: user.email, kind, at: simulation.org.now(), userId: user.id });
}
