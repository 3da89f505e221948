import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../database/database.js';
import { createAuditLog, type AuditLog } from '../../database/audit-log.js';

/** An empty database of a test's own. */
interface Place {
  url: string;
  drop(): Promise<void>;
}

/** What a test of the audit log works with: all of it is closed and deleted after each test. */
export interface Bench {
  /** The address of one database; the same one within a test. */
  url(): string;
  /** A further connection to it. */
  open(): Promise<AuditLog>;
}

/** A server on which databases may be made: postgres://user:password@127.0.0.1:5432/postgres. '': there is none. */
export const server = process.env.LATCHKEY_TEST_POSTGRES_URL ?? '';
const engines: { name: string; make: () => Promise<Place> }[] = [{ name: 'a file', make: makeFile }];
if (server !== '') engines.push({ name: 'PostgreSQL', make: makeDatabase });

/** Runs a suite on a file, and on PostgreSQL too where LATCHKEY_TEST_POSTGRES_URL names a server. */
export function onEachEngine(title: string, suite: (bench: Bench) => void): void {
  for (const { name, make } of engines) {
    describe(`${title} (${name})`, () => {
      let place: Place;
      let opened: Promise<AuditLog>[] = [];

      beforeEach(async () => {
        place = await make();
      });
      afterEach(async () => {
        for (const auditLog of await Promise.allSettled(opened))
          if (auditLog.status === 'fulfilled') await auditLog.value.close();
        opened = [];
        await place.drop();
      });

      suite({
        url: () => place.url,
        open: () => {
          const auditLog = openDatabase(place.url).then(createAuditLog);
          opened.push(auditLog);
          return auditLog;
        },
      });
    });
  }
}

async function makeFile(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-auditLog-'));
  return {
    url: `file:${join(folder, 'data', 'latchkey.db')}`,
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

let made = 0;

async function makeDatabase(): Promise<Place> {
  made += 1;
  const name = `latchkey_test_${process.pid}_${made}`;
  await onServer(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(`drop database ${name} with (force)`) };
}

/** Runs a statement on the server, outside of any test's database. */
export async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(statement);
  await client.end();
}
