import { readFileSync } from 'node:fs';

/** The release of Latchkey that this is, as package.json names it. */
export function version(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown';
}
