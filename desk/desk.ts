/** What the desk works with, and who looks at it. */
import type { Client } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Instant } from '../access/types.js';
import type { Config } from '../config/config.js';
import type { AuditLog } from '../database/audit-log.js';
import type { Tables } from '../database/tables.js';
import type { KisiClient } from '../kisi/client.js';
import type { NexudusClient } from '../nexudus/client.js';

/** Names of people as the desk holds them in memory. */
export interface Directory {
  /** Null: Nexudus has no such coworker, or was not read yet. */
  nameOf(memberId: number): string | null;
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
  /** Left out: nobody's name is at hand. */
  people?: Directory;
  now: () => Instant;
}

/** What a signed-in person may do: look; what the front desk does; everything. Each may what those before may. */
export const roles = ['viewer', 'desk', 'operator'] as const;
export type Role = (typeof roles)[number];

/** The person who looks at a page. */
export interface Viewer {
  /** As the audit log names the person. */
  name: string;
  role: Role;
  /** How the person is known: 'ada@desk-1' on this machine, else by which sign-in. Kept beside the name in the audit log. */
  account: string;
}

/** Whether a person with this role may do what takes at least the other. */
export function mayAs({ role }: Pick<Viewer, 'role'>, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}
