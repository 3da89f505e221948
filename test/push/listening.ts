/** A listener in a process of its own, for a test that gives it few files; a line on stdin has it open forty of them. */
import { closeSync, openSync } from 'node:fs';
import { startListener } from '../../push/listener.js';

const { port } = await startListener({
  port: 0,
  nexudusSecret: process.env['SECRET'] ?? '',
  acs: null,
  kisi: null,
  count: () => undefined,
  debouncer: { tell: () => undefined, tellSomething: () => undefined, drain: () => Promise.resolve() },
});
process.stdout.write(`${port}\n`);
process.stdin.on('data', () => {
  const files = Array.from({ length: 40 }, () => openSync('package.json', 'r'));
  process.stdout.write(`${files.length} files\n`);
  files.forEach(closeSync);
});
