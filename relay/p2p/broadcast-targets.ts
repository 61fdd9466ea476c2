/** Where discovery datagrams are sent: each IPv4 interface's subnet broadcast, within what `--host` allows. */
import type { NetworkInterfaceInfo } from 'node:os';
import { isLoopback, isWildcard } from './addresses.ts';

const LOOPBACK_BROADCAST = '127.255.255.255';

/**
 * A relay bound to loopback stays there; one bound to a single address uses that interface only. 255.255.255.255 is never
 * used: it needs a default route.
 */
export function broadcastTargets(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>, host: string): string[] {
  if (isLoopback(host)) return [LOOPBACK_BROADCAST];
  const targets = new Set<string>();
  for (const { family, address, netmask, internal } of Object.values(interfaces).flatMap(
    (list) => list ?? [],
  )) {
    if (family !== 'IPv4' || (!isWildcard(host) && host !== address)) continue;
    const mask = fromDotted(netmask);
    if (internal) targets.add(LOOPBACK_BROADCAST);
    // Point-to-point links have no broadcast.
    else if (mask < 0xfffffffe) targets.add(toDotted((fromDotted(address) | ~mask) >>> 0));
  }
  return [...targets];
}

function fromDotted(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toDotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
