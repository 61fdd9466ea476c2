/** One relay's services and HTTP server over a real store and a fake swarm; nothing listens until a test wants it. */
import { DEFAULT_LIMITS } from '../../../relay/config/config.ts';
import type { RelayLimits } from '../../../relay/config/config.ts';
import { registerApi } from '../../../relay/http/api.ts';
import { createHttpServer } from '../../../relay/http/server.ts';
import type { HttpServer } from '../../../relay/http/server.ts';
import { Catalog } from '../../../relay/services/catalog/catalog.ts';
import { ChunkReader } from '../../../relay/services/chunk-reader.ts';
import { ChunkWriter } from '../../../relay/services/chunk-writer.ts';
import { DeletionService } from '../../../relay/services/deletion/deletion-service.ts';
import { Deletions } from '../../../relay/services/deletion/deletions.ts';
import { ServingGate } from '../../../relay/services/deletion/serving-gate.ts';
import { EventCounts } from '../../../relay/services/event-counts.ts';
import { Dht } from '../../../relay/services/dht/dht.ts';
import { EventBus } from '../../../relay/services/events.ts';
import { Inventories } from '../../../relay/services/inventory.ts';
import { LocalChunkService } from '../../../relay/services/local-chunk-service.ts';
import { ChunkCensus } from '../../../relay/services/locate/chunk-census.ts';
import { LOCATE_STRATEGIES, Locator } from '../../../relay/services/locate/locator.ts';
import type { TopologyService } from '../../../relay/services/mesh/topology.ts';
import { NegativeCache } from '../../../relay/services/negative-cache.ts';
import { openIdentity } from '../../../relay/services/receipts.ts';
import type { Clock } from '../../../relay/services/ports.ts';
import { RpcRouter } from '../../../relay/services/rpc.ts';
import type { PeerRpc } from '../../../relay/services/rpc.ts';
import { ChunkStore } from '../../../relay/storage/chunk-store.ts';
import { AppError, abortError } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import type { SwarmKey } from '../../../shared/protocol/swarm-key.ts';
import type { RelayEvent } from '../../../shared/protocol/events.ts';
import type { OperatedCare, OperatorParts } from '../../../relay/http/operator-routes.ts';
import { FakeCare, OPERATOR_TOKEN } from './fake-care.ts';
import { silentLog, tempFolder } from './fixtures.ts';
import { FakeRecords } from './catalog/fake-records.ts';
import { FakeTransport, peerOf } from './services/fake-swarm.ts';

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  now(): number {
    return this.#now;
  }

  uptime(): number {
    return this.now();
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#now;
  }

  every(): void {
    throw new Error('Not used here.');
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#now + delayMs, wake: resolve };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        reject(abortError(signal));
      });
    });
  }

  get sleeping(): number {
    return this.#sleepers.size;
  }

  advance(byMs: number): void {
    this.#now += byMs;
    for (const sleeper of this.#sleepers) {
      if (sleeper.at > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}

const NO_RPC: PeerRpc = {
  call: () => Promise.reject(new AppError('UNAVAILABLE', 'No such relay.')),
};

export interface RigOptions {
  readonly swarmKey?: SwarmKey;
  readonly limits?: Partial<RelayLimits>;
  readonly capacityBytes?: number;
  readonly peers?: readonly RelayId[];
  readonly allowedHosts?: readonly string[];
  readonly webDir?: string;
  readonly topology?: Pick<TopologyService, 'read'>;
  readonly care?: OperatedCare;
  readonly joins?: OperatorParts['joins'];
  /** As a relay that has just started with chunks, until `gate` is opened. */
  readonly startsClosed?: boolean;
  /** Requests to other relays; without it, none can be reached. */
  readonly rpc?: PeerRpc;
}

export interface RelayRig extends AsyncDisposable {
  readonly id: RelayId;
  readonly dir: string;
  readonly server: HttpServer;
  readonly store: ChunkStore;
  readonly gate: ServingGate;
  readonly local: LocalChunkService;
  readonly reader: ChunkReader;
  readonly writer: ChunkWriter;
  readonly transport: FakeTransport;
  readonly clock: ManualClock;
  readonly bus: EventBus;
  readonly events: RelayEvent[];
}

export async function relayRig(options: RigOptions = {}): Promise<RelayRig> {
  const folder = await tempFolder();
  const clock = new ManualClock();
  const limits: RelayLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const store = await ChunkStore.open({
    dir: folder.path,
    capacityBytes: options.capacityBytes ?? 2 ** 30,
    freeSpaceFloorBytes: 0,
    log: silentLog,
    wallTime: () => clock.wallTime(),
  });
  await store.reconciliation;
  const { identity, signer } = await openIdentity(new Uint8Array(32).fill(7));
  const bus = new EventBus(() => clock.wallTime());
  const counts = new EventCounts(bus);
  const events: RelayEvent[] = [];
  bus.subscribe((event) => void events.push(event));
  const unknown = new NegativeCache(() => clock.now());
  const gate = new ServingGate({ has: () => false }, options.startsClosed !== true);
  const local = new LocalChunkService({ store, identity, signer, events: bus, unknown, gate });
  const transport = new FakeTransport();
  const peers = [identity.id, ...(options.peers ?? [])].map((id) => peerOf(id));
  const [self = peerOf(identity.id)] = peers;
  const directory = { self, list: () => peers, get: (id: RelayId) => peers.find((peer) => peer.id === id) };
  const parts = { directory, local, transport, events: bus, unknown, clock, log: silentLog };
  const writer = new ChunkWriter({
    ...parts,
    self: identity.id,
    maxConcurrentPuts: limits.maxConcurrentPuts,
  });
  const locator = new Locator({
    members: directory,
    node: { membersNear: () => Promise.resolve(peers), find: (id) => Promise.resolve(peerOf(id)) },
    forwarding: { find: () => Promise.resolve([]) },
    rpc: options.rpc ?? NO_RPC,
    ...{ transport, clock, strategies: LOCATE_STRATEGIES },
  });
  const reader = new ChunkReader({
    ...parts,
    locator,
    hedgeMs: limits.hedgeMs,
    maxConcurrentProxiedGets: limits.maxConcurrentProxiedGets,
  });
  const server = createHttpServer({
    config: { limits, allowedHosts: options.allowedHosts ?? [], logLevel: 'silent' },
    now: () => clock.now(),
  });
  await registerApi(
    server,
    {
      directory,
      local,
      writer,
      reader,
      inventories: new Inventories(
        identity.id,
        (after, limit) => local.inventory(after, limit),
        options.rpc ?? NO_RPC,
      ),
      catalog: new Catalog({ records: new FakeRecords(), clock, stopped: new AbortController().signal }),
      deletion: new DeletionService({
        self: identity.id,
        deletions: new Deletions({ self: identity.id, store, events: bus, clock }),
        membership: { list: () => peers },
        mesh: { neighbours: () => [], linked: () => [] },
        rpc: options.rpc ?? NO_RPC,
        clock,
        log: silentLog,
        spread: () => undefined,
      }),
      dht: new Dht({
        ...{ members: directory, events: bus, rpc: options.rpc ?? NO_RPC, router: new RpcRouter(), clock },
        ...{ database: store.database, log: silentLog, random: () => 0, isLeaving: () => false },
        introduce: () => Promise.reject(new AppError('UNAVAILABLE', 'No such relay.')),
        stopped: new AbortController().signal,
      }),
      census: new ChunkCensus({ members: directory, local, rpc: options.rpc ?? NO_RPC, clock }),
      care: options.care ?? new FakeCare(),
      joins: options.joins ?? { add: () => Promise.reject(new AppError('UNAVAILABLE', 'No such relay.')) },
      trust: { httpsPort: () => null, authority: null, lanAddress: () => null, allowedHosts: [] },
      operatorToken: OPERATOR_TOKEN,
      sleep: clock.sleep.bind(clock),
      events: bus,
      now: () => clock.now(),
      metrics: {
        gauges: () => Promise.resolve({ chunks: { help: 'Chunks held', value: 2 } }),
        events: () => counts.all(),
      },
      topology: options.topology ?? { read: () => Promise.resolve({ relays: [], links: [] }) },
      linkCount: () => 3,
      uptimeSeconds: () => 1.5,
      version: '1.2.3',
    },
    { limits, webDir: options.webDir ?? folder.path + '/no-web' },
    options.swarmKey ?? null,
  );
  return {
    ...{
      id: identity.id,
      dir: folder.path,
      server,
      store,
      gate,
      local,
      reader,
      writer,
      transport,
      clock,
      bus,
      events,
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
