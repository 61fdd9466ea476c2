/** A link: one encrypted, authenticated connection to another relay, with its channels. */
import type Protomux from 'protomux';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import { LINK_PING_TIMEOUT_MS } from '../../shared/limits.ts';
import type { PeerAddress } from '../services/membership.ts';
import type { Clock } from '../services/ports.ts';
import type { RpcRouter } from '../services/rpc.ts';
import { openChunkChannel } from './chunk-channel.ts';
import type { ChunkAsker } from './chunk-asker.ts';
import type { ChunkChannel, ChunkChannelOptions } from './chunk-channel.ts';
import { withDeadline } from '../services/deadline.ts';
import type { LinkHello } from './hello.ts';
import { rawEncoding } from './json-encoding.ts';
import { PEERS_PROTOCOL } from './peer-list.ts';
import { openRpcChannel } from './rpc-channel.ts';
import type { RpcChannel } from './rpc-channel.ts';
import type { SecureStream } from './secure-stream.ts';

/** The hello channel after its handshake: pings, which prove that the peer's process still turns. */
export interface PingChannel {
  ping(): void;
  /** Called for each ping of the peer, which is answered without us. */
  onPing: () => void;
  /** Called for each pong. */
  onPong: () => void;
}

export interface LinkOptions extends Pick<ChunkChannelOptions, 'chunks' | 'budget' | 'log'> {
  readonly stream: SecureStream;
  readonly mux: Protomux;
  readonly clock: Clock;
  readonly id: RelayId;
  readonly isInitiator: boolean;
  readonly address: PeerAddress;
  readonly hello: LinkHello;
  readonly pings: PingChannel;
  /** An encoded `PeerList`, valid during the call only. Throws BAD_INPUT, which closes the link. */
  readonly onPeers: (link: Link, bytes: Uint8Array) => void;
  readonly router: RpcRouter;
}

export class Link {
  readonly id: RelayId;
  readonly isInitiator: boolean;
  /** Where the peer was dialled, or where it says that it can be, at the address that it came from. */
  readonly address: PeerAddress;
  readonly hello: LinkHello;
  /** Another link to the same relay is preferred: this one ends when its requests have. */
  surplus = false;
  /** Kept although idle, for peer exchange. */
  pinned = false;
  /** When the peer last sent anything; clock of the relay, ms. */
  lastHeardAt: number;
  #lastUsedAt: number;
  #requestsSeen = 0;
  readonly #options: LinkOptions;
  readonly #closed = new AbortController();
  readonly #chunks: ChunkChannel;
  readonly #rpc: RpcChannel;
  readonly #peers: Protomux.Message<Uint8Array>;
  readonly #peersChannel: Protomux.Channel<null>;
  readonly #pongs = new Set<() => void>();

  constructor(options: LinkOptions) {
    const { mux, chunks, budget, clock, log } = options;
    this.id = options.id;
    this.isInitiator = options.isInitiator;
    this.address = options.address;
    this.hello = options.hello;
    this.lastHeardAt = this.#lastUsedAt = clock.now();
    this.#options = options;
    options.stream.once('close', () => this.#onClosed());
    options.pings.onPong = () => this.#onPong();
    options.pings.onPing = () => this.#use();
    const close = (): void => this.close();
    this.#chunks = openChunkChannel({ mux, chunks, budget, clock, log, closed: this.closed, onClose: close });
    this.#rpc = openRpcChannel({
      mux,
      peer: this.id,
      router: options.router,
      budget,
      clock,
      log,
      closed: this.closed,
      onClose: close,
    });
    const peers = mux.createChannel({ protocol: PEERS_PROTOCOL, onclose: close });
    if (peers === null) throw new Error('The link is closed.');
    this.#peersChannel = peers;
    this.#peers = peers.addMessage({
      encoding: rawEncoding,
      onmessage: (bytes) => options.onPeers(this, bytes),
    });
    peers.open();
  }

  /** Fires when the link is lost, with the `AppError` that its requests end with. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Requests to the peer. Each counts as use of the link. */
  get chunks(): ChunkAsker {
    this.#use();
    return this.#chunks.asker;
  }

  /** Small requests to the peer. */
  get rpc(): Pick<RpcChannel, 'call'> {
    this.#use();
    return this.#rpc;
  }

  /** How long no request has been under way, in either direction, ms. */
  idleMs(): number {
    const { asker, answerer } = this.#chunks;
    const seen = answerer.received + this.#rpc.received;
    const active = asker.active + answerer.active + this.#rpc.active;
    if (active > 0 || seen !== this.#requestsSeen) this.#use();
    this.#requestsSeen = seen;
    return this.#options.clock.now() - this.#lastUsedAt;
  }

  /** Resolves when the peer has answered. Throws TIMEOUT or UNAVAILABLE. */
  async ping(signal: AbortSignal): Promise<void> {
    const pong = Promise.withResolvers<undefined>();
    const onPong = (): void => pong.resolve(undefined);
    this.#pongs.add(onPong);
    this.#use();
    const either = AbortSignal.any([signal, this.closed]);
    try {
      this.#options.pings.ping();
      await withDeadline(this.#options.clock, LINK_PING_TIMEOUT_MS, 'A ping', either, () => pong.promise);
    } finally {
      this.#pongs.delete(onPong);
    }
  }

  /** Sends an encoded `PeerList`; drops it while the stream is full, since a newer one follows. */
  sendPeers(list: Uint8Array): void {
    if (this.#peersChannel.drained) this.#peers.send(list);
  }

  /** Ends the link at once; requests under way fail with UNAVAILABLE. */
  close(): void {
    this.#options.stream.destroy();
    this.#onClosed();
  }

  #use(): void {
    this.#lastUsedAt = this.#options.clock.now();
  }

  #onPong(): void {
    for (const onPong of this.#pongs) onPong();
  }

  #onClosed(): void {
    if (this.closed.aborted) return;
    this.#chunks.answerer.close();
    this.#closed.abort(new AppError('UNAVAILABLE', 'The link to the relay was lost.'));
  }
}
