/** The desk, as `latchkey desk`, the worker and the demo serve it. */
import type { Logger } from 'pino';
import { createAuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import type { Desk } from '../../desk/desk.js';
import { startDesk, type DeskServer } from '../../desk/server.js';
import { failureOf } from '../../space/failure.js';

/** Where the desk is served if nothing says where. */
export const usualDeskPort = 8_089;
/** How long a worker waits before it tries again to serve a desk that it could not serve. */
const againMs = 30_000;

type DeskParts = Omit<Desk, 'db' | 'auditLog' | 'now'>;

/** Serves the desk on a port, with a connection of its own to the database. Throws ConfigError and DatabaseError. */
export async function serveDesk(parts: DeskParts, port: number): Promise<DeskServer> {
  const { host } = parts.config.desk;
  const db = await openDatabase(parts.config.databaseUrl);
  const auditLog = createAuditLog(db);
  try {
    const served = await startDesk({ ...parts, db, auditLog, now: Date.now }, { host, port });
    return {
      ...served,
      async close() {
        await served.close();
        await auditLog.close();
      },
    };
  } catch (error) {
    await auditLog.close();
    throw error;
  }
}

/**
 * Serves the desk beside a worker. Where that fails the worker's work goes on, the log says why, and the desk is tried again.
 * Answers how to end it.
 */
export function keepServingDesk(parts: DeskParts, port: number): { close(): Promise<void> } {
  const { log } = parts;
  let again: NodeJS.Timeout | null = null;
  let isOver = false;
  async function serve(): Promise<DeskServer | null> {
    try {
      const served = await serveDesk(parts, port);
      log.info({ url: served.url, asksToSignIn: served.asksToSignIn }, 'the desk is served');
      return served;
    } catch (error) {
      tellOfFailure(log, error);
      if (!isOver) again = setTimeout(() => void (serving = serve()), againMs);
      return null;
    }
  }
  let serving: Promise<DeskServer | null> = serve();
  return {
    async close() {
      isOver = true;
      if (again !== null) clearTimeout(again);
      await (await serving)?.close();
    },
  };
}

function tellOfFailure(log: Logger, error: unknown): void {
  log.error(
    { why: failureOf(error).lines },
    `the desk is not served, and the worker works on without it; it is tried again in ${againMs / 1000} s`,
  );
}

/** Where a desk is, and who may use it, in a line for the terminal. */
export function deskWords({ url, asksToSignIn }: DeskServer): string {
  return asksToSignIn
    ? `The desk: ${url} (everybody signs in; \`latchkey desk invite NAME\` makes a link)`
    : `The desk: ${url} (for this machine only, without sign-in: whoever uses this machine is an operator)`;
}
