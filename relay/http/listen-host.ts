import { once } from 'node:events';
import { createServer } from 'node:net';

/** The address to bind for `host`: everywhere means IPv6 as well, where the system has it. Others are bound as they are. */
export async function listenHost(host: string, ipv6 = hasIpv6): Promise<string> {
  if (host !== '0.0.0.0' && host !== '::') return host;
  return (await ipv6()) ? '::' : '0.0.0.0';
}

async function hasIpv6(): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(0, '::');
    await once(probe, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
}
