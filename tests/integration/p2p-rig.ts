/** Several swarm nodes in one process, on loopback, with an in-memory store and a bare `/peers` over HTTP. */
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { concatBytes, fromHex, toHex } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import { chunkIdFromHash, relayIdFromHash } from '../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { receiptMessage } from '../../shared/protocol/receipt.ts';
import type { Receipt } from '../../shared/protocol/receipt.ts';
import type { RelayEvent } from '../../shared/protocol/events.ts';
import { createSwarmNode } from '../../relay/p2p/swarm-node.ts';
import type { SwarmNode, SwarmSettings } from '../../relay/p2p/swarm-node.ts';
import { EventBus } from '../../relay/services/events.ts';
import type { Log } from '../../relay/services/log.ts';
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';
import { RpcRouter } from '../../relay/services/rpc.ts';
import { Membership } from '../../relay/services/membership.ts';
import type { Identity, LocalChunks } from '../../relay/services/ports.ts';
import { systemClock } from '../../relay/services/system-clock.ts';

const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420');

/** Keys by OpenSSL, so that what the links' library makes of them is checked by another implementation. */
export function makeIdentity(seed: Uint8Array = randomBytes(32)): Identity {
  const key = privateKeyOf(seed);
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  return { id: relayIdFromHash(createHash('sha256').update(publicKey).digest()), publicKey, seed };
}

function privateKeyOf(seed: Uint8Array): ReturnType<typeof createPrivateKey> {
  return createPrivateKey({
    key: Buffer.from(concatBytes(PKCS8_PREFIX, seed)),
    format: 'der',
    type: 'pkcs8',
  });
}

export interface StoredChunk {
  readonly id: ChunkId;
  readonly bytes: Uint8Array;
}

/** Random bytes under the id that a chunk of them has. */
export function makeChunk(sizeBytes: number): StoredChunk {
  const bytes = randomBytes(sizeBytes);
  const bodyHash = createHash('sha256').update(bytes.subarray(32)).digest();
  return {
    id: chunkIdFromHash(createHash('sha256').update(bytes.subarray(0, 32)).update(bodyHash).digest()),
    bytes,
  };
}

export class MemoryChunks implements LocalChunks {
  readonly stored = new Map<ChunkId, Uint8Array>();
  readonly #identity: Identity;
  /** Awaited before every read and store; tests hold them up here. */
  gate: () => Promise<void> = () => Promise.resolve();

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  async store(id: ChunkId, chunk: Uint8Array, nonceHex: string): Promise<Receipt> {
    await this.gate();
    const bodyHash = createHash('sha256').update(chunk.subarray(32)).digest();
    const hash = createHash('sha256').update(chunk.subarray(0, 32)).update(bodyHash).digest('hex');
    if (hash !== id) throw new AppError('HASH_MISMATCH', 'The chunk does not hash to its id.');
    this.stored.set(id, chunk);
    const { id: relay, publicKey, seed } = this.#identity;
    const receipt = { relay, public_key: toHex(publicKey), chunk: id, size: chunk.length, nonce: nonceHex };
    return { ...receipt, signature: sign(null, receiptMessage(receipt), privateKeyOf(seed)).toString('hex') };
  }

  async read(id: ChunkId): Promise<Uint8Array> {
    await this.gate();
    const chunk = this.stored.get(id);
    if (chunk === undefined) throw new AppError('NOT_FOUND', 'No such chunk here.');
    return chunk;
  }

  has(id: ChunkId): boolean {
    return this.stored.has(id);
  }
}

export interface RigNode extends AsyncDisposable {
  readonly id: RelayId;
  readonly identity: Identity;
  readonly node: SwarmNode;
  readonly membership: Membership;
  readonly chunks: MemoryChunks;
  readonly events: RelayEvent[];
  readonly linkPort: number;
  readonly url: string;
  /** Ids of the relays that it knows, itself included, sorted. */
  knows(): RelayId[];
}

export interface RigOptions extends Partial<SwarmSettings> {
  readonly identity?: Identity;
  readonly swarmKey?: SwarmKey;
  readonly machine?: string;
  readonly log?: Log;
}

const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** What `--join` asks a relay for over HTTP. */
export function joinAnswer(target: string | undefined, membership: Membership): string {
  const { id } = membership.self;
  const counters = { uptime_seconds: 1, capacity: 1000, used: 0, chunks: 0, peers: 1, links: 0 };
  const status = { id, api: 'lanvault/1', version: '1.0.0', ready: true, ...counters };
  // By id, as a relay answers: the one that is asked is anywhere in its list.
  const peers = membership.list().sort((a, b) => (a.id < b.id ? -1 : 1));
  return JSON.stringify(target === '/status' ? status : { peers, next: null });
}

/** A node that is announced. Discovery is off unless a port is given. */
export async function startNode(options: RigOptions = {}): Promise<RigNode> {
  const identity = options.identity ?? makeIdentity();
  const bus = new EventBus(() => Date.now());
  const events: RelayEvent[] = [];
  bus.subscribe((event) => events.push(event));
  const membership = new Membership({
    id: identity.id,
    capacity: 1000,
    machine: options.machine ?? 'test',
    clock: systemClock,
    events: bus,
  });
  const chunks = new MemoryChunks(identity);
  const settings = { host: '127.0.0.1', discoveryPort: 0, linkPort: 0, join: [], ...options };
  const log = options.log ?? quiet;
  const router = new RpcRouter();
  const node = createSwarmNode({
    identity,
    clock: systemClock,
    localChunks: chunks,
    membership,
    router,
    swarmKey: options.swarmKey ?? null,
    settings,
    log,
  });
  const { linkPort } = await node.listen();
  const http = createServer((request, response) => response.end(joinAnswer(request.url, membership)));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  await node.announce({ httpPort: port });
  return {
    id: identity.id,
    identity,
    node,
    membership,
    chunks,
    events,
    linkPort,
    url: `http://127.0.0.1:${String(port)}`,
    knows: () =>
      membership
        .list()
        .map((peer) => peer.id)
        .sort(),
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await Promise.all([node[Symbol.asyncDispose](), new Promise((resolve) => http.close(resolve))]);
    },
  };
}

/** A UDP port that nobody uses right now. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

export function allKnowAll(nodes: readonly RigNode[]): boolean {
  const everyone = nodes
    .map((node) => node.id)
    .sort()
    .join();
  return nodes.every((node) => node.knows().join() === everyone);
}
