/** This relay's part in the swarm: composes links, discovery, joins, peer exchange and membership. */
import { isIP } from 'node:net';
import { beaconIntervalMs } from '../services/membership.ts';
import type { Membership, PeerAddress } from '../services/membership.ts';
import type { Clock, Identity, LocalChunks, PeerTransport } from '../services/ports.ts';
import type { Introduce, RelayHint } from '../services/introduce.ts';
import type { LinkKeeper } from '../services/mesh/link-keeper.ts';
import type { PeerRpc, RpcRouter } from '../services/rpc.ts';
import type { RelayId } from '../../shared/ids.ts';
import {
  MAX_LINK_BUFFER_BYTES,
  MAX_PROBE_DIALS,
  RECALL_INTERVAL_MS,
  RECALL_MS,
} from '../../shared/limits.ts';
import { AppError } from '../../shared/errors.ts';
import type { AddedRelay } from '../../shared/protocol/operator-routes.ts';
import { withSwarmSession } from '../../shared/protocol/swarm-session.ts';
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';
import { hostFrom, isWildcard } from './addresses.ts';
import { ByteBudget } from './byte-budget.ts';
import { Candidates } from './candidates.ts';
import type { Dial } from './candidates.ts';
import { Discovery } from './discovery.ts';
import { Joins } from './joins.ts';
import type { Link } from './link.ts';
import { LinkRpc } from './link-rpc.ts';
import { LinkPool } from './link-pool.ts';
import { LinkTransport } from './link-transport.ts';
import type { Log } from '../services/log.ts';
import { PeerExchange } from './peer-exchange.ts';
import { PoolKeeper } from './pool-keeper.ts';
import { noiseKeyPair } from './secure-stream.ts';

const TICK_INTERVAL_MS = 500;

export interface SwarmSettings {
  /** Address that links listen on; loopback keeps discovery on loopback too. */
  readonly host: string;
  /** UDP port shared by all relays; 0: no discovery. */
  readonly discoveryPort: number;
  /** TCP port; 0: any. */
  readonly linkPort: number;
  /** HTTP URLs of relays to join. */
  readonly join: readonly string[];
}

export interface SwarmNodeOptions {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly localChunks: LocalChunks;
  readonly membership: Membership;
  readonly router: RpcRouter;
  /** Makes the swarm private; null: public. */
  readonly swarmKey: SwarmKey | null;
  readonly settings: SwarmSettings;
  readonly log: Log;
}

export interface SwarmNode extends AsyncDisposable {
  readonly transport: PeerTransport;
  readonly rpc: PeerRpc;
  readonly links: LinkKeeper;
  readonly introduce: Introduce;
  readonly joins: { add(address: string, signal: AbortSignal): Promise<AddedRelay> };
  /** Relays that a link is open to. */
  readonly linkCount: number;
  /** Accepts links. Throws UNAVAILABLE when the port is taken. */
  listen(): Promise<{ linkPort: number }>;
  /** Says hello: beacons, joins and verification begin. Call it once, when HTTP answers. Throws UNAVAILABLE when the UDP port is taken. */
  announce(ready: { httpPort: number }): Promise<void>;
}

/** Throws `BAD_INPUT` for a join URL that is none. */
export function createSwarmNode(options: SwarmNodeOptions): SwarmNode {
  return new RelaySwarmNode(options);
}

class RelaySwarmNode implements SwarmNode {
  readonly transport: PeerTransport;
  readonly rpc: PeerRpc;
  readonly links: PoolKeeper;
  readonly joins: Joins;
  readonly introduce: Introduce = (hint, teller, signal) => this.#introduce(hint, teller, signal);
  readonly #options: SwarmNodeOptions;
  readonly #pool: LinkPool;
  readonly #candidates: Candidates;
  readonly #exchange: PeerExchange;
  readonly #probing = new Set<RelayId>();
  readonly #stopped = new AbortController();
  #discovery: Discovery | undefined;
  #linkPort = 0;
  #announced = false;

  constructor(options: SwarmNodeOptions) {
    const { identity, clock, membership, settings, log, localChunks, router } = options;
    this.#options = options;
    this.#candidates = new Candidates(identity.id);
    this.#pool = new LinkPool({
      selfId: identity.id,
      keyPair: noiseKeyPair(identity),
      swarmKey: options.swarmKey,
      chunks: localChunks,
      router,
      budget: new ByteBudget(MAX_LINK_BUFFER_BYTES),
      clock,
      log,
      hello: () => {
        const { port, link, capacity, machine } = membership.self;
        return { port, link, capacity, machine, beat: membership.beat };
      },
      onPeers: (link, bytes) => this.#exchange.receive(link, bytes),
      addressesOf: (id) => membership.addressesOf(id),
      onLink: (link) => this.#onLink(link),
      onLost: (id) => this.links.lost(id),
      keeps: (id) => this.links.keeps(id),
      accepts: () => this.#announced,
    });
    this.links = new PoolKeeper(this.#pool);
    this.#exchange = new PeerExchange({
      clock,
      membership,
      onHint: (id, address) => this.#onHint(id, address),
      open: (id, signal) => this.#pool.get(id, signal),
      seeksLinks: () => settings.discoveryPort === 0 || this.joins.any,
    });
    this.joins = new Joins({
      ...{ clock, log, membership, selfId: identity.id, urls: settings.join },
      fetch: options.swarmKey === null ? fetch : withSwarmSession(fetch, options.swarmKey),
      dial: (address, id, signal) => this.#linkTo(address, id, signal),
      pin: (link) => this.#exchange.pin(link),
      onHint: (id, address) => this.#onHint(id, address),
      stopped: this.#stopped.signal,
    });
    this.rpc = new LinkRpc(this.#pool);
    this.transport = new LinkTransport({
      clock,
      pool: this.#pool,
      membership,
      discovery: () => this.#discovery,
    });
  }

  get linkCount(): number {
    return this.#pool.size;
  }

  async listen(): Promise<{ linkPort: number }> {
    const { host, linkPort } = this.#options.settings;
    this.#linkPort = await this.#pool.listen(host, linkPort);
    return { linkPort: this.#linkPort };
  }

  async announce({ httpPort }: { httpPort: number }): Promise<void> {
    const { clock, membership, settings } = this.#options;
    const host = isWildcard(settings.host) ? '127.0.0.1' : settings.host;
    membership.setSelf({ host, port: httpPort, link: this.#linkPort });
    this.#announced = true;
    if (settings.discoveryPort !== 0) await this.#startDiscovery(httpPort);
    clock.every(TICK_INTERVAL_MS, () => this.#tick(), this.#stopped.signal);
    clock.every(RECALL_INTERVAL_MS, () => this.#recall(), this.#stopped.signal);
    this.#exchange.start();
    this.joins.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new AppError('UNAVAILABLE', 'The relay is stopping.'));
    this.#exchange[Symbol.dispose]();
    await Promise.all([this.#pool[Symbol.asyncDispose](), this.#discovery?.[Symbol.asyncDispose]()]);
  }

  async #startDiscovery(httpPort: number): Promise<void> {
    const { identity, clock, membership, settings, log, localChunks } = this.#options;
    this.#discovery = await Discovery.open({
      clock,
      log,
      host: settings.host,
      swarmKey: this.#options.swarmKey,
      port: settings.discoveryPort,
      selfId: identity.id,
      has: (id) => localChunks.has(id),
      intervalMs: () => beaconIntervalMs(membership.relaysOn(membership.self.machine)),
      onBeacon: ({ id, address }) => {
        if (!membership.heardBeacon(id, address)) this.#onHint(id, address);
      },
    });
    this.#discovery.announce({ port: httpPort, link: this.#linkPort });
  }

  /** The open link to a relay, or a new one to an address that it should be at. */
  async #linkTo(address: PeerAddress, id: RelayId, signal: AbortSignal): Promise<Link> {
    return this.#pool.peek(id) ?? (await this.#pool.dial(address, id, signal));
  }

  async #introduce({ id, host: told, link }: RelayHint, teller: RelayId, signal: AbortSignal): Promise<void> {
    const via = this.#options.membership.get(teller)?.host ?? told;
    const host = hostFrom(told, via);
    // A name would be looked up wherever its teller likes.
    if (isIP(host) === 0) throw new AppError('BAD_INPUT', 'A relay is said to be where no address is.');
    await this.#linkTo({ host, link }, id, signal);
  }

  /** False: there is no room for one more relay, at least not for one at this address. */
  #onLink(link: Link): boolean {
    const { port, capacity, machine, beat } = link.hello;
    const { id, address } = link;
    this.#candidates.remove(id);
    return this.#options.membership.verified({ id, address, port, capacity, machine, beat });
  }

  #onHint(id: RelayId, address: PeerAddress): void {
    if (this.#options.membership.get(id) !== undefined) return;
    if (this.#candidates.hint(id, address, this.#options.clock.now())) this.#verifyDue();
  }

  #verifyDue(): void {
    for (const dial of this.#candidates.take(this.#options.clock.now())) void this.#verify(dial);
  }

  async #verify({ id, address }: Dial): Promise<void> {
    const { clock, log } = this.#options;
    await this.#linkTo(address, id, this.#stopped.signal).catch((cause: unknown) => {
      log.debug({ err: cause, relay: id, ...address }, 'a relay that was heard of did not prove itself');
    });
    // Proven ones have been removed from the candidates.
    this.#candidates.failed(id, clock.now());
    if (!this.#stopped.signal.aborted) this.#verifyDue();
  }

  #tick(): void {
    const { membership } = this.#options;
    for (const link of this.#pool.all()) membership.heard(link.id, link.lastHeardAt);
    const { probe, gone } = membership.tick();
    for (const id of gone) this.#pool.closeAll(id);
    for (const id of probe) {
      if (this.#probing.has(id)) continue;
      // Pings are cheap; dials are not, and those that must wait are named again by a later tick.
      if (this.#pool.peek(id) === undefined && this.#probing.size >= MAX_PROBE_DIALS) continue;
      void this.#probe(id);
    }
    this.#verifyDue();
  }

  /**
   * Tries one of the relays that are gone, at random: where beacons do not reach, nobody else would tell the two sides of a
   * network that was cut of each other. One that answers tells of the rest.
   */
  #recall(): void {
    const gone = this.#options.membership.away(RECALL_MS);
    const chosen = gone[Math.floor(Math.random() * gone.length)];
    if (chosen === undefined) return;
    const { id, host, link } = chosen.peer;
    this.#onHint(id, { host, link });
  }

  async #probe(id: RelayId): Promise<void> {
    const { membership } = this.#options;
    this.#probing.add(id);
    membership.probeStarted(id);
    const open = this.#pool.peek(id);
    try {
      if (open === undefined) await this.#pool.get(id, this.#stopped.signal);
      else await open.ping(this.#stopped.signal);
      membership.heard(id);
    } catch (cause) {
      this.#options.log.debug({ err: cause, relay: id }, 'a quiet relay did not answer');
      membership.probeFailed(id);
    } finally {
      this.#probing.delete(id);
    }
  }
}
