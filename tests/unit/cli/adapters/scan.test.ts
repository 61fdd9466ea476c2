import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scanForRelays } from '../../../../cli/adapters/scan.ts';
import { freeUdpPort } from '../../../helpers/relays.ts';

const hello = (n: number) =>
  JSON.stringify({ type: 'HELLO', v: 1, id: String(n).repeat(64), port: 8000 + n, link: 9000 });

/** Repeats the datagrams, as relays do, until the test is over. */
async function beacons(port: number, messages: readonly string[]): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const timer = setInterval(() => {
    for (const message of messages) socket.send(message, port, '127.0.0.1');
  }, 5);
  onTestFinished(() => {
    clearInterval(timer);
    socket.close();
  });
}

describe('scanForRelays', () => {
  it('gives the addresses of those that are heard, each once, and nothing of the noise', async () => {
    const discoveryPort = await freeUdpPort();
    const noise = ['', 'x', '{}', JSON.stringify({ type: 'HELLO', v: 2 }), hello(3).padEnd(600)];
    await beacons(discoveryPort, [...noise, hello(1), hello(2)]);
    const found = await scanForRelays({ discoveryPort, firstBeaconMs: 20_000 }, new AbortController().signal);
    expect(found.sort()).toEqual(['http://127.0.0.1:8001', 'http://127.0.0.1:8002']);
  });

  it('says what to do when there is nobody', async () => {
    const discoveryPort = await freeUdpPort();
    const scan = scanForRelays({ discoveryPort, firstBeaconMs: 20 }, new AbortController().signal);
    await expect(scan).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/--entry-node/) as string,
    });
  });

  it('ends when it is told to', async () => {
    const abort = new AbortController();
    const scan = scanForRelays({ discoveryPort: await freeUdpPort() }, abort.signal);
    abort.abort();
    await expect(scan).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
