/** Links and chunk transfer between nodes that know each other by `--join`; no UDP here. */
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { randomBytes, verify, createPublicKey } from 'node:crypto';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import { afterEach, describe, expect, it } from 'vitest';
import { noiseKeyPair } from '../../relay/p2p/secure-stream.ts';
import { concatBytes, fromHex } from '../../shared/bytes.ts';
import type { AppError } from '../../shared/errors.ts';
import { LINK_BODY_BYTES, MAX_CHUNK_BYTES, MAX_PENDING_HANDSHAKES } from '../../shared/limits.ts';
import { receiptMessage } from '../../shared/protocol/receipt.ts';
import { until } from '../helpers/until.ts';
import { allKnowAll, makeChunk, makeIdentity, startNode } from './p2p-rig.ts';
import type { RigNode, RigOptions } from './p2p-rig.ts';

const NONCE = '0f'.repeat(16);
const SPKI_PREFIX = fromHex('302a300506032b6570032100');
const never = new AbortController().signal;

let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function node(options: RigOptions = {}): Promise<RigNode> {
  const started = await startNode(options);
  cleanups.push(() => started[Symbol.asyncDispose]());
  return started;
}

/** Two nodes that know each other. */
async function pair(): Promise<[RigNode, RigNode]> {
  const a = await node();
  const b = await node({ join: [a.url] });
  await until(() => allKnowAll([a, b]), 'both know each other');
  return [a, b];
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('chunk transfer', () => {
  it('stores at the peer, with a receipt by the key that the link has proven, and reads back', async () => {
    const [a, b] = await pair();
    const chunk = makeChunk(MAX_CHUNK_BYTES);
    const receipt = await a.node.transport.putChunk(b.id, chunk.id, chunk.bytes, NONCE, never);
    expect(receipt).toMatchObject({ relay: b.id, chunk: chunk.id, size: MAX_CHUNK_BYTES, nonce: NONCE });
    const der = Buffer.from(concatBytes(SPKI_PREFIX, b.identity.publicKey));
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    expect(verify(null, receiptMessage(receipt), key, Buffer.from(receipt.signature, 'hex'))).toBe(true);
    expect(Buffer.compare(b.chunks.stored.get(chunk.id) ?? Buffer.alloc(0), chunk.bytes)).toBe(0);
    expect(Buffer.compare(await a.node.transport.getChunk(b.id, chunk.id, never), chunk.bytes)).toBe(0);
  });

  it('runs many requests both ways over one link', async () => {
    const [a, b] = await pair();
    const chunks = Array.from({ length: 60 }, (_, n) => makeChunk(n % 2 === 0 ? MAX_CHUNK_BYTES : 1000 + n));
    for (const chunk of chunks) a.chunks.stored.set(chunk.id, chunk.bytes);
    await Promise.all(
      chunks.flatMap(({ id, bytes }) => [
        a.node.transport.putChunk(b.id, id, bytes, NONCE, never),
        b.node.transport.getChunk(a.id, id, never).then((got) => expect(Buffer.compare(got, bytes)).toBe(0)),
      ]),
    );
    expect([...b.chunks.stored.keys()].sort()).toEqual(chunks.map((chunk) => chunk.id).sort());
    expect([a.node.linkCount, b.node.linkCount]).toEqual([1, 1]);
  });

  it('gives the peer’s errors: not found, wrong hash', async () => {
    const [a, b] = await pair();
    const chunk = makeChunk(5000);
    await expect(a.node.transport.getChunk(b.id, chunk.id, never)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const other = makeChunk(5000);
    await expect(a.node.transport.putChunk(b.id, chunk.id, other.bytes, NONCE, never)).rejects.toMatchObject({
      code: 'HASH_MISMATCH',
    });
    expect(b.chunks.stored.size).toBe(0);
  });

  it('a small request is not held up by large ones on the same link', async () => {
    const [a, b] = await pair();
    const large = Array.from({ length: 20 }, () => makeChunk(MAX_CHUNK_BYTES));
    const small = makeChunk(LINK_BODY_BYTES / 2);
    b.chunks.stored.set(small.id, small.bytes);
    const order: string[] = [];
    const puts = large.map((chunk) =>
      a.node.transport.putChunk(b.id, chunk.id, chunk.bytes, NONCE, never).then(() => order.push('large')),
    );
    const get = a.node.transport.getChunk(b.id, small.id, never).then(() => order.push('small'));
    await Promise.all([...puts, get]);
    expect(order.indexOf('small')).toBeLessThan(large.length / 2);
  });

  it('aborted by the caller ends at once, and the link goes on', async () => {
    const [a, b] = await pair();
    const chunk = makeChunk(MAX_CHUNK_BYTES);
    b.chunks.stored.set(chunk.id, chunk.bytes);
    b.chunks.gate = () => new Promise(() => undefined);
    const caller = new AbortController();
    const get = a.node.transport.getChunk(b.id, chunk.id, caller.signal);
    caller.abort();
    await expect(get).rejects.toMatchObject({ code: 'ABORTED' });
    b.chunks.gate = () => Promise.resolve();
    expect((await a.node.transport.getChunk(b.id, chunk.id, never)).length).toBe(MAX_CHUNK_BYTES);
  });

  it('fails with UNAVAILABLE at once when the peer stops', async () => {
    const [a, b] = await pair();
    let asked = false;
    b.chunks.gate = () => {
      asked = true;
      return new Promise(() => undefined);
    };
    const get = a.node.transport.getChunk(b.id, makeChunk(200).id, never);
    const failed = expect(get).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await until(() => asked, 'the request has arrived');
    await b[Symbol.asyncDispose]();
    await failed;
  });

  it('with a relay that nobody knows is UNAVAILABLE', async () => {
    const a = await node();
    await expect(
      a.node.transport.getChunk(makeIdentity().id, makeChunk(200).id, never),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  it('goes on after the link was lost in between', async () => {
    const [a, b] = await pair();
    const chunk = makeChunk(1000);
    await a.node.transport.putChunk(b.id, chunk.id, chunk.bytes, NONCE, never);
    const { identity, linkPort } = b;
    await b[Symbol.asyncDispose]();
    const again = await node({ identity, linkPort });
    again.chunks.stored.set(chunk.id, chunk.bytes);
    await until(
      () =>
        a.node.transport.getChunk(again.id, chunk.id, never).then(
          () => true,
          () => false,
        ),
      'the restarted relay answers',
    );
  });
});

describe('who answers', () => {
  it('has to be the relay that was expected: an impostor is refused and gets nothing', async () => {
    const [a, b] = await pair();
    const { linkPort } = b;
    await b[Symbol.asyncDispose]();
    const impostor = await node({ linkPort });
    await until(() => a.node.linkCount === 0, 'the link has ended');
    const chunk = makeChunk(1000);
    const failure = await a.node.transport
      .putChunk(b.id, chunk.id, chunk.bytes, NONCE, never)
      .catch((cause: unknown) => cause as AppError);
    expect(failure).toMatchObject({ code: 'FORBIDDEN' });
    expect(impostor.chunks.stored.size).toBe(0);
    expect(a.membership.get(impostor.id)).toBeUndefined();
  });
});

describe('hostile peers', () => {
  /** A raw connection to a node's link port. */
  async function rawSocket(target: RigNode): Promise<Socket> {
    const socket = connect(target.linkPort, '127.0.0.1');
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return socket;
  }

  /** An authenticated stream to a node, by a peer that then says what it likes. */
  async function rawLink(target: RigNode): Promise<NoiseSecretStream> {
    const stream = new NoiseSecretStream(true, await rawSocket(target), {
      keyPair: noiseKeyPair(makeIdentity()),
    });
    stream.on('error', () => undefined);
    await new Promise<void>((resolve) => stream.once('connect', resolve));
    return stream;
  }

  const closed = (emitter: Socket | NoiseSecretStream): Promise<void> =>
    new Promise((resolve) => {
      emitter.on('data', () => undefined);
      emitter.once('close', resolve);
    });

  async function stillServes(a: RigNode, b: RigNode): Promise<void> {
    const chunk = makeChunk(3000);
    b.chunks.stored.set(chunk.id, chunk.bytes);
    expect(Buffer.compare(await a.node.transport.getChunk(b.id, chunk.id, never), chunk.bytes)).toBe(0);
  }

  it('that say nothing, a hundred of them, keep nobody out and are cut off', async () => {
    const [a, b] = await pair();
    const mute = await Promise.all(Array.from({ length: MAX_PENDING_HANDSHAKES + 40 }, () => rawSocket(b)));
    const cut = mute.map(closed);
    const c = await node({ join: [b.url] });
    await until(() => allKnowAll([a, b, c]), 'a newcomer gets in');
    await stillServes(a, b);
    await Promise.all(cut);
  });

  it('that send garbage instead of a handshake are cut off', async () => {
    const [a, b] = await pair();
    for (const garbage of [randomBytes(100_000), Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(10)]) {
      const socket = await rawSocket(b);
      const end = closed(socket);
      socket.write(garbage);
      socket.end();
      await end;
    }
    await stillServes(a, b);
  });

  /** Protomux control frames; channel 1 is opened with the given protocol. */
  const openChannel = (protocol: string, handshake = ''): Buffer => {
    const name = Buffer.from(protocol);
    const hello = Buffer.from(handshake);
    return Buffer.concat([Buffer.from([0, 1, 1, name.length]), name, Buffer.from([0]), hello]);
  };
  /** Batches within batches: as deep as a frame holds, to overflow the stack of who follows them. */
  const nestedBatches = (): Buffer => {
    let inner = Buffer.from([0]);
    const layers: Buffer[] = [];
    for (let size = 0; size < 60_000; size += 5) {
      layers.push(Buffer.from([0, 0, 0xfd, (60_000 - size) & 255, (60_000 - size) >> 8]));
    }
    inner = Buffer.concat([...layers, inner]);
    return Buffer.concat([Buffer.from([0]), inner]);
  };
  const hello = (changes: object): string =>
    JSON.stringify({ port: 1, link: 1, capacity: 1, machine: 'm', beat: 1, ...changes });

  const goodHello = openChannel('lanvault/hello/1', hello({}));
  const chunkChannel = Buffer.concat([
    Buffer.from([0, 1, 2, 16]),
    Buffer.from('lanvault/chunk/1'),
    Buffer.from([0]),
  ]);

  it.each<[string, () => Buffer[]]>([
    ['opens the control channel', () => [goodHello, Buffer.from([0, 1, 0, 3, 97, 98, 99, 0])]],
    // Without the guard this one ends the process: its stack overflow is not caught.
    ['nests batches', () => [goodHello, nestedBatches()]],
    ['sends random bytes', () => [goodHello, ...Array.from({ length: 50 }, () => randomBytes(200))]],
    ['says hello without a port', () => [openChannel('lanvault/hello/1', hello({ port: undefined }))]],
    ['says hello that is no JSON', () => [openChannel('lanvault/hello/1', '{"port"')]],
    [
      'opens more channels than there are',
      () => [goodHello, ...Array.from({ length: 100 }, (_, n) => Buffer.from([0, 1, n + 2, 1, 120, 0]))],
    ],
    ['sends a malformed request', () => [goodHello, chunkChannel, Buffer.from([2, 0, 1, 2, 3])]],
    ['sends a frame that is too long', () => [goodHello, randomBytes(80_000)]],
  ])('one that %s loses its link and harms nobody', async (_, frames) => {
    const [a, b] = await pair();
    const stream = await rawLink(b);
    let ended = false;
    void closed(stream).then(() => (ended = true));
    for (const frame of frames()) stream.write(frame);
    // Sooner than the handshake or an idle link times out, which would end it as well.
    await until(() => ended, 'the link ends', 4000);
    await stillServes(a, b);
  });

  it('one that never says hello is cut off and is no member', async () => {
    const [a, b] = await pair();
    const stream = await rawLink(b);
    await closed(stream);
    expect(b.membership.size).toBe(2);
    await stillServes(a, b);
  });

  it('a relay that accepts and says nothing delays a dial by the handshake timeout only', async () => {
    const a = await node();
    const silent = createServer((socket) => socket.on('error', () => undefined));
    const link = await listening(silent);
    const id = makeIdentity().id;
    a.membership.verified({
      id,
      address: { host: '127.0.0.1', link },
      port: 1,
      capacity: 1,
      machine: 'x',
      beat: 1,
    });
    await expect(a.node.transport.getChunk(id, makeChunk(200).id, never)).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });
});
