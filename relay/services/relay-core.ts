/**
 * Everything that a relay is besides its sockets: the services over one chunk store, joined to the swarm by whatever
 * `connect` makes. The relay process gives it links and HTTP, the test rig a simulated network and a virtual clock.
 */
import type { Signer } from '../../shared/crypto/sign.ts';
import { ASKED_HOLDINGS, DEFAULT_REPAIR_GRACE_MS } from '../../shared/limits.ts';
import type { RelayReport } from '../../shared/protocol/topology.ts';
import type { ChunkStore } from '../storage/chunk-store.ts';
import { Care } from './care/care.ts';
import type { CoreLimits } from './core-limits.ts';
import { ChunkReader } from './chunk-reader.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { SwarmDeletion, closedUntilCaughtUp } from './deletion/swarm-deletion.ts';
import { Dht } from './dht/dht.ts';
import { EventBus } from './events.ts';
import { EventCounts } from './event-counts.ts';
import { answerHoldings } from './holdings.ts';
import { Inventories, answerInventory } from './inventory.ts';
import type { Introduce } from './introduce.ts';
import { LocalChunkService } from './local-chunk-service.ts';
import type { Log } from './log.ts';
import { Locate } from './locate/locate.ts';
import { Membership } from './membership.ts';
import type { LinkKeeper } from './mesh/link-keeper.ts';
import { Mesh } from './mesh/mesh.ts';
import { TopologyService } from './mesh/topology.ts';
import { NegativeCache } from './negative-cache.ts';
import { PeerBudget } from './peer-budget.ts';
import type { Clock, Identity, PeerTransport } from './ports.ts';
import { RpcRouter } from './rpc.ts';
import type { PeerRpc } from './rpc.ts';

/** What a network needs of a relay to carry requests to it. */
export interface CoreSockets {
  readonly local: LocalChunkService;
  readonly membership: Membership;
  readonly router: RpcRouter;
}

/** What a relay needs of a network. */
export interface CoreNetwork {
  readonly transport: PeerTransport;
  readonly rpc: PeerRpc;
  readonly links: LinkKeeper;
  readonly introduce: Introduce;
}

export interface RelayCoreOptions {
  readonly identity: Identity;
  readonly signer: Signer;
  readonly store: ChunkStore;
  readonly capacityBytes: number;
  /** Opaque; equal for relays on one host. */
  readonly machine: string;
  /** Of the software. */
  readonly version: string;
  readonly limits: CoreLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a relay may be away before its chunks are made anew elsewhere; default `DEFAULT_REPAIR_GRACE_MS`. */
  readonly repairGraceMs?: number;
  /** Uniform in [0, 1); default `Math.random`. */
  readonly random?: () => number;
}

export class RelayCore<N extends CoreNetwork> implements AsyncDisposable {
  readonly events: EventBus;
  readonly eventCounts: EventCounts;
  readonly local: LocalChunkService;
  readonly membership: Membership;
  readonly router = new RpcRouter();
  readonly network: N;
  readonly mesh: Mesh;
  readonly topology: TopologyService;
  readonly inventories: Inventories;
  readonly writer: ChunkWriter;
  readonly reader: ChunkReader;
  readonly deletion: SwarmDeletion;
  readonly dht: Dht;
  readonly locate: Locate;
  readonly care: Care;
  readonly #stopped = new AbortController();

  constructor(options: RelayCoreOptions, connect: (sockets: CoreSockets) => N) {
    const { identity, signer, store, capacityBytes, machine, version, limits, clock, log } = options;
    const graceMs = options.repairGraceMs ?? DEFAULT_REPAIR_GRACE_MS;
    this.events = new EventBus(() => clock.wallTime());
    this.eventCounts = new EventCounts(this.events);
    const unknown = new NegativeCache(() => clock.now());
    const gate = closedUntilCaughtUp(store);
    this.local = new LocalChunkService({ store, identity, signer, events: this.events, unknown, gate });
    this.membership = new Membership({
      id: identity.id,
      capacity: capacityBytes,
      machine,
      clock,
      events: this.events,
      graceMs,
    });
    // Nobody may rely on what a leaving relay has.
    const asked = new PeerBudget(() => clock.now(), ASKED_HOLDINGS);
    answerHoldings(this.router, (id) => !this.care.departure.leaving && this.local.has(id), asked);
    const ownRows = (after: string, limit: number) => this.local.inventory(after, limit);
    answerInventory(this.router, ownRows, asked);
    this.network = connect(this);
    const { transport, rpc, links, introduce } = this.network;
    const { membership, router, events } = this;
    const random = options.random ?? Math.random;
    const report = async (): Promise<RelayReport> => {
      const room = await this.local.room();
      const { chunks, bytes } = this.local.usage;
      return { version, used: bytes, room, chunks, restored: this.eventCounts.of('repair-moved') };
    };
    this.mesh = new Mesh({ membership, links, rpc, router, clock, events, log, random, report });
    this.topology = new TopologyService({
      ...{ membership, mesh: this.mesh, rpc, clock, report },
      stopped: this.stopped,
    });
    this.inventories = new Inventories(identity.id, ownRows, this.network.rpc);
    const common = { local: this.local, transport, events: this.events, unknown, clock, log };
    this.writer = new ChunkWriter({
      ...common,
      self: identity.id,
      maxConcurrentPuts: limits.maxConcurrentPuts,
    });
    this.dht = new Dht({
      ...{ members: membership, events, rpc, router, introduce, clock, log, random },
      database: store.database,
      isLeaving: () => this.care.departure.leaving,
      stopped: this.stopped,
    });
    this.locate = new Locate({
      ...{ members: membership, node: this.dht.node, mesh: this.mesh, local: this.local, transport },
      ...{ database: store.database, events, rpc, router, clock, log, random },
      strategies: limits.locateBy,
      stopped: this.stopped,
    });
    this.reader = new ChunkReader({
      ...common,
      directory: this.membership,
      locator: this.locate.locator,
      hedgeMs: limits.hedgeMs,
      maxConcurrentProxiedGets: limits.maxConcurrentProxiedGets,
    });
    this.deletion = new SwarmDeletion({
      ...{ self: identity.id, store, gate, membership, mesh: this.mesh, rpc, router, events },
      ...{ clock, log, random, stopped: this.stopped },
    });
    this.care = new Care({
      ...{
        store,
        local: this.local,
        membership,
        router,
        rpc,
        transport,
        events,
        clock,
        log,
        graceMs,
        random,
      },
      isReady: () => gate.isOpen,
      farewells: [(signal) => this.dht.handOver(signal)],
      stopped: this.stopped,
    });
  }

  /** Begins what needs other relays. Call it once, when this one is announced; it ends when the core is disposed of. */
  start(): void {
    this.mesh.start(this.stopped);
    this.deletion.start();
    this.dht.start();
    this.locate.start();
    this.care.start();
  }

  /** What `GET /metrics` shows besides events, by name. */
  gauges(): Readonly<Record<string, { readonly help: string; readonly value: number }>> {
    const { chunks, bytes } = this.local.usage;
    const records = this.dht.recordCounts;
    return {
      ready: {
        help: 'Whether chunks are given out: 1, or 0 right after a start',
        value: Number(this.local.ready),
      },
      chunks: { help: 'Chunks held', value: chunks },
      used_bytes: { help: 'Bytes of the chunks held', value: bytes },
      capacity_bytes: { help: 'Bytes lent to the swarm', value: this.local.capacityBytes },
      peers: { help: 'Live relays known, this one included', value: this.membership.size },
      links: { help: 'Relays that a link is open to', value: this.network.links.linked().length },
      records: { help: 'Records kept: atomic ones, and rows of lists', value: records.atomic + records.rows },
      tombstones: { help: 'Deletions remembered', value: this.deletion.size },
      mesh_neighbours: { help: 'Gossip neighbours', value: this.mesh.neighbours().length },
    };
  }

  /** Fires when the core is disposed of: the owner of every timer of its services. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.care.ended();
  }
}
