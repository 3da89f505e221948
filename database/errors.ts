/** What an operator can do, by how the code of a driver's error begins. */
const advice: Record<string, string> = {
  SQLITE_BUSY: 'Another process held the file for too long: try again, and see what holds it.',
  SQLITE_FULL: 'Make room on the disk.',
  SQLITE_READONLY: 'Let this process write to the file and its folder.',
  SQLITE_NOTADB: 'Name another file, or move this one away.',
  SQLITE_CORRUPT: 'Stop Latchkey and put the file back from a backup.',
  SQLITE_IOERR: 'Check the disk; the file must not be on a network file system.',
  E: 'Check that the server runs and that the address is right.',
  '08': 'Check that the server runs and can be reached.',
  '55P03': 'Another process held what is needed for too long: try again, and see what holds it.',
  '57014': 'The server took too long: see what keeps it busy, and try again.',
  '28': 'Check user name and password.',
  '3D000': 'Create the database first.',
  '42501':
    'The user lacks a right: the owner of the tables sets them up and gives it (docs/data.md, PostgreSQL).',
  '42P01': 'Tables are gone: put the database back from a backup.',
  '53': 'The server has run out of connections, memory or disk: see its log.',
  '57P': 'The server is being shut down or started: try again.',
};

/** The database cannot be opened, read or written. The message says what happened and what to do. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
}

/** `what` went wrong, as a DatabaseError with the driver's own words. A DatabaseError stays as it is. */
export function databaseError(what: string, error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = codeOf(error);
  const words = error instanceof Error && error.message !== '' ? error.message : code;
  const known = Object.keys(advice).find((start) => code.startsWith(start));
  const todo = known === undefined ? '' : ` ${advice[known] ?? ''}`;
  // No cause: a driver's error may hold the settings of its connection.
  return new DatabaseError(`${what}: ${words === '' ? 'no reason given' : words}.${todo}`);
}

/** The driver's code of an error, such as 'SQLITE_BUSY'; '' where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Does `act`. Throws a DatabaseError that says `what` went wrong where the database does not do it. */
export async function tried<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw databaseError(what, error);
  }
}
