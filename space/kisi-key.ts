import { mostKeys, refusedRole, type KeyHealth } from '../access/kisi-key.js';
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
      : `Its user has ${keyCount} of ${mostKeys} API keys.`,
    ...unusedWords(unused, zone),
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

function unusedWords(unused: KeyHealth['unused'], zone: string | null): string[] {
  return unused.map(({ id, since }) => `Nobody has used key ${id} since ${timeWords(since, zone)}.`);
}
