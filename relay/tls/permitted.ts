/** What an authority of one's own may vouch for: names that exist on one network only, and private addresses. */
import { BlockList, isIP } from 'node:net';

/** RFC 6761, 6762 and 8375, and what home routers hand out. */
export const PERMITTED_SUFFIXES = ['localhost', 'local', 'lan', 'home.arpa', 'internal'] as const;

/** Loopback, RFC 1918, shared (RFC 6598: overlay networks such as Tailscale's), link-local, unique local (RFC 4193). */
export const PERMITTED_NETWORKS = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '::1/128',
  'fe80::/10',
  'fc00::/7',
] as const;

const networks = new BlockList();
for (const network of PERMITTED_NETWORKS) {
  const [address = '', bits] = network.split('/');
  networks.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Whether a name or address is one of those. */
export function isPermitted(name: string): boolean {
  const family = isIP(name);
  if (family !== 0) return networks.check(name, family === 6 ? 'ipv6' : 'ipv4');
  return PERMITTED_SUFFIXES.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));
}
