/** Sends HELLO beacons for a relay, as a test wants them: such as with the link port of a proxy in front of it. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Hello } from '../../shared/protocol/datagrams.ts';

const EVERY_MS = 1000;

/** Beacons on loopback until disposed. */
export async function beacon(discoveryPort: number, hello: Omit<Hello, 'type' | 'v'>): Promise<Disposable> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setBroadcast(true);
  const datagram = JSON.stringify({ type: 'HELLO', v: 1, ...hello } satisfies Hello);
  const send = (): void => socket.send(datagram, discoveryPort, '127.255.255.255');
  const timer = setInterval(send, EVERY_MS);
  send();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      socket.close();
    },
  };
}
