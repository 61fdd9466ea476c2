/** A relay's part in a virtual swarm: what `relay/p2p` is to a real one, over virtual wires. */
import type { Static, TSchema } from 'typebox';
import { Candidates } from '../../relay/p2p/candidates.ts';
import type { Dial } from '../../relay/p2p/candidates.ts';
import { abortable, withDeadline } from '../../relay/services/deadline.ts';
import type { RelayHint } from '../../relay/services/introduce.ts';
import { beaconIntervalMs } from '../../relay/services/membership.ts';
import type { PeerAddress } from '../../relay/services/membership.ts';
import type { LinkKeeper } from '../../relay/services/mesh/link-keeper.ts';
import type { Clock, PeerTransport } from '../../relay/services/ports.ts';
import type { CoreNetwork, CoreSockets } from '../../relay/services/relay-core.ts';
import type { PeerRpc, RpcMethod } from '../../relay/services/rpc.ts';
import { AppError, abortError } from '../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import {
  LINK_HANDSHAKE_TIMEOUT_MS,
  LINK_IDLE_TIMEOUT_MS,
  LINK_KEEPALIVE_MS,
  LINK_SILENCE_TIMEOUT_MS,
  QUERY_CHUNK_TIMEOUT_MS,
} from '../../shared/limits.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';
import { LinkEnd } from './virtual-link.ts';
import type { Port, VirtualNetwork } from './virtual-network.ts';
import type { VirtualProcess } from './virtual-time.ts';

const TICK_INTERVAL_MS = 500;
const HTTP_PORT = 8000;

export interface NodeOptions {
  readonly id: RelayId;
  readonly clock: Clock;
  readonly process: VirtualProcess;
  readonly network: VirtualNetwork;
  readonly port: Port;
  /** TCP port of the links: a new one after every start, as with `--link-port 0`. */
  readonly linkPort: number;
  /** Whether beacons are sent and heard. */
  readonly discovery: boolean;
  readonly sockets: CoreSockets;
  /** Something that must not happen has happened. */
  readonly fault: (what: string, cause: unknown) => void;
}

export class VirtualNode implements CoreNetwork, AsyncDisposable {
  readonly id: RelayId;
  readonly clock: Clock;
  readonly process: VirtualProcess;
  readonly port: Port;
  readonly sockets: CoreSockets;
  readonly fault: NodeOptions['fault'];
  readonly transport: PeerTransport = {
    putChunk: (to, id, chunk, nonceHex, signal) =>
      this.#request(to, signal, (end) => end.put(id, chunk, nonceHex, signal)),
    getChunk: (from, id, signal) => this.#request(from, signal, (end) => end.get(id, signal)),
    queryChunk: (id, signal) => this.#query(id, signal),
  };
  readonly rpc: PeerRpc = {
    call: <P extends TSchema, R extends TSchema>(
      to: RelayId,
      method: RpcMethod<P, R>,
      params: Static<P>,
      signal: AbortSignal,
    ) => this.#call(to, method, params, signal),
  };
  readonly links: LinkKeeper = {
    linked: () => [...this.#ends.keys()],
    open: async (id, signal) => {
      await this.#get(id, signal);
    },
    keep: (ids) => {
      this.#kept = new Set(ids);
    },
    onLost: (listener, signal) => {
      if (signal.aborted) return;
      this.#lostListeners.add(listener);
      signal.addEventListener('abort', () => this.#lostListeners.delete(listener), { once: true });
    },
  };
  readonly #options: NodeOptions;
  readonly #network: VirtualNetwork;
  /** Every open link; dials that crossed leave two to one relay. */
  readonly #open = new Set<LinkEnd>();
  /** The one of them that requests to a relay use. */
  readonly #ends = new Map<RelayId, LinkEnd>();
  readonly #dials = new Map<RelayId, Promise<LinkEnd>>();
  readonly #candidates: Candidates;
  readonly #probing = new Set<RelayId>();
  readonly #lostListeners = new Set<(id: RelayId) => void>();
  readonly #stopped = new AbortController();
  #kept: ReadonlySet<RelayId> = new Set();
  #announced = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.#network = options.network;
    this.id = options.id;
    this.clock = options.clock;
    this.process = options.process;
    this.port = options.port;
    this.sockets = options.sockets;
    this.fault = options.fault;
    this.#candidates = new Candidates(options.id);
    options.port.node = this;
  }

  get name(): string {
    return String(this.port.index);
  }

  introduce = async ({ id, host, link }: RelayHint, _teller: RelayId, signal: AbortSignal): Promise<void> => {
    await this.#linkTo({ host, link }, id, signal);
  };

  /** Says hello from now on. */
  announce(): void {
    const { linkPort, discovery } = this.#options;
    this.sockets.membership.setSelf({ host: this.port.host, port: HTTP_PORT, link: linkPort });
    this.#announced = true;
    if (discovery) void this.#sendBeacons();
    this.clock.every(TICK_INTERVAL_MS, () => this.#tick(), this.#stopped.signal);
    this.clock.every(LINK_KEEPALIVE_MS, () => this.#keepAlive(), this.#stopped.signal);
  }

  /** As `--join`: links to a relay that need not be heard. Throws what a dial throws. */
  async join(port: Port): Promise<void> {
    const { node } = port;
    if (node === null) throw new AppError('UNAVAILABLE', 'Nothing runs there.');
    await this.#linkTo({ host: port.host, link: node.#options.linkPort }, node.id, this.#stopped.signal);
  }

  /** The process has died: the system resets its connections, unless the whole host is off. */
  died(): void {
    for (const end of this.#open) end.reset();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new AppError('UNAVAILABLE', 'The relay is stopping.'));
    for (const end of [...this.#open]) end.close();
    this.#announced = false;
    return Promise.resolve();
  }

  async #sendBeacons(): Promise<void> {
    const { membership } = this.sockets;
    const address = { host: this.port.host, link: this.#options.linkPort };
    // Relays of different hosts do not start in step.
    let waitMs = this.#network.random() * beaconIntervalMs(1);
    for (;;) {
      try {
        await this.clock.sleep(waitMs, this.#stopped.signal);
      } catch {
        return;
      }
      for (const port of this.#network.ports) {
        if (port !== this.port)
          this.#network.datagram(this.port, port, () => port.node?.heardBeacon(this.id, address));
      }
      waitMs = beaconIntervalMs(membership.relaysOn(membership.self.machine));
    }
  }

  heardBeacon(id: RelayId, address: PeerAddress): void {
    if (!this.#announced || !this.#options.discovery) return;
    if (this.sockets.membership.heardBeacon(id, address)) return;
    if (this.#candidates.hint(id, address, this.clock.now())) this.#verifyDue();
  }

  #verifyDue(): void {
    for (const dial of this.#candidates.take(this.clock.now())) void this.#verify(dial);
  }

  async #verify({ id, address }: Dial): Promise<void> {
    await this.#linkTo(address, id, this.#stopped.signal).catch(nothing);
    this.#candidates.failed(id, this.clock.now());
    if (!this.#stopped.signal.aborted) this.#verifyDue();
  }

  #tick(): void {
    const { membership } = this.sockets;
    const now = this.clock.now();
    for (const end of [...this.#open]) {
      membership.heard(end.peerId, end.lastHeardAt);
      if (end.active > 0) end.lastUsedAt = now;
      const idle =
        end.isInitiator && !this.#kept.has(end.peerId) && now - end.lastUsedAt > LINK_IDLE_TIMEOUT_MS;
      if (idle || now - end.lastHeardAt > LINK_SILENCE_TIMEOUT_MS) end.close();
    }
    const { probe, gone } = membership.tick();
    for (const end of [...this.#open]) if (gone.includes(end.peerId)) end.close();
    for (const id of probe) if (!this.#probing.has(id)) void this.#probe(id);
    this.#verifyDue();
  }

  async #probe(id: RelayId): Promise<void> {
    const { membership } = this.sockets;
    this.#probing.add(id);
    membership.probeStarted(id);
    const open = this.#ends.get(id);
    try {
      if (open === undefined) await this.#get(id, this.#stopped.signal);
      else await open.ping(this.#stopped.signal);
      membership.heard(id);
    } catch {
      membership.probeFailed(id);
    } finally {
      this.#probing.delete(id);
    }
  }

  #keepAlive(): void {
    for (const end of this.#open) end.keepAlive();
  }

  async #linkTo(address: PeerAddress, id: RelayId, signal: AbortSignal): Promise<LinkEnd> {
    return this.#ends.get(id) ?? (await this.#dial(address, id, signal));
  }

  /** The open link to a member, or a new one; callers share one dial. */
  async #get(id: RelayId, signal: AbortSignal): Promise<LinkEnd> {
    const open = this.#ends.get(id);
    if (open !== undefined) return open;
    let dial = this.#dials.get(id);
    if (dial === undefined) {
      dial = this.#dialAny(id).finally(() => this.#dials.delete(id));
      this.#dials.set(id, dial);
    }
    return abortable(signal, dial);
  }

  async #dialAny(id: RelayId): Promise<LinkEnd> {
    let failure = new AppError('UNAVAILABLE', 'The relay is not known here.');
    for (const address of this.sockets.membership.addressesOf(id)) {
      try {
        return await this.#dial(address, id, this.#stopped.signal);
      } catch (cause) {
        failure = AppError.from(cause, 'UNAVAILABLE');
      }
    }
    throw failure;
  }

  #dial(address: PeerAddress, id: RelayId, signal: AbortSignal): Promise<LinkEnd> {
    const either = AbortSignal.any([signal, this.#stopped.signal]);
    const to = this.#network.ports.find(({ host }) => host === address.host);
    return withDeadline(this.clock, LINK_HANDSHAKE_TIMEOUT_MS, 'A connection', either, (stop) => {
      const linked = Promise.withResolvers<LinkEnd>();
      // Nobody is at the address: no answer comes.
      if (to === undefined) return linked.promise;
      const back = (fire: () => void): void => {
        this.#network.segment(to, this.port, 0, () => {
          if (this.port.node === this) this.#network.deliver(this.port, fire);
        });
      };
      const refuse = (code: 'UNAVAILABLE' | 'FORBIDDEN', message: string): void =>
        back(() => linked.reject(new AppError(code, message)));
      this.#network.trace(`${this.name} dials ${String(to.index)}`);
      this.#network.segment(this.port, to, 0, () => {
        const { node } = to;
        if (
          node === null ||
          node.process.dead ||
          !node.#announced ||
          node.#options.linkPort !== address.link
        ) {
          refuse('UNAVAILABLE', 'The relay cannot be reached.');
          return;
        }
        this.#network.deliver(to, () => {
          if (node.id !== id) refuse('FORBIDDEN', 'Another relay answers there.');
          else {
            back(() => {
              // Whoever dialled has given up by now.
              if (!stop.aborted) linked.resolve(this.#ends.get(id) ?? this.#link(node));
            });
          }
        });
      });
      return linked.promise;
    });
  }

  /** The handshake is over. */
  #link(other: VirtualNode): LinkEnd {
    const [near, far] = LinkEnd.pair(this.#network, this, other);
    this.#add(near, other);
    this.#network.segment(this.port, other.port, 0, () => {
      if (other.port.node === other) this.#network.deliver(other.port, () => other.#add(far, this));
      else near.lose();
    });
    return near;
  }

  #add(end: LinkEnd, peer: VirtualNode): void {
    if (end.closed.aborted || this.#stopped.signal.aborted) return;
    this.#open.add(end);
    if (!this.#ends.has(end.peerId)) this.#ends.set(end.peerId, end);
    end.closed.addEventListener('abort', () => this.#remove(end), { once: true });
    const { membership } = peer.sockets;
    const { host, port, link, capacity, machine } = membership.self;
    this.#candidates.remove(end.peerId);
    this.sockets.membership.verified({
      id: end.peerId,
      address: { host, link },
      port,
      capacity,
      machine,
      beat: membership.beat,
    });
  }

  #remove(end: LinkEnd): void {
    this.#open.delete(end);
    if (this.#ends.get(end.peerId) !== end) return;
    this.#ends.delete(end.peerId);
    const other = [...this.#open].find(({ peerId }) => peerId === end.peerId);
    if (other !== undefined) {
      this.#ends.set(end.peerId, other);
      return;
    }
    for (const listener of [...this.#lostListeners]) listener(end.peerId);
  }

  async #call<P extends TSchema, R extends TSchema>(
    to: RelayId,
    method: RpcMethod<P, R>,
    params: Static<P>,
    signal: AbortSignal,
  ): Promise<Static<R>> {
    const result = await this.#request(to, signal, (end) => end.call(method.name, params, signal));
    try {
      return parseWith(method.result, result, 'A relay’s answer');
    } catch (cause) {
      throw new AppError('CORRUPT', 'A relay gave an answer that is not understood.', { cause });
    }
  }

  /** Once more on a new link when the old one had just been lost. */
  async #request<T>(to: RelayId, signal: AbortSignal, run: (end: LinkEnd) => Promise<T>): Promise<T> {
    const reused = this.#ends.get(to);
    try {
      return await run(await this.#get(to, signal));
    } catch (cause) {
      if (signal.aborted) throw abortError(signal);
      if (reused === undefined || AppError.from(cause) !== reused.closed.reason) throw AppError.from(cause);
      return await run(await this.#get(to, signal));
    }
  }

  async *#query(id: ChunkId, signal: AbortSignal): AsyncGenerator<RelayId> {
    if (!this.#options.discovery || signal.aborted) return;
    const over = new AbortController();
    const ended = AbortSignal.any([signal, over.signal]);
    const answers: RelayId[] = [];
    let news = Promise.withResolvers<undefined>();
    ended.addEventListener('abort', () => news.resolve(undefined), { once: true });
    void this.clock.sleep(QUERY_CHUNK_TIMEOUT_MS, ended).then(() => over.abort(), nothing);
    const onAnswer = (relay: RelayId): void => {
      if (this.sockets.membership.get(relay) === undefined) return;
      answers.push(relay);
      news.resolve(undefined);
    };
    for (const port of this.#network.ports) {
      if (port === this.port) continue;
      this.#network.datagram(this.port, port, () => {
        const { node } = port;
        if (node?.sockets.local.has(id) !== true) return;
        this.#network.datagram(port, this.port, () => onAnswer(node.id));
      });
    }
    try {
      while (!ended.aborted) {
        await news.promise;
        news = Promise.withResolvers<undefined>();
        yield* answers.splice(0);
      }
    } finally {
      over.abort();
    }
  }
}

function nothing(): void {
  return undefined;
}
