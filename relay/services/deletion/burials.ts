/**
 * Deletions on their way to the disk. Each trip waits for the disk and lets nothing else run meanwhile, so those that come together
 * share one: else a peer that sends tombstones one by one would bring the relay to a halt.
 */
import type { ChunkId } from '../../../shared/ids.ts';
import { MAX_DELETE_BATCH } from '../../../shared/limits.ts';
import type { Deletion, DeletionOutcome } from '../../storage/burial.ts';
import type { ChunkStore } from '../../storage/chunk-store.ts';

interface Waiting {
  readonly deletions: ReadonlyMap<ChunkId, Deletion>;
  readonly done: PromiseWithResolvers<Map<ChunkId, DeletionOutcome>>;
}

export class Burials {
  readonly #store: Pick<ChunkStore, 'delete'>;
  #waiting: Waiting[] = [];

  constructor(store: Pick<ChunkStore, 'delete'>) {
    this.#store = store;
  }

  /** As `ChunkStore.delete`. What is news is so for whoever came first. */
  add(deletions: ReadonlyMap<ChunkId, Deletion>): Promise<Map<ChunkId, DeletionOutcome>> {
    const done = Promise.withResolvers<Map<ChunkId, DeletionOutcome>>();
    if (this.#waiting.push({ deletions, done }) === 1) setImmediate(() => this.#depart());
    return done.promise;
  }

  /** One transaction's worth; the rest goes after what else has come up meanwhile. */
  #depart(): void {
    let count = 0;
    const full = this.#waiting.findIndex(({ deletions }, i) => {
      count += deletions.size;
      return i > 0 && count > MAX_DELETE_BATCH;
    });
    const group = this.#waiting.splice(0, full === -1 ? this.#waiting.length : full);
    if (this.#waiting.length > 0) setImmediate(() => this.#depart());
    void this.#bury(group);
  }

  async #bury(group: readonly Waiting[]): Promise<void> {
    const all = new Map<ChunkId, Deletion>();
    for (const { deletions } of group)
      for (const [id, deletion] of deletions) if (!all.has(id)) all.set(id, deletion);
    try {
      const outcomes = await this.#store.delete([...all.values()]);
      for (const { deletions, done } of group) {
        done.resolve(new Map(Array.from(deletions.keys(), (id) => [id, outcomes.get(id) ?? 'known'])));
        // For the others of the group it is no news any more.
        for (const id of deletions.keys()) if (outcomes.get(id) !== 'full') outcomes.set(id, 'known');
      }
    } catch (error) {
      for (const { done } of group) done.reject(error);
    }
  }
}
