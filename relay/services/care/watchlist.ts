/** Chunks to look at again soon. Bounded: for what finds no room, it says by when all chunks are to be looked at. */
import type { ChunkId } from '../../../shared/ids.ts';
import { MAX_WATCHED_CHUNKS } from '../../../shared/limits.ts';

interface Watched {
  readonly dueAt: number;
  /** Null: nobody's turn to repair it is being waited for. */
  readonly waitsSince: number | null;
}

export class Watchlist {
  /** Those watched last come last, so that each has its turn. */
  readonly #watched = new Map<ChunkId, Watched>();
  #missedAt = Number.POSITIVE_INFINITY;

  /** Looks at it again at `dueAt`, or earlier if that was agreed before. */
  watch(id: ChunkId, now: number, dueAt: number): void {
    this.#put(id, now, dueAt, this.#watched.get(id)?.waitsSince ?? null);
  }

  /** As `watch`, for a chunk that others are to repair first. */
  waitFor(id: ChunkId, now: number, dueAt: number): void {
    this.#put(id, now, dueAt, this.waitsSince(id, now));
  }

  /** Monotonic ms: since when this relay has waited for others to repair the chunk; `now` if it has not. */
  waitsSince(id: ChunkId, now: number): number {
    return this.#watched.get(id)?.waitsSince ?? now;
  }

  forget(id: ChunkId): void {
    this.#watched.delete(id);
  }

  due(now: number, limit: number): ChunkId[] {
    const due: ChunkId[] = [];
    for (const [id, { dueAt }] of this.#watched) {
      if (dueAt <= now) due.push(id);
      if (due.length === limit) break;
    }
    return due;
  }

  /** Monotonic ms: when the first of those that found no room since the last call would be due; infinite without any. */
  takeMissed(): number {
    const missedAt = this.#missedAt;
    this.#missedAt = Number.POSITIVE_INFINITY;
    return missedAt;
  }

  #put(id: ChunkId, now: number, dueAt: number, waitsSince: number | null): void {
    const known = this.#watched.get(id);
    if (known === undefined && this.#watched.size >= MAX_WATCHED_CHUNKS) {
      this.#missedAt = Math.min(this.#missedAt, dueAt);
      return;
    }
    const agreed = known !== undefined && known.dueAt > now ? Math.min(known.dueAt, dueAt) : dueAt;
    this.#watched.delete(id);
    this.#watched.set(id, { dueAt: agreed, waitsSince });
  }
}
