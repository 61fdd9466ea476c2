/** Chunk ids that nobody had a moment ago, so that asking again costs no lookup. Bounded, oldest out first. */
import type { ChunkId } from '../../shared/ids.ts';
import { NEGATIVE_CACHE_ENTRIES, NEGATIVE_CACHE_TTL_MS } from '../../shared/limits.ts';

export class NegativeCache {
  /** Id → monotonic time of expiry, oldest first: every entry lives equally long. */
  readonly #expiry = new Map<ChunkId, number>();
  readonly #now: () => number;
  readonly #maxEntries: number;

  /** `now`: monotonic, ms. */
  constructor(now: () => number, maxEntries = NEGATIVE_CACHE_ENTRIES) {
    this.#now = now;
    this.#maxEntries = maxEntries;
  }

  has(id: ChunkId): boolean {
    const expiry = this.#expiry.get(id);
    if (expiry === undefined) return false;
    if (expiry > this.#now()) return true;
    this.#expiry.delete(id);
    return false;
  }

  add(id: ChunkId): void {
    this.#expiry.delete(id);
    this.#expiry.set(id, this.#now() + NEGATIVE_CACHE_TTL_MS);
    const [oldest] = this.#expiry.keys();
    if (this.#expiry.size > this.#maxEntries && oldest !== undefined) this.#expiry.delete(oldest);
  }

  forget(id: ChunkId): void {
    this.#expiry.delete(id);
  }
}
