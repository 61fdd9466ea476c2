/**
 * Relays that took no offer of a chunk, since they had it or were to get it: true of honest ones for a moment. Who still does not
 * hold it when that moment has passed is offered it last, so that a relay which lies about it keeps no chunk below five.
 */
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { MAX_WATCHED_CHUNKS, OFFER_RESERVATION_MS } from '../../../shared/limits.ts';
import type { JobOutcome } from './mover.ts';

export class Evaders {
  /** Chunk → relay → from when on it counts as evasive. */
  readonly #byChunk = new Map<ChunkId, Map<RelayId, number>>();

  note({ job, had, coming }: Pick<JobOutcome, 'job' | 'had' | 'coming'>, now: number): void {
    if (had.length + coming.length === 0) return;
    const known = this.#byChunk.get(job.id) ?? new Map<RelayId, number>();
    if (known.size === 0 && this.#byChunk.size >= MAX_WATCHED_CHUNKS) return;
    this.#byChunk.set(job.id, known);
    for (const relay of had) known.set(relay, Math.min(now, known.get(relay) ?? now));
    for (const relay of coming) if (!known.has(relay)) known.set(relay, now + OFFER_RESERVATION_MS);
  }

  forget(id: ChunkId): void {
    this.#byChunk.delete(id);
  }

  /** The same candidates, those that evaded `id` last. */
  inOrder(id: ChunkId, candidates: readonly RelayId[], now: number): readonly RelayId[] {
    const known = this.#byChunk.get(id);
    if (known === undefined) return candidates;
    const isEvasive = (relay: RelayId): boolean => (known.get(relay) ?? Number.POSITIVE_INFINITY) <= now;
    return [...candidates.filter((relay) => !isEvasive(relay)), ...candidates.filter(isEvasive)];
  }
}
