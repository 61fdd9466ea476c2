/** Deletion on this relay: what a valid tombstone does here, whoever brings it. */
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { TOMBSTONE_KEPT_MS } from '../../../shared/limits.ts';
import { tombstoneId } from '../../../shared/protocol/tombstone.ts';
import type { Tombstone } from '../../../shared/protocol/tombstone.ts';
import type { ChunkStore } from '../../storage/chunk-store.ts';
import type { Deletion, DeletionOutcome } from '../../storage/burial.ts';
import type { TombstoneSource } from '../../storage/tombstone-table.ts';
import type { EventBus } from '../events.ts';
import type { Clock } from '../ports.ts';
import { Burials } from './burials.ts';

/** Tombstones forgotten between two chances for other work, and at most in one go. */
const FORGET_ROWS = 500;
const FORGET_BATCHES = 200;

export interface DeletionsParts {
  readonly self: RelayId;
  readonly store: ChunkStore;
  readonly events: EventBus;
  readonly clock: Pick<Clock, 'wallTime'>;
}

export class Deletions {
  readonly #parts: DeletionsParts;
  readonly #burials: Burials;

  constructor(parts: DeletionsParts) {
    this.#parts = parts;
    this.#burials = new Burials(parts.store);
  }

  /**
   * Deletes the chunks that the tombstones are of, and remembers them. `ageMs`: how long a tombstone has been kept elsewhere; too old
   * a one is not remembered anew, but still deletes what is held. Outcomes by id; throws `IO`, `NO_SPACE`.
   */
  async apply(
    tombstones: readonly Tombstone[],
    source: TombstoneSource,
    ageMs: (index: number) => number = () => 0,
  ): Promise<Map<ChunkId, DeletionOutcome>> {
    const { self, store, events, clock } = this.#parts;
    const outcomes = new Map<ChunkId, DeletionOutcome>();
    const unknown = new Map<ChunkId, Deletion>();
    for (const [index, tombstone] of tombstones.entries()) {
      const id = tombstoneId(tombstone);
      if (this.isGone(id)) outcomes.set(id, 'known');
      else if (ageMs(index) >= TOMBSTONE_KEPT_MS && !store.has(id)) outcomes.set(id, 'full');
      else unknown.set(id, { tombstone, source, receivedAt: clock.wallTime() - ageMs(index) });
    }
    if (unknown.size === 0) return outcomes;
    for (const [id, outcome] of await this.#burials.add(unknown)) {
      outcomes.set(id, outcome);
      if (outcome === 'deleted') events.publish({ type: 'chunk-deleted', id, relay: self });
    }
    return outcomes;
  }

  /** Whether a tombstone of the chunk would change anything here: not when it is known, or `source` may bring no more of them. */
  wants(id: ChunkId, source: TombstoneSource): boolean {
    const { store } = this.#parts;
    return !store.tombstones.has(id) && (store.has(id) || store.tombstones.hasRoom(source));
  }

  /** Whether the chunk is not held here and will be refused. */
  isGone(id: ChunkId): boolean {
    const { store } = this.#parts;
    return store.tombstones.has(id) && !store.resists(id);
  }

  /** The part of a chunk that tells who may delete it, also of one that is deleted already. */
  bodyHash(id: ChunkId): string | null {
    const { store } = this.#parts;
    return store.header(id)?.body_hash ?? store.tombstones.get(id)?.body_hash ?? null;
  }

  /** Forgets tombstones that were kept long enough: a relay that was away longer asks before it serves. */
  async forgetOld(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#parts;
    for (let i = 0; i < FORGET_BATCHES && !signal.aborted; i++) {
      const forgotten = store.tombstones.forgetBefore(clock.wallTime() - TOMBSTONE_KEPT_MS, FORGET_ROWS);
      if (forgotten < FORGET_ROWS) return;
      await new Promise(setImmediate);
    }
  }
}

/** Ids of what was not known before, and is to be handed on. */
export function newIn(outcomes: ReadonlyMap<ChunkId, DeletionOutcome>): ChunkId[] {
  return [...outcomes].flatMap(([id, outcome]) => (outcome === 'deleted' || outcome === 'kept' ? [id] : []));
}
