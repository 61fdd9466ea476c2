/** IP addresses as sockets report and users write them. */
import { isLoopbackAddress, unmapped } from '../services/address-group.ts';

/** Without the IPv4-in-IPv6 prefix that dual-stack sockets show, and without brackets. */
export function normalizeHost(host: string): string {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return unmapped(bare);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host);
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/**
 * The host to dial for what `via` told of `host`: another machine's loopback address means that machine,
 * as seen from here.
 */
export function hostFrom(host: string, via: string): string {
  const told = normalizeHost(host);
  return isWildcard(told) || (isLoopback(told) && !isLoopback(via)) ? via : told;
}
