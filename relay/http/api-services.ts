import type { Catalog } from '../services/catalog/catalog.ts';
import type { DeletionService } from '../services/deletion/deletion-service.ts';
import type { DhtNode } from '../services/dht/dht-node.ts';
import type { Records } from '../services/dht/records.ts';
import type { EventBus } from '../services/events.ts';
import type { ChunkReader } from '../services/chunk-reader.ts';
import type { ChunkWriter } from '../services/chunk-writer.ts';
import type { Inventories } from '../services/inventory.ts';
import type { LocalChunkService } from '../services/local-chunk-service.ts';
import type { ChunkCensus } from '../services/locate/chunk-census.ts';
import type { Metrics } from './metrics-route.ts';
import type { OperatedCare, OperatorParts } from './operator-routes.ts';
import type { TopologyService } from '../services/mesh/topology.ts';
import type { TrustPageOptions } from './trust-page.ts';
import type { PeerDirectory } from '../services/peer-directory.ts';

/** What the routes are served from. */
export interface ApiServices {
  readonly directory: PeerDirectory;
  readonly local: LocalChunkService;
  readonly writer: ChunkWriter;
  readonly reader: ChunkReader;
  readonly inventories: Inventories;
  readonly deletion: Pick<DeletionService, 'delete'>;
  readonly catalog: Catalog;
  readonly care: OperatedCare;
  readonly joins: OperatorParts['joins'];
  readonly operatorToken: string;
  readonly trust: TrustPageOptions;
  /** Resolves after so many ms; rejects when the signal fires. */
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>;
  readonly dht: { readonly node: Pick<DhtNode, 'lookup'>; readonly records: Records };
  readonly census: Pick<ChunkCensus, 'take'>;
  readonly events: EventBus;
  readonly metrics: Metrics;
  readonly topology: Pick<TopologyService, 'read'>;
  /** Open links to other relays. */
  readonly linkCount: () => number;
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly uptimeSeconds: () => number;
  readonly version: string;
}
