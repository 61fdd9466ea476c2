/** Where a file lies: which live relays say that they hold which of its chunks, asked now. */
import type { ChunkRows } from '../format/manifest-types.ts';
import type { ChunkId, RelayId } from '../ids.ts';
import { MAX_CHUNKS_SURVEYED, MAX_LOCATE_IDS } from '../limits.ts';
import type { RelaySwarm } from './relay-client.ts';

export interface Holder {
  readonly id: RelayId;
  /** Opaque; equal for relays on one host. */
  readonly machine: string;
}

export interface ChunkCopies {
  /** In the file. */
  readonly index: number;
  /** Positions in `FileDistribution.relays`, each once. */
  readonly holders: readonly number[];
}

/** Claims of relays: for display and advice, never a reason to delete anything. */
export interface FileDistribution {
  /** Live relays that store, and whoever else said that it holds something. */
  readonly relays: readonly Holder[];
  /** In the order of the file: all of its chunks, or of a very large file a sample spread over it. */
  readonly chunks: readonly ChunkCopies[];
  readonly chunkCount: number;
  /** Live relays that did not answer: they may hold any of the chunks. */
  readonly silent: number;
}

export interface DistributionQuestion {
  readonly rows: ChunkRows;
  readonly swarm: Pick<RelaySwarm, 'members' | 'locate'>;
  /** Called with the chunks answered so far, out of those asked about. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Asks who holds a file: `MAX_LOCATE_IDS` chunks at a time, at most `MAX_CHUNKS_SURVEYED` of them. Throws as `locate` and
 * `members`, and what reading the rows throws.
 */
export async function readDistribution(
  { rows, swarm, onProgress }: DistributionQuestion,
  signal: AbortSignal,
): Promise<FileDistribution> {
  const storing = (await swarm.members(signal)).filter(({ capacity }) => capacity > 0);
  const relays: Holder[] = storing.map(({ id, machine }) => ({ id, machine }));
  const positions = new Map(relays.map(({ id }, position) => [id, position]));
  const positionOf = (id: RelayId): number => {
    const known = positions.get(id);
    if (known !== undefined) return known;
    // It has joined since, or stores no more: nothing is known of its host.
    positions.set(id, relays.length);
    return relays.push({ id, machine: id }) - 1;
  };

  const asked = Math.min(rows.length, MAX_CHUNKS_SURVEYED);
  const chunks: ChunkCopies[] = [];
  const silent = new Set<RelayId>();
  while (chunks.length < asked) {
    const batch = await sample(rows, asked, chunks.length);
    const ids = [...new Set(batch.map(({ id }) => id))];
    const { holders, unreachable } = await swarm.locate(ids, signal);
    const byId = new Map(ids.map((id, i) => [id, (holders[i] ?? []).map(positionOf)]));
    for (const { index, id } of batch) chunks.push({ index, holders: byId.get(id) ?? [] });
    for (const relay of unreachable) silent.add(relay);
    onProgress?.(chunks.length, asked);
  }
  return { relays, chunks, chunkCount: rows.length, silent: silent.size };
}

/** The next rows of `asked` that are spread over the file, from the one numbered `from`. */
async function sample(
  rows: ChunkRows,
  asked: number,
  from: number,
): Promise<{ readonly index: number; readonly id: ChunkId }[]> {
  const batch: { index: number; id: ChunkId }[] = [];
  for (let i = from; i < Math.min(from + MAX_LOCATE_IDS, asked); i++) {
    const index = Math.floor((i * rows.length) / asked);
    batch.push({ index, id: (await rows.at(index)).id });
  }
  return batch;
}
