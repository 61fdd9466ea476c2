import { isIP, isIPv6 } from 'node:net';

/** What addresses of one host have in common: an IPv4 address itself, or the /64 that one IPv6 host can pick addresses from. */
export function addressGroup(address: string): string {
  const bare = unmapped(address);
  if (!isIPv6(bare)) return bare;
  const [head = '', tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  return [...groups, ...Array.from({ length: zeros }, () => '0')].slice(0, 4).join(':');
}

export function isLoopbackAddress(address: string): boolean {
  const bare = unmapped(address);
  return bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

/** `::ffff:192.0.2.1`, as a dual-stack socket tells IPv4, without its prefix. */
export function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
