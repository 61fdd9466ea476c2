import { hostname, networkInterfaces } from 'node:os';
import { isLoopbackAddress } from '../services/address-group.ts';
import { isPermitted } from './permitted.ts';

/** A leaf certificate names no more: a machine with thousands of addresses is not one that people type the address of. */
const MAX_NAMES = 100;

/** Lowercase. `allowedHosts`: names that clients use besides. Those that an authority of one's own may vouch for, sorted. */
export function ownNames(allowedHosts: readonly string[]): string[] {
  const host = hostname().toLowerCase();
  const [label = ''] = host.split('.');
  // `fe80::1%eth0` is not an address that a certificate can hold.
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address }) => address.replace(/%.*$/, '')),
  );
  const names = ['localhost', host, `${label}.local`, ...allowedHosts, ...addresses];
  return [...new Set(names.filter(isPermitted))].slice(0, MAX_NAMES).sort();
}

/** An address under which other machines of the network reach what listens on `host`, if there is one. */
export function lanAddress(host: string): string | null {
  if (host !== '0.0.0.0' && host !== '::') return isLoopbackAddress(host) ? null : host;
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const outward = all.filter(({ family, internal }) => family === 'IPv4' && !internal);
  return outward.find(({ address }) => isPermitted(address))?.address ?? null;
}
