/** All that finds chunks in the swarm, put together. */
import type { DhtNode } from '../dht/dht-node.ts';
import type { MeshView } from '../mesh/mesh-view.ts';
import type { PeerTransport } from '../ports.ts';
import { ChunkCensus } from './chunk-census.ts';
import { Forwarding } from './forwarding.ts';
import { LOCATE_STRATEGIES, Locator } from './locator.ts';
import type { LocateStrategy } from './locator.ts';
import { Providers } from './providers.ts';
import type { ProvidersParts } from './providers.ts';

export interface LocateParts extends ProvidersParts {
  readonly node: DhtNode;
  readonly mesh: Pick<MeshView, 'neighbours'>;
  readonly transport: PeerTransport;
  readonly strategies: readonly LocateStrategy[] | undefined;
}

export class Locate {
  readonly locator: Locator;
  readonly census: ChunkCensus;
  readonly #providers: Providers;

  constructor(parts: LocateParts) {
    const { members, local, strategies } = parts;
    this.#providers = new Providers(parts);
    this.census = new ChunkCensus(parts);
    const forwarding = new Forwarding({ ...parts, self: members.self.id, has: (id) => local.has(id) });
    this.locator = new Locator({ ...parts, forwarding, strategies: strategies ?? LOCATE_STRATEGIES });
  }

  /** Tells the swarm of chunks that lie outside their placement, until the relay stops. */
  start(): void {
    this.#providers.start();
  }
}
