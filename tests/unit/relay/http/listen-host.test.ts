import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { startRelay } from '../../../../relay/app.ts';
import { listenHost } from '../../../../relay/http/listen-host.ts';
import { relayConfig } from '../../../helpers/relay-config.ts';
import { tempFolder } from '../fixtures.ts';

it.each([
  ['0.0.0.0', true, '::'],
  ['::', true, '::'],
  ['0.0.0.0', false, '0.0.0.0'],
  ['::', false, '0.0.0.0'],
  ['127.0.0.1', true, '127.0.0.1'],
  ['::1', false, '::1'],
])('--host %s, IPv6 there: %s, binds %s', async (host, ipv6, bound) => {
  expect(await listenHost(host, () => Promise.resolve(ipv6))).toBe(bound);
});

it('a relay that listens everywhere answers over IPv4, and over IPv6 where there is any', async () => {
  await using folder = await tempFolder();
  const places = ['--storage-dir', folder.path, '--host', '0.0.0.0', '--port', '0'];
  const config = await relayConfig(...places, '--discovery-port', '0', '--log-level', 'silent');
  await using relay = await startRelay(config);
  const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
    list?.some(({ address }) => address === '::1'),
  );
  for (const host of ['127.0.0.1', ...(hasIpv6 ? ['[::1]'] : [])]) {
    const answer = await fetch(`http://${host}:${String(relay.httpPort)}/status`);
    expect(await answer.json()).toMatchObject({ id: relay.id });
  }
});

it('a port that is taken on IPv4 alone is refused in words', async () => {
  await using folder = await tempFolder();
  const taken = createServer().listen(0, '0.0.0.0');
  await once(taken, 'listening');
  const address = taken.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const places = ['--storage-dir', folder.path, '--host', '0.0.0.0', '--port', String(address.port)];
  const config = await relayConfig(...places, '--discovery-port', '0', '--log-level', 'silent');
  await expect(startRelay(config)).rejects.toMatchObject({ code: 'CONFLICT' });
  taken.close();
});
