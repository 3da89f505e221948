/** What the desk works with, and who looks at it. */
import type { Client } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Instant } from '../access/types.js';
import type { Config } from '../config/config.js';
import type { AuditLog } from '../database/audit-log.js';
import type { Tables } from '../database/tables.js';
import type { KisiClient } from '../kisi/client.js';
import { roles, type Role } from '../lib/roles.js';
import type { NexudusClient } from '../nexudus/client.js';

export { roles, type Role };

/** Who is in Nexudus, by name. In memory only. */
export interface Directory {
  /** Null: nobody by this id, or it is not known yet. */
  nameOf(memberId: number): string | null;
}

/** The same, for whoever looks for somebody. */
export interface People extends Directory {
  /** Begins to read the list of people where that is due, and waits a moment for it. Throws nothing. */
  ready(): Promise<void>;
  /**
   * The people that a name, an e-mail or an id means, the best first; `exact`: how many of them have just this e-mail or id.
   */
  find(
    text: string,
    most?: number,
  ): { people: { id: number; fullName: string }[]; more: number; exact: number };
}

/** The space that a desk shows, as one process reaches it. */
export interface Desk {
  config: Config;
  client: Client;
  taskQueue: string;
  nexudus: NexudusClient;
  kisi: KisiClient;
  db: Kysely<Tables>;
  auditLog: AuditLog;
  log: Logger;
  now: () => Instant;
  /** Left out: people are shown by their ids. */
  people?: People;
}

/** The person who looks at a page. */
export interface Viewer {
  /** As the audit log names the person. */
  name: string;
  role: Role;
  /** How the person is known: 'ada@desk-1' on this machine, else by which sign-in. Kept beside the name in the audit log. */
  account: string;
  /** The session that the person signed in to; left out: nobody signs in here, and the viewer is whoever uses this machine. */
  session?: string;
}

/** Whether a person with this role may do what needs at least the role `least`. */
export function mayAs({ role }: Pick<Viewer, 'role'>, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}
