/** Chunks to look at again soon. Bounded: what finds no room is found again by the next pass over everything. */
import type { ChunkId } from '../../../shared/ids.ts';
import { MAX_WATCHED_CHUNKS } from '../../../shared/limits.ts';

interface Watched {
  readonly since: number;
  dueAt: number;
}

export class Watchlist {
  readonly #watched = new Map<ChunkId, Watched>();

  /** Monotonic ms: since when this chunk has been watched without a break; `now` if it is not. */
  since(id: ChunkId, now: number): number {
    return this.#watched.get(id)?.since ?? now;
  }

  /** Looks at it again at `dueAt`, or earlier if that was agreed before. */
  watch(id: ChunkId, now: number, dueAt: number): void {
    const known = this.#watched.get(id);
    if (known !== undefined) known.dueAt = known.dueAt > now ? Math.min(known.dueAt, dueAt) : dueAt;
    else if (this.#watched.size < MAX_WATCHED_CHUNKS) this.#watched.set(id, { since: now, dueAt });
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
}
