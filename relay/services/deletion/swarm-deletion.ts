/** Deletion in the swarm, put together: tombstones here, gossip between relays, clients' deletions, and what a start has to wait for. */
import type { RelayId } from '../../../shared/ids.ts';
import { DELETION_UPKEEP_INTERVAL_MS } from '../../../shared/limits.ts';
import type { ChunkStore } from '../../storage/chunk-store.ts';
import { DoubtfulTable } from '../../storage/doubtful-table.ts';
import { MetaTable } from '../../storage/meta-table.ts';
import type { EventBus } from '../events.ts';
import { Gossip } from '../gossip/gossip.ts';
import { PeerBudget } from '../gossip/peer-budget.ts';
import type { Log } from '../log.ts';
import type { Membership } from '../membership.ts';
import type { MeshView } from '../mesh/mesh-view.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc, RpcRouter } from '../rpc.ts';
import { doubtAfterAbsence, noteAlive } from './absence.ts';
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
export function closedUntilCaughtUp(store: ChunkStore, wallTime: number): ServingGate {
  const doubtful = new DoubtfulTable(store.database);
  doubtAfterAbsence(new MetaTable(store.database), doubtful, wallTime);
  return new ServingGate(doubtful, store.startedEmpty);
}

export class SwarmDeletion {
  readonly gossip: Gossip;
  readonly service: DeletionService;
  readonly #parts: SwarmDeletionParts;
  readonly #deletions: Deletions;
  readonly #doubtful: DoubtfulTable;
  readonly #meta: MetaTable;
  #settling = false;

  constructor(parts: SwarmDeletionParts) {
    const { self, store, membership, clock, router } = parts;
    this.#parts = parts;
    this.#doubtful = new DoubtfulTable(store.database);
    this.#meta = new MetaTable(store.database);
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

  /** Call it once, when the relay is announced. */
  start(): void {
    const { clock, gate, log, stopped } = this.#parts;
    this.gossip.start();
    watchBoot({ gate, antiEntropy: this.gossip.antiEntropy, clock, log, stopped });
    this.#upkeep();
    clock.every(DELETION_UPKEEP_INTERVAL_MS, () => this.#upkeep(), stopped);
    clock.every(DOUBT_INTERVAL_MS, () => void this.#settleDoubts(), stopped);
  }

  #upkeep(): void {
    const { clock, log, stopped } = this.#parts;
    try {
      noteAlive(this.#meta, clock.wallTime());
    } catch (err) {
      log.error({ err }, 'The index cannot be written');
    }
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
