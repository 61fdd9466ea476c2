/** Deletion in the swarm, put together: tombstones here, gossip between relays, clients' deletions, and what a start has to wait for. */
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { DELETION_UPKEEP_INTERVAL_MS } from '../../../shared/limits.ts';
import type { ChunkStore } from '../../storage/chunk-store.ts';
import type { DoubtfulTable } from '../../storage/doubtful-table.ts';
import { MetaTable } from '../../storage/meta-table.ts';
import type { EventBus } from '../events.ts';
import { Gossip } from '../gossip/gossip.ts';
import { PeerBudget } from '../peer-budget.ts';
import type { Log } from '../log.ts';
import type { Membership } from '../membership.ts';
import type { MeshView } from '../mesh/mesh-view.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc, RpcRouter } from '../rpc.ts';
import { Absence } from './absence.ts';
import { watchBoot } from './boot.ts';
import { answerDeletions } from './deletion-rpc.ts';
import { DeletionService } from './deletion-service.ts';
import { Deletions } from './deletions.ts';
import { settleDoubts } from './doubts.ts';
import { ServingGate } from './serving-gate.ts';
import { TombstoneSet } from './tombstone-set.ts';

/** While something is doubtful, peers are asked this often. */
const DOUBT_INTERVAL_MS = 30_000;

export interface SwarmDeletionParts {
  readonly self: RelayId;
  readonly store: ChunkStore;
  readonly gate: ServingGate;
  readonly membership: Membership;
  readonly mesh: MeshView;
  readonly rpc: PeerRpc;
  readonly router: RpcRouter;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Ends everything under way. */
  readonly stopped: AbortSignal;
}

/** The gate in front of a relay's chunks, as it is right after a start. */
export function closedUntilCaughtUp(store: ChunkStore): ServingGate {
  return new ServingGate(store.doubtful, store.startedEmpty);
}

export class SwarmDeletion {
  readonly gossip: Gossip;
  readonly service: DeletionService;
  readonly #parts: SwarmDeletionParts;
  readonly #deletions: Deletions;
  readonly #doubtful: DoubtfulTable;
  readonly #absence: Absence;
  #settling = false;

  constructor(parts: SwarmDeletionParts) {
    const { self, store, membership, clock, router } = parts;
    this.#parts = parts;
    this.#doubtful = store.doubtful;
    this.#absence = new Absence(new MetaTable(store.database), store.doubtful);
    this.#deletions = new Deletions(parts);
    const members = (): RelayId[] => membership.list().flatMap(({ id }) => (id === self ? [] : id));
    this.gossip = new Gossip({ ...parts, members });
    const set = new TombstoneSet(store.tombstones, this.#deletions, clock);
    this.gossip.share(set);
    const spread = (ids: readonly string[], from: RelayId | null = null): void =>
      this.gossip.spread(set.name, ids, from);
    this.service = new DeletionService({ ...parts, deletions: this.#deletions, spread });
    const budget = new PeerBudget(() => clock.now());
    answerDeletions(router, { store, deletions: this.#deletions, budget, spread });
    // Tombstones that went with a damaged index come back from a peer.
    store.database.onReset(() => this.gossip.antiEntropy.catchUp());
  }

  /** Whether this relay knows that the chunk's owner has deleted it. */
  isDeleted(id: ChunkId): boolean {
    return this.#deletions.isGone(id);
  }

  /** Tombstones kept here. */
  get size(): number {
    return this.#parts.store.tombstones.size;
  }

  /** Call it once, when the relay is announced. */
  start(): void {
    const { clock, gate, log, stopped } = this.#parts;
    this.gossip.start();
    watchBoot({ gate, antiEntropy: this.gossip.antiEntropy, clock, log, stopped });
    this.#noteAlive();
    // Not at once: what this relay remembers from before an absence is first compared with what the others do.
    clock.every(DELETION_UPKEEP_INTERVAL_MS, () => this.#upkeep(), stopped);
    clock.every(DOUBT_INTERVAL_MS, () => void this.#settleDoubts(), stopped);
  }

  #noteAlive(): void {
    const { clock, log } = this.#parts;
    try {
      this.#absence.note(clock.wallTime(), clock.uptime());
    } catch (err) {
      log.error({ err }, 'The index cannot be written');
    }
  }

  #upkeep(): void {
    const { log, stopped } = this.#parts;
    this.#noteAlive();
    this.#deletions.forgetOld(stopped).catch((err: unknown) => {
      if (!stopped.aborted) log.error({ err }, 'Old tombstones could not be forgotten');
    });
  }

  async #settleDoubts(): Promise<void> {
    const { log, stopped } = this.#parts;
    if (this.#settling || !this.#parts.gate.isOpen) return;
    this.#settling = true;
    try {
      await settleDoubts({ ...this.#parts, doubtful: this.#doubtful }, stopped);
    } catch (err) {
      if (!stopped.aborted) log.error({ err }, 'Doubtful chunks could not be settled');
    } finally {
      this.#settling = false;
    }
  }
}
