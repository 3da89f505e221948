import { BlockList, isIP } from 'node:net';

/** Whose calls these are, as far as addresses tell. */
export interface Caller {
  /** An IPv4 address, or the network of 64 bits that an IPv6 address is of: one household or one server has all of it. */
  address: string;
  /** Everybody's calls may come from there, through a proxy: nobody may be judged by it. */
  isShared: boolean;
}

/** Where proxies that end TLS for others run: on this machine, in its network, in a cluster. */
const inner = new BlockList();
for (const [net, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const)
  inner.addSubnet(net, prefix);
for (const [net, prefix] of [
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  inner.addSubnet(net, prefix, 'ipv6');
inner.addAddress('::1', 'ipv6');

/**
 * Who calls. `trustedProxy` (null: there is none) is the address of a proxy that everybody's calls come through: the last
 * address in its `X-Forwarded-For` is the one that it saw itself, and anybody may have written whatever stands before that.
 */
export function callerOf(
  remoteAddress: string | undefined,
  forwardedFor: string | null,
  trustedProxy: string | null,
): Caller {
  const ip = plainIp(remoteAddress ?? '');
  if (trustedProxy === null || ip !== plainIp(trustedProxy)) return callerAt(ip);
  const seen = plainIp(forwardedFor?.split(',').at(-1)?.trim() ?? '');
  return isIP(seen) === 0 ? { address: ip, isShared: true } : callerAt(seen);
}

function callerAt(ip: string): Caller {
  const version = isIP(ip);
  if (version === 0) return { address: ip, isShared: true };
  const address = version === 6 ? networkOf(ip) : ip;
  return { address, isShared: inner.check(ip, version === 6 ? 'ipv6' : 'ipv4') };
}

/** Sockets that take both kinds write IPv4 addresses as ::ffff:192.0.2.1. */
function plainIp(ip: string): string {
  return ip.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

/** The first 64 bits, written one way: `::` stands for as many zeros as are missing. */
function networkOf(ip: string): string {
  const [head = '', tail] = ip.toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const all = [...before, ...(tail === undefined ? [] : zeros), ...after];
  return `${all.slice(0, 4).join(':')}::/64`;
}
