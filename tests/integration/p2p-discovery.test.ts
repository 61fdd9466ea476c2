/** Discovery by UDP on loopback, each test on a port of its own. */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { RelayId } from '../../shared/ids.ts';
import { MAX_DATAGRAM_BYTES } from '../../shared/limits.ts';
import { until } from '../helpers/until.ts';
import { allKnowAll, freeUdpPort, makeChunk, makeIdentity, startNode } from './p2p-rig.ts';
import type { RigNode, RigOptions } from './p2p-rig.ts';

const never = new AbortController().signal;
let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function nodes(count: number, discoveryPort: number, options: RigOptions = {}): Promise<RigNode[]> {
  const started = await Promise.all(
    Array.from({ length: count }, () => startNode({ ...options, discoveryPort })),
  );
  cleanups.push(() => Promise.all(started.map((node) => node[Symbol.asyncDispose]())));
  return started;
}

async function rawSocket(port = 0, reuseAddr = false): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr });
  await new Promise<void>((resolve) => socket.bind(port, '0.0.0.0', resolve));
  socket.setBroadcast(true);
  cleanups.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return socket;
}

const broadcast = (socket: Socket, port: number, payload: string | Uint8Array): void => {
  socket.send(payload, port, '127.255.255.255');
};

async function answersOf(asker: RigNode, id: Parameters<RigNode['chunks']['has']>[0]): Promise<RelayId[]> {
  const ids: RelayId[] = [];
  for await (const relay of asker.node.transport.queryChunk(id, never)) ids.push(relay);
  return ids;
}

describe('discovery', () => {
  it('lets 12 relays know each other, each joined once', async () => {
    const swarm = await nodes(12, await freeUdpPort());
    await until(() => allKnowAll(swarm), 'all know all');
    for (const { events } of swarm)
      expect(events.map((event) => event.type)).toEqual(Array(11).fill('peer-joined'));
  });

  it('sends HELLO as the design says, within 512 bytes, from a port of its own', async () => {
    const port = await freeUdpPort();
    const listener = await rawSocket(port, true);
    const heard = new Promise<[Buffer, RemoteInfo]>((resolve) => {
      listener.once('message', (bytes, from) => resolve([bytes, from]));
    });
    const [relay] = await nodes(1, port);
    const [bytes, from] = await heard;
    expect(JSON.parse(bytes.toString())).toEqual({
      type: 'HELLO',
      v: 1,
      id: relay?.id,
      port: relay?.membership.self.port,
      link: relay?.linkPort,
    });
    expect(bytes.length).toBeLessThanOrEqual(MAX_DATAGRAM_BYTES);
    expect(from.port).not.toBe(port);
    expect(from.address).toBe('127.0.0.1');
  });

  it('believes no beacon without a handshake: forged ones make no member', async () => {
    const port = await freeUdpPort();
    const [a, b] = (await nodes(2, port)) as [RigNode, RigNode];
    const forger = await rawSocket();
    const hello = { type: 'HELLO', v: 1, port: 8000 };
    for (let n = 0; n < 50; n++) {
      // Nobody listens at port 1; at the other one answers somebody else than the beacon says.
      broadcast(forger, port, JSON.stringify({ ...hello, id: makeIdentity().id, link: 1 }));
      broadcast(forger, port, JSON.stringify({ ...hello, id: makeIdentity().id, link: b.linkPort }));
    }
    await until(() => allKnowAll([a, b]), 'both know each other');
    const [c] = (await nodes(1, port)) as [RigNode];
    await until(() => allKnowAll([a, b, c]), 'a third one gets in, and nobody else');
  });

  it('survives garbage, oversized datagrams and a flood', async () => {
    const port = await freeUdpPort();
    const swarm = await nodes(3, port);
    const forger = await rawSocket();
    for (let n = 0; n < 3000; n++) broadcast(forger, port, randomBytes(n % 700));
    for (const text of [
      '{}',
      '[]',
      'null',
      '{"type":"HELLO"}',
      '{"type":"QUERY_CHUNK","chunk_id":"x","reply":1}',
    ]) {
      broadcast(forger, port, text);
    }
    await until(() => allKnowAll(swarm), 'all know all');
  });

  it('is off with port 0, and says plainly when the port is taken', async () => {
    const port = await freeUdpPort();
    await rawSocket(port, false);
    await expect(startNode({ discoveryPort: port })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(String(port)) as string,
    });
    const [alone] = (await nodes(1, 0)) as [RigNode];
    expect(await answersOf(alone, makeChunk(200).id)).toEqual([]);
  });
});

describe('QUERY_CHUNK', () => {
  it('finds who has a chunk, and only known relays count', async () => {
    const port = await freeUdpPort();
    const swarm = (await nodes(4, port)) as [RigNode, RigNode, RigNode, RigNode];
    await until(() => allKnowAll(swarm), 'all know all');
    const [a, b, c] = swarm;
    const chunk = makeChunk(500);
    for (const holder of [b, c]) holder.chunks.stored.set(chunk.id, chunk.bytes);
    // A stranger claims to have everything.
    const liar = await rawSocket(port, true);
    liar.on('message', (bytes, from) => {
      const datagram = JSON.parse(bytes.toString()) as { type: string; chunk_id?: string; reply?: number };
      if (datagram.type !== 'QUERY_CHUNK') return;
      const claim = { type: 'I_HAVE', chunk_id: datagram.chunk_id, id: makeIdentity().id, port: 8000 };
      liar.send(JSON.stringify(claim), datagram.reply, from.address);
    });
    expect((await answersOf(a, chunk.id)).sort()).toEqual([b.id, c.id].sort());
    expect(await answersOf(a, makeChunk(500).id)).toEqual([]);
  });

  it('is answered to the asker’s port only: never to the shared one, never to a system service', async () => {
    const port = await freeUdpPort();
    const [relay] = (await nodes(1, port)) as [RigNode];
    const chunk = makeChunk(500);
    relay.chunks.stored.set(chunk.id, chunk.bytes);
    const shared = await rawSocket(port, true);
    const asker = await rawSocket();
    const answers: string[] = [];
    shared.on('message', (bytes) =>
      answers.push(`shared ${(JSON.parse(bytes.toString()) as { type: string }).type}`),
    );
    const answered = new Promise<void>((resolve) => {
      asker.once('message', (bytes) => {
        answers.push(bytes.toString());
        resolve();
      });
    });
    const ask = (reply: number): void =>
      broadcast(asker, port, JSON.stringify({ type: 'QUERY_CHUNK', chunk_id: chunk.id, reply }));
    // In order: when the last one is answered, the first two have been dealt with.
    ask(port);
    ask(53);
    ask(asker.address().port);
    await answered;
    const expected = { type: 'I_HAVE', chunk_id: chunk.id, id: relay.id, port: relay.membership.self.port };
    expect(answers.filter((answer) => answer.includes('I_HAVE'))).toEqual([JSON.stringify(expected)]);
  });

  it('ends when its caller has heard enough', async () => {
    const port = await freeUdpPort();
    const swarm = (await nodes(3, port)) as [RigNode, RigNode, RigNode];
    await until(() => allKnowAll(swarm), 'all know all');
    const chunk = makeChunk(500);
    for (const holder of swarm) holder.chunks.stored.set(chunk.id, chunk.bytes);
    const caller = new AbortController();
    const heard: RelayId[] = [];
    for await (const relay of swarm[0].node.transport.queryChunk(chunk.id, caller.signal)) {
      heard.push(relay);
      break;
    }
    expect(heard).toHaveLength(1);
    caller.abort();
    for await (const relay of swarm[0].node.transport.queryChunk(chunk.id, caller.signal)) heard.push(relay);
    expect(heard).toHaveLength(1);
  });
});
