/**
 * UDP discovery (DESIGN §6): beacons, and `QUERY_CHUNK`. Datagrams come in on a socket that all relays of a host share;
 * everything is sent from a socket of our own, to which answers come, since unicast to the shared port reaches one process only.
 */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { utf8 } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import { parseChunkId, parseRelayId } from '../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { MAX_CACHED_BEACONS, MAX_DATAGRAM_BYTES } from '../../shared/limits.ts';
import { Datagram } from '../../shared/protocol/datagrams.ts';
import type { QueryChunk } from '../../shared/protocol/datagrams.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { sealDatagram, unsealDatagram } from '../../shared/protocol/swarm-key.ts';
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';
import type { PeerAddress } from '../services/membership.ts';
import type { Clock } from '../services/ports.ts';
import { isLoopback } from './addresses.ts';
import { broadcastTargets } from './broadcast-targets.ts';
import { DatagramGate } from './datagram-gate.ts';
import type { Log } from '../services/log.ts';

const INTERFACES_INTERVAL_MS = 10_000;
const BEACON_JITTER = 0.1;
const LOWEST_REPLY_PORT = 1024;

export interface Beacon {
  readonly id: RelayId;
  readonly address: PeerAddress;
}

export interface DiscoveryOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What this relay listens on: how far beacons go. */
  readonly host: string;
  /** UDP port that all relays share. */
  readonly port: number;
  readonly selfId: RelayId;
  /** Of a private swarm, whose datagrams are sealed; null: a public one. */
  readonly swarmKey: SwarmKey | null;
  readonly has: (id: ChunkId) => boolean;
  /** Time until the next beacon, without jitter. */
  readonly intervalMs: () => number;
  readonly onBeacon: (beacon: Beacon) => void;
}

export interface BeaconPorts {
  /** HTTP port. */
  readonly port: number;
  readonly link: number;
}

/** Throws `BAD_INPUT` for anything that is not a valid datagram of ours. */
export function parseDatagram(bytes: Uint8Array): Datagram {
  if (bytes.length > MAX_DATAGRAM_BYTES) throw new AppError('BAD_INPUT', 'A datagram is too long.');
  return parseJsonWith(Datagram, new TextDecoder().decode(bytes), 'A datagram');
}

export class Discovery implements AsyncDisposable {
  readonly #options: DiscoveryOptions;
  readonly #receiver: Socket;
  readonly #sender: Socket;
  readonly #gate = new DatagramGate();
  /** A relay's beacon is the same bytes each time: recognised without being parsed. Key: address and port of its sender. */
  readonly #beacons = new Map<string, { bytes: Uint8Array; beacon: Beacon }>();
  readonly #queries = new Map<ChunkId, Set<(id: RelayId) => void>>();
  readonly #stopped = new AbortController();
  #targets: string[] = [];
  /** Set by `announce`; until then queries are not answered. */
  #httpPort: number | undefined;

  private constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#receiver = createSocket({ type: 'udp4', reuseAddr: true });
    this.#sender = createSocket({ type: 'udp4' });
  }

  /** Binds the sockets. Throws UNAVAILABLE when the port belongs to another program. */
  static async open(options: DiscoveryOptions): Promise<Discovery> {
    const discovery = new Discovery(options);
    try {
      await bind(discovery.#receiver, options.port, '0.0.0.0');
      await bind(discovery.#sender, 0, isLoopback(options.host) ? '127.0.0.1' : '0.0.0.0');
    } catch (cause) {
      await discovery[Symbol.asyncDispose]();
      throw cause;
    }
    discovery.#start();
    return discovery;
  }

  /** Sends beacons until disposed. */
  announce({ port, link }: BeaconPorts): void {
    const { clock, selfId, intervalMs } = this.#options;
    this.#httpPort = port;
    const beacon = utf8(JSON.stringify({ type: 'HELLO', v: 1, id: selfId, port, link }));
    const run = async (): Promise<void> => {
      for (;;) {
        this.#broadcast(beacon);
        const jitter = 1 + BEACON_JITTER * (2 * Math.random() - 1);
        await clock.sleep(intervalMs() * jitter, this.#stopped.signal);
      }
    };
    // Ends by rejection when discovery stops.
    run().catch(() => undefined);
  }

  /** Asks all relays in reach for a chunk. `onAnswer` gets what claims to have it, until the signal fires. */
  query(id: ChunkId, onAnswer: (relay: RelayId) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const listeners = this.#queries.get(id) ?? new Set();
    this.#queries.set(id, listeners.add(onAnswer));
    signal.addEventListener(
      'abort',
      () => {
        listeners.delete(onAnswer);
        if (listeners.size === 0 && this.#queries.get(id) === listeners) this.#queries.delete(id);
      },
      { once: true },
    );
    const reply = this.#sender.address().port;
    this.#broadcast(utf8(JSON.stringify({ type: 'QUERY_CHUNK', chunk_id: id, reply })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await Promise.all([close(this.#receiver), close(this.#sender)]);
  }

  #start(): void {
    const { clock, log } = this.#options;
    this.#sender.setBroadcast(true);
    this.#receiver.on('message', (bytes, from) => this.#receive(bytes, from));
    this.#sender.on('message', (bytes, from) => this.#receive(bytes, from));
    for (const socket of [this.#receiver, this.#sender]) {
      socket.on('error', (err) => log.warn({ err }, 'discovery socket'));
    }
    const readInterfaces = (): void => {
      try {
        this.#targets = broadcastTargets(networkInterfaces(), this.#options.host);
      } catch (err) {
        // Out of file descriptors: the ones known are still right, most likely.
        log.warn({ err }, 'the network interfaces could not be read');
      }
    };
    readInterfaces();
    clock.every(INTERFACES_INTERVAL_MS, readInterfaces, this.#stopped.signal);
  }

  #broadcast(plain: Uint8Array): void {
    const datagram = this.#sealed(plain);
    for (const target of this.#targets) {
      this.#sender.send(datagram, this.#options.port, target, (err) => {
        // An interface that is going down: the next round reads the interfaces again.
        if (err !== null) this.#options.log.debug({ err, target }, 'a datagram was not sent');
      });
    }
  }

  #receive(received: Uint8Array, from: RemoteInfo): void {
    if (isLoopback(this.#options.host) && !isLoopback(from.address)) return;
    if (!this.#gate.admits(from.address, this.#options.clock.now())) return;
    const bytes = this.#unsealed(received);
    if (bytes === null) return;
    const sender = `${from.address}:${from.port}`;
    const cached = this.#beacons.get(sender);
    if (cached !== undefined && Buffer.compare(cached.bytes, bytes) === 0) {
      this.#options.onBeacon(cached.beacon);
      return;
    }
    let datagram: Datagram;
    try {
      datagram = parseDatagram(bytes);
    } catch (cause) {
      this.#options.log.debug({ err: cause, from: from.address }, 'a datagram was dropped');
      return;
    }
    try {
      this.#handle(datagram, from, sender, bytes);
    } catch (err) {
      // An index on a failing disk, for one. A socket has nobody to throw to but the process.
      this.#options.log.warn({ err }, 'a datagram could not be handled');
    }
  }

  #handle(datagram: Datagram, from: RemoteInfo, sender: string, bytes: Uint8Array): void {
    switch (datagram.type) {
      case 'HELLO': {
        const beacon = {
          id: parseRelayId(datagram.id),
          address: { host: from.address, link: datagram.link },
        };
        if (this.#beacons.size >= MAX_CACHED_BEACONS) this.#beacons.clear();
        this.#beacons.set(sender, { bytes, beacon });
        this.#options.onBeacon(beacon);
        return;
      }
      case 'QUERY_CHUNK':
        this.#answer(datagram, from);
        return;
      case 'I_HAVE':
        for (const onAnswer of this.#queries.get(parseChunkId(datagram.chunk_id)) ?? []) {
          onAnswer(parseRelayId(datagram.id));
        }
    }
  }

  #sealed(datagram: Uint8Array): Uint8Array {
    const { swarmKey, clock } = this.#options;
    return swarmKey === null ? datagram : sealDatagram(swarmKey, datagram, clock.wallTime());
  }

  /** Null for what is not of this swarm. */
  #unsealed(bytes: Uint8Array): Uint8Array | null {
    const { swarmKey, clock } = this.#options;
    if (swarmKey === null || bytes.length > MAX_DATAGRAM_BYTES) return bytes;
    return unsealDatagram(swarmKey, bytes, clock.wallTime());
  }

  /** Answers to the asker's own port only: neither to the shared one nor to a system service. */
  #answer({ chunk_id, reply }: QueryChunk, from: RemoteInfo): void {
    const { port, selfId, has } = this.#options;
    if (this.#httpPort === undefined || reply === port || reply < LOWEST_REPLY_PORT) return;
    if (!has(parseChunkId(chunk_id))) return;
    const answer = utf8(JSON.stringify({ type: 'I_HAVE', chunk_id, id: selfId, port: this.#httpPort }));
    this.#sender.send(this.#sealed(answer), reply, from.address, (err) => {
      if (err !== null) this.#options.log.debug({ err }, 'an answer was not sent');
    });
  }
}

async function bind(socket: Socket, port: number, address: string): Promise<void> {
  const bound = Promise.withResolvers<undefined>();
  socket.once('error', (cause) => {
    bound.reject(new AppError('UNAVAILABLE', `Cannot use UDP port ${port} for discovery.`, { cause }));
  });
  socket.bind(port, address, () => bound.resolve(undefined));
  await bound.promise;
}

async function close(socket: Socket): Promise<void> {
  const closed = Promise.withResolvers<undefined>();
  socket.close(() => closed.resolve(undefined));
  await closed.promise;
}
