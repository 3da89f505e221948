import { mostKeys, refusedRole, type KeyHealth } from '../access/kisi-key.js';
import type { Instant } from '../access/types.js';
import { timeWords } from './times.js';

/** How the API key of Kisi was at the last daily check, in one line; null: nobody has looked yet. `zone`: an IANA name. */
export function kisiKeyWords(key: KeyHealth | null, zone: string | null): string {
  if (key === null) return 'API key of Kisi: not looked at yet.';
  const { checkedAt, keyCount, unused } = key;
  return [
    `API key of Kisi, at ${timeWords(checkedAt, zone)}:`,
    roleWords(key),
    expiryWords(key),
    keyCount === null
      ? 'How many API keys its user has, Kisi does not tell.'
      : `Its user has ${keyCount} of ${mostKeys} API keys${unusedWords(unused, zone)}.`,
  ].join(' ');
}

function roleWords({ role, mayManage }: KeyHealth): string {
  if (role === refusedRole) return 'It may not even read roles.';
  if (role !== null) return `Its role is ${role}.`;
  return mayManage === null ? 'Which role it has, Kisi does not tell.' : 'It has no role any more.';
}

function expiryWords({ expires }: KeyHealth): string {
  if (expires === null) return 'Whether it ends where nobody uses it, Kisi does not tell.';
  return expires ? 'It ends where nobody uses it for six months.' : 'It does not end by itself.';
}

function unusedWords(unused: KeyHealth['unused'], zone: string | null): string {
  if (unused.length === 0) return '';
  const keys = unused.map(
    ({ id, since }: { id: number; since: Instant }) => `key ${id} since ${timeWords(since, zone)}`,
  );
  return `, of which nobody has used ${keys.join(', ')}`;
}
