import { hostname } from 'node:os';
import { version } from '../lib/version.js';

/** What a worker's name tells of its process. */
export interface Identity {
  pid: number;
  host: string;
  version: string;
  /** Digest of the rules; null: it did not know them yet. */
  rules: string | null;
}

/**
 * The name that a worker gives to Temporal, so that its UI and `latchkey status` show which version and which rules run
 * where: '4711@desk latchkey/0.1.0 rules 3f2a…'.
 */
export function identityOf(rules: string | null): string {
  return `${process.pid}@${hostname()} latchkey/${version()} rules ${rules ?? 'unknown'}`;
}

/** What such a name says; null: it is of another form. */
export function readIdentity(text: string): Identity | null {
  const parts = /^(\d+)@(\S+) latchkey\/(\S+) rules (\S+)$/.exec(text);
  const [, pid, host, of, rules] = parts ?? [];
  if (pid === undefined || host === undefined || of === undefined || rules === undefined) return null;
  return { pid: Number(pid), host, version: of, rules: rules === 'unknown' ? null : rules };
}
