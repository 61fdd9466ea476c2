/** Addresses and subnets as certificates hold them (RFC 5280 §4.2.1.6, §4.2.1.10). */
import { isIP } from 'node:net';

const IPV6_GROUPS = 8;

/** 4 or 16 bytes of an IP literal without a zone. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The URL parser writes any form of one in hex groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groupsOf = (text = ''): string[] => text.split(':').filter(Boolean);
  const [left, right] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array.from({ length: IPV6_GROUPS - left.length - right.length }, () => '0');
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** `10.0.0.0/8`: the address, then the mask. */
export function subnetBytes(subnet: string): Buffer {
  const [address = '', bits = ''] = subnet.split('/');
  const bytes = addressBytes(address);
  const mask = bytes.map((_byte, index) => {
    const set = Math.min(8, Math.max(0, Number(bits) - 8 * index));
    return 0xff & ~(0xff >> set);
  });
  return Buffer.concat([bytes, mask]);
}
