import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { RelayEvent } from '../../../../shared/protocol/events.ts';
import { parseJsonWith } from '../../../../shared/protocol/schemas.ts';
import { sampleChunk } from '../fixtures.ts';
import { relayRig } from '../relay-rig.ts';
import type { RelayRig, RigOptions } from '../relay-rig.ts';
import { RawClient } from './raw-client.ts';

async function listening(options: RigOptions = {}): Promise<RelayRig> {
  const rig = await relayRig(options);
  await rig.server.listen({ host: '127.0.0.1', port: 0 });
  return rig;
}

function urlOf(rig: RelayRig): string {
  return `ws://127.0.0.1:${(rig.server.server.address() as AddressInfo).port}/events`;
}

async function listener(rig: RelayRig): Promise<WebSocket> {
  const socket = new WebSocket(urlOf(rig));
  await once(socket, 'open');
  return socket;
}

function connections(rig: RelayRig): Promise<number> {
  return promisify(rig.server.server.getConnections.bind(rig.server.server))();
}

const handshake = (origin: string): string =>
  [
    'GET /events HTTP/1.1',
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(origin === '' ? [] : [`Origin: ${origin}`]),
    '',
    '',
  ].join('\r\n');

describe('WS /events', () => {
  it('tells every listener what happens, as it was agreed', async () => {
    await using rig = await listening();
    const sockets = [await listener(rig), await listener(rig)];
    const { id, bytes } = sampleChunk();
    const messages = sockets.map((socket) => once(socket, 'message'));
    await rig.local.store(id, bytes, '00'.repeat(16));
    for (const [message] of (await Promise.all(messages)) as [MessageEvent<string>][]) {
      const event = parseJsonWith(RelayEvent, message.data, 'The event');
      expect(event).toEqual({
        type: 'chunk-stored',
        id,
        relay: rig.id,
        size: 4000,
        at: rig.clock.wallTime(),
      });
    }
    for (const socket of sockets) socket.close();
  });

  it('refuses pages of other origins', async () => {
    await using rig = await listening();
    using foreign = await RawClient.connect(rig.server);
    foreign.send(handshake('http://evil.example'));
    expect(await foreign.closed).toMatch(/^HTTP\/1\.1 403 [^]*"code":"FORBIDDEN"/);
    using own = await RawClient.connect(rig.server);
    own.send(handshake('http://127.0.0.1'));
    await own.receives('HTTP/1.1 101');
  });

  it('has a bounded number of listeners', async () => {
    await using rig = await listening({ limits: { maxEventListeners: 1 } });
    const first = await listener(rig);
    const second = new WebSocket(urlOf(rig));
    const [close] = (await once(second, 'close')) as [CloseEvent];
    expect(close.code).toBe(1013);
    first.close();
    await once(first, 'close');
    const third = await listener(rig);
    third.close();
  });

  it('cuts off a listener that does not read, and goes on for the others', async () => {
    await using rig = await listening({ limits: { maxEventBacklogBytes: 100_000 } });
    using stuck = await RawClient.connect(rig.server);
    stuck.send(handshake(''));
    await stuck.receives('101');
    stuck.pause();
    const event = { type: 'chunk-stored' as const, id: 'ab'.repeat(32), relay: rig.id, size: 1 };
    let cut = false;
    void stuck.closed.then(() => (cut = true));
    while ((await connections(rig)) > 0) {
      for (let i = 0; i < 1000; i++) rig.bus.publish(event);
      await turn();
    }
    stuck.resume();
    await stuck.closed;
    expect(cut).toBe(true);
    const reader = await listener(rig);
    const message = once(reader, 'message');
    rig.bus.publish(event);
    await message;
    reader.close();
  });

  it.each([
    ['Upgrade: websocket', 'Upgrade: h2c'],
    ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 1'],
    ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Key: short'],
  ])('refuses a handshake with another %s, in the form of every error', async (good, bad) => {
    await using rig = await listening();
    using client = await RawClient.connect(rig.server);
    client.send(handshake('').replace(good, bad));
    expect(await client.closed).toMatch(/^HTTP\/1\.1 400 [^]*"code":"BAD_INPUT"/);
  });

  it('cuts off who sends what is no frame, and logs nothing of it', async () => {
    await using rig = await listening();
    const logged = vi.spyOn(rig.server.log, 'error');
    using client = await RawClient.connect(rig.server);
    client.send(handshake(''));
    await client.receives('\r\n\r\n');
    // Text that is not masked.
    client.send(Uint8Array.of(0x81, 1, 0x61));
    await client.closed;
    expect(logged).not.toHaveBeenCalled();
  });

  it('ends when the relay stops', async () => {
    const rig = await listening();
    const socket = await listener(rig);
    const closed = once(socket, 'close');
    await rig[Symbol.asyncDispose]();
    await closed;
    expect(socket.readyState).toBe(WebSocket.CLOSED);
  });
});
