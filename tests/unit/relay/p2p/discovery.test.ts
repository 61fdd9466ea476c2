import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { Discovery } from '../../../../relay/p2p/discovery.ts';
import { systemClock } from '../../../../relay/services/system-clock.ts';
import { AppError } from '../../../../shared/errors.ts';
import { parseRelayId } from '../../../../shared/ids.ts';
import { silentLog } from '../fixtures.ts';

const CHUNK = 'ab'.repeat(32);
const SELF = parseRelayId('cd'.repeat(32));

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

async function freePort(): Promise<number> {
  const socket = await bound();
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

it('a question that the index fails on is not answered, and the next one is', async () => {
  const port = await freePort();
  let asked = 0;
  await using discovery = await Discovery.open({
    clock: systemClock,
    log: silentLog,
    host: '127.0.0.1',
    port,
    selfId: SELF,
    swarmKey: null,
    has: () => {
      if (asked++ === 0) throw new AppError('IO', 'The index of this relay failed.');
      return true;
    },
    intervalMs: () => 60_000,
    onBeacon: () => undefined,
  });
  discovery.announce({ port: 8000, link: 4000 });
  const asker = await bound();
  try {
    const question = JSON.stringify({ type: 'QUERY_CHUNK', chunk_id: CHUNK, reply: asker.address().port });
    const answered = once(asker, 'message') as Promise<[Buffer]>;
    asker.send(question, port, '127.0.0.1');
    asker.send(question, port, '127.0.0.1');
    const [answer] = await answered;
    expect(JSON.parse(answer.toString())).toMatchObject({ type: 'I_HAVE', chunk_id: CHUNK, id: SELF });
    expect(asked).toBe(2);
  } finally {
    asker.close();
  }
});
