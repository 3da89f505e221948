/**
 * A process of its own that writes to the audit log: `writer.ts <url> <name> <count>`. It begins `count` writes, one after
 * another, and says each key on a line once it has been told that the write is kept.
 */
import { writeSync } from 'node:fs';
import { openDatabase } from '../../database/database.js';
import { createAuditLog } from '../../database/audit-log.js';
import { noon, write } from './records.js';

const [url = '', name = '', count = ''] = process.argv.slice(2);
const auditLog = createAuditLog(await openDatabase(url));
for (let i = 0; i < Number(count); i += 1) {
  const key = `${name}-${i}`;
  await auditLog.begin(write({ key, at: noon + i }));
  // At once: what a stream still held would be lost with the process.
  writeSync(1, `${key}\n`);
}
await auditLog.close();
