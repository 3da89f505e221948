/** Whether a host name or an address, as it stands in a URL or without brackets, is of this machine itself. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[?::1\]?)$/i.test(host);
}
